"""Answers in every format: how the engine's results are written, and their limits kept.

The results may come from the store in this process or from another server: what is written of
them, and what is refused, is the same.
"""

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kg.errors import QueryError, TooLargeError
from kg.jsonld import compact_dataset
from kg.media import Format
from kg.protocol import Operation
from kg.rdf import (
    RDF_FORMATS,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    Triple,
    serialize_rdf,
)
from kg.rows import count_rows, first_rows

_RESULTS = {
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
    "csv": QueryResultsFormat.CSV,
    "tsv": QueryResultsFormat.TSV,
}
_FIRST_COUNT = 1 << 16

Table = QuerySolutions | QueryBoolean


@dataclass(frozen=True)
class Caps:
    """The most rows (or triples) and bytes of one answer."""

    rows: int = 1_000_000
    bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A serialised answer; `truncated` only where the client asked for at most so many rows."""

    body: bytes
    truncated: bool = False


class _EnoughError(Exception):
    """Raised by a writer into the engine to stop it: what is wanted has been written."""


@dataclass(frozen=True)
class Writing:
    """How answers are written: `prefixes` in Turtle, TriG and RDF/XML, `context` in JSON-LD.

    Without a `context` JSON-LD is expanded, as the engine writes it.
    """

    prefixes: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] | None = None

    def table(self, results: Table, operation: Operation, form: Format, caps: Caps) -> Answer:
        """Write a table or a yes or no.

        Raises QueryError for the format of a graph, TooLargeError for an answer above the caps.
        """
        if form.name not in _RESULTS:
            raise QueryError(f"The query makes a table: ask for one of {', '.join(_RESULTS)}.")
        writer = _TableWriter(form.name, caps, operation.maxrows)
        with contextlib.suppress(_EnoughError):
            results.serialize(writer, _RESULTS[form.name])
        if isinstance(results, QueryBoolean):
            return Answer(writer.getvalue())
        return writer.answer()

    def graph(
        self, triples: Iterable[Triple], operation: Operation, form: Format, caps: Caps
    ) -> Answer:
        """Write a graph; raises as `table` does."""
        if form.name not in RDF_FORMATS:
            raise QueryError(f"The query makes a graph: ask for one of {', '.join(RDF_FORMATS)}.")
        writer = _Writer(caps)
        counted = _Counted(triples, operation.maxrows, caps.rows)
        if form.name == "jsonld" and self.context:
            quads = (Quad(t.subject, t.predicate, t.object) for t in counted)
            writer.write(compact_dataset(quads, self.context))
        else:
            serialize_rdf(counted, writer, RDF_FORMATS[form.name], prefixes=dict(self.prefixes))
        return Answer(writer.getvalue(), counted.truncated)


class _Writer(io.BytesIO):
    """Collects an answer and stops the engine at the byte cap."""

    def __init__(self, caps: Caps) -> None:
        super().__init__()
        self.caps = caps

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if self.tell() + len(data) > self.caps.bytes:
            self.full()
        return super().write(data)

    def full(self) -> None:
        """Refuse the answer: it has too many bytes."""
        raise _too_large(f"{self.caps.bytes} bytes")


class _TableWriter(_Writer):
    """Also counts rows, each time that the answer has doubled: counting costs a pass."""

    def __init__(self, name: str, caps: Caps, maxrows: int | None) -> None:
        super().__init__(caps)
        self.name, self.maxrows = name, maxrows
        self.next_count = _FIRST_COUNT

    def write(self, data: bytes) -> int:  # type: ignore[override]
        written = super().write(data)
        if self.tell() >= self.next_count:
            self.next_count *= 2
            if count_rows(self.getvalue(), self.name) > self.rows:
                raise _EnoughError
        return written

    @property
    def rows(self) -> int:
        """The most rows that this answer may have."""
        return min(self.maxrows or self.caps.rows, self.caps.rows)

    def full(self) -> None:
        """At the byte cap, enough rows may have come already."""
        if self.maxrows and count_rows(self.getvalue(), self.name) > self.rows:
            raise _EnoughError
        super().full()

    def answer(self) -> Answer:
        """Return the finished answer; raises TooLargeError above the row cap."""
        body = self.getvalue()
        # A row takes at least a byte: a short answer need not be counted.
        if len(body) <= self.rows or count_rows(body, self.name) <= self.rows:
            return Answer(body)
        if self.rows != self.maxrows:
            raise _too_large(f"{self.caps.rows} rows")
        return Answer(first_rows(body, self.name, self.rows), truncated=True)


class _Counted:
    """Triples, once each and counted: stops at `maxrows`, fails above the cap."""

    def __init__(self, triples: Iterable[Triple], maxrows: int | None, cap: int) -> None:
        self.triples, self.maxrows, self.cap = triples, maxrows, cap
        self.truncated = False

    def __iter__(self) -> Iterator[Triple]:
        for rows, triple in enumerate(self.triples):
            if self.maxrows and rows == self.maxrows:
                self.truncated = True
                return
            if rows == self.cap:
                raise _too_large(f"{self.cap} triples")
            yield triple


def _too_large(limit: str) -> TooLargeError:
    return TooLargeError(
        f"The answer has more than {limit}; ask for a part of it with LIMIT and OFFSET."
    )
