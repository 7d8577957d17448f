"""A release: one folder with every dump, what describes them, licence, citation, checksums.

Two releases of one snapshot are byte-identical: the only date in them is that of the newest
curation. The files appear when all are written, `SHA256SUMS` last, so a folder without it is not
finished.
"""

import shutil
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from string import Template

from kg.assets import EXPORTS, Assets, locate
from kg.catalogue import Edition, File, describe_release, relative
from kg.context import read_context, write_context
from kg.csvw import METADATA
from kg.documents import file_digest
from kg.errors import DataError, InputError
from kg.export import FOLDERS, FORMS
from kg.files import filling
from kg.jsonld import compact_dataset
from kg.progress import progress
from kg.rdf import METADATA_GRAPH, Literal, Prefixes, Quad, RdfFormat, rdf_bytes
from kg.selection import Selection, text_of
from kg.settings import Settings
from kg.snapshots import DATA, Snapshot, current_snapshot, is_changed, read_snapshot
from kg.streams import Source, by_subject

SUMS = "SHA256SUMS"
_CSVW = "http://www.w3.org/ns/csvw"


def write_release(settings: Settings, folder: Path) -> None:
    """Write a release of the current snapshot into `folder`, which is new or empty.

    Raises `InputError` if there is something in it or it cannot be written, `DataError` if the
    snapshot is damaged or no claim of it has a date of curation.
    """
    snapshot_folder, assets = current_snapshot(settings), locate(settings)
    snapshot = read_snapshot(snapshot_folder)
    source = Source(snapshot_folder / DATA, assets)
    _check(folder)
    if is_changed(snapshot_folder):
        raise DataError(f"The snapshot {snapshot_folder} is damaged; run `kg build`.")
    edition = _edition(source, snapshot.version)
    with filling(folder, last=SUMS) as building:
        with progress("release", lambda: len(FORMS) + len(FOLDERS)) as advance:
            files = _dumps(source, building, advance)
        _describe(source, (snapshot, edition), building, files)
        paths = sorted(each for each in building.rglob("*") if each.is_file())
        names = [each.relative_to(building).as_posix() for each in paths]
        lines = [f"{file_digest(building / name)}  {name}\n" for name in names]
        (building / SUMS).write_text("".join(lines), encoding="utf-8")


def _check(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; a release needs a folder of its own.")
    if not folder.absolute().parent.is_dir():
        raise InputError(f"There is no folder {folder.parent} to make {folder.name} in.")


def _dumps(source: Source, folder: Path, advance: Callable[[int], None]) -> list[File]:
    """Write every form and return what there is now."""
    files = []
    for form in FORMS.values():
        path = folder / form.file
        with path.open("wb") as output:
            form.write(source, output)
        said = form.media_type, form.title, form.conforms
        files.append(_entry(path, folder, *said, dump=bool(form.holds)))
        advance(1)
    for name, write in FOLDERS.items():
        (folder / name).mkdir()
        files += [_table_entry(path, folder) for path in write(source, folder / name)]
        advance(1)
    return files


def _entry(
    path: Path, folder: Path, media_type: str, title: str, conforms: str, *, dump: bool = False
) -> File:
    name, size = path.relative_to(folder).as_posix(), path.stat().st_size
    return File(name, media_type, title, size, file_digest(path), conforms, dump)


def _table_entry(path: Path, folder: Path) -> File:
    """Describe a file of a folder form: a table, or what the tables mean."""
    if path.name == METADATA:
        return _entry(path, folder, "application/csvm+json", "What the tables mean", _CSVW)
    return _entry(path, folder, "text/csv", f"The table of {path.stem}", _CSVW)


def _describe(
    source: Source, what: tuple[Snapshot, Edition], folder: Path, files: list[File]
) -> None:
    """Write the metadata, the context, licence, citation, fingerprint and README."""
    assets, (snapshot, edition) = source.assets, what
    context = read_context(assets.ontology)
    quads = describe_release(_metadata(source), snapshot.dataset, edition, files)
    _write_metadata(quads, assets, folder)
    (folder / "context.jsonld").write_bytes(write_context(context))
    shutil.copyfile(assets.root / "LICENSE-DATA", folder / "LICENSE-DATA")
    prints = f"dataset {snapshot.dataset}\nunion {snapshot.union}\n"
    (folder / "FINGERPRINT").write_text(prints, encoding="utf-8")
    words = {
        "date": edition.date,
        "version": edition.version,
        "dataset": snapshot.dataset,
        "union": snapshot.union,
        "counts": _table(f"{what} | {number:,}" for what, number in snapshot.counts.items()),
        "files": _table(f"[{file.path}]({file.path}) | {file.title}" for file in files),
    }
    for name in ("README.md", "CITATION.cff"):
        template = Template((EXPORTS / name).read_text(encoding="utf-8"))
        (folder / name).write_text(template.substitute(words), encoding="utf-8")


def _write_metadata(quads: list[Quad], assets: Assets, folder: Path) -> None:
    turtle = rdf_bytes(by_subject(quads), RdfFormat.TURTLE, Prefixes.read(assets.prefixes))
    (folder / "metadata.ttl").write_bytes(relative(turtle))
    jsonld = compact_dataset(quads, read_context(assets.ontology))
    (folder / "metadata.jsonld").write_bytes(relative(jsonld))


def _metadata(source: Source) -> Iterable[Quad]:
    """Return the statements of the snapshot's metadata graph."""
    return chain.from_iterable(quads for name, quads in source.graphs() if name == METADATA_GRAPH)


def _edition(source: Source, version: str) -> Edition:
    selection = Selection(source)
    for row in selection.rows("edition"):
        if isinstance(day := row.get("day"), Literal):
            subjects = (text_of(each["label"]) for each in selection.rows("subjects"))
            return Edition(version, day.value, tuple(subjects))
    raise DataError("No claim of the snapshot says when it was curated, which dates a release.")


def _table(rows: Iterable[str]) -> str:
    return "\n".join(f"| {row} |" for row in rows)
