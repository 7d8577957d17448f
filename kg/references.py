"""Nothing in the sources may name what is not there: terms, entities, passages, claims."""

from collections.abc import Iterable, Iterator, Set
from typing import Any

import rdflib.namespace as known
from rdflib import URIRef

from kg.facts import Facts, expand
from kg.names import suggest
from kg.rdf import CLAIMS, DOCUMENTS, ENTITIES, PASSAGES, SHACL, TERMS, Literal, NamedNode, Quad
from kg.sources import Sources

_KINDS = {ENTITIES: "entity", DOCUMENTS: "document", PASSAGES: "passage", CLAIMS: "claim"}
# What a thing of another kind is written with, where that is meant.
_PREFIXES = {TERMS: ":", ENTITIES: "id:", DOCUMENTS: "d:"}
_SIDES = {"rdf:subject": "schema:domainIncludes", "rdf:object": "schema:rangeIncludes"}
_VOCABULARIES: dict[str, Any] = {
    str(each): each
    for each in (
        known.RDF, known.RDFS, known.OWL, known.SKOS, known.DCTERMS, known.PROV, known.ORG,
        known.FOAF, known.SH, known.VOID, known.XSD,
    )
}  # fmt: skip


def undefined_terms(sources: Sources, facts: Facts) -> Iterator[str]:
    """Yield a sentence for every term of our ontology, or of a standard one, that does not exist.

    Terms are looked at wherever they stand: as predicate, value or datatype. A line with
    two faults yields two sentences; a term that is misspelt often, one for each line.
    `facts` are those of the sources.
    """
    defined = {
        iri for file in sources.of("ontology") for q in file.quads for iri in _iris(q.subject)
    }
    verdicts: dict[str, bool] = {}
    for file in sources.files:
        for quad in file.quads:
            if quad.predicate.value == expand("owl:versionIRI"):
                continue
            for node in (quad.subject, quad.predicate, quad.object):
                for iri in _iris(node):
                    if iri not in verdicts:
                        verdicts[iri] = _is_defined(iri, defined)
                    if not verdicts[iri]:
                        said = _undefined(iri, quad, facts)
                        yield f"{file.where(_iri(quad.subject), iri)}: {said}"


def foreign_terms(sources: Sources) -> Iterator[str]:
    """Yield a sentence for every property and class of a vocabulary that has no prefix here."""
    known = tuple(
        quad.object.value
        for file in sources.of("ontology")
        for quad in file.quads
        if quad.predicate.value == SHACL + "namespace" and isinstance(quad.object, Literal)
    )
    for file in sources.files:
        for quad in file.quads:
            is_class = quad.predicate.value == expand("rdf:type")
            for iri in (quad.predicate.value, *(_iris(quad.object) if is_class else ())):
                if not iri.startswith(known):
                    yield (
                        f"{file.where(_iri(quad.subject), iri)}: <{iri}> is of no vocabulary of"
                        " ontology/prefixes.ttl; what a source says is a claim, with a predicate of"
                        " the ontology."
                    )


def unknown_nodes(sources: Sources, facts: Facts) -> Iterator[str]:
    """Yield a sentence for every entity, document, passage or claim that is named but not there.

    `facts` are those of the sources and of the claims that are carried to copies.
    """
    for file in sources.files:
        for quad in file.quads:
            subject = _iri(quad.subject)
            for iri in (*_iris(quad.subject), *_iris(quad.object)):
                if (space := _space(iri)) in _KINDS and not facts.one(iri, "rdf:type"):
                    found = _fitting(iri, quad, facts)
                    near = suggest(iri.removeprefix(space), found, found.__getitem__)
                    yield f"{file.where(subject, iri)}: {_sentence(iri, space, subject, near)}"


def _sentence(iri: str, space: str, subject: str, near: str) -> str:
    kind = _KINDS[space]
    if iri == subject:
        return f"{iri} has statements but no class; define this {kind} with `a :…`.{near}"
    remedy = near or f" Define it in data/ or name another {kind}."
    return f"there is no {kind} {iri.removeprefix(space)}.{remedy}"


def _is_defined(iri: str, defined: Set[str]) -> bool:
    if iri.startswith(TERMS):
        return iri in defined
    space = _vocabulary(iri)
    return not space or iri == space or URIRef(iri) in _VOCABULARIES[space]


def _undefined(iri: str, quad: Quad, facts: Facts) -> str:
    if iri.startswith(TERMS):
        name = iri.removeprefix(TERMS)
        found = _fitting(iri, quad, facts)
        near = suggest(name, found, found.__getitem__) or " Use a term of ontology/README.md."
        return f"the ontology has no term {name}.{near}"
    space = _vocabulary(iri)
    names = [str(each).removeprefix(space) for each in dir(_VOCABULARIES[space])]
    if iri == quad.predicate.value:
        names = [each for each in names if each[:1].islower()]
    name = iri.removeprefix(space)
    return f"the vocabulary {space} has no term {name}.{suggest(name, names)}"


def _fitting(iri: str, quad: Quad, facts: Facts) -> dict[str, str]:
    """Return what may stand in a statement in the place of `iri`, as written, with its own name.

    Passages and claims are of the same document only. Where the place asks for no class, it is
    whatever has the same kind of name.
    """
    space, classes = _space(iri), _wanted(iri, quad, facts)
    shared = iri.rpartition("/")[0] + "/" if space in (PASSAGES, CLAIMS) else ""
    things: Iterable[str] = facts.instances_below(*classes) if classes else facts.subjects()
    found = {}
    for each in things:
        own = _space(each)
        is_shown = own == space if not classes else own == space or own in _PREFIXES
        if is_shown and each.startswith(shared) and facts.one(each, "rdf:type"):
            name = each.removeprefix(own)
            found[name if own == space else _PREFIXES[own] + name] = name
    return found


def _wanted(iri: str, quad: Quad, facts: Facts) -> list[str]:
    """Return the classes of what may stand in a statement in the place of `iri`, if it says so."""
    subject, predicate = _iri(quad.subject), quad.predicate.value
    if iri == predicate:
        return ["owl:ObjectProperty", "owl:DatatypeProperty"]
    if isinstance(quad.object, Literal):
        return ["rdfs:Datatype"] if iri == quad.object.datatype.value else []
    if iri == subject:
        return []
    if predicate == expand("rdf:type"):
        return ["owl:Class"]
    if predicate == expand("rdf:predicate"):
        return ["ClaimPredicate"]
    classes = facts.texts(predicate, "schema:rangeIncludes")
    for part, side in _SIDES.items():
        if predicate == expand(part):
            classes = facts.texts(facts.text(subject, "rdf:predicate"), side)
    return [] if expand("rdfs:Resource") in classes else classes


def _vocabulary(iri: str) -> str:
    return next((space for space in _VOCABULARIES if iri.startswith(space)), "")


def _space(iri: str) -> str:
    return next((space for space in (*_KINDS, TERMS) if iri.startswith(space)), "")


def _iris(node: object) -> Iterator[str]:
    if isinstance(node, NamedNode):
        yield node.value
    elif isinstance(node, Literal):
        yield node.datatype.value


def _iri(node: object) -> str:
    return node.value if isinstance(node, NamedNode) else ""
