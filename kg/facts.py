"""Statements by subject and predicate, for look-ups that SPARQL would make roundabout.

Nodes are named by the text of their IRI. Predicates are written as in Turtle without the
colon of our own: `speaker` is our term, `rdf:subject` that of RDF.
"""

from collections.abc import Iterable
from functools import lru_cache

from kg.rdf import TERMS, DefaultGraph, Literal, NamedNode, Quad

Value = NamedNode | Literal

#: Those of `ontology/prefixes.ttl` that the code names; releases need spdx, endpoints sd.
NAMESPACES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "edtf": "http://id.loc.gov/datatypes/edtf/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "void": "http://rdfs.org/ns/void#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@lru_cache(maxsize=1024)
def expand(short: str) -> str:
    """Return the IRI for a short name; a full IRI is returned as it is.

    >>> expand("rdf:subject")
    'http://www.w3.org/1999/02/22-rdf-syntax-ns#subject'
    >>> expand("speaker")
    'https://w3id.org/contested-kg/ontology/speaker'
    """
    prefix, colon, local = short.partition(":")
    if not colon:
        return TERMS + short
    return NAMESPACES[prefix] + local if prefix in NAMESPACES else short


def typed(value: object, datatype: str) -> Literal:
    """Return a literal of a datatype of XML Schema, from its canonical text.

    >>> typed(5, "integer").value
    '5'
    """
    return Literal(str(value), datatype=NamedNode(expand(f"xsd:{datatype}")))


class Facts:
    """An index over statements; a statement in two graphs counts once."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._values: dict[str, dict[str, list[Value]]] = {}
        self._instances: dict[str, list[str]] = {}
        for quad in quads:
            self._add(quad)

    def _add(self, quad: Quad) -> None:
        subject, value = quad.subject, quad.object
        if not isinstance(subject, NamedNode) or not isinstance(value, Value):
            return
        values = self._values.setdefault(subject.value, {}).setdefault(quad.predicate.value, [])
        if value in values:
            return
        values.append(value)
        if quad.predicate.value == expand("rdf:type"):
            self._instances.setdefault(value.value, []).append(subject.value)

    def __contains__(self, subject: str) -> bool:
        return subject in self._values

    def subjects(self) -> Iterable[str]:
        """Return all subjects, in the order in which they were met."""
        return self._values

    def predicates(self, subject: str) -> dict[str, list[Value]]:
        """Return all values of `subject` by full predicate IRI."""
        return self._values.get(subject, {})

    def all(self, subject: str, predicate: str) -> list[Value]:
        """Return the values of a predicate, in the order in which they were met."""
        return self._values.get(subject, {}).get(expand(predicate), [])

    def one(self, subject: str, predicate: str) -> Value | None:
        """Return the first value of a predicate, or None."""
        values = self.all(subject, predicate)
        return values[0] if values else None

    def text(self, subject: str, predicate: str) -> str:
        """Return the text (or IRI) of the first value of a predicate; empty if there is none."""
        value = self.one(subject, predicate)
        return "" if value is None else value.value

    def texts(self, subject: str, predicate: str) -> list[str]:
        """Return the texts (or IRIs) of all values of a predicate."""
        return [value.value for value in self.all(subject, predicate)]

    def true(self, subject: str, predicate: str) -> bool:
        """Tell whether a boolean property is stated to be true."""
        return any(value.value in ("true", "1") for value in self.all(subject, predicate))

    def instances(self, class_name: str) -> list[str]:
        """Return the subjects that are stated to be of a class, sorted by IRI."""
        return sorted(self._instances.get(expand(class_name), []))

    def instances_below(self, *classes: str) -> frozenset[str]:
        """Return what is stated to be of one of some classes, or of any class below them."""
        wanted = {expand(each) for each in classes}
        rest = set(self.instances("owl:Class")) - wanted
        while more := {each for each in rest if wanted & set(self.texts(each, "rdfs:subClassOf"))}:
            wanted, rest = wanted | more, rest - more
        return frozenset(each for name in wanted for each in self.instances(name))

    def label(self, node: str) -> str:
        """Return the `rdfs:label` of a node, or else the last part of its IRI."""
        return self.text(node, "rdfs:label") or node.replace("#", "/").rstrip("/").split("/")[-1]

    def standing_claims(self) -> list[str]:
        """Return the claims that are not withdrawn, sorted by IRI."""
        return [each for each in self.instances("Claim") if not self.true(each, "withdrawn")]


def quad(subject: str, predicate: str, value: str | Value, graph: str = "") -> Quad:
    """Return a statement; predicate and value may be short names, without a graph it has none."""
    thing = NamedNode(expand(value)) if isinstance(value, str) else value
    place = NamedNode(graph) if graph else DefaultGraph()
    return Quad(NamedNode(subject), NamedNode(expand(predicate)), thing, place)
