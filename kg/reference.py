"""The reference of the ontology, made from the ontology: what is defined, and how often used."""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.facts import Facts, expand
from kg.profiles import Profile
from kg.rdf import TERMS
from kg.views import Ref, Views


@dataclass(frozen=True)
class Entry:
    """A term as the reference shows it; `uses` is how often the graph uses it."""

    ref: Ref
    anchor: str
    definition: str
    examples: tuple[str, ...]
    above: tuple[Ref, ...]
    domain: tuple[Ref, ...]
    range: tuple[Ref, ...]
    clash: tuple[Ref, ...]
    plain: bool
    uses: int


def reference(facts: Facts, views: Views, ontology: str, uses: Mapping[str, int]) -> Profile:
    """Return what the page about the ontology shows."""

    def entries(terms: list[str]) -> list[Entry]:
        made = [_entry(facts, views, each, uses) for each in terms]
        return sorted(made, key=lambda each: each.ref.name)

    predicates = facts.instances("ClaimPredicate")
    shown = facts.instances("Family")
    families = [
        (views.ref(family), family.removeprefix(TERMS), facts.text(family, "skos:definition"),
         entries([each for each in predicates if family in facts.texts(each, "family")]))
        for family in shown
    ]  # fmt: skip
    properties = [
        each for kind in ("ObjectProperty", "DatatypeProperty")
        for each in facts.instances(f"owl:{kind}") if each not in predicates
    ]  # fmt: skip
    schemes = [
        (views.ref(scheme), scheme.removeprefix(TERMS), facts.text(scheme, "skos:definition"),
         entries([each for each in facts.instances("skos:Concept")
                  if scheme in facts.texts(each, "skos:inScheme") and each not in shown]))
        for scheme in facts.instances("skos:ConceptScheme")
    ]  # fmt: skip
    title = facts.text(ontology, "dcterms:title") or views.name(ontology)
    shown_all = {
        "description": facts.text(ontology, "dcterms:description"),
        "version": facts.text(ontology, "owl:versionInfo"),
        "version_iri": facts.text(ontology, "owl:versionIRI"),
        "classes": entries(facts.instances("owl:Class")),
        "families": families,
        "properties": entries(properties),
        "datatypes": entries(facts.instances("rdfs:Datatype")),
        "schemes": schemes,
    }
    return Profile("ontology.html", title, shown_all)


def _entry(facts: Facts, views: Views, term: str, uses: Mapping[str, int]) -> Entry:
    above = [each for each in facts.texts(term, "rdfs:subClassOf") if each.startswith(TERMS)]
    return Entry(
        ref=views.ref(term),
        anchor=term.removeprefix(TERMS),
        definition=facts.text(term, "skos:definition"),
        examples=tuple(facts.texts(term, "skos:example")),
        above=tuple(views.ref(each) for each in above),
        domain=views.refs(term, "schema:domainIncludes"),
        range=views.refs(term, "schema:rangeIncludes"),
        clash=views.refs(term, expand("clash")),
        plain=facts.true(term, "mayBePlain"),
        uses=uses.get(term, 0),
    )
