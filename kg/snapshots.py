"""Snapshots: one folder for each built graph, named by its fingerprint and never changed.

`<snapshots>/<fingerprint>/data.nq` holds the graph as canonical N-Quads, `snapshot.json`
its fingerprints and counts, the digests of the files it was built from, and whether it was
validated. `<snapshots>/current` is a text file with the fingerprint of the newest.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from kg.assets import Assets, bundled_snapshot
from kg.documents import file_digest
from kg.errors import DataError, InputError, NotFoundError
from kg.files import replace_text
from kg.rdf import Quad, union_fingerprint, write_nquads
from kg.settings import Settings

DATA = "data.nq"
_RECORD = "snapshot.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_READ_BY_THE_BUILD = (".ttl", ".rq", ".csv", ".tsv")


@dataclass(frozen=True)
class Snapshot:
    """What `snapshot.json` says.

    `dataset` and `union` are RDFC-1.0 fingerprints (SHA-256) of all quads and of the
    statements without their graphs; `counts` are those of the table that `kg build` prints.
    `sources` are the SHA-256 digests of the files it was built from, by their paths.
    """

    dataset: str
    union: str
    version: str
    counts: Mapping[str, int]
    validated: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)


def write_snapshot(
    quads: Iterable[Quad],
    counts: Mapping[str, int],
    version: str,
    folder: Path,
    sources: Mapping[str, str] | None = None,
) -> Path:
    """Write a snapshot into `folder`, make it the current one, and return its own folder.

    The folder appears under its name only when it is complete. One that is there already
    and intact keeps its data and its mark of validation. Raises `InputError` if it cannot be
    written; the current one then stays what it was.
    """
    kept = list(quads)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as temporary:
            building = Path(temporary) / "snapshot"
            building.mkdir()
            dataset = write_nquads(kept, building / DATA)
            target, digests = folder / dataset, dict(sources or {})
            if is_intact(target):
                known = replace(read_snapshot(target), sources=digests)
                replace_text(target / _RECORD, _record(known))
            else:
                snapshot = Snapshot(
                    dataset, union_fingerprint(kept), version, dict(counts), sources=digests
                )
                (building / _RECORD).write_text(_record(snapshot), encoding="utf-8")
                shutil.rmtree(target, ignore_errors=True)
                building.rename(target)
    except OSError as error:
        raise InputError(
            f"No snapshot can be written to {folder} ({error.strerror});"
            " set KG_SNAPSHOTS to a folder that can be written."
        ) from None
    replace_text(folder / "current", dataset + "\n")
    return target


def read_snapshot(folder: Path) -> Snapshot:
    """Read the record of a snapshot folder; raises `DataError` if it is not one."""
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        prints = record["fingerprints"]
        return Snapshot(
            dataset=prints["dataset"],
            union=prints["union"],
            version=record["version"],
            counts=record["counts"],
            validated=record["validated"],
            sources=record.get("sources", {}),
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{folder} is no snapshot: its {_RECORD} is missing or broken; run `kg build`."
        ) from None


def current_snapshot(settings: Settings) -> Path:
    """Return the folder of the newest snapshot built here, else of the one that is bundled.

    Raises `NotFoundError` if there is neither.
    """
    pointer = settings.snapshots / "current"
    if pointer.is_file():
        name = pointer.read_text(encoding="utf-8").strip()
        folder = settings.snapshots / name
        if _FINGERPRINT.fullmatch(name) and (folder / DATA).is_file():
            return folder
        raise NotFoundError(f"{pointer} names a snapshot that is not there; run `kg build`.")
    if bundled := bundled_snapshot():
        return bundled
    raise NotFoundError(f"There is no snapshot in {settings.snapshots}; run `kg build`.")


def source_digests(assets: Assets) -> dict[str, str]:
    """Return the SHA-256 digests of all files that decide what is built, by their paths."""
    return {
        path.relative_to(assets.root).as_posix(): file_digest(path)
        for folder in (assets.ontology, assets.data)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _READ_BY_THE_BUILD and path.is_file()
    }


def refuse_outdated(folder: Path, assets: Assets) -> None:
    """Raise `InputError` if files were changed, added or removed after a snapshot was built.

    Nothing can be said of one that does not tell what it was built from. Raises `DataError` for a
    broken record.
    """
    then = read_snapshot(folder).sources
    changed = {path for path, _ in then.items() ^ source_digests(assets).items()} if then else ()
    if changed:
        first, *more = sorted(changed)
        others = f" and {len(more)} more" if more else ""
        raise InputError(
            f"{first}{others} changed after the snapshot was built, which does not have that yet;"
            " run `kg build`."
        )


def mark_validated(folder: Path) -> None:
    """Record that the snapshot passed validation; its data stay as they are."""
    marked = replace(read_snapshot(folder), validated=True)
    replace_text(folder / _RECORD, _record(marked))


def is_intact(folder: Path) -> bool:
    """Tell whether a snapshot's folder is complete, and name, record and data are of one graph."""
    try:
        return read_snapshot(folder).dataset == folder.name and not is_changed(folder)
    except (DataError, OSError):
        return False


def has_record(folder: Path) -> bool:
    """Tell whether a folder says what is in it; a file never does."""
    return (folder / _RECORD).is_file()


def is_changed(folder: Path) -> bool:
    """Tell whether the data in a snapshot's folder are others than its record names.

    False for a folder without a record, or a file, which promise nothing. Raises `DataError` for a
    broken record.
    """
    return has_record(folder) and file_digest(folder / DATA) != read_snapshot(folder).dataset


def _record(snapshot: Snapshot) -> str:
    record = asdict(snapshot)
    prints = {"dataset": record.pop("dataset"), "union": record.pop("union")}
    return json.dumps({"fingerprints": prints, **record}, indent=2) + "\n"
