"""Framed JSON-LD: one tree for each person, operation or claim, with what is needed to read it.

A claim has the labels of what it names, its passages, the claims that answer it and the disputes
that it is part of. A person or operation has its names, and then only claims, each under the
part that the thing has in it (`subjectOf`, `speakerOf`…), never a bare statement about it: what
is said of people stays the saying of somebody.

The terms against the direction of a property are in `kg/exports/frame-context.json`; a claim's
tree is what JSON-LD 1.1 Framing makes with them and `@embed: @always`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from kg.assets import EXPORTS
from kg.context import Context, read_context
from kg.errors import DataError
from kg.jsonld import Compactor, Node, write_nodes
from kg.rdf import TERMS, Literal, Prefixes, Triple
from kg.selection import Selection, text_of
from kg.streams import Source

_CLAIM = "Claim"


def write_frames(source: Source, output: BinaryIO, kind: str) -> None:
    """Write the trees of everything of the class with the local name `kind`."""
    context = frame_context(source)
    write_nodes(_frames(source, kind, context), context, output)


def frame_context(source: Source) -> dict[str, Any]:
    """Return our JSON-LD context with the terms against the direction of a property.

    Raises `DataError` if one of these is also a term of the ontology.
    """
    context = dict(read_context(source.assets.ontology))
    added = json.loads((EXPORTS / "frame-context.json").read_text(encoding="utf-8"))
    for taken in sorted(set(added) & set(context)):
        raise DataError(f"The term :{taken} cannot have this name: framed JSON-LD uses it.")
    return {**context, **added}


def _frames(source: Source, kind: str, context: Context) -> Iterator[Node]:
    selection = Selection(source)
    framer = Framer(context, Prefixes.read(source.assets.prefixes))
    for row in selection.rows("frame-nodes", **{"class": TERMS + kind}):
        iri = text_of(row["node"])
        if kind == _CLAIM:
            yield framer.tree(iri, selection.triples("frame-claim", node=iri))
        else:
            yield _with_claims(iri, selection, framer)
        source.advance(1)


def _with_claims(iri: str, selection: Selection, framer: "Framer") -> Node:
    """Return the names of a thing and, by its part in them, the claims that name it."""
    node = framer.tree(iri, selection.triples("frame-names", node=iri))
    for row in selection.rows("frame-claims-of", node=iri):
        claim = text_of(row["claim"])
        tree = framer.tree(claim, selection.triples("frame-claim", node=claim))
        node.setdefault(framer.reverse[text_of(row["role"])], []).append(tree)
    return node


class Framer(Compactor):
    """Makes trees of small graphs: each node stands where it is named, its context inherited."""

    def __init__(self, context: Context, prefixes: Prefixes) -> None:
        super().__init__(context)
        backward = {
            name: value["@reverse"]
            for name, value in context.items()
            if isinstance(value, dict) and "@reverse" in value
        }
        #: IRI of a property to the term for it against its direction.
        self.reverse = {
            prefixes.iri(short).value if ":" in short else self.vocabulary + short: name
            for name, short in backward.items()
        }
        self._properties: dict[str, dict[str, list[object]]] = {}
        self._sources: dict[tuple[str, str], list[str]] = {}
        self._above: list[str] = []

    def tree(self, root: str, triples: Iterable[Triple]) -> Node:
        """Return the node `root` with all that is linked to it in `triples` inside it."""
        self._properties, self._sources, self._above = {}, {}, []
        for triple in triples:
            subject, predicate = text_of(triple.subject), triple.predicate.value
            properties = self._properties.setdefault(subject, {})
            properties.setdefault(predicate, []).append(triple.object)
            if predicate in self.reverse:
                self._sources.setdefault((predicate, text_of(triple.object)), []).append(subject)
        return self._tree(root)

    def value(self, term: object, name: str) -> Any:
        """Return an object; a thing that has properties of its own here, with them."""
        iri = text_of(term)
        if isinstance(term, Literal) or iri not in self._properties or iri in self._above:
            return super().value(term, name)
        return self._tree(iri)

    def _tree(self, iri: str) -> Node:
        self._above.append(iri)
        node = self.node(iri, self._properties.get(iri, {}))
        for predicate, name in self.reverse.items():
            sources = sorted(set(self._sources.get((predicate, iri), [])) - set(self._above))
            if sources:
                node[name] = [self._tree(each) for each in sources]
        self._above.pop()
        return node
