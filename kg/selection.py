"""What an export selects from a snapshot: rows and triples of the queries in `kg/probes/`.

The union of all graphs is held in memory once; answers come as a stream.
"""

from collections.abc import Iterator, Mapping

from kg.assets import PROBES, QUERIES
from kg.queries import restrict
from kg.rdf import Literal, NamedNode, QuadStore, QuerySolutions, QueryTriples, Term, Triple
from kg.streams import Source

Row = Mapping[str, Term]


class Selection:
    """The union of a snapshot's graphs, to be asked."""

    def __init__(self, source: Source) -> None:
        self._store = QuadStore()
        # Not the engine's own union: it repeats a triple that stands in two graphs.
        self._store.bulk_extend(Source(source.data, source.assets).triples())

    def rows(self, name: str, **things: str) -> Iterator[Row]:
        """Yield the rows of the query called `name` with these IRIs for its variables.

        An unbound variable is left out of its row.
        """
        answer = self._store.query(_text(name, things))
        if not isinstance(answer, QuerySolutions):
            raise TypeError(f"{name}.rq makes no table")
        names = [variable.value for variable in answer.variables]
        for found in answer:
            pairs = zip(names, found, strict=True)
            yield {key: term for key, term in pairs if term is not None}

    def triples(self, name: str, **things: str) -> Iterator[Triple]:
        """Yield the triples that the CONSTRUCT query called `name` makes, each once."""
        answer = self._store.query(_text(name, things))
        if not isinstance(answer, QueryTriples):
            raise TypeError(f"{name}.rq makes no graph")
        yield from dict.fromkeys(answer)


def text_of(term: object) -> str:
    """Return the IRI of a node, or the text of a literal."""
    return term.value if isinstance(term, NamedNode | Literal) else str(term)


def _text(name: str, things: Mapping[str, str]) -> str:
    """Return a query in which these IRIs stand on the `VALUES` lines of their variables."""
    path = PROBES / f"{name}.rq"
    text = (path if path.is_file() else QUERIES / f"{name}.rq").read_text(encoding="utf-8")
    for variable, iri in things.items():
        text = restrict(text, variable, [iri])
    return text
