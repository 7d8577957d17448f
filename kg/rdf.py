"""RDF ground work: prefixes, reading Turtle, fingerprints.

The program's terms are pyoxigraph's; the bridge to rdflib is `kg/bridge.py`.
"""

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyoxigraph as ox

from kg.errors import DataError
from kg.files import read_text

BASE = "https://w3id.org/contested-kg/"
TERMS = BASE + "ontology/"
GRAPHS = BASE + "graph/"
DERIVED = GRAPHS + "derived"
METADATA_GRAPH = GRAPHS + "metadata"
EXAMPLE_GRAPH = GRAPHS + "examples"
#: The graphs in which nothing is written by hand.
GENERATED = (DERIVED, METADATA_GRAPH, EXAMPLE_GRAPH)
DOCUMENTS = BASE + "document/"
ENTITIES = BASE + "id/"
PASSAGES = BASE + "passage/"
CLAIMS = BASE + "claim/"
SHACL = "http://www.w3.org/ns/shacl#"
_BYTE_ORDER_MARK = "\ufeff"

# The engine's names for all other modules: only this one and kg/store.py import it, and an
# engine of another kind is put in here.
BlankNode = ox.BlankNode
DefaultGraph = ox.DefaultGraph
ENGINE_VERSION = ox.__version__
Literal = ox.Literal
NamedNode = ox.NamedNode
Quad = ox.Quad
QuadStore = ox.Store
QueryBoolean = ox.QueryBoolean
QueryResultsFormat = ox.QueryResultsFormat
QuerySolution = ox.QuerySolution
QuerySolutions = ox.QuerySolutions
QueryTriples = ox.QueryTriples
RdfFormat = ox.RdfFormat
Triple = ox.Triple
parse_query_results = ox.parse_query_results
parse_rdf = ox.parse
serialize_rdf = ox.serialize
#: How a graph is written in each of the formats that `kg/media.py` names so.
RDF_FORMATS = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "trig": RdfFormat.TRIG,
    "nquads": RdfFormat.N_QUADS,
    "rdfxml": RdfFormat.RDF_XML,
}

Term = ox.NamedNode | ox.BlankNode | ox.Literal

# Local names that every Turtle and SPARQL parser takes without escapes.
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?|")


@dataclass(frozen=True)
class Turtle:
    """A Turtle file as read: its quads in file order, and its own prefixes."""

    quads: list[ox.Quad]
    prefixes: dict[str, str]


class Prefixes(Mapping[str, str]):
    """Prefix to namespace, as `ontology/prefixes.ttl` lists them; keys without the colon."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = dict(sorted(namespaces.items()))

    def __getitem__(self, prefix: str) -> str:
        return self._namespaces[prefix]

    def __iter__(self) -> Iterator[str]:
        return iter(self._namespaces)

    def __len__(self) -> int:
        return len(self._namespaces)

    @classmethod
    def read(cls, path: Path) -> "Prefixes":
        """Read the SHACL prefix declarations (SHACL 5.2.1) in the Turtle file `path`."""
        found: dict[ox.NamedNode | ox.BlankNode | ox.Triple, dict[str, str]] = {}
        for quad in read_turtle(path).quads:
            if quad.predicate.value in (SHACL + "prefix", SHACL + "namespace"):
                part = quad.predicate.value.removeprefix(SHACL)
                if not isinstance(quad.object, ox.Literal):
                    raise DataError(f"{path}: sh:{part} of {quad.subject} must be a literal.")
                found.setdefault(quad.subject, {})[part] = quad.object.value
        for subject, parts in found.items():
            if len(parts) != 2:
                raise DataError(f"{path}: {subject} lacks its sh:prefix or its sh:namespace.")
        return cls({parts["prefix"]: parts["namespace"] for parts in found.values()})

    def iri(self, short: str) -> ox.NamedNode:
        """Return the IRI that a prefixed name such as `id:mqm` stands for.

        Raises `DataError` for a prefix that is not in the list.
        """
        prefix, colon, local = short.partition(":")
        if not colon or prefix not in self:
            raise DataError(f"{short!r} has no prefix of ontology/prefixes.ttl before its colon.")
        return ox.NamedNode(self[prefix] + local)

    def shorten(self, iri: str) -> str:
        """Return `iri` as a prefixed name, or in angle brackets.

        Namespaces end in a slash or `#`, which no plain name has: at most one of them fits.
        """
        for prefix, namespace in self.items():
            local = iri.removeprefix(namespace)
            if local != iri and _PLAIN_LOCAL.fullmatch(local):
                return f"{prefix}:{local}"
        return f"<{iri}>"


def read_turtle(path: Path, graph: ox.NamedNode | None = None) -> Turtle:
    """Read the Turtle file `path` into quads of the graph `graph` (default graph if None).

    Raises `DataError` that names file, line and column if it is not UTF-8 Turtle.
    """
    text = read_text(path)
    if text.startswith(_BYTE_ORDER_MARK):
        raise DataError(f"{path} begins with a byte order mark; save it as UTF-8 without one.")
    if "\0" in text:
        raise DataError(f"{path} has a null character; take it out.")
    return parse_turtle(text, str(path), graph)


def parse_turtle(text: str, name: str, graph: ox.NamedNode | None = None) -> Turtle:
    """Read Turtle text; `name` is what an error calls it. Otherwise as `read_turtle`."""
    target = graph or ox.DefaultGraph()
    parser = ox.parse(text, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
    try:
        quads = [ox.Quad(q.subject, q.predicate, q.object, target) for q in parser]
    except SyntaxError as error:
        reason = re.sub(r"^Parser error at .*?: ", "", error.msg or "it cannot be read")
        raise DataError(
            f"{name}, line {error.lineno}, column {error.offset}: not valid Turtle: {reason}."
        ) from None
    except MemoryError:  # the engine's word for a name or literal above 16 MiB
        raise DataError(f"{name} has a name or a text that is too long; shorten it.") from None
    return Turtle(quads, dict(parser.prefixes))


def canonical_nquads(quads: Iterable[ox.Quad]) -> bytes:
    """Return the canonical N-Quads document of a dataset: RDFC-1.0 labels, sorted lines.

    Lines are in code point order, each once, UTF-8 (RDF Dataset Canonicalization, 4.4).
    """
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    document = ox.serialize(dataset, format=ox.RdfFormat.N_QUADS) or b""
    return b"".join(line + b"\n" for line in sorted(document.split(b"\n")) if line)


def write_nquads(quads: Iterable[ox.Quad], path: Path) -> str:
    """Write the canonical N-Quads document to `path` and return its fingerprint."""
    document = canonical_nquads(quads)
    path.write_bytes(document)
    return hashlib.sha256(document).hexdigest()


def fingerprint(quads: Iterable[ox.Quad]) -> str:
    """Return the SHA-256 of the canonical N-Quads document, in hexadecimal (RDFC-1.0)."""
    return hashlib.sha256(canonical_nquads(quads)).hexdigest()


def write_rdf(
    statements: Iterable[ox.Quad] | Iterable[ox.Triple],
    output: BinaryIO,
    form: RdfFormat,
    prefixes: Mapping[str, str],
) -> None:
    """Write statements as they come: the same bytes each time, with the prefixes in order."""
    sorter = _PrefixSorter(output)
    ox.serialize(statements, sorter, form, prefixes=dict(prefixes))
    sorter.finish()


def rdf_bytes(
    statements: Iterable[ox.Quad] | Iterable[ox.Triple],
    form: RdfFormat,
    prefixes: Mapping[str, str],
) -> bytes:
    """Return what `write_rdf` writes."""
    output = io.BytesIO()
    write_rdf(statements, output, form, prefixes)
    return output.getvalue()


class _PrefixSorter(io.BytesIO):
    """Passes a document on, with the prefix lines at the beginning of Turtle or TriG in order.

    The engine has an order of its own.
    """

    def __init__(self, output: BinaryIO) -> None:
        super().__init__()
        self._output = output
        self._head: bytes | None = b""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take a piece of the document."""
        if self._head is None:
            self._output.write(data)
            return len(data)
        self._head += data
        if any(not b"@prefix ".startswith(line[:8]) for line in self._head.split(b"\n")):
            self.finish()
        return len(data)

    def finish(self) -> None:
        """Pass on what was held back."""
        lines = (self._head or b"").splitlines(keepends=True)
        declared = [line for line in lines if line.startswith(b"@prefix ")]
        self._output.write(b"".join([*sorted(declared), *lines[len(declared) :]]))
        self._head = None


def union(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """Yield the statements of all graphs, each put into the default graph."""
    for quad in quads:
        yield ox.Quad(quad.subject, quad.predicate, quad.object)


def union_fingerprint(quads: Iterable[ox.Quad]) -> str:
    """Return the fingerprint of the union of all graphs, as an export to Turtle has it."""
    return fingerprint(union(quads))
