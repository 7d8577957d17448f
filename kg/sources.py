"""What people edit, read whole: each file with the named graph of its statements.

* `graph/ontology`: `ontology/*.ttl`, `ontology/vocabularies/*.ttl`
* `graph/entities`: `data/entities/*.ttl`, and what is no document in `data/documents.ttl`
* `graph/<document>`: the document in `data/documents.ttl`, and
  `data/{passages,claims,mentions}/<document>.ttl`
* `graph/editorial`: `data/editorial.ttl`
* `graph/links`: `data/links/*.sssom.tsv`, tables of mappings, and `data/links/*.ttl`

Shapes are no part of the graph.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.assets import Assets
from kg.errors import DataError
from kg.links import MappingFile, read_mappings
from kg.rdf import DOCUMENTS, GRAPHS, BlankNode, NamedNode, Quad, Triple, read_turtle

_PER_DOCUMENT = ("passages", "claims", "mentions")
_SHOWN_FAULTS = 10
# Endings of files that hold statements, so that one which is passed over would be missed.
_OF_STATEMENTS = {".jsonld", ".n3", ".nq", ".nt", ".owl", ".rdf", ".trig", ".tsv", ".ttl"}


@dataclass(frozen=True)
class SourceFile:
    """One file: where it lies, what it holds, and the prefixes it is written with.

    `part` is the folder of `data/` that it lies in, or its own name without extension
    where it lies in none (`documents`, `editorial`); `ontology` for the ontology.
    """

    path: Path
    part: str
    quads: tuple[Quad, ...]
    prefixes: dict[str, str]

    @property
    def document(self) -> str:
        """The document that the file is named after."""
        return DOCUMENTS + self.path.stem

    def where(self, subject: str, value: str | None = None) -> str:
        """Name the file, and the line of a subject or of one of its values where it is found."""
        text = self.path.read_text(encoding="utf-8")
        position = self._find(text, subject, 0)
        if value is not None and position is not None:
            position = self._find(text, value, position) or position
        if position is None:
            return str(self.path)
        return f"{self.path}, line {text.count(chr(10), 0, position) + 1}"

    def _find(self, text: str, value: str, start: int) -> int | None:
        """Find an IRI as a subject, else anywhere; or a literal by its text."""
        spellings = [re.escape(f"<{value}>"), re.escape(f'"{value}"')]
        for prefix, namespace in self.prefixes.items():
            if value.startswith(namespace):
                local = re.escape(f"{prefix}:{value.removeprefix(namespace)}")
                spellings.append(rf"(?<![\w:.-]){local}(?![\w-])")
        either = "|".join(spellings)
        for pattern in (rf"^(?:{either})", either):
            if found := re.compile(pattern, re.MULTILINE).search(text, start):
                return found.start()
        return None


@dataclass(frozen=True)
class Sources:
    """All files, in a fixed order; mappings also as the tables that they were read from."""

    files: tuple[SourceFile, ...]
    mappings: tuple[MappingFile, ...] = ()

    def quads(self) -> Iterator[Quad]:
        """Yield all statements with their graphs."""
        for each in self.files:
            yield from each.quads

    def of(self, *parts: str) -> list[SourceFile]:
        """Return the files of some parts."""
        return [each for each in self.files if each.part in parts]


def read_sources(assets: Assets) -> Sources:
    """Read ontology and data.

    Raises `DataError` for files out of order, what is no file, what nothing reads, and blank nodes.
    """
    stop(_no_files(assets.ontology, assets.data))
    vocabularies = sorted((assets.ontology / "vocabularies").glob("*.ttl"))
    files = [
        _read(path, "ontology", GRAPHS + "ontology")
        for path in [*sorted(assets.ontology.glob("*.ttl")), *vocabularies]
    ]
    data = assets.data
    files += [_read(path, "entities", GRAPHS + "entities") for path in _in(data, "entities")]
    if (data / "documents.ttl").is_file():
        files.append(_by_document(_read(data / "documents.ttl", "documents", GRAPHS + "entities")))
    for part in _PER_DOCUMENT:
        files += [_read(path, part, GRAPHS + path.stem) for path in _in(data, part)]
    if (data / "editorial.ttl").is_file():
        files.append(_read(data / "editorial.ttl", "editorial", GRAPHS + "editorial"))
    files += [_read(path, "links", GRAPHS + "links") for path in _in(data, "links")]
    mappings = tuple(read_mappings(data / "links"))
    files += [_mapped(each, GRAPHS + "links") for each in mappings]
    homonyms = data / "homonyms.ttl"
    if homonyms.is_file():
        # Only kg mentions has a use for it, but nobody should find it broken then.
        read_turtle(homonyms)
    stop(_unread(data, {each.path for each in files} | {homonyms}))
    stop(fault for each in files for fault in _blank_nodes(each))
    return Sources(tuple(files), mappings)


def stop(faults: Iterable[str]) -> None:
    """Raise `DataError` with the first faults, one sentence a line, if there are any."""
    found: dict[str, None] = {}
    for fault in faults:
        if len(found) == _SHOWN_FAULTS and fault not in found:
            # Not counted: to look up the lines of thousands would take minutes.
            raise DataError("\n".join([*found, "… and more faults of this kind."]))
        found[fault] = None
    if found:
        raise DataError("\n".join(found))


def _in(data: Path, part: str) -> list[Path]:
    return sorted((data / part).glob("*.ttl"))


def _read(path: Path, part: str, graph: str) -> SourceFile:
    turtle = read_turtle(path, NamedNode(graph))
    return SourceFile(path, part, tuple(turtle.quads), turtle.prefixes)


def _mapped(file: MappingFile, graph: str) -> SourceFile:
    return SourceFile(file.path, "links", tuple(file.quads(graph)), dict(file.prefixes))


def _by_document(file: SourceFile) -> SourceFile:
    """Put each document node into the graph of its document."""
    quads = []
    for quad in file.quads:
        subject = str(getattr(quad.subject, "value", ""))
        if subject.startswith(DOCUMENTS):
            graph = NamedNode(GRAPHS + subject.removeprefix(DOCUMENTS))
            quad = Quad(quad.subject, quad.predicate, quad.object, graph)  # noqa: PLW2901
        quads.append(quad)
    return SourceFile(file.path, file.part, tuple(quads), file.prefixes)


def _no_files(*folders: Path) -> Iterator[str]:
    """Yield what is called like a file that is read, and is a folder, a pipe or a broken link."""
    for path in sorted(each for folder in folders for each in folder.rglob("*")):
        if path.suffix.lower() in {*_OF_STATEMENTS, ".csv"} and not path.is_file():
            yield f"{path} is no file that can be read; put the file there, or take it out."


def _unread(data: Path, read: set[Path]) -> Iterator[str]:
    """Yield each file of statements that lies, or ends, so that nothing reads it."""
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in _OF_STATEMENTS and path.is_file() and path not in read:
            yield (
                f"{path} is read by nothing, for its place or its ending; data/README.md says which"
                " file holds what. Move its statements there, or take it out."
            )


def _blank_nodes(file: SourceFile) -> Iterator[str]:
    for quad in file.quads:
        if isinstance(quad.subject, BlankNode):
            yield (
                f"{file.path}: a blank node has the property <{quad.predicate.value}>;"
                " give it an IRI, since nothing could refer to it."
            )
        elif isinstance(quad.object, Triple):
            where = file.where(str(getattr(quad.subject, "value", "")), quad.predicate.value)
            yield (
                f"{where}: <{quad.predicate.value}> has a quoted triple as its value; what is said"
                " of a statement is said of its claim."
            )
        elif isinstance(quad.object, BlankNode):
            where = file.where(str(getattr(quad.subject, "value", "")), quad.predicate.value)
            yield (
                f"{where}: <{quad.predicate.value}> has a blank node as its value;"
                " give it an IRI, since nothing could refer to it."
            )
