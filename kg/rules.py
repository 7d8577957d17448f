"""Derivations that are SPARQL: each file of `ontology/rules/` constructs one kind of statement."""

from collections.abc import Iterator
from pathlib import Path

from kg.errors import DataError
from kg.files import read_text
from kg.rdf import NamedNode, Quad, QuadStore, QueryBoolean, QuerySolutions, QueryTriples


def evaluate_rule(store: QuadStore, rule: Path) -> QuerySolutions | QueryBoolean | QueryTriples:
    """Return what a rule's query gives over the union of all graphs.

    Raises `DataError` if the file cannot be read or is not SPARQL (with line and column).
    """
    try:
        return store.query(read_text(rule), use_default_graph_as_union=True)
    except SyntaxError as error:
        raise DataError(f"{rule}: not valid SPARQL: {error}.") from None


def apply_rule(store: QuadStore, rule: Path, graph: str) -> Iterator[Quad]:
    """Yield what a CONSTRUCT query adds, as statements of `graph`; known ones are left out.

    The query sees the union of all graphs. Raises `DataError` with line and column if it
    is not a CONSTRUCT query.
    """
    triples = evaluate_rule(store, rule)
    if not isinstance(triples, QueryTriples):
        raise DataError(f"{rule} must be a CONSTRUCT query.")
    for each in triples:
        known = store.quads_for_pattern(each.subject, each.predicate, each.object, None)
        if next(known, None) is None:
            yield Quad(each.subject, each.predicate, each.object, NamedNode(graph))
