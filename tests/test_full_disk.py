"""A disk that is full: one sentence, exit code 2, and what was there is there still.

The disk is a tmpfs of a few pages, mounted where only the command under test sees it. Where
that is not allowed, `full_disk/sitecustomize.py` stands in for it.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from serving import DATA, ROOT, snapshot
from tree import Tree, claim

from kg.snapshots import is_intact

HERE = Path(__file__).parent
STAND_IN = HERE / "full_disk"
KG = [sys.executable, "-m", "kg"]
PAGE = 4096
#: Mounts $1 of size $2, puts $3 there, runs the rest, and copies what is then there to $4.
SCRIPT = """
mount -t tmpfs -o size="$2" none "$1" && cp -a "$3/." "$1" || exit 99
disk="$1" after="$4"; shift 4
"$@"; code=$?
cp -a "$disk/." "$after"
exit $code
"""


def run(command, cwd=ROOT, **settings):
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd,
        env={**os.environ, "KG_DOCUMENTS": "", "PYTHONPATH": f"{ROOT}:{HERE}", **settings},
    )  # fmt: skip


@cache
def mounting():
    """Return what gives a command mounts of its own: nothing if that is not allowed here."""
    for command in (["unshare", "-m"], ["unshare", "-rm"]):
        tried = [*command, "sh", "-c", "mount -t tmpfs -o size=4k none /mnt"]
        if shutil.which("unshare") and run(tried).returncode == 0:
            return command
    return []


def pages(size):
    return -(-size // PAGE)


class Disk:
    """A disk that holds what is in `before` and has room for so many pages more."""

    def __init__(self, folder, *, mounted):
        self.mounted = mounted
        self.path, self.before, self.after = (folder / n for n in ("disk", "before", "after"))
        for each in (self.path, self.before, self.after):
            each.mkdir()

    def run(self, room, command, **settings):
        if not self.mounted:
            shutil.copytree(self.before, self.path, dirs_exist_ok=True)
            self.after = self.path
            stand_in = {
                "PYTHONPATH": f"{STAND_IN}:{ROOT}:{HERE}", "FULL_DISK": str(self.path),
                "FULL_DISK_ROOM": str(room * PAGE),
            }  # fmt: skip
            return run(command, **{**settings, **stand_in})
        used = sum(pages(each.stat().st_size) for each in self.before.rglob("*") if each.is_file())
        given = map(str, (self.path, (used + room) * PAGE, self.before, self.after))
        return run([*mounting(), "sh", "-c", SCRIPT, "sh", *given, *command], **settings)

    def names(self):
        return sorted(str(each.relative_to(self.after)) for each in self.after.rglob("*"))


@pytest.fixture(params=["mounted", "stand-in"])
def disk(request, tmp_path):
    (tmp_path / "d").mkdir()
    return Disk(tmp_path / "d", mounted=request.param == "mounted" and bool(mounting()))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    tree = Tree(tmp_path_factory.mktemp("tree") / "source")
    dated = 'graph:alpha :curatedOn "2026-11-22"^^xsd:date .'
    tree.claims("alpha", dated, claim("alpha/001-01", "id:ann :heldPost id:mayor"))
    return tree.root


@pytest.fixture(scope="module")
def built(source, tmp_path_factory):
    """Return the folder of snapshots that a disk with room gets."""
    folder = tmp_path_factory.mktemp("built")
    done = run([*KG, "build"], KG_SNAPSHOTS=str(folder), KG_SOURCE=str(source))
    assert done.returncode == 0, done.stderr
    return folder


def one_sentence(done):
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("room", ["none", "half", "data", "all but the pointer"])
def test_build(disk, source, built, room):
    old = snapshot(disk.before, DATA).name
    new = (built / "current").read_text().strip()
    data = pages((built / new / "data.nq").stat().st_size)
    record = pages((built / new / "snapshot.json").stat().st_size)
    count = {"none": 0, "half": data // 2, "data": data, "all but the pointer": data + record}[room]
    if not disk.mounted:  # it counts bytes, not pages
        count = min(count, data - 1)
    done = disk.run(count, [*KG, "build"], KG_SNAPSHOTS=str(disk.path), KG_SOURCE=str(source))
    one_sentence(done)
    assert (disk.after / "current").read_text().strip() == old
    there = [each for each in disk.after.iterdir() if each.name != "current"]
    assert all(is_intact(each) for each in there)
    wanted = {old, new} if room == "all but the pointer" and disk.mounted else {old}
    assert {each.name for each in there} == wanted


def test_build_with_room_for_all(disk, source, built):
    """The same disk with a page more: what makes the build fail above is the room."""
    new = (built / "current").read_text().strip()
    size = sum(pages(each.stat().st_size) for each in (built / new).iterdir())
    command = [*KG, "build"]
    done = disk.run(size + 1, command, KG_SNAPSHOTS=str(disk.path), KG_SOURCE=str(source))
    assert done.returncode == 0, done.stderr
    assert disk.names() == sorted(["current", new, f"{new}/data.nq", f"{new}/snapshot.json"])


@pytest.mark.parametrize(
    ("form", "room"),
    [("turtle", 0), ("turtle", 1), ("nquads", 1), ("jsonld", 1), ("jsonld-claim", 1),
     ("graphml", 0)],
)  # fmt: skip
def test_export(disk, built, form, room):
    (disk.before / "graph").write_text("what was there")
    command = [*KG, "export", "--format", form, "--output", str(disk.path / "graph")]
    one_sentence(disk.run(room, command, KG_SNAPSHOTS=str(built)))
    assert disk.names() == ["graph"]
    assert (disk.after / "graph").read_text() == "what was there"


def test_export_of_tables(disk, built):
    (disk.before / "tables").mkdir()
    (disk.before / "tables" / "claims.csv").write_text("what was there")
    command = [*KG, "export", "--format", "csv", "--output", str(disk.path / "tables")]
    room = 3 if disk.mounted else 0  # the stand-in lets small tables pass
    one_sentence(disk.run(room, command, KG_SNAPSHOTS=str(built)))
    assert disk.names() == ["tables", "tables/claims.csv"]
    assert (disk.after / "tables" / "claims.csv").read_text() == "what was there"


@pytest.mark.parametrize("room", [1, 200])
def test_release(disk, built, room):
    (disk.before / "kept").write_text("x")
    command = [*KG, "export", "--release", str(disk.path / "release")]
    one_sentence(disk.run(room, command, KG_SNAPSHOTS=str(built)))
    assert disk.names() == ["kept"]


def test_answer_into_a_file(disk, built):
    (disk.before / "answer").write_text("what was there")
    command = [*KG, "query", "documents", "--format", "csv", "--output", str(disk.path / "answer")]
    one_sentence(disk.run(0, command, KG_SNAPSHOTS=str(built)))
    assert (disk.after / "answer").read_text() == "what was there"


def test_standard_output(built):
    env = {**os.environ, "KG_SNAPSHOTS": str(built)}
    env.pop("PYTHONUNBUFFERED", None)  # else nothing would be left to write at exit
    for command in (["export", "--format", "turtle"], ["query", "documents"], ["--help"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*KG, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                cwd=ROOT, env=env,
            )  # fmt: skip
        done.stdout = ""
        one_sentence(done)


def test_the_server_goes_on(disk, source):
    old = snapshot(disk.before, DATA).name
    done = disk.run(
        2, [sys.executable, str(STAND_IN / "serve.py"), str(disk.path)],
        KG_SNAPSHOTS=str(disk.path), KG_SOURCE=str(source),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"] == [["n", "2000"]] * 3
    assert told["build"] == 2
    assert "No space left on device" in told["said"]
    assert told["loaded"] == f"Now serving {old[:16]}.\n"
    assert "Traceback" not in told["errors"]
