"""A snapshot as a file to pass on: Turtle, TriG, N-Quads or compact JSON-LD, byte-stable.

Turtle holds the union of all graphs and reads back to the union fingerprint; the others
hold the dataset and read back to its fingerprint (RDFC-1.0). What is written depends on the
statements, the prefix list and the context alone.
"""

from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path

import pyoxigraph as ox

from kg.assets import Assets, locate
from kg.compact import compact_dataset
from kg.context import make_context, read_context, write_context
from kg.errors import InputError
from kg.names import suggest
from kg.rdf import Prefixes, canonical_nquads, read_turtle, union
from kg.settings import Settings
from kg.snapshots import DATA, current_snapshot

CONTEXT = "context"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def export(settings: Settings, form: str) -> bytes:
    """Return the current snapshot in the form called `form`; raises `InputError` for none.

    The form `context` is our JSON-LD context alone, made from the ontology, without a snapshot.
    """
    if form not in (*FORMS, CONTEXT):
        raise InputError(
            f"There is no export format {form!r}; write one of {', '.join(FORMS)} or {CONTEXT}."
            f"{suggest(form, FORMS)}"
        )
    assets = locate(settings)
    if form == CONTEXT:
        return write_context(ontology_context(assets))
    return FORMS[form](current_snapshot(settings) / DATA, assets)


def read_quads(data: Path) -> list[ox.Quad]:
    """Return the statements of an N-Quads file."""
    return list(ox.parse(path=str(data), format=ox.RdfFormat.N_QUADS))


def ontology_context(assets: Assets) -> dict[str, object]:
    """Return our JSON-LD context as the ontology and the prefix list now have it."""
    files = [path for path in assets.turtle_files() if assets.ontology in path.parents]
    quads = [quad for path in files if path != assets.prefixes for quad in read_turtle(path).quads]
    return make_context(quads, Prefixes.read(assets.prefixes))


def _turtle(data: Path, assets: Assets) -> bytes:
    return _write(set(union(read_quads(data))), ox.RdfFormat.TURTLE, assets)


def _trig(data: Path, assets: Assets) -> bytes:
    return _write(read_quads(data), ox.RdfFormat.TRIG, assets)


def _nquads(data: Path, _: Assets) -> bytes:
    return canonical_nquads(read_quads(data))


def _jsonld(data: Path, assets: Assets) -> bytes:
    return compact_dataset(read_quads(data), read_context(assets.ontology))


def _write(quads: Iterable[ox.Quad], form: ox.RdfFormat, assets: Assets) -> bytes:
    """Serialise quads in order of graph, subject, predicate (the type first) and object.

    The engine writes the prefixes in an order of its own; they are sorted here.
    """
    prefixes = dict(Prefixes.read(assets.prefixes))
    text = bytes(ox.serialize(sorted(quads, key=_order), format=form, prefixes=prefixes) or b"")
    lines = text.splitlines(keepends=True)
    declared = sum(1 for _ in takewhile(lambda line: line.startswith(b"@prefix "), lines))
    return b"".join([*sorted(lines[:declared]), *lines[declared:]])


def _order(quad: ox.Quad) -> tuple[str, str, bool, str, str]:
    predicate = quad.predicate.value
    return (
        str(quad.graph_name), str(quad.subject),
        predicate != RDF_TYPE, predicate, str(quad.object),
    )  # fmt: skip


FORMS: dict[str, Callable[[Path, Assets], bytes]] = {
    "turtle": _turtle,
    "trig": _trig,
    "nquads": _nquads,
    "jsonld": _jsonld,
}
