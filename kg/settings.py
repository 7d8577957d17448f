"""Every setting of the program: one frozen record, read from the environment once.

Functions receive a `Settings`; nothing reads the environment later. A setting is one
field below, with its variable, its meaning and the parser of its value in one place,
so that `describe_settings` (the README's table) cannot lag behind.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kg.errors import InputError

_OWN_STORES = ("memory", "disk")
_CREDENTIALS = re.compile(r"//[^/]*@")
#: As it can stand in a query and in a request: without user, password and fragment.
_SERVER = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(?:/[!$&'()*+;=:@/?%\w.~\-]*)?", re.ASCII)


class SettingDescription(NamedTuple):
    """One row of the README's table of settings."""

    name: str
    default: str
    meaning: str


def default_snapshots(env: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the folder for snapshots in the user's cache, as the platform has it.

    Linux and others follow the XDG Base Directory Specification. Raises `InputError` for a user
    without a home.
    """
    try:
        home = Path(env.get("HOME") or env.get("USERPROFILE") or "~").expanduser()
    except RuntimeError:
        raise InputError(
            "This user has no home folder to keep snapshots in; set KG_SNAPSHOTS to a folder."
        ) from None
    caches = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    if platform == "darwin":
        caches = home / "Library" / "Caches"
    if platform == "win32":
        caches = Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return caches / "contested-kg"


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _existing_folder(text: str) -> Path:
    folder = _folder(text)
    if not folder.is_dir():
        raise ValueError(f"the folder {folder} does not exist")
    return folder


def _at_least(smallest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.strip().isdecimal() or int(text) < smallest:
            raise ValueError(f"a whole number of at least {smallest} is needed")
        return int(text)

    return parse


def _port(text: str) -> int:
    if not text.strip().isdecimal() or int(text) > 65535:
        raise ValueError("a port is a number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise ValueError("a number of seconds above 0 and below 86400 is needed")
    return seconds


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.strip() not in names:
            raise ValueError(f"one of {', '.join(names)} is needed")
        return text.strip()

    return parse


def is_service(text: str) -> bool:
    """Tell whether a text is the http or https URL of a server, as one can be reached.

    >>> is_service("http://localhost:7878/query"), is_service("http://localhost:99999/query")
    (True, False)
    """
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _service(text: str) -> str:
    if not is_service(text.strip()):
        raise ValueError("an http or https URL is needed")
    return text.strip()


def is_remote(store: str) -> bool:
    """Tell whether queries are evaluated by another server, whose URL the value of KG_STORE is."""
    return store not in _OWN_STORES


def _store(text: str) -> str:
    text = text.strip()
    if not is_remote(text):
        return text
    if not is_service(text):
        raise ValueError("memory, disk or the http or https URL of a SPARQL service is needed")
    if "@" in urlsplit(text).netloc:
        raise ValueError("a name and a password belong in KG_STORE_USER and KG_STORE_PASSWORD")
    return text


def _servers(text: str) -> tuple[str, ...]:
    found = tuple(re.split(r"[\s,]+", text.strip(" \t\r\n,")))
    if not all(_SERVER.fullmatch(each) and is_service(each) for each in found):
        raise ValueError("http or https URLs, without a password or fragment, are needed")
    return found


def _setting(
    name: str,
    meaning: str,
    parse: Callable[[str], Any],
    *,
    default: Any = None,
    factory: Callable[[], Any] | None = None,
    shown: str = "",
) -> Any:
    metadata = {"name": name, "meaning": meaning, "parse": parse}
    metadata["shown"] = shown or ("none" if default in ("", None, ()) else str(default))
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """What can be set, with defaults that work; see `describe_settings` for the meaning."""

    snapshots: Path = _setting(
        "KG_SNAPSHOTS",
        "Folder of the snapshots that `kg build` writes and the other commands read.",
        _folder,
        factory=lambda: default_snapshots({}),  # not at import: who names a folder needs no home
        shown="the user's cache folder + `/contested-kg`",
    )
    store: str = _setting(
        "KG_STORE",
        "Where queries are evaluated: `memory`, `disk`, or the URL of a SPARQL 1.1 query service.",
        _store,
        default="memory",
    )
    store_user: str = _setting(
        "KG_STORE_USER", "Name to give to the server that KG_STORE names.", str, default=""
    )
    store_password: str = _setting(
        "KG_STORE_PASSWORD", "Password to give to that server.", str, default=""
    )
    servers: tuple[str, ...] = _setting(
        "KG_SERVICE",
        "URLs of the SPARQL servers that SERVICE in a query may ask, with spaces between them.",
        _servers,
        default=(),
    )
    documents: Path | None = _setting(
        "KG_DOCUMENTS",
        "Folder of the source texts; set, digests, offsets and quoted words are verified.",
        _existing_folder,
    )
    source: Path | None = _setting(
        "KG_SOURCE",
        "Folder that holds `ontology/`, `data/` and `shapes/`.",
        _existing_folder,
        shown="the checkout around the current folder, else what the package carries",
    )
    host: str = _setting(
        "KG_HOST", "Address that the server listens on.", str.strip, default="127.0.0.1"
    )
    port: int = _setting(
        "KG_PORT", "Port that the server listens on; 0 takes a free one.", _port, default=8000
    )
    time_limit: float = _setting(
        "KG_TIME_LIMIT", "Longest time a query may run, in seconds.", _seconds, default=30.0
    )
    row_limit: int = _setting(
        "KG_ROW_LIMIT",
        "Most rows or triples in one answer; above it the query is refused, never cut short.",
        _at_least(1),
        default=1_000_000,
    )
    byte_limit: int = _setting(
        "KG_BYTE_LIMIT",
        "Most bytes in one answer, before compression.",
        _at_least(1),
        default=256 * 1024 * 1024,
    )
    request_limit: int = _setting(
        "KG_REQUEST_LIMIT",
        "Most bytes in a request, its query included; an address takes 32 KiB at most, a longer"
        " query goes by POST.",
        _at_least(1),
        default=1024 * 1024,
    )
    workers: int = _setting(
        "KG_WORKERS",
        "Queries that are evaluated at one time; beside long ones, one more for a moment.",
        _at_least(1),
        default=4,
    )
    worker_memory: int = _setting(
        "KG_WORKER_MEMORY",
        "Most bytes of memory that one query may take beside the shared graph.",
        _at_least(64 * 1024 * 1024),
        default=2 * 1024**3,
    )
    concurrent: int = _setting(
        "KG_CONCURRENT",
        "Queries that may run or wait at one time; one more is answered 503.",
        _at_least(1),
        default=64,
    )
    cache_limit: int = _setting(
        "KG_CACHE_LIMIT",
        "Most bytes of answers kept in memory; 0 keeps none.",
        _at_least(0),
        default=64 * 1024 * 1024,
    )
    log: str = _setting(
        "KG_LOG",
        "What a request leaves on standard error: `none`, `requests` (a line with its id, status,"
        " size, time and worker), or `queries` (its query too).",
        _one_of("none", "requests", "queries"),
        default="none",
    )
    reconciliation: str = _setting(
        "KG_RECONCILIATION",
        "Reconciliation service for Wikidata, which `kg link` asks.",
        _service,
        default="https://wikidata-reconciliation.wmcloud.org/en/api",
    )

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Settings":
        """Read the settings from `env` (variable to text); an empty value means the default.

        Raises `InputError` for a value that cannot be used, and for a variable that is
        a near miss of a setting, since it would otherwise be ignored without a word.
        """
        _refuse_near_misses(env)
        values: dict[str, Any] = {}
        for each in fields(cls):
            text = env.get(each.metadata["name"], "")
            if text.strip():
                values[each.name] = _parse(text, each.metadata)
        if "snapshots" not in values:
            values["snapshots"] = default_snapshots(env)
        return cls(**values)


def describe_settings() -> list[SettingDescription]:
    """Return name, default and meaning of every setting, in the order of the README's table."""
    return [
        SettingDescription(each.metadata["name"], each.metadata["shown"], each.metadata["meaning"])
        for each in fields(Settings)
    ]


def _parse(text: str, metadata: Mapping[str, Any]) -> Any:
    try:
        return metadata["parse"](text)
    except ValueError as error:
        shown = _CREDENTIALS.sub("//…@", text)
        raise InputError(f"{metadata['name']} is {shown!r}, but {error}.") from None


def _refuse_near_misses(env: Mapping[str, str]) -> None:
    names = [row.name for row in describe_settings()]
    for name in (each for each in env if each.startswith("KG_") and each not in names):
        if near := get_close_matches(name, names, n=1, cutoff=0.85):
            raise InputError(f"{name} is not a setting; did you mean {near[0]}?")
