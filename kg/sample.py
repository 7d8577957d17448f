"""A sample of a snapshot, to compare with what another server has: some things of every class."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from kg.assets import probe
from kg.facts import expand
from kg.queries import restrict
from kg.rdf import Literal, RdfFormat, parse_rdf
from kg.remote_service import NO_GRAPH, RemoteService, named_dataset

_TYPE = f" <{expand('rdf:type')}> ".encode()
_NUMBERS = (expand("xsd:integer"), expand("xsd:decimal"))
_AT_ONCE = 100
_SUBJECT = re.compile(rb"<([^>]*)>")

_Triple = tuple[str, str, str]


@dataclass
class Sample:
    """The first and the last thing of each class, in the order of the data."""

    first: dict[bytes, bytes] = field(default_factory=dict)
    last: dict[bytes, bytes] = field(default_factory=dict)

    def see(self, triple: bytes) -> None:
        """Take one triple (N-Triples without its end) into account."""
        subject, found, kind = triple.partition(_TYPE)
        if found:
            self.first.setdefault(kind, subject)
            self.last[kind] = subject

    @property
    def subjects(self) -> list[str]:
        """The IRIs of the things."""
        return sorted({each[1:-1].decode() for each in (*self.first.values(), *self.last.values())})


def compare(service: RemoteService, graphs: Sequence[str], sample: Sample, data: Path) -> str:
    """Return the first thing of a sample that has other triples on a server than in `data`, or ''.

    Numbers and booleans are compared by their value, for a server may write 1.50 as 1.5; so may
    it write a duration, of which only the datatype is compared.
    """
    wanted: dict[str, set[_Triple]] = {subject: set() for subject in sample.subjects}
    for subject, triple in _local(data, wanted):
        wanted[subject].add(triple)
    found: dict[str, set[_Triple]] = {subject: set() for subject in wanted}
    subjects = list(wanted)
    for start in range(0, len(subjects), _AT_ONCE):
        for triple in _remote(service, graphs, subjects[start : start + _AT_ONCE]):
            found.setdefault(triple[0], set()).add(triple)
    return next((subject for subject in found if found[subject] != wanted.get(subject)), "")


def _local(data: Path, subjects: Collection[str]) -> Iterator[tuple[str, _Triple]]:
    with data.open("rb") as file:
        for line in file:
            match = _SUBJECT.match(line)
            if match and (subject := match[1].decode()) in subjects:
                (quad,) = parse_rdf(line, format=RdfFormat.N_QUADS)
                yield subject, (subject, quad.predicate.value, comparable(quad.object))


def _remote(
    service: RemoteService, graphs: Sequence[str], subjects: Sequence[str]
) -> Iterator[_Triple]:
    text = restrict(probe("description"), "subject", subjects)
    dataset = named_dataset(graphs, [NO_GRAPH])
    for subject, predicate, value in service.terms(text, dataset, "subject", "predicate", "object"):
        yield subject.value, predicate.value, comparable(value)


def comparable(term: object) -> str:
    """Return a term as a text that is the same for equal values.

    >>> from kg.facts import typed
    >>> comparable(typed("1.50", "decimal"))
    '1.5 http://www.w3.org/2001/XMLSchema#decimal'
    """
    if not isinstance(term, Literal):
        return str(term)
    kind = term.datatype.value
    if kind == expand("xsd:duration"):
        return kind
    if kind == expand("xsd:boolean"):
        return str(term.value in ("true", "1"))
    try:
        return f"{Decimal(term.value).normalize():f} {kind}" if kind in _NUMBERS else str(term)
    except InvalidOperation:
        return str(term)
