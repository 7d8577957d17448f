import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from kg.errors import InputError
from kg.settings import Settings, default_snapshots, describe_settings


def test_defaults_need_no_environment():
    settings = Settings.from_environment({})
    assert (settings.host, settings.port, settings.documents) == ("127.0.0.1", 8000, None)


def test_values_are_read_and_typed(tmp_path):
    env = {"KG_PORT": "81", "KG_TIME_LIMIT": "2.5", "KG_DOCUMENTS": str(tmp_path), "KG_HOST": ""}
    settings = Settings.from_environment(env)
    assert (settings.port, settings.time_limit, settings.documents) == (81, 2.5, tmp_path)
    assert settings.host == "127.0.0.1"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KG_PORT", "eighty", "0 to 65535"),
        ("KG_PORT", "65536", "0 to 65535"),
        ("KG_TIME_LIMIT", "0", "seconds"),
        ("KG_TIME_LIMIT", "nan", "seconds"),
        ("KG_ROW_LIMIT", "0", "at least 1"),
        ("KG_WORKERS", "-1", "at least 1"),
        ("KG_SERVICE", "http://a/sparql, file:///etc/passwd", "http or https URLs"),
        ("KG_SERVICE", "http://a/sparql#x", "http or https URLs"),
        ("KG_SERVICE", "http://a:x/sparql", "http or https URLs"),
        ("KG_STORE", "http://a:99999/query", "URL of a SPARQL service"),
        ("KG_STORE", "http://a:x/query", "URL of a SPARQL service"),
        ("KG_STORE", "http://[::1/query", "URL of a SPARQL service"),
        ("KG_RECONCILIATION", "http://a:99999/api", "http or https URL"),
        ("KG_SERVICE", "http://:80/", "http or https URLs"),
        ("KG_SERVICE", "a", "http or https URLs"),
        ("KG_SERVICE", ",", "http or https URLs"),
        ("KG_DOCUMENTS", "/no/such/folder", "does not exist"),
        ("KG_SOURCE", "/no/such/folder", "does not exist"),
    ],
)
def test_a_bad_value_names_setting_and_remedy(name, value, said):
    with pytest.raises(InputError, match=said) as caught:
        Settings.from_environment({name: value})
    assert str(caught.value).startswith(f"{name} is {value!r}")


def test_a_list_of_servers():
    assert Settings().servers == ()
    text = " http://a/sparql,https://[::1]:8/?x=%20\nhttp://b "
    found = ("http://a/sparql", "https://[::1]:8/?x=%20", "http://b")
    assert Settings.from_environment({"KG_SERVICE": text}).servers == found
    with pytest.raises(InputError, match="without a password") as caught:
        Settings.from_environment({"KG_SERVICE": "http://b http://me:secret@a/sparql"})
    assert "secret" not in str(caught.value)


def test_a_misspelt_setting_is_not_ignored():
    with pytest.raises(InputError, match="did you mean KG_SNAPSHOTS"):
        Settings.from_environment({"KG_SNAPSHOT": "/tmp"})


def test_other_variables_are_left_alone():
    assert Settings.from_environment({"KG_UNRELATED_THING": "1", "PATH": "/bin"}).port == 8000


def test_every_field_is_described():
    described = describe_settings()
    assert len(described) == len(dataclasses.fields(Settings))
    assert all(row.name.startswith("KG_") and row.default and row.meaning for row in described)
    assert len({row.name for row in described}) == len(described)


def test_the_readme_has_every_setting(root):
    readme = (root / "README.md").read_text("utf-8")
    table = [line for line in readme.splitlines() if line.startswith("| `KG_")]
    assert table == [
        f"| `{row.name}` | {row.default} | {row.meaning} |" for row in describe_settings()
    ]


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_environment({}).port = 1


@pytest.mark.parametrize(
    ("platform", "env", "folder"),
    [
        ("linux", {"HOME": "/h"}, "/h/.cache/contested-kg"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/contested-kg"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Caches/contested-kg"),
        ("win32", {"USERPROFILE": "/h", "LOCALAPPDATA": "/l"}, "/l/contested-kg"),
    ],
)
def test_the_cache_folder_follows_the_platform(platform, env, folder):
    assert default_snapshots(env, platform) == Path(folder)


def test_a_user_without_a_home_names_a_folder():
    """As in a container that runs under any number: no HOME, and nobody of that number."""
    code = """
import os, pwd
def nobody(_):
    raise KeyError
pwd.getpwuid = nobody
os.environ.pop("HOME", None)
from kg.errors import InputError
from kg.settings import Settings
print(Settings.from_environment({"KG_SNAPSHOTS": "/s"}).snapshots)
try:
    Settings.from_environment({})
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "/s",
        "This user has no home folder to keep snapshots in; set KG_SNAPSHOTS to a folder.",
    ]
