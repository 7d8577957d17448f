"""What a store is, and the engine's own: the graph in memory or in a folder, and one query over it.

A store is filled once and then only read; without a dataset in the request, the default graph
is the union of all graphs. The store in a folder is made by `kg/disk.py`, and the one of another
server is `kg/remote.py`; who asks cannot tell them apart.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyoxigraph as ox

from kg.errors import DataError, InputError, NotFoundError, QueryError, StoreLostError
from kg.media import Format
from kg.merge import asked_for, overlaps, query_dataset, query_merge
from kg.protocol import Operation
from kg.rdf import BASE, union
from kg.results import Answer, Caps, Writing
from kg.scan import undeclared_prefixes

_EXTENSIONS = {"owl": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}

_POSITION = re.compile(r"error at (\d+):(\d+): expected (.*)", re.DOTALL)
#: The engine reports its own rules as if they were tokens: they are the ones that read as prose.
_PROSE = re.compile(r"[A-Z]\w*(?: [\w*?$'.]+)*? [a-z][\w *?$'.]*")
#: One of them is said more plainly than by the engine.
_PLAINER = {
    "The SELECT contains a variable that is unbound": "a variable in SELECT stands neither in"
    " GROUP BY nor in an aggregate such as COUNT"
}
_KEYWORD = re.compile(r"[A-Za-z_]+")
#: More than any keyword: at its end the engine would not tell which keywords it looked for.
_ROOM = " " * 24

_OF_THE_DISK = re.compile(r"IO error|Corruption|[^:]*: (?:IO error|Corruption)")
_LOST = "The store on disk cannot be read at the moment; try again in a few seconds."


class Store(Protocol):
    """What answers queries: `len` is its number of quads."""

    def evaluate(self, operation: Operation, form: Format, caps: Caps | None = None) -> Answer:
        """Evaluate a query and serialise its answer; raises the KgError that it deserves."""

    def __len__(self) -> int:
        """Return the number of quads."""


@dataclass
class EngineStore:
    """Named graphs; `prefixes` are used in Turtle, TriG and RDF/XML answers.

    `base` resolves relative IRIs in queries; with a JSON-LD `context`, answers in JSON-LD are
    compact and carry it, else they are expanded as the engine writes them. In memory, or in a
    new `folder` on disk.
    """

    prefixes: Mapping[str, str] = field(default_factory=dict)
    base: str = BASE
    context: Mapping[str, Any] | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        self.watched: Path | None = None
        self._store = ox.Store(self.folder) if self.folder else ox.Store()
        self._copied = 0
        self._overlap: bool | None = None

    def open_folder(self, folder: Path, copied: int) -> None:
        """Read from a folder that another store was filled in, where it `copied` so many quads.

        Raises OSError when that folder cannot be read.
        """
        self._store, self._copied = ox.Store.read_only(str(folder)), copied
        self._overlap = copied > 0
        # The engine opens its files one by one; without them some queries would never end.
        self.watched = folder

    def __len__(self) -> int:
        """Return the number of quads that were loaded."""
        return len(self._store) - self._copied

    def settle(self) -> int:
        """See to it that the default graph is a true union, in which each triple stands once.

        The engine's own union repeats a triple that stands in two graphs. Where there is one, the
        union is stored as the default graph itself, at the cost of room. Call it when all files
        are loaded. Returns how many quads were copied for that.
        """
        if self._overlaps():
            before = len(self._store)
            self._store.bulk_extend(union(self._store))
            self._copied = len(self._store) - before
        if self.folder:
            self._store.optimize()
        return self._copied

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
            fill = self._store.bulk_load if self.folder else self._store.load
            fill(path=str(path), format=rdf_format, base_iri=base)
        except FileNotFoundError:
            raise NotFoundError(f"There is no file {path}.") from None
        except SyntaxError as error:
            where = f", line {error.lineno}, column {error.offset}" if error.lineno else ""
            raise DataError(f"{path.name}{where}: {error.msg}.") from None
        except (OSError, ValueError) as error:
            if self.folder:  # the engine does not tell a file that cannot be read from a full disk
                raise InputError(
                    f"{path.name} cannot be stored on disk: {_one_line(str(error))}."
                ) from None
            raise DataError(f"{path.name} cannot be read: {_one_line(str(error))}.") from None

    def evaluate(self, operation: Operation, form: Format, caps: Caps | None = None) -> Answer:
        """Evaluate a query and serialise its answer.

        Raises QueryError (with line and column) for a query that the engine refuses,
        TooLargeError for an answer above the caps.
        """
        caps = caps or Caps()
        writing = Writing(self.prefixes, self.context)
        if self.watched and not self.watched.exists():
            raise StoreLostError(_LOST)
        with self._complaints(operation.query):
            results = self._query(operation)
            if isinstance(results, ox.QueryTriples):
                return writing.graph(results, operation, form, caps)
            return writing.table(results, operation, form, caps)

    def check(self, operation: Operation) -> None:
        """Raise QueryError for a query that the engine refuses; its answer is left."""
        with self._complaints(operation.query):
            self._query(operation)

    def triples(self, text: str) -> Iterator[ox.Triple]:
        """Yield what a CONSTRUCT makes."""
        with self._complaints(text):
            results = self._store.query(text, base_iri=self.base)
            if isinstance(results, ox.QueryTriples):
                yield from results

    @contextlib.contextmanager
    def _complaints(self, text: str) -> Iterator[None]:
        """Turn what the engine says against a query into our errors."""
        try:
            yield
        except SyntaxError as error:
            raise QueryError(explain(text, self._complaint(text) or str(error))) from None
        except (RuntimeError, ValueError, OSError) as error:
            if self.watched and _OF_THE_DISK.match(str(error)):
                raise StoreLostError(_LOST) from None
            raise QueryError(f"{_one_line(str(error))}.") from None

    def _complaint(self, text: str) -> str:
        """Return what the engine says against a text with room after it."""
        try:
            ox.Store().query(text + _ROOM, base_iri=self.base)
        except SyntaxError as error:
            return str(error)
        return ""

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


def explain(query: str, message: str) -> str:
    """One sentence with line and column for the engine's complaint about a query text.

    >>> explain("SELECT * { ?s ex:p ?o }", "error at 1:20: expected OPTIONAL")
    'Line 1, column 15: the prefix ex: is not declared.'
    >>> explain("ASK {} LIMITS 1", "error at 1:14: expected one of HAVING, OFFSET, OPTIONAL")
    "Line 1, column 8: the query cannot be read from 'LIMITS 1' on."
    """
    match = _POSITION.match(message)
    if not match:
        return f"{_one_line(message)}."
    if missing := undeclared_prefixes(query):
        prefix, place = next(iter(missing.items()))
        return f"{_where(query, place)}: the prefix {prefix}: is not declared."
    expected = match[3].removeprefix("one of ").split(", ")
    place = min(_place(query, int(match[1]), int(match[2]), expected), len(query))
    where = _where(query, place)
    if prose := next(filter(_PROSE.fullmatch, expected), ""):
        return f"{where}: {_PLAINER.get(prose.rstrip('.'), prose.rstrip('.'))}."
    rest = query[place:]
    if not rest.strip():
        return f"{where}: the query ends too early, or a bracket or quote is not closed."
    near = rest.partition("\n")[0][:30].strip()
    return f"{where}: the query cannot be read from {repr(near) if near else 'this line end'} on."


def _place(query: str, line: int, column: int, expected: list[str]) -> int:
    """Return where in a text that begins which the engine could not read.

    The engine tells how far it has read: a keyword is compared with as many characters, so that
    its place is after those.
    """
    start = sum(len(each) + 1 for each in query.split("\n")[: line - 1])
    words = [len(each) for each in expected if _KEYWORD.fullmatch(each)]
    return start + column - 1 - (min(words) if len(words) == len(expected) else 0)


def _where(query: str, place: int) -> str:
    line = query.count("\n", 0, place)
    return f"Line {line + 1}, column {place - query.rfind(chr(10), 0, place)}"


def _one_line(message: str) -> str:
    return " ".join(message.split()).rstrip(".")[:300]
