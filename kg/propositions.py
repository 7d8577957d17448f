"""Propositions: the positive content that claims share, whoever speaks and in what stance.

The identifier is the hash of subject, predicate, object, missing part, modality, time (kind
and normal EDTF) and the qualifiers that the ontology marks as content. A proposition
entails another of the same content whose date or number is wider; no date at all is the
widest date. What is missing in two passages need not be the same thing, so a claim with a
missing part shares its proposition with its own copies only. In the family of quantities the
time is what was counted over, and must be the same. Support (claims and origins that affirm)
counts through it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from kg import counts, dates, wording
from kg.derive import claim_time, is_count, qualifying_properties
from kg.documents import digest
from kg.facts import Facts, Value, expand, quad, typed
from kg.origins import Origins
from kg.rdf import BASE, DERIVED, Literal, NamedNode, Quad

_PROPOSITIONS = BASE + "proposition/"


@dataclass(frozen=True)
class _Content:
    """The positive content of a claim.

    `frame` is all of it but date and number; `when` and `count` are what may be wider or
    narrower; `scoped` tells that it is a period counted.
    """

    frame: tuple[str, ...]
    when: dates.When | None
    count: counts.Count | None
    scoped: bool = False

    @property
    def iri(self) -> str:
        """The identifier of the proposition: 16 hexadecimal digits of a SHA-256."""
        time = [self.when.kind, self.when.text] if self.when else []
        number = [self.count.text] if self.count else []
        text = json.dumps([self.frame, time, number], ensure_ascii=False)
        return _PROPOSITIONS + digest(text)[:16]

    def entails(self, other: "_Content") -> bool:
        """Tell whether this content is the other's with a narrower (or equal) date and number."""
        if self.frame != other.frame or not self._time_entails(other):
            return False
        if self.count is None or other.count is None:
            return self.count == other.count
        return counts.entails(self.count, other.count)

    def _time_entails(self, other: "_Content") -> bool:
        if self.when == other.when:
            return True
        if self.scoped or self.when is None:
            return False
        return other.when is None or dates.entails(self.when, other.when)


def _content_of(facts: Facts, claim: str, qualifiers: list[str]) -> _Content:
    """Return the content of a claim; `qualifiers` are the properties that belong to it."""
    when, value = claim_time(facts, claim), facts.one(claim, "rdf:object")
    family = facts.text(facts.text(claim, "rdf:predicate"), "family")
    dated = when is not None and not facts.all(claim, "when")
    frame = [
        *(facts.text(claim, part) for part in ("rdf:subject", "rdf:predicate")),
        "" if dated or is_count(value) else str(value or ""),
        *(facts.text(claim, part) for part in ("missing", "modality")),
    ]
    if facts.all(claim, "missing"):
        frame.append(facts.text(claim, "copyOf") or claim)
    for each in qualifiers:
        if values := sorted(_normal(value) for value in facts.all(claim, each)):
            frame += [each, *values]
    count = counts.parse(value.value) if is_count(value) else None
    return _Content(tuple(frame), when, count, family == expand("quantity"))


def derive_propositions(facts: Facts) -> Iterator[Quad]:
    """Yield the propositions of all claims that are not withdrawn, with what entails what."""
    qualifiers, origins = qualifying_properties(facts), Origins(facts)
    contents: dict[_Content, list[str]] = {}
    for claim in facts.standing_claims():
        contents.setdefault(_content_of(facts, claim, qualifiers), []).append(claim)
    entailed = list(_entailments(contents))
    support = {each: _affirmed(facts, claims) for each, claims in contents.items()}
    for narrow, wide in entailed:
        support[wide] = support[wide] | _affirmed(facts, contents[narrow])
        yield quad(narrow.iri, "entails", NamedNode(wide.iri), DERIVED)
    for each, claims in contents.items():
        label = f"that {wording.without_speaker(facts, claims, qualifiers)}"
        yield quad(each.iri, "rdf:type", "Proposition", DERIVED)
        yield quad(each.iri, "rdfs:label", Literal(label), DERIVED)
        yield quad(each.iri, "claimCount", typed(len(support[each]), "integer"), DERIVED)
        said = {claim for claim in support[each] if not _is_inferred(facts, claim)}
        yield quad(each.iri, "originCount", typed(origins.count(said), "integer"), DERIVED)
        for claim in claims:
            yield quad(claim, "states", NamedNode(each.iri), DERIVED)


def _entailments(contents: dict[_Content, list[str]]) -> Iterator[tuple[_Content, _Content]]:
    """Yield each pair of different contents of which the first entails the second."""
    frames: dict[tuple[str, ...], list[_Content]] = {}
    for each in contents:
        frames.setdefault(each.frame, []).append(each)
    for group in frames.values():
        for narrow in group:
            yield from ((narrow, wide) for wide in group
                        if narrow != wide and narrow.entails(wide))  # fmt: skip


def _affirmed(facts: Facts, claims: list[str]) -> set[str]:
    affirmed = expand("affirmed")
    return {each for each in claims if facts.text(each, "polarity") == affirmed}


def _is_inferred(facts: Facts, claim: str) -> bool:
    """Whether the words only imply the claim: who read it so is no witness."""
    return facts.text(claim, "readFrom") == expand("inference")


def _normal(value: Value) -> str:
    return counts.parse(value.value).text if is_count(value) else str(value)
