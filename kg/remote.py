"""The graph on another SPARQL 1.1 server, asked in such a way that the answers are ours.

The query is read by our own engine first, so that complaints are the same and nothing but SPARQL
1.1 goes out; its dataset is our graphs and no others. Formats and caps are those of the store in
memory, for the same code makes them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from kg.assets import probe
from kg.connection import Access
from kg.media import Format
from kg.merge import Dataset, asked_for, resolve
from kg.protocol import Fields, Operation
from kg.queries import restrict
from kg.rdf import BlankNode, NamedNode, QuerySolution, QuerySolutions, Triple
from kg.remote_service import NO_GRAPH, RemoteService, named_dataset
from kg.results import Answer, Caps, Writing
from kg.rewrite import (
    GraphQuery,
    refuse_own_functions,
    split_graph,
    without_dataset,
    without_undef,
)
from kg.store import EngineStore

#: Rows that are filled into a template, or resources that are described, at one time.
_AT_ONCE = 500
_BLANK = "urn:x-contested:blank:"

T = TypeVar("T")


@dataclass
class RemoteStore:
    """Our graphs on a server: `graphs` has their numbers of triples.

    `local` is an empty store with prefixes, base and context.
    """

    access: Access
    graphs: dict[str, int]
    local: EngineStore

    def __post_init__(self) -> None:
        self.service = RemoteService(self.access)

    def __len__(self) -> int:
        """Return the number of quads in our graphs."""
        return sum(self.graphs.values())

    def evaluate(self, operation: Operation, form: Format, caps: Caps | None = None) -> Answer:
        """Have the server evaluate a query, and serialise its answer.

        Raises as `EngineStore.evaluate`, and as `RemoteService.answer`.
        """
        caps = caps or Caps()
        self.local.check(operation)
        refuse_own_functions(operation.query)
        dataset = self._dataset(operation)
        text = without_dataset(operation.query).text
        writing = Writing(self.local.prefixes, self.local.context)
        if operation.is_graph:
            return writing.graph(self._graph(text, dataset), operation, form, caps)
        with self.service.answer(self._text(text), dataset, operation.maxrows) as results:
            return writing.table(results, operation, form, caps)

    def _text(self, text: str) -> str:
        return f"BASE <{self.local.base}>\n{without_undef(text)}"

    def _dataset(self, operation: Operation) -> Fields:
        """Return our graphs, or those of them that the request or else the query names."""
        if operation.union:
            return named_dataset(list(self.graphs), list(self.graphs))
        asked = asked_for(operation, self.local.base) or Dataset((), ())
        ours = [
            [each.value for each in given if each.value in self.graphs] or [NO_GRAPH]
            for given in (asked.default, asked.named)
        ]
        return named_dataset(*ours)

    def _graph(self, text: str, dataset: Fields) -> Iterator[Triple]:
        """Yield the triples that a CONSTRUCT or DESCRIBE makes, each once."""
        asked = split_graph(text)
        make = self._constructed if asked.template else self._described
        seen = set()
        for triple in make(asked, dataset):
            if triple not in seen:
                seen.add(triple)
                yield triple

    def _constructed(self, asked: GraphQuery, dataset: Fields) -> Iterator[Triple]:
        names = " ".join(f"?{name}" for name in asked.variables)
        for rows in _parts(self._solutions(asked.select, dataset)):
            values = " ".join(
                f"({' '.join(_written(row[name]) for name in asked.variables)})" for row in rows
            )
            rows_as_pattern = f"{{ VALUES ({names}) {{ {values} }} }}"
            text = f"{asked.prologue}CONSTRUCT {asked.template} {rows_as_pattern}"
            for triple in self.local.triples(text):
                yield _with_blanks(triple)

    def _described(self, asked: GraphQuery, dataset: Fields) -> Iterator[Triple]:
        found = dict.fromkeys(resolve(asked.prologue, asked.terms, self.local.base))
        if asked.select:
            for row in self._solutions(asked.select, dataset):
                found |= {term.value: None for term in row if isinstance(term, NamedNode)}
        for iris in _parts(found):
            question = self._text(restrict(probe("description"), "subject", iris))
            for terms in self.service.terms(question, dataset, "subject", "predicate", "object"):
                yield Triple(*terms)

    def _solutions(self, text: str, dataset: Fields) -> Iterator[QuerySolution]:
        with self.service.answer(self._text(text), dataset) as results:
            if isinstance(results, QuerySolutions):
                yield from results


def _parts(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, _AT_ONCE)):
        yield part


def _written(term: object) -> str:
    """Return a term for VALUES, where a blank node has no place."""
    if term is None:
        return "UNDEF"
    return f"<{_BLANK}{term.value}>" if isinstance(term, BlankNode) else str(term)


def _with_blanks(triple: Triple) -> Triple:
    return Triple(_blank(triple.subject), triple.predicate, _blank(triple.object))


def _blank(term: Any) -> Any:
    if isinstance(term, NamedNode) and term.value.startswith(_BLANK):
        return BlankNode(term.value.removeprefix(_BLANK))
    return term
