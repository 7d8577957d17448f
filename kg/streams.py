"""A snapshot's N-Quads read as a stream: by statement, by subject, by graph, never as a whole.

A snapshot's file is canonical: each line once, in code point order (kg/rdf.py). So all lines of
one subject stand together, and a triple that is in several graphs has its lines side by side.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from kg.assets import Assets
from kg.facts import expand
from kg.rdf import Quad, RdfFormat, parse_rdf, union

_TYPE = expand("rdf:type")
_BLOCK = 1 << 20
_LINES = 1000

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """What an export is made of: the N-Quads file, the Turtle sources, and who hears of progress.

    `advance` is told how many of `size()` statements were just dealt with.
    """

    data: Path
    assets: Assets
    advance: Advance = lambda _: None

    def size(self) -> int:
        """Return the number of statements, counted by their lines."""
        return sum(block.count(b"\n") for block in self.blocks())

    def blocks(self) -> Iterator[bytes]:
        """Yield the file as it is, in pieces."""
        with self.data.open("rb") as file:
            yield from iter(lambda: file.read(_BLOCK), b"")

    def quads(self) -> Iterator[Quad]:
        """Yield every statement with its graph, in the order of the file."""
        for quad in parse_rdf(path=str(self.data), format=RdfFormat.N_QUADS):
            self.advance(1)
            yield quad

    def triples(self) -> Iterator[Quad]:
        """Yield the union of all graphs in canonical order, each statement once."""
        for quad, _ in groupby(union(self.quads())):
            yield quad

    def graphs(self) -> Iterator[tuple[str, Iterator[Quad]]]:
        """Yield each graph's name with its statements; the default graph, if any, as "" first.

        Only the places of the lines are kept: eight bytes for each statement.
        """
        places: dict[bytes, array[int]] = {}
        offset = 0
        with self.data.open("rb") as file:
            for line in file:
                places.setdefault(_graph(line), array("Q")).append(offset)
                offset += len(line)
        for name in sorted(places):
            yield name.decode().strip("<>"), self._lines(places[name])

    def _lines(self, places: "array[int]") -> Iterator[Quad]:
        with self.data.open("rb") as file:
            for start in range(0, len(places), _LINES):
                lines = []
                for place in places[start : start + _LINES]:
                    file.seek(place)
                    lines.append(file.readline())
                yield from parse_rdf(b"".join(lines), format=RdfFormat.N_QUADS)
                self.advance(len(lines))


def by_subject(quads: Iterable[Quad]) -> Iterator[Quad]:
    """Yield the statements of each subject in reading order: types first, then by predicate."""
    for _, group in groupby(quads, key=lambda quad: quad.subject):
        yield from sorted(group, key=_order)


def _order(quad: Quad) -> tuple[bool, str, str]:
    return quad.predicate.value != _TYPE, quad.predicate.value, str(quad.object)


def _graph(line: bytes) -> bytes:
    r"""Return the graph of a line of canonical N-Quads, empty for the default graph.

    >>> _graph(b'<a:s> <a:p> "x <a:y> ."@en <a:g> .\n'), _graph(b"<a:s> <a:p> <a:o> .\n")
    (b'<a:g>', b'')
    """
    rest = line.rstrip(b"\n").removesuffix(b" .").split(b" ", 2)[2]
    if rest.startswith(b'"'):
        rest = rest[rest.rindex(b'"') :]
    return rest.partition(b" ")[2]
