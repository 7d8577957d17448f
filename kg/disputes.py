"""Disputes: clashing claims, grouped by what they are about and in which respect.

Pairs are formed over propositions, so that copies never multiply a dispute. What is held
against each other is a proposition as affirmed or as denied. Of one subject matter and kind,
what clashes with each other, directly or through others, is one dispute: who planned an
operation and who led it are two. What clashes with exactly the same others, equally hard, is
one position; which positions exclude each other and which only pull against each other is
stated between them, since in a dispute of three positions not every two need clash.

The identifier of a dispute is the hash of its subject matter, its kind and its first claim
that is no copy, so it stays when later claims are added; that of a position is the hash of
what it holds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kg.clashes import COMPUTED, Clash, find_clashes
from kg.documents import digest
from kg.facts import Facts, expand, quad
from kg.origins import Groups
from kg.rdf import BASE, DERIVED, Literal, Quad, QuadStore
from kg.wording import spoken

_DISPUTES = BASE + "dispute/"
_FOLDER = "disputes"
_EXCLUSION, _TENSION = expand("exclusion"), expand("tension")

# A proposition, and whether it is affirmed or denied.
Stand = tuple[str, str]


@dataclass
class Dispute:
    """One dispute: its clashes, and what stands against what."""

    about: str
    kind: str
    first: str
    clashes: list[Clash] = field(default_factory=list)
    claims: dict[Stand, set[str]] = field(default_factory=dict)
    against: dict[Stand, dict[Stand, str]] = field(default_factory=dict)

    @property
    def iri(self) -> str:
        """The identifier: 16 hexadecimal digits of a SHA-256 of what it is about."""
        return _DISPUTES + digest(" ".join((self.about, self.kind, self.first)))[:16]

    @property
    def strength(self) -> str:
        """Exclusion if any two claims exclude each other, otherwise tension."""
        return _EXCLUSION if any(c.strength == _EXCLUSION for c in self.clashes) else _TENSION

    @property
    def basis(self) -> str:
        """Stated if a document states any of it, else computed if any is, else curated."""
        found = {each.basis for each in self.clashes}
        order = (expand("stated"), COMPUTED, expand("curated"))
        return next(each for each in order if each in found)

    def add(self, clash: Clash, left: Stand, right: Stand) -> None:
        """Take up a clash between two stands; the harder of two clashes of a pair counts."""
        self.clashes.append(clash)
        for one, other, claim in ((left, right, clash.left), (right, left, clash.right)):
            self.claims.setdefault(one, set()).add(claim)
            known = self.against.setdefault(one, {})
            if known.get(other) != _EXCLUSION:
                known[other] = clash.strength

    def positions(self) -> list[list[Stand]]:
        """Return the stands by position: those that clash equally with the same others."""
        groups: dict[tuple[tuple[Stand, str], ...], list[Stand]] = {}
        for stand in sorted(self.against):
            groups.setdefault(tuple(sorted(self.against[stand].items())), []).append(stand)
        return sorted(groups.values())

    def position_iri(self, position: list[Stand]) -> str:
        """Return the identifier of a position, below that of the dispute."""
        return f"{self.iri}/{digest(' '.join(part for stand in position for part in stand))[:8]}"


def derive_disputes(store: QuadStore, rules: Path) -> Iterator[Quad]:
    """Yield all disputes with their positions; a step of the build.

    `rules` is the folder of rules; those of disputes are in its subfolder. Claims must
    have their bounds, propositions and documents. Raises `DataError` for a faulty rule.
    """
    facts = Facts(store)
    scopes = _Scopes(facts)
    disputes = group_clashes(facts, find_clashes(store, facts, rules / _FOLDER))
    numbers = Counter((each.about, each.kind) for each in disputes)
    for dispute in disputes:
        alone = numbers[dispute.about, dispute.kind] == 1
        label = Literal(_label(facts, dispute, alone=alone))
        yield quad(dispute.iri, "rdfs:label", label, DERIVED)
        yield from _dispute_quads(facts, scopes, dispute)
        yield from _position_quads(facts, dispute)


def group_clashes(facts: Facts, clashes: Iterable[Clash]) -> list[Dispute]:
    """Return the disputes that clashes make, by subject matter, kind and first claim."""
    pairs = [(each, _stand(facts, each.left), _stand(facts, each.right)) for each in clashes]
    pairs = [(clash, left, right) for clash, left, right in pairs if left != right]
    together = Groups()
    for clash, left, right in pairs:
        together.join(_key(clash, left), _key(clash, right))
    groups: dict[str, list[tuple[Clash, Stand, Stand]]] = {}
    for pair in pairs:
        groups.setdefault(together.find(_key(*pair[:2])), []).append(pair)
    found = [_dispute(facts, group) for group in groups.values()]
    return sorted(found, key=lambda each: (each.about, each.kind, each.first))


def _key(clash: Clash, stand: Stand) -> str:
    return " ".join((clash.about, clash.kind, *stand))


def _dispute(facts: Facts, pairs: list[tuple[Clash, Stand, Stand]]) -> Dispute:
    claims = {each for clash, _, _ in pairs for each in (clash.left, clash.right)}
    originals = [each for each in claims if not facts.all(each, "copyOf")]
    clash = pairs[0][0]
    dispute = Dispute(clash.about, clash.kind, min(originals or claims))
    for pair in pairs:
        dispute.add(*pair)
    return dispute


class _Scopes:
    """Between which documents a clash lies; an extract counts as the document it is from."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def scope(self, clash: Clash) -> str:
        left, right = (self._document(each) for each in (clash.left, clash.right))
        if left == right:
            return expand("withinDocument")
        return expand("betweenVersions" if self._one_work(left, right) else "betweenWorks")

    def _document(self, claim: str) -> str:
        document = self._facts.text(claim, "document")
        return self._facts.text(document, "extractOf") or document

    def _one_work(self, left: str, right: str) -> bool:
        works, others = (set(self._facts.texts(each, "versionOf")) for each in (left, right))
        later = "laterVersionOf"
        return bool(
            works & others
            or right in self._facts.texts(left, later)
            or left in self._facts.texts(right, later)
        )


def _dispute_quads(facts: Facts, scopes: _Scopes, dispute: Dispute) -> Iterator[Quad]:
    claims = {each for group in dispute.claims.values() for each in group}
    yield from _say(dispute.iri, "rdf:type", ["Dispute"])
    yield from _say(dispute.iri, "about", [dispute.about])
    yield from _say(dispute.iri, "disputeKind", [dispute.kind])
    yield from _say(dispute.iri, "disputeStrength", [dispute.strength])
    yield from _say(dispute.iri, "basis", [dispute.basis])
    yield from _say(dispute.iri, "scope", {scopes.scope(each) for each in dispute.clashes})
    yield from _say(dispute.iri, "claim", claims)
    yield from _say(
        dispute.iri, "document", {facts.text(each, "document") for each in claims} - {""}
    )
    yield from _say(dispute.iri, "position", map(dispute.position_iri, dispute.positions()))
    for name in sorted({each.rule for each in dispute.clashes}):
        yield quad(dispute.iri, "rule", Literal(name), DERIVED)
    for reason in sorted({each.reason for each in dispute.clashes} - {""}):
        yield quad(dispute.iri, "reason", Literal(reason), DERIVED)


def _label(facts: Facts, dispute: Dispute, *, alone: bool) -> str:
    """Return kind and subject matter, and in which respect if it is not the only one of them."""
    kind, about = facts.label(dispute.kind), facts.label(dispute.about)
    propositions = {proposition for proposition, _ in dispute.claims}
    if len(propositions) == 1:
        affirmed = (propositions.pop(), expand("affirmed"))
        return f"{kind}: {_words(facts, dispute, affirmed)}"
    claims = {each for group in dispute.claims.values() for each in group}
    respects = sorted({facts.label(facts.text(each, "rdf:predicate")) for each in claims})
    return f"{kind}: {about}" + ("" if alone else f" ({', '.join(respects)})")


def _position_quads(facts: Facts, dispute: Dispute) -> Iterator[Quad]:
    positions = dispute.positions()
    home = {stand: dispute.position_iri(each) for each in positions for stand in each}
    for position in positions:
        iri = dispute.position_iri(position)
        label = "; ".join(sorted(_words(facts, dispute, stand) for stand in position))
        yield from _say(iri, "rdf:type", ["Position"])
        yield quad(iri, "rdfs:label", Literal(label), DERIVED)
        yield from _say(iri, "holds", {proposition for proposition, _ in position})
        yield from _say(
            iri, "claim", {each for stand in position for each in dispute.claims[stand]}
        )
        # All stands of a position clash with the same others, so the first speaks for all.
        for strength, relation in ((_EXCLUSION, "excludes"), (_TENSION, "inTensionWith")):
            others = dispute.against[position[0]].items()
            yield from _say(iri, relation, {home[other] for other, s in others if s == strength})


def _say(subject: str, predicate: str, nodes: Iterable[str]) -> Iterator[Quad]:
    for node in sorted(nodes):
        yield quad(subject, predicate, node, DERIVED)


def _stand(facts: Facts, claim: str) -> Stand:
    return facts.text(claim, "states"), facts.text(claim, "polarity")


def _words(facts: Facts, dispute: Dispute, stand: Stand) -> str:
    """Return a stand in words; words that somebody says of a thing with whose they are."""
    proposition, polarity = stand
    said = dispute.claims.get((proposition, expand("affirmed")), ())
    label = spoken(facts, facts.label(proposition), said)
    return f"not {label}" if polarity == expand("denied") else label
