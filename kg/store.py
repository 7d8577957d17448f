"""The graph in memory, and the evaluation of one query over it.

The engine (pyoxigraph) is used here and in `kg/rdf.py` only. A store is filled once and then
only read; without a dataset in the request, the default graph is the union of all graphs.
"""

import contextlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.compact import compact_dataset
from kg.datasets import asked_for, overlaps, query_dataset, query_merge
from kg.errors import DataError, InputError, NotFoundError, QueryError, TooLargeError
from kg.media import Format
from kg.protocol import Operation
from kg.rows import count_rows, first_rows
from kg.scan import undeclared_prefixes

_RESULTS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
_GRAPHS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
}
_EXTENSIONS = {"owl": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}

_POSITION = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)
#: The engine reports its own rules as if they were tokens: they are the ones that read as prose.
_PROSE = re.compile(r"[A-Z][\w*]* (?:is|can|contains|must|does|has)[\w *?$']+")
_FIRST_COUNT = 1 << 16


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


@dataclass
class GraphStore:
    """Named graphs in memory; `prefixes` are used in Turtle, TriG and RDF/XML answers.

    `base` resolves relative IRIs in queries; with a JSON-LD `context`, answers in JSON-LD are
    compact and carry it, else they are expanded as the engine writes them.
    """

    prefixes: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    context: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        self._store = ox.Store()
        self._copied = 0
        self._overlap: bool | None = None

    def __len__(self) -> int:
        """Return the number of quads that were loaded."""
        return len(self._store) - self._copied

    def settle(self) -> None:
        """See to it that the default graph is a true union, in which each triple stands once.

        The engine's own union repeats a triple that stands in two graphs. Where there is one, the
        union is stored as the default graph itself, at the cost of memory. Call it when all files
        are loaded.
        """
        if self._overlaps():
            before = len(self._store)
            triples = (ox.Quad(q.subject, q.predicate, q.object) for q in list(self._store))
            self._store.extend(triples)
            self._copied = len(self._store) - before

    def load(self, path: Path) -> None:
        """Add a file of any RDF format, told by its extension; named graphs are kept.

        Raises NotFoundError without the file, InputError for an unknown extension, DataError
        with file, line and column for a broken one.
        """
        extension = path.suffix.lower().lstrip(".")
        rdf_format = _EXTENSIONS.get(extension) or ox.RdfFormat.from_extension(extension)
        if rdf_format is None:
            raise InputError(
                f"{path.name} has no RDF extension; name it .ttl, .nt, .nq, .trig, .rdf or .jsonld."
            )
        # The base names the file but not the folder: relative IRIs end up in public answers.
        base = f"file:///{path.name.replace(' ', '%20')}"
        self._overlap = None
        try:
            self._store.load(path=str(path), format=rdf_format, base_iri=base)
        except FileNotFoundError:
            raise NotFoundError(f"There is no file {path}.") from None
        except SyntaxError as error:
            where = f", line {error.lineno}, column {error.offset}" if error.lineno else ""
            raise DataError(f"{path.name}{where}: {error.msg}.") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{path.name} cannot be read: {_one_line(str(error))}.") from None

    def evaluate(self, operation: Operation, form: Format, caps: Caps | None = None) -> Answer:
        """Evaluate a query and serialise its answer.

        Raises QueryError (with line and column) for a query that the engine refuses,
        TooLargeError for an answer above the caps.
        """
        caps = caps or Caps()
        try:
            results = self._query(operation)
            if isinstance(results, ox.QueryTriples):
                return self._graph(results, operation, form, caps)
            return self._table(results, operation, form, caps)
        except SyntaxError as error:
            raise QueryError(explain(operation.query, str(error))) from None
        except (RuntimeError, ValueError, OSError) as error:
            raise QueryError(f"{_one_line(str(error))}.") from None

    def _query(self, operation: Operation) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        dataset = asked_for(operation, self.base)
        if dataset is None:
            return self._store.query(
                operation.query,
                base_iri=self.base,
                use_default_graph_as_union=operation.union and not self._copied,
            )
        repeats = len(dataset.default) > 1 and self._overlaps()
        query = query_merge if repeats else query_dataset
        return query(self._store, operation.query, dataset, self.base)

    def _overlaps(self) -> bool:
        """Whether a triple stands in two graphs; found out once for what is loaded."""
        if self._overlap is None:
            self._overlap = overlaps(self._store)
        return self._overlap

    def _table(
        self,
        results: ox.QuerySolutions | ox.QueryBoolean,
        operation: Operation,
        form: Format,
        caps: Caps,
    ) -> Answer:
        if form.name not in _RESULTS:
            raise QueryError("The query makes a table; this request expected a graph.")
        writer = _TableWriter(form.name, caps, operation.maxrows)
        with contextlib.suppress(_EnoughError):
            results.serialize(writer, _RESULTS[form.name])
        if isinstance(results, ox.QueryBoolean):
            return Answer(writer.getvalue())
        return writer.answer()

    def _graph(
        self, triples: ox.QueryTriples, operation: Operation, form: Format, caps: Caps
    ) -> Answer:
        if form.name not in _GRAPHS:
            raise QueryError("The query makes a graph; this request expected a table.")
        writer = _Writer(caps)
        counted = _Counted(triples, operation.maxrows, caps.rows)
        if form.name == "jsonld" and self.context:
            quads = (ox.Quad(t.subject, t.predicate, t.object) for t in counted)
            writer.write(compact_dataset(quads, self.context))
        else:
            ox.serialize(counted, writer, _GRAPHS[form.name], prefixes=dict(self.prefixes))
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
        if count_rows(body, self.name) <= self.rows:
            return Answer(body)
        if self.rows != self.maxrows:
            raise _too_large(f"{self.caps.rows} rows")
        return Answer(first_rows(body, self.name, self.rows), truncated=True)


class _Counted:
    """Triples, once each and counted: stops at `maxrows`, fails above the cap."""

    def __init__(self, triples: Iterable[ox.Triple], maxrows: int | None, cap: int) -> None:
        self.triples, self.maxrows, self.cap = triples, maxrows, cap
        self.truncated = False

    def __iter__(self) -> Iterator[ox.Triple]:
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


def explain(query: str, message: str) -> str:
    """One sentence with line and column for the engine's complaint about a query text.

    >>> explain("SELECT * { ?s ex:p ?o }", "error at 1:20: expected OPTIONAL")
    'Line 1, column 20: the prefix ex: is not declared.'
    """
    match = _POSITION.match(message)
    if not match:
        return f"{_one_line(message)}."
    line, column = int(match[1]), int(match[2])
    where = f"Line {line}, column {column}"
    if unknown := undeclared_prefixes(query):
        return f"{where}: the prefix {unknown[0]}: is not declared."
    if prose := _PROSE.search(match[3]):
        return f"{where}: {prose[0].strip()}."
    rest = query.splitlines()[line - 1 : line] or [""]
    near = rest[0][column - 1 : column + 29].strip()
    return (
        f"{where}: the query cannot be read from {near!r} on."
        if near
        else (f"{where}: the query ends too early or a bracket is not closed.")
    )


def _one_line(message: str) -> str:
    return " ".join(message.split()).rstrip(".")[:300]
