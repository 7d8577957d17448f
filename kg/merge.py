"""The graphs that a query sees, merged: a triple that stands in two of them stands once.

SPARQL 1.1 Query, 13.1 and 13.2: the graphs named after FROM are merged into the default graph.
The engine's own merge repeats what stands in two of them, and what is named twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kg.assets import probe
from kg.errors import InputError, QueryError
from kg.protocol import Operation
from kg.rdf import (
    DefaultGraph,
    NamedNode,
    QuadStore,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    union,
)
from kg.rewrite import split_prologue, without_dataset

# Read now: a worker opens no file.
_NAMES = probe("graph-names")
_OVERLAP = probe("overlap")

Results = QuerySolutions | QueryBoolean | QueryTriples


@dataclass(frozen=True)
class Dataset:
    """The graphs of a query: those merged into its default graph, and those that GRAPH names."""

    default: tuple[NamedNode, ...]
    named: tuple[NamedNode, ...]


def asked_for(operation: Operation, base: str) -> Dataset | None:
    """Return the dataset that the protocol or the query names, each graph once.

    None if neither does, or not plainly: then it is for the engine to read. Raises InputError for
    a name that is no IRI.
    """
    default, named = operation.default_graphs, operation.named_graphs
    if default is not None or named is not None:
        return Dataset(_once(default or ()), _once(named or ()))
    return None if operation.union else _written(operation.query, base)


def _written(text: str, base: str) -> Dataset | None:
    try:
        asked = without_dataset(text)
        prologue = split_prologue(text)
        default, named = (resolve(prologue, each, base) for each in (asked.default, asked.named))
    except (QueryError, SyntaxError):  # the engine tells where, when it is given the query itself
        return None
    return Dataset(_once(default), _once(named)) if default or named else None


def resolve(prologue: str, terms: Sequence[str], base: str) -> list[str]:
    """Return the IRIs that terms of a query are, with the prefixes and base of its prologue.

    Raises SyntaxError for a term that is none.
    """
    if not terms:
        return []
    text = f"{prologue}\n{_NAMES.replace('UNDEF', ' '.join(terms))}"
    rows = QuadStore().query(text, base_iri=base)
    return [row["graph"].value for row in rows]  # type: ignore[union-attr]


def overlaps(store: QuadStore) -> bool:
    """Tell whether a triple stands in two graphs of a store."""
    return bool(store.query(_OVERLAP))


def query_dataset(store: QuadStore, text: str, dataset: Dataset, base: str) -> Results:
    """Evaluate a query over a dataset in which no triple stands in two graphs."""
    return store.query(
        text, base_iri=base, default_graph=[*dataset.default], named_graphs=[*dataset.named]
    )


def query_merge(store: QuadStore, text: str, dataset: Dataset, base: str) -> Results:
    """Evaluate a query over a dataset whose graphs overlap: over a copy of them, merged."""
    alone = QuadStore()
    for name in dataset.default:
        alone.extend(union(store.quads_for_pattern(None, None, None, name)))
    for name in dataset.named:
        alone.extend(store.quads_for_pattern(None, None, None, name))
    return alone.query(
        text, base_iri=base, default_graph=DefaultGraph(), named_graphs=[*dataset.named]
    )


def _once(names: Sequence[str]) -> tuple[NamedNode, ...]:
    return tuple(map(_node, dict.fromkeys(names)))


def _node(name: str) -> NamedNode:
    try:
        return NamedNode(name)
    except ValueError:
        raise InputError(f"The name of a graph in the dataset is no IRI: {name[:80]!r}.") from None
