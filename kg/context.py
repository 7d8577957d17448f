"""Our JSON-LD context, made from the ontology and the prefix list (JSON-LD 1.1, section 4.1).

It stands in `ontology/context.jsonld` and is served at `CONTEXT_IRI`; exports carry it inline,
so that nobody has to fetch it, and name that IRI in its entry `context`. Terms of our ontology
are written by their local names (`@vocab`). A property whose values are things takes them as
strings; one with a single datatype beyond strings, whole numbers and truth values takes its
values in that datatype; others are written out in full.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kg.errors import DataError
from kg.facts import NAMESPACES, expand
from kg.rdf import TERMS, NamedNode, Quad

_FILE = "context.jsonld"
CONTEXT_IRI = TERMS + _FILE

Context = Mapping[str, Any]

_RDF, _XSD = NAMESPACES["rdf"], NAMESPACES["xsd"]
_RANGE = expand("schema:rangeIncludes")
_DATATYPES = (_XSD, "http://id.loc.gov/datatypes/", TERMS + "count")
#: Datatypes that JSON has itself, or that a bare string means.
_NATIVE = (_XSD + "string", _XSD + "integer", _XSD + "boolean")
_PROPERTY_CLASSES = (
    expand("rdf:Property"),
    expand("owl:ObjectProperty"),
    expand("owl:DatatypeProperty"),
)
#: The statement that a claim makes is what people look for first: plain names for its parts.
_STATEMENT: dict[str, Any] = {
    "subject": {"@id": _RDF + "subject", "@type": "@vocab"},
    "predicate": {"@id": _RDF + "predicate", "@type": "@vocab"},
    "object": _RDF + "object",
}
_LINKS = (
    "owl:disjointWith",
    "rdfs:isDefinedBy",
    "rdfs:subClassOf",
    "schema:domainIncludes",
    "schema:rangeIncludes",
    "skos:broader",
    "skos:closeMatch",
    "skos:inScheme",
)


def make_context(ontology: Iterable[Quad], prefixes: Mapping[str, str]) -> dict[str, Any]:
    """Return the value of `@context` for these statements of the ontology.

    Raises `DataError` if a prefix or a plain name is also the local name of a term: what is
    written in JSON-LD would then mean something else.
    """
    quads = list(ontology)
    ranges = _ranges(quads)
    names = {quad.subject.value.removeprefix(TERMS) for quad in quads
             if isinstance(quad.subject, NamedNode)}  # fmt: skip
    for taken in sorted(({*prefixes, *_STATEMENT, "context"} - {""}) & names):
        raise DataError(f"The term :{taken} cannot have this name: JSON-LD uses it otherwise.")
    context: dict[str, Any] = {"@version": 1.1, "@vocab": TERMS, "context": CONTEXT_IRI}
    context |= {prefix: namespace for prefix, namespace in sorted(prefixes.items()) if prefix}
    context |= _STATEMENT
    context |= {link: {"@type": "@vocab"} for link in _LINKS if link.split(":")[0] in prefixes}
    for name, found in sorted(ranges.items()):
        if coercion := _coercion(found):
            context[name] = {"@type": coercion}
    return context


def write_context(context: Context) -> bytes:
    """Return the JSON-LD document that holds only this context."""
    return (json.dumps({"@context": context}, ensure_ascii=False, indent=1) + "\n").encode()


def read_context(ontology: Path) -> dict[str, Any]:
    """Return the context in the folder `ontology`; raises `DataError` if it cannot be read."""
    path = ontology / _FILE
    try:
        context = json.loads(path.read_bytes())["@context"]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(
            f"{path} cannot be read; write it with `kg export --format context --output {path}`."
        ) from None
    return dict(context)


def _ranges(quads: Iterable[Quad]) -> dict[str, set[str]]:
    """Return local name to ranges for each of our properties."""
    properties: set[str] = set()
    ranges: dict[str, set[str]] = {}
    for quad in quads:
        subject, value = str(quad.subject).strip("<>"), str(quad.object).strip("<>")
        if quad.predicate.value == expand("rdf:type") and value in _PROPERTY_CLASSES:
            properties.add(subject)
        elif quad.predicate.value == _RANGE:
            ranges.setdefault(subject, set()).add(value)
    ours = sorted(iri for iri in properties if iri.startswith(TERMS))
    return {iri.removeprefix(TERMS): ranges.get(iri, set()) for iri in ours}


def _coercion(ranges: set[str]) -> str | None:
    """Return what a value of these ranges is read as, or None where it must say so itself."""
    literal = {each for each in ranges if each.startswith(_DATATYPES)}
    if ranges and not literal:
        return "@vocab"
    if len(ranges) == 1 and not ranges & set(_NATIVE):
        return ranges.pop()
    return None
