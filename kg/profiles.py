"""What the page about a thing holds, by what the thing is: which template, and what it shows.

A new class of things needs no line here: it has the page of any thing. Those with a template of
their own are few, since they are read differently: a dispute has its positions side by side, a
passage its place in the text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kg.describing import Part
from kg.facts import Facts, expand
from kg.rdf import ENTITIES, TERMS
from kg.views import Ref, Statement, Views

Context = dict[str, Any]

_MATCHES = ("skos:exactMatch", "skos:closeMatch")
# What the page of a thing says elsewhere: in its head, its notices and its count of claims.
_SHOWN_ABOVE = ("rdf:type", "rdfs:label", "skos:altLabel", "unasserted", "claimsAbout")


@dataclass(frozen=True)
class Profile:
    """A page to make: its template, its title, and what the template shows."""

    template: str
    title: str
    context: Context


def profile(part: Part, facts: Facts, views: Views, words: Callable[[str], str | None]) -> Profile:
    """Return what the page about a thing shows; `words` gives the text of a passage, if at hand."""
    node, types = part.found.node, facts.texts(part.found.node, "rdf:type")
    chosen = next((each for each in _OWN if TERMS + each in types), None)
    title = facts.text(node, "rdfs:label") or views.name(node)
    if chosen is None and part.found.kind == "term":
        return Profile("term.html", title, _term(part, facts, views))
    template, make = _OWN[chosen] if chosen else ("thing.html", _thing)
    context = make(part, facts, views)
    context["words"] = {each: words(each) for each in context.pop("quoted", ())}
    return Profile(template, context.pop("title", title), context)


def _thing(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    about, said = _spoken(part, facts)
    disputes = [each for each in part.members.get("part", ()) if node in facts.texts(each, "about")]
    others = [each for each in part.members.get("part", ()) if each not in disputes]
    documents = {each for claim in part.claims for each in facts.texts(claim, "document")}
    return {
        "types": views.refs(node, "rdf:type"),
        "names": facts.texts(node, "skos:altLabel"),
        "matches": [each for name in _MATCHES for each in views.refs(node, name)],
        "plain": views.plain(node, *_SHOWN_ABOVE, "skos:hiddenLabel", *_MATCHES),
        "unasserted": facts.true(node, "unasserted"),
        "entity": node.startswith(ENTITIES),
        "person": TERMS + "Person" in facts.texts(node, "rdf:type"),
        "claims": len(part.claims),
        "documents": len(documents),
        "example": node.partition("/example/")[2],
        "disputes": [_dispute_row(facts, views, each) for each in disputes],
        "groups": views.groups(each for each in about if not facts.true(each, "withdrawn")),
        "said": views.groups(said),
        "withdrawn": views.statements(each for each in about if facts.true(each, "withdrawn")),
        "mentions": _mentions(part, facts, views),
        "others": _related(views, facts, node, others),
    }


def _spoken(part: Part, facts: Facts) -> tuple[list[str], list[str]]:
    """Return the claims about a thing, and those in which it only speaks."""
    node = part.found.node
    speaking = {expand(each) for each in ("speaker", "relayedBy", "document")}
    about: list[str] = []
    said: list[str] = []
    for claim in part.claims:
        named = {p for p, values in facts.predicates(claim).items()
                 if any(value.value == node for value in values)}  # fmt: skip
        (said if named and named <= speaking else about).append(claim)
    return about, said


def _dispute_row(facts: Facts, views: Views, dispute: str) -> tuple[Ref, str, str]:
    kind, strength = (facts.text(dispute, each) for each in ("disputeKind", "disputeStrength"))
    return views.ref(dispute), views.name(kind), views.name(strength)


def _mentions(part: Part, facts: Facts, views: Views) -> list[tuple[Ref, list[Ref]]]:
    """Return the passages that name a thing, by document."""
    found: dict[str, list[Ref]] = {}
    for each in part.members.get("passage", ()):
        found.setdefault(facts.text(each, "document"), []).append(views.passage(each))
    rows = [(views.ref(document), refs) for document, refs in found.items()]
    return sorted(rows, key=lambda row: row[0].name)


def _related(
    views: Views, facts: Facts, node: str, members: Iterable[str]
) -> list[tuple[Ref, list[Ref]]]:
    """Return the nodes that name this one, by the property with which they do."""
    found: dict[str, list[Ref]] = {}
    for each in members:
        for predicate, values in facts.predicates(each).items():
            if any(value.value == node for value in values):
                found.setdefault(predicate, []).append(views.ref(each))
    rows = [
        (views.ref(predicate), sorted(refs, key=lambda each: each.name))
        for predicate, refs in found.items()
    ]
    return sorted(rows, key=lambda row: row[0].name)


def _claim(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    (own,) = views.statements([node])
    same = [each for each in part.claims[1:]
            if facts.text(each, "states") == facts.text(node, "states") != ""]  # fmt: skip
    hidden = ("rdf:type", "rdfs:label", "evidence", "reason", "withdrawn", "note")
    named = [each for each in part.claims[1:] if each not in same]
    return {
        "title": f"Claim {node.rsplit('/claim/', 1)[-1]}",
        "types": views.refs(node, "rdf:type"),
        "own": own,
        "editorial": TERMS + "EditorialClaim" in facts.texts(node, "rdf:type"),
        "sentence": facts.text(node, "rdfs:label"),
        "reasons": facts.texts(node, "reason"),
        "plain": views.plain(node, *hidden),
        "evidence": [_place(facts, views, each) for each in facts.texts(node, "evidence")],
        "quoted": facts.texts(node, "evidence"),
        "same": views.statements(same),
        "named": views.statements(named),
        "others": _related(views, facts, node, part.members.get("part", ())),
    }


def _place(facts: Facts, views: Views, passage: str) -> Mapping[str, Any]:
    """Return where a passage stands."""
    return {
        "iri": passage,
        "ref": views.passage(passage),
        "document": views.ref(facts.text(passage, "document")),
        "section": facts.text(passage, "section"),
        "start": facts.text(passage, "oa:start"),
        "end": facts.text(passage, "oa:end"),
        "sha256": facts.text(passage, "sha256"),
    }


def _passage(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    place = _place(facts, views, node)
    shown = ("rdf:type", "document", "section", "oa:start", "oa:end", "sha256", "noClaims")
    return {
        "title": f"{place['document'].name}, {place['ref'].name}",
        "place": place,
        "quoted": [node],
        "no_claims": facts.text(node, "noClaims"),
        "plain": views.plain(node, "mentions", *shown),
        "mentions": views.refs(node, "mentions"),
        "groups": views.groups(part.claims),
    }


def _document(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    told: dict[str, int] = {}
    for claim in facts.subjects():
        for passage in facts.texts(claim, "evidence"):
            told[passage] = told.get(passage, 0) + 1
    sections: dict[str, list[Mapping[str, Any]]] = {}
    for each in part.members.get("passage", ()):
        row = {
            "ref": views.passage(each),
            "kind": views.name(facts.text(each, "kind")),
            "field": facts.text(each, "fieldLabel"),
            "claims": told.get(each, 0),
            "why": facts.text(each, "noClaims"),
        }
        sections.setdefault(facts.text(each, "section") or "Beginning", []).append(row)
    return {
        "plain": views.plain(node, "rdf:type", "rdfs:label"),
        "sections": sections,
        "passages": sum(map(len, sections.values())),
        "claims": sum(told.values()),
        "others": _related(views, facts, node, part.members.get("part", ())),
    }


def _dispute(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    shown = ("rdf:type", "rdfs:label", "claim", "position", "reason", "about")
    return {
        "about": views.refs(node, "about"),
        "plain": views.plain(node, *shown),
        "strength": facts.text(node, "disputeStrength").removeprefix(TERMS),
        "reasons": facts.texts(node, "reason"),
        "positions": [_position(facts, views, each) for each in facts.texts(node, "position")],
        "others": _related(views, facts, node, part.members.get("part", ())),
    }


def _position(facts: Facts, views: Views, position: str) -> tuple[Ref, list[Statement]]:
    return views.ref(position), views.statements(facts.texts(position, "claim"))


def _proposition(part: Part, facts: Facts, views: Views) -> Context:
    return {**_thing(part, facts, views), "proposition": True}


def _term(part: Part, facts: Facts, views: Views) -> Context:
    node = part.found.node
    parts = [each for each in part.members.get("part", ()) if each.startswith(TERMS)]
    shown = ("rdf:type", "rdfs:label", "skos:definition", "skos:example", "skos:prefLabel")
    return {
        "types": views.refs(node, "rdf:type"),
        "definition": facts.text(node, "skos:definition"),
        "examples": facts.texts(node, "skos:example"),
        "plain": views.plain(node, *shown),
        "others": _related(views, facts, node, parts),
        "anchor": node.rsplit("/", 1)[-1],
        "predicate": TERMS + "ClaimPredicate" in facts.texts(node, "rdf:type"),
    }


_OWN: dict[str, tuple[str, Callable[[Part, Facts, Views], Context]]] = {
    "Claim": ("claim.html", _claim),
    "EditorialClaim": ("claim.html", _claim),
    "Dispute": ("dispute.html", _dispute),
    "Passage": ("passage.html", _passage),
    "SourceDocument": ("document.html", _document),
    "Proposition": ("thing.html", _proposition),
}
