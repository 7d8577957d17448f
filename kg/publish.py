"""`kg publish`: a snapshot onto another SPARQL server, graph by graph, and compared in the end.

What is finished stands in the record on the server (`kg/record.py`), each graph with its digest:
after an interruption the graphs that are there are left. The record has the fingerprint again
only when counts and samples agree; until then nobody serves what is there.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from kg.documents import file_digest
from kg.errors import DataError, StoreLostError, TimeLimitError
from kg.progress import progress
from kg.record import (
    NOTICED,
    RECORD_GRAPH,
    Record,
    count_graphs,
    differing,
    read_record,
    record_triples,
)
from kg.remote_service import RemoteService
from kg.sample import Sample, compare
from kg.snapshots import DATA, read_snapshot
from kg.writer import Writer

#: Triples of one request; servers that turn an update into a plan refuse a long one.
_AT_ONCE = 2000
#: Seconds until all who serve from there have noticed that the record is not whole.
_PAUSE = 2 * NOTICED
#: A canonical N-Quad whose graph has a name: its triple, and the graph's IRI.
_QUAD = re.compile(rb'(\S+ \S+ (?:"[^"\\]*(?:\\.[^"\\]*)*"\S*|[^\s"]+)) <([^\s<>]*)> \.\n')


@dataclass
class _Contents:
    """What a snapshot has: its graphs with their triples and digests, and a sample."""

    graphs: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    sample: Sample = field(default_factory=Sample)


@dataclass(frozen=True)
class Target:
    """A server to publish on: how it is asked and how it is written to."""

    service: RemoteService
    writer: Writer


def publish(folder: Path, target: Target) -> str:
    """Publish the snapshot in a folder; return a sentence on what was done.

    Raises DataError for a snapshot that cannot be published or a server that has not taken it
    all, InputError where it cannot be written to, StoreLostError when it does not answer.
    """
    fingerprint, data = read_snapshot(folder).dataset, folder / DATA
    contents = _read_contents(data, fingerprint)
    try:
        return _publish(fingerprint, data, contents, target)
    except TimeLimitError:
        raise StoreLostError(
            f"{target.service.access.server} broke an answer off; run the command again to go on."
        ) from None


def _publish(fingerprint: str, data: Path, contents: _Contents, target: Target) -> str:
    before = read_record(target.service) or Record()
    there = count_graphs(target.service, {**contents.graphs, **before.graphs})
    left = {
        iri
        for iri, digest in contents.digests.items()
        if before.digests.get(iri) == digest and there.get(iri) == contents.graphs[iri]
    }
    _send(data, contents, target, left=left, before=before)
    _verify(data, contents, target)
    for iri in before.graphs.keys() - contents.graphs.keys():
        target.writer.remove(iri)
    _write_record(target, Record(fingerprint, contents.graphs, contents.digests))
    sent = len(contents.graphs) - len(left)
    return (
        f"Published {sum(contents.graphs.values()):,} triples in {len(contents.graphs)} graphs,"
        f" {sent} of them sent now; fingerprint {fingerprint[:16]}. All counts and"
        f" {len(contents.sample.subjects):,} samples agree."
    )


def _read_contents(data: Path, fingerprint: str) -> _Contents:
    """Read the N-Quads of a snapshot once; they are sorted, so equal triples stand together.

    Raises DataError if they are damaged, or have what cannot be published: a triple in no graph
    with a name; a blank node, which would be another one in each request; a triple in two graphs,
    which queries would count twice.
    """
    contents = _Contents()
    digests: dict[str, hashlib._Hash] = {}
    before = b""
    if file_digest(data) != fingerprint:
        raise DataError(f"The snapshot {fingerprint[:16]} is damaged; run `kg build`.")
    with data.open("rb") as file:
        for line in file:
            if not (found := _QUAD.fullmatch(line)):
                raise _unpublishable("A triple stands in no named graph", line, "put it into one")
            triple, graph = found.groups()
            if triple == before:
                raise _unpublishable("A triple stands in two graphs", triple, "keep it in one")
            if triple.startswith(b"_:") or triple.split(b" ", 2)[2].startswith(b"_:"):
                raise _unpublishable("A blank node cannot be published", triple, "name it")
            before, iri = triple, graph.decode()
            contents.graphs[iri] = contents.graphs.get(iri, 0) + 1
            digests.setdefault(iri, hashlib.sha256()).update(triple)
            contents.sample.see(triple)
    contents.digests = {iri: each.hexdigest() for iri, each in digests.items()}
    return contents


def _unpublishable(what: str, line: bytes, remedy: str) -> DataError:
    return DataError(f"{what}: {line.decode().rstrip()[:120]}; {remedy}.")


def _send(
    data: Path, contents: _Contents, target: Target, *, left: set[str], before: Record
) -> None:
    """Send the graphs that are not `left`; after each, the record tells that it is there."""
    total = sum(size for iri, size in contents.graphs.items() if iri not in left)
    former = {iri: n for iri, n in before.graphs.items() if iri not in contents.graphs}
    done = {iri: contents.graphs[iri] for iri in left}
    _write_record(target, Record("", {**former, **done}, contents.digests))
    if before.fingerprint and (total or former):
        time.sleep(_PAUSE)
    with progress("Publishing", lambda: total) as advance:
        for iri in contents.graphs.keys() - left:
            _send_graph(data, iri, target.writer, advance)
            done[iri] = contents.graphs[iri]
            _write_record(target, Record("", {**former, **done}, contents.digests))


def _send_graph(data: Path, iri: str, writer: Writer, advance: Callable[[int], None]) -> None:
    send = writer.replace
    triples = graph_lines(data, iri)
    while part := list(islice(triples, _AT_ONCE)):
        send(iri, b"".join(part))
        send = writer.add
        advance(len(part))


def graph_lines(data: Path, iri: str) -> Iterator[bytes]:
    """Yield the triples of one graph, as lines of N-Triples."""
    end = f" <{iri}> .\n".encode()
    with data.open("rb") as file:
        for line in file:
            if line.endswith(end):
                yield line.removesuffix(end) + b" .\n"


def _verify(data: Path, contents: _Contents, target: Target) -> None:
    found = count_graphs(target.service, contents.graphs)
    server = target.service.access.server
    if difference := differing(contents.graphs, found):
        raise DataError(f"{server} has not all: {difference}; run the command again.")
    if subject := compare(target.service, list(contents.graphs), contents.sample, data):
        # The next run takes none of the graphs as sent.
        _write_record(target, Record("", contents.graphs))
        raise DataError(
            f"{server} has other triples of {subject} than the snapshot; run the command again."
        )


def _write_record(target: Target, record: Record) -> None:
    target.writer.replace(RECORD_GRAPH, record_triples(record))
