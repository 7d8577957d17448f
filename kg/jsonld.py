"""Compact JSON-LD with our context, merged by subject and always the same.

The engine writes expanded JSON-LD and repeats a subject's node; the usual libraries fetch
contexts from the network. This writes what JSON-LD 1.1 (Expansion, 5.1; Value Compaction,
6.2) reads back to the same quads: nodes in order of their IRI, `@type` first, properties and
values sorted. It never relies on more of the context than it finds there, so that an older
context costs brevity, not meaning. Documents may be of any size: nodes are written as they come.
"""

import io
import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from textwrap import indent
from typing import Any, BinaryIO

from kg.context import Context
from kg.facts import NAMESPACES
from kg.rdf import DefaultGraph, Literal, NamedNode, Quad

Node = dict[str, Any]

_XSD = NAMESPACES["xsd"]
_TYPE = NAMESPACES["rdf"] + "type"
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_LOCAL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def compact_dataset(quads: Iterable[Quad], context: Context) -> bytes:
    """Return a JSON-LD document of the quads: the default graph's nodes, then named graphs."""
    graphs: dict[str, list[Quad]] = {}
    for quad in quads:
        graphs.setdefault(_key(quad.graph_name), []).append(quad)
    output = io.BytesIO()
    ordered = ((name, sorted(graphs[name], key=_subject)) for name in sorted(graphs))
    write_dataset(ordered, context, output)
    return output.getvalue()


def write_dataset(
    graphs: Iterable[tuple[str, Iterable[Quad]]], context: Context, output: BinaryIO
) -> None:
    """Write graphs with their names, the default graph's being empty and first.

    The statements of one subject must stand together, as they do in a snapshot.
    """
    compactor = Compactor(context)
    _begin(context, output)
    written = 0
    for name, quads in graphs:
        subjects = groupby(quads, key=_subject)
        nodes = (node for _, group in subjects for node in compactor.nodes(group))
        if not name:
            written += _write(nodes, 2, output)
            continue
        label = _dumped(compactor.short(name))
        output.write(f'{"," * bool(written)}\n  {{\n   "@id": {label},\n   "@graph": ['.encode())
        _write(nodes, 4, output)
        output.write(b"\n   ]\n  }")
        written += 1
    _end(output)


def write_nodes(nodes: Iterable[Node], context: Context, output: BinaryIO) -> None:
    """Write a document of nodes that are compact already, in the default graph."""
    _begin(context, output)
    _write(nodes, 2, output)
    _end(output)


class Compactor:
    """Writes names and values as short as one context allows."""

    def __init__(self, context: Context) -> None:
        self.vocabulary = str(context.get("@vocab", ""))
        self.coercions = {
            name: value["@type"]
            for name, value in context.items()
            if isinstance(value, dict) and "@type" in value
        }
        self.terms = {name for name in context if not name.startswith("@")}
        self.named: dict[str, str] = {}
        self.namespaces: list[tuple[str, str]] = []
        for name, value in context.items():
            iri = value.get("@id") if isinstance(value, dict) else value
            if name.startswith("@") or not isinstance(iri, str):
                continue
            if iri.endswith(("/", "#")):
                self.namespaces.append((iri, name))
            else:
                self.named[iri] = name
        self.namespaces.sort(key=lambda item: -len(item[0]))
        # A term that has only a coercion means the vocabulary's property of that name.
        self.own = {name for name in self.coercions if name not in self.named.values()}

    def nodes(self, quads: Iterable[Quad]) -> list[Node]:
        """Return the nodes of one graph, sorted by identifier."""
        found: dict[str, dict[str, list[object]]] = {}
        for quad in quads:
            properties = found.setdefault(_key(quad.subject), {})
            properties.setdefault(quad.predicate.value, []).append(quad.object)
        return [self.node(subject, found[subject]) for subject in sorted(found)]

    def node(self, subject: str, properties: Mapping[str, list[object]]) -> Node:
        """Return one node: its identifier, its types, its other properties with their objects."""
        node: Node = {"@id": self.short(subject)}
        if types := properties.get(_TYPE):
            node["@type"] = _one_or_all(sorted(self.word(_key(each)) for each in types))
        written = {self.word(iri): objects for iri, objects in properties.items() if iri != _TYPE}
        for name in sorted(written):
            values = [self.value(each, name) for each in written[name]]
            node[name] = _one_or_all(sorted(values, key=json.dumps))
        return node

    def short(self, iri: str) -> str:
        """Return an identifier with a prefix where one fits, else whole."""
        for namespace, prefix in self.namespaces:
            if iri.startswith(namespace) and not iri.startswith(namespace + "//"):
                return f"{prefix}:{iri.removeprefix(namespace)}"
        return iri

    def word(self, iri: str) -> str:
        """Return a term of the vocabulary by its bare name, any other as an identifier."""
        if iri in self.named:
            return self.named[iri]
        local = iri.removeprefix(self.vocabulary)
        if self.vocabulary and iri.startswith(self.vocabulary) and _LOCAL.fullmatch(local):
            return iri if local in self.terms - self.own else local
        return self.short(iri)

    def value(self, term: object, name: str) -> Any:
        """Return an object as the property called `name` has it."""
        coercion = self.coercions.get(name)
        if isinstance(term, Literal):
            return self._literal(term, coercion)
        iri = _key(term)
        return self.word(iri) if coercion == "@vocab" else {"@id": self.short(iri)}

    def _literal(self, literal: Literal, coercion: str | None) -> Any:
        datatype = literal.datatype.value
        if literal.language:
            return {"@value": literal.value, "@language": literal.language}
        if coercion == datatype:
            return literal.value
        if coercion is None and (native := _native(literal.value, datatype)) is not None:
            return native
        if datatype == _XSD + "string":
            return {"@value": literal.value}
        return {"@value": literal.value, "@type": self.word(datatype)}


def _begin(context: Context, output: BinaryIO) -> None:
    head = indent(_dumped(context), " ").lstrip()
    output.write(f'{{\n "@context": {head},\n "@graph": ['.encode())


def _end(output: BinaryIO) -> None:
    output.write(b"\n ]\n}\n")


def _write(nodes: Iterable[Node], depth: int, output: BinaryIO) -> int:
    """Write nodes as members of an array and return how many there were."""
    number = 0
    for number, node in enumerate(nodes, start=1):
        output.write(f"{',' * (number > 1)}\n{indent(_dumped(node), ' ' * depth)}".encode())
    return number


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _native(text: str, datatype: str) -> str | int | bool | None:
    """Return a literal as JSON's own value, where that reads back to the same literal."""
    if datatype == _XSD + "string":
        return text
    if datatype == _XSD + "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if datatype == _XSD + "boolean" and text in ("true", "false"):
        return text == "true"
    return None


def _key(node: object) -> str:
    """Return the IRI or the blank node's identifier; the default graph is the empty text."""
    if isinstance(node, NamedNode):
        return node.value
    return "" if isinstance(node, DefaultGraph) else str(node)


def _subject(quad: Quad) -> str:
    return _key(quad.subject)


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
