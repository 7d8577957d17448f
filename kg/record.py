"""What another server has of our data: the record that `kg publish` leaves there, and counts.

The record is a graph of its own, outside of what is served: the dataset's fingerprint, and each
graph with its number of triples (VoID). It has no fingerprint while the data are being published.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from kg.assets import probe
from kg.documents import digest
from kg.errors import DataError, NotFoundError, StoreLostError
from kg.facts import quad, typed
from kg.rdf import BASE, Literal, RdfFormat, rdf_bytes
from kg.remote_service import NO_GRAPH, NO_TABLE, RemoteService, named_dataset

#: The graph that holds the record.
RECORD_GRAPH = BASE + "published"
#: Seconds in which who serves from a server notices that its record has changed (`kg/watch.py`).
NOTICED = 2.0


@dataclass(frozen=True)
class Record:
    """Graphs on a server with their numbers of triples, and the fingerprint of the whole.

    `digests` has of graphs that were sent whole the SHA-256 of their triples.
    """

    fingerprint: str = ""
    graphs: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def read_record(service: RemoteService) -> Record | None:
    """Return the record on a server, which may be of nothing yet; None where there is none."""
    rows = service.rows(probe("record"), named_dataset([RECORD_GRAPH], [NO_GRAPH]))
    if not rows:
        return None
    fingerprint = next((row["fingerprint"] for row in rows if "fingerprint" in row), "")
    own = [row for row in rows if "graph" in row]
    digests = {row["graph"]: row["digest"] for row in own if "digest" in row}
    return Record(fingerprint, _sizes(own), digests)


def record_triples(record: Record) -> bytes:
    """Return a record as N-Triples: what `read_record` reads, with the digests of its graphs."""
    quads = [quad(BASE, "dcterms:title", Literal("Published by kg publish"))]
    if record.fingerprint:
        quads.append(quad(BASE, "dcterms:identifier", Literal(record.fingerprint)))
    for iri, triples in record.graphs.items():
        quads.append(quad(BASE, "void:subset", iri))
        quads.append(quad(iri, "void:triples", typed(triples, "integer")))
        if whole := record.digests.get(iri):
            quads.append(quad(iri, "dcterms:identifier", Literal(whole)))
    return rdf_bytes(quads, RdfFormat.N_TRIPLES, {})


def count_graphs(service: RemoteService, graphs: Iterable[str] | None = None) -> dict[str, int]:
    """Return named graphs of a server with their numbers of triples: all, or those given."""
    dataset = [] if graphs is None else named_dataset([NO_GRAPH], list(graphs) or [NO_GRAPH])
    return _sizes(service.rows(probe("graphs"), dataset))


def _sizes(rows: Iterable[dict[str, str]]) -> dict[str, int]:
    try:
        return {row["graph"]: int(row["triples"]) for row in rows}
    except (KeyError, ValueError):
        raise StoreLostError(NO_TABLE) from None


def survey(service: RemoteService) -> tuple[Record, str]:
    """Return what a server has of ours, and a sentence for who starts ours, if there is need.

    Raises DataError where its record and its data differ or a triple stands in two graphs,
    NotFoundError where there is no graph of ours.
    """
    record = read_record(service)
    if record is None:
        return _unrecorded(service)
    if not record.fingerprint:
        raise DataError(
            f"On {service.access.server} a graph is being published, or was in part; when"
            " `kg publish` has ended, start again."
        )
    if difference := differing(record.graphs, count_graphs(service, record.graphs)):
        raise DataError(
            f"{difference[:1].upper()}{difference[1:]} on {service.access.server}; run"
            " `kg publish` again."
        )
    return record, ""


def _unrecorded(service: RemoteService) -> tuple[Record, str]:
    """Return the graphs under our base; their names and sizes then stand for the data."""
    everything = count_graphs(service).items()
    graphs = {iri: n for iri, n in everything if iri.startswith(BASE) and iri != RECORD_GRAPH}
    if not graphs:
        raise NotFoundError(
            f"There is no graph under {BASE} on {service.access.server}; load one with"
            " `kg publish`."
        )
    with service.answer(probe("overlap"), named_dataset([NO_GRAPH], list(graphs))) as answer:
        if bool(answer):
            raise DataError(
                f"On {service.access.server} a triple stands in two graphs, and queries would"
                " count it twice; keep it in one."
            )
    lines = "".join(f"{iri} {size}\n" for iri, size in sorted(graphs.items()))
    # Sizes do not tell a changed value: each look at the server has a name of its own.
    lines += secrets.token_hex(16)
    said = (
        "The server has no record of `kg publish`: the fingerprint is one of this start. After a"
        " change of the data send SIGHUP."
    )
    return Record(digest(lines), graphs), said


def differing(wanted: dict[str, int], found: dict[str, int]) -> str:
    """Return which graph has not as many triples as it should, as part of a sentence, or ''.

    >>> differing({"u:a": 2, "u:b": 3}, {"u:a": 2})
    'graph u:b has 0 triples instead of 3'
    """
    for iri, triples in wanted.items():
        if (has := found.get(iri, 0)) != triples:
            return f"graph {iri} has {has:,} triples instead of {triples:,}"
    return ""
