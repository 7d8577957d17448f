"""Nothing in the sources may name what is not there: terms, entities, passages, claims."""

from collections.abc import Iterator
from typing import Any

import rdflib.namespace as known
from rdflib import URIRef

from kg.facts import Facts, expand
from kg.names import suggest
from kg.rdf import CLAIMS, DOCUMENTS, ENTITIES, PASSAGES, SHACL, TERMS, Literal, NamedNode
from kg.sources import Sources

_KINDS = {ENTITIES: "entity", DOCUMENTS: "document", PASSAGES: "passage", CLAIMS: "claim"}
_VOCABULARIES: dict[str, Any] = {
    str(each): each
    for each in (
        known.RDF, known.RDFS, known.OWL, known.SKOS, known.DCTERMS, known.PROV, known.ORG,
        known.FOAF, known.SH, known.VOID, known.XSD,
    )
}  # fmt: skip


def undefined_terms(sources: Sources) -> Iterator[str]:
    """Yield a sentence for every term of our ontology, or of a standard one, that does not exist.

    Terms are looked at wherever they stand: as predicate, value or datatype. A line with
    two faults yields two sentences; a term that is misspelt often, one for each line.
    """
    defined = {
        iri for file in sources.of("ontology") for q in file.quads for iri in _iris(q.subject)
    }
    verdicts: dict[str, str] = {}
    for file in sources.files:
        for quad in file.quads:
            if quad.predicate.value == expand("owl:versionIRI"):
                continue
            for node in (quad.subject, quad.predicate, quad.object):
                for iri in _iris(node):
                    if iri not in verdicts:
                        verdicts[iri] = _undefined(iri, defined)
                    if verdicts[iri]:
                        yield f"{file.where(_iri(quad.subject), iri)}: {verdicts[iri]}"


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
    names: dict[str, list[str]] = {}
    for file in sources.files:
        for quad in file.quads:
            subject = _iri(quad.subject)
            for iri in (*_iris(quad.subject), *_iris(quad.object)):
                if (space := _space(iri)) and not facts.one(iri, "rdf:type"):
                    near = suggest(iri.removeprefix(space), _candidates(iri, space, facts, names))
                    yield f"{file.where(subject, iri)}: {_sentence(iri, space, subject, near)}"


def _sentence(iri: str, space: str, subject: str, near: str) -> str:
    kind = _KINDS[space]
    if iri == subject:
        return f"{iri} has statements but no class; define this {kind} with `a :…`.{near}"
    remedy = near or f" Define it in data/ or name another {kind}."
    return f"there is no {kind} {iri.removeprefix(space)}.{remedy}"


def _undefined(iri: str, defined: set[str]) -> str:
    if iri.startswith(TERMS):
        if iri in defined:
            return ""
        locals_ = sorted(each.removeprefix(TERMS) for each in defined)
        name = iri.removeprefix(TERMS)
        near = suggest(name, locals_) or " Use a term of ontology/README.md."
        return f"the ontology has no term {name}.{near}"
    for namespace, vocabulary in _VOCABULARIES.items():
        if iri.startswith(namespace) and iri != namespace and URIRef(iri) not in vocabulary:
            name = iri.removeprefix(namespace)
            near = suggest(name, [str(each).removeprefix(namespace) for each in dir(vocabulary)])
            return f"the vocabulary {namespace} has no term {name}.{near}"
    return ""


def _candidates(iri: str, space: str, facts: Facts, names: dict[str, list[str]]) -> list[str]:
    """Names of the same kind; passages and claims of the same document only."""
    folder = space if space in (ENTITIES, DOCUMENTS) else iri.rpartition("/")[0] + "/"
    if folder not in names:
        names[folder] = [
            each.removeprefix(space)
            for each in facts.subjects()
            if each.startswith(folder) and facts.one(each, "rdf:type")
        ]
    return names[folder]


def _space(iri: str) -> str:
    return next((space for space in _KINDS if iri.startswith(space)), "")


def _iris(node: object) -> Iterator[str]:
    if isinstance(node, NamedNode):
        yield node.value
    elif isinstance(node, Literal):
        yield node.datatype.value


def _iri(node: object) -> str:
    return node.value if isinstance(node, NamedNode) else ""
