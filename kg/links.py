"""Links to Wikidata: mappings in SSSOM/TSV, checked row by row and turned into statements.

Files are `data/links/<set>.sssom.tsv`, in the format of the Simple Standard for Sharing
Ontological Mappings: metadata in lines that begin with `#`, of which `curie_map` is read, then a
table. What a file is for stands in its name, and only mappings become statements:

* `<set>-candidates.sssom.tsv`: `skos:mappingRelation`, what a person has yet to judge;
* `<set>-not-found.sssom.tsv`: `sssom:NoTermFound`, what was looked for in vain;
* any other: mappings that a person made. Things are `skos:exactMatch` or `skos:closeMatch` of an
  item; terms of the ontology also broader, narrower, or `skos:relatedMatch`: the same relation,
  which Wikidata has the other way round.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from kg.errors import DataError
from kg.facts import NAMESPACES, Value, quad, typed
from kg.names import suggest
from kg.rdf import BASE, ENTITIES, TERMS, Literal, Quad
from kg.sssom import REQUIRED, Row, read_table

SUFFIX = ".sssom.tsv"
_MAPPINGS = BASE + "mapping/"
SKOS = NAMESPACES["skos"]
SSSOM = "https://w3id.org/sssom/"
_PAV = "http://purl.org/pav/"
NOT_FOUND = SSSOM + "NoTermFound"
_CANDIDATE = SKOS + "mappingRelation"
EXACT = SKOS + "exactMatch"
_THING_PREDICATES: tuple[str, ...] = (EXACT, SKOS + "closeMatch")
_TERM_PREDICATES = (*_THING_PREDICATES, SKOS + "broadMatch", SKOS + "narrowMatch",
                   SKOS + "relatedMatch")  # fmt: skip
_JUSTIFICATION = "https://w3id.org/semapv/vocab/"
_ITEM = re.compile(r"http://www\.wikidata\.org/entity/(Q[1-9][0-9]*)")
_ITEM_OR_PROPERTY = re.compile(r"http://www\.wikidata\.org/entity/([QP][1-9][0-9]*)")
_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


@dataclass(frozen=True)
class MappingFile:
    """A file of mappings: its rows, and its own prefixes."""

    path: Path
    rows: tuple[Row, ...]
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`candidates`, `not-found`, or `mappings`."""
        name = self.path.name.removesuffix(SUFFIX)
        return next((k for k in ("candidates", "not-found") if name.endswith(f"-{k}")), "mappings")

    def quads(self, graph: str) -> Iterator[Quad]:
        """Yield each mapping as a triple, and the record of who made it, when and on what."""
        if self.kind == "mappings":
            for row in self.rows:
                yield from _quads(row, graph)


def read_mappings(folder: Path) -> list[MappingFile]:
    """Return the files of mappings in a folder, in order of their names; raises `DataError`."""
    files = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        rows, prefixes = read_table(path)
        files.append(MappingFile(path, tuple(rows), prefixes))
    check_mappings(files)
    return files


def check_mappings(files: Sequence[MappingFile]) -> None:
    """Raise `DataError` that names file and line for every row out of order.

    Rows that contradict each other, in one file or in two, are told where each is in order.
    """
    faults = [fault for file in files for row in file.rows for fault in _faults(row, file.kind)]
    if not faults:
        faults = [*_twice(files), *_undecided(files)]
    if faults:
        raise DataError("\n".join(faults))


def unknown_subjects(files: Iterable[MappingFile], known: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each row about a thing or term that is none of those known (IRIs)."""
    for row in (each for file in files for each in file.rows):
        subject = row.iris["subject_id"]
        if subject not in known:
            space = TERMS if subject.startswith(TERMS) else ENTITIES
            names = (each.removeprefix(space) for each in known if each.startswith(space))
            near = suggest(subject.removeprefix(space), names)
            yield f"{row.where}: there is no {row.cells['subject_id']} in the graph.{near}"


def _faults(row: Row, kind: str) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with one row."""
    if empty := [each for each in REQUIRED if not row.cells[each].strip()]:
        remedy = "; write what was compared" if empty[0] == "comment" else ""
        yield f"{row.where}: {empty[0]} is empty{remedy}."
        return
    subject = row.iris["subject_id"]
    if not subject.startswith((ENTITIES, TERMS)):
        yield f"{row.where}: {row.cells['subject_id']} is neither a thing nor a term of ours."
    yield from _match_faults(row, kind, is_term=subject.startswith(TERMS))
    if not row.iris["mapping_justification"].startswith(_JUSTIFICATION):
        yield (
            f"{row.where}: {row.cells['mapping_justification']} is no justification; write one"
            " such as semapv:ManualMappingCuration."
        )
    if kind != "not-found" and not _confidence(row):
        yield f"{row.where}: the confidence {row.cells.get('confidence')!r} is not from 0 to 1."
    if not _is_day(row.cells["mapping_date"]):
        yield f"{row.where}: {row.cells['mapping_date']!r} is no day such as 2026-11-22."
    if not row.author:
        yield f"{row.where}: author_label is empty; write who made the mapping."
    for each in (each for each in _sources(row) if not _ADDRESS.fullmatch(each)):
        yield f"{row.where}: {each!r} in see_also is no address; separate addresses by |."


def _match_faults(row: Row, kind: str, *, is_term: bool) -> Iterator[str]:
    """Yield what is wrong with the predicate and the object of a row."""
    predicates, form, what = _allowed(kind, is_term=is_term)
    if row.iris["predicate_id"] not in predicates:
        allowed = " or ".join(f"skos:{each.removeprefix(SKOS)}" for each in predicates)
        yield f"{row.where}: {row.cells['predicate_id']} is not for this file; write {allowed}."
    if not form.fullmatch(row.iris["object_id"]):
        yield f"{row.where}: {row.cells['object_id']} is not {what}."


def _allowed(kind: str, *, is_term: bool) -> tuple[tuple[str, ...], re.Pattern[str], str]:
    """Return the predicates in a file of a kind, the form of its objects, and that in words."""
    if kind == "not-found":
        return (EXACT,), re.compile(re.escape(NOT_FOUND)), "sssom:NoTermFound"
    form, what = _ITEM, "an identifier such as wikidata:Q42"
    predicates = _THING_PREDICATES
    if is_term:
        form, what, predicates = _ITEM_OR_PROPERTY, f"{what} or wikidata:P31", _TERM_PREDICATES
    return (_CANDIDATE,) if kind == "candidates" else predicates, form, what


def _confidence(row: Row) -> str:
    """Return the confidence in canonical form, empty if it is no number from 0 to 1."""
    try:
        number = Decimal(row.cells.get("confidence", ""))
    except InvalidOperation:
        return ""
    if not number.is_finite() or not 0 <= number <= 1:
        return ""
    return format(number.normalize(), "f")


def _sources(row: Row) -> list[str]:
    return [each for each in row.cells.get("see_also", "").split("|") if each]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _twice(files: Iterable[MappingFile]) -> Iterator[str]:
    """Yield each pair that stands twice, and each end of two exact matches."""
    pairs: dict[tuple[str, str], Row] = {}
    exact: dict[str, Row] = {}
    for row in (each for file in files for each in file.rows):
        first = pairs.setdefault(row.pair, row)
        if first is not row:
            yield f"{row.where}: this pair stands already in {first.where}; keep one."
            continue
        if row.iris["predicate_id"] == EXACT and row.iris["object_id"] != NOT_FOUND:
            for name in ("subject_id", "object_id"):
                first = exact.setdefault(row.iris[name], row)
                if first is not row:
                    yield (
                        f"{row.where}: {row.cells[name]} has an exact match already, in"
                        f" {first.where}; one of the two is at most a close match."
                    )


def _undecided(files: Iterable[MappingFile]) -> Iterator[str]:
    """Yield each thing that is a candidate or not found and is linked exactly all the same."""
    rows = [(file.kind, row) for file in files for row in file.rows]
    linked = {
        row.iris["subject_id"]: row
        for kind, row in rows
        if kind == "mappings" and row.iris["predicate_id"] == EXACT
    }
    candidates = {row.iris["subject_id"]: row for kind, row in rows if kind == "candidates"}
    for kind, row in rows:
        subject = row.iris["subject_id"]
        other = linked.get(subject) if kind != "mappings" else None
        if kind == "not-found":
            other = other or candidates.get(subject)
        if other:
            yield f"{row.where}: {row.cells['subject_id']} is decided in {other.where}; keep one."


def _quads(row: Row, graph: str) -> Iterator[Quad]:
    """Yield the mapping, and its record (slots of SSSOM under their IRIs)."""
    subject, predicate, item = (
        row.iris[each] for each in ("subject_id", "predicate_id", "object_id")
    )
    yield quad(subject, predicate, item, graph)
    node = f"{_MAPPINGS}{subject.rpartition('/')[2]}-{item.rpartition('/')[2]}"
    record: list[tuple[str, str | Value]] = [
        ("rdf:type", SSSOM + "Mapping"),
        ("owl:annotatedSource", subject),
        ("owl:annotatedProperty", predicate),
        ("owl:annotatedTarget", item),
        (SSSOM + "mapping_justification", row.iris["mapping_justification"]),
        (SSSOM + "confidence", typed(_confidence(row), "decimal")),
        (SSSOM + "author_label", Literal(row.author)),
        (_PAV + "authoredOn", typed(row.cells["mapping_date"], "date")),
        ("rdfs:comment", Literal(row.cells["comment"].strip())),
        *(("rdfs:seeAlso", each) for each in _sources(row)),
    ]
    for name, value in record:
        yield quad(node, name, value, graph)
