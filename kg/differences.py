"""What changed between two versions of one article: passages are aligned first, then claims.

Passages of the two documents are aligned if the ties of copies and near copies connect
them, or, for headings and infobox lines, if section and field are the same. Claims are then
compared within each group of aligned passages: those with the same content from the same
kind of voice are kept; of the rest, claims of one predicate that differ in least are taken
for one claim that was changed, and what remains was added or dropped. A claim that the
other document makes in some other passage is restated, not new.

Where the second document is an extract, nobody edited anything: its differences have the
cause `:extraction`. An unnamed actor or speaker is one of its passage alone, so that two of
them never make a change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kg.derive import qualifying_properties
from kg.documents import digest
from kg.facts import Facts, expand, quad
from kg.origins import same_words
from kg.rdf import BASE, DERIVED, Literal, NamedNode, Quad

_DIFFERENCES = BASE + "difference/"
_CAUSES = {"laterVersionOf": "edit", "extractOf": "extraction"}
_ENDS = ("rdf:subject", "rdf:object")
_FRAME = (*_ENDS, "rdf:predicate", "modality", "missing", "when", "whenKind")
_MANNER = ("speaker", "stance", "polarity")
_WORDS = ("wording", "whomWording", "cue")
_UNNAMED = "(unnamed)"
_OWN_VOICE = "(the document)"


@dataclass(frozen=True)
class _Pair:
    """An earlier and a later document, and why they differ."""

    earlier: str
    later: str
    cause: str


@dataclass(frozen=True)
class _Difference:
    """One difference: its kind, the claims or passages, and the properties that changed."""

    change: str
    was: str = ""
    now: str = ""
    aspects: tuple[str, ...] = ()


@dataclass
class _Group:
    """Passages of both documents that are aligned, and the claims that rest on them."""

    passages: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))
    claims: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))


def derive_differences(facts: Facts) -> Iterator[Quad]:
    """Yield the differences between each document and the one it is a version or extract of."""
    comparison = _Comparison(facts)
    for pair in _document_pairs(facts):
        for each in comparison.differences(pair):
            yield from _quads(pair, each)


def _document_pairs(facts: Facts) -> list[_Pair]:
    """Return the pairs of documents to be compared, sorted."""
    return [
        _Pair(earlier, later, cause)
        for later in facts.instances("SourceDocument")
        for tie, cause in _CAUSES.items()
        for earlier in sorted(facts.texts(later, tie))
    ]


class _Comparison:
    """Compares documents; reads claims by passage and the ties between passages once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        qualifiers = qualifying_properties(facts)
        self._parts = (*_FRAME, *qualifiers, *_MANNER)
        self._wholes: dict[str, tuple[str, ...]] = {}
        self._aligned = same_words(facts)
        self._passages: dict[str, list[str]] = {}
        for passage in facts.instances("Passage"):
            self._passages.setdefault(facts.text(passage, "document"), []).append(passage)
        self._claims: dict[str, list[str]] = {}
        for claim in facts.standing_claims():
            self._claims.setdefault(min(facts.texts(claim, "evidence")), []).append(claim)

    def differences(self, pair: _Pair) -> list[_Difference]:
        """Return all differences of two documents: passages first, then claims."""
        groups = self._groups(pair)
        found = [each for group in groups for each in _lone(*group.passages)]
        left: tuple[list[str], list[str]] = ([], [])
        for group in groups:
            found += self._reworded(*group.claims)
            before = self._without(group.claims[0], group.claims[1])
            after = self._without(group.claims[1], group.claims[0])
            changed = self._changed(before, after)
            found += changed
            left[0].extend(each for each in before if each not in {c.was for c in changed})
            left[1].extend(each for each in after if each not in {c.now for c in changed})
        return found + list(self._left_over(left, groups))

    def _groups(self, pair: _Pair) -> list[_Group]:
        groups: dict[str, _Group] = {}
        for side, document in enumerate((pair.earlier, pair.later)):
            for passage in self._passages.get(document, []):
                group = groups.setdefault(self._place(passage), _Group())
                group.passages[side].add(passage)
                group.claims[side].extend(self._claims.get(passage, []))
        return [groups[key] for key in sorted(groups)]

    def _place(self, passage: str) -> str:
        """Return what aligned passages share."""
        kind, section, label = (
            self._facts.text(passage, each) for each in ("kind", "section", "fieldLabel")
        )
        if kind == expand("heading") or label:
            return f"{kind} {section} {label}"
        return self._aligned.find(passage)

    def _without(self, claims: Iterable[str], others: Iterable[str]) -> list[str]:
        """Return the claims to which no other has the same content from the same voice."""
        known = {self._whole(each) for each in others}
        return [each for each in claims if self._whole(each) not in known]

    def _reworded(self, before: list[str], after: list[str]) -> Iterator[_Difference]:
        """Yield the claims that say the same in other words, where both keep their words."""
        for was in before:
            same = [each for each in after if self._whole(each) == self._whole(was)]
            aspects = [tuple(self._reworded_in(was, each)) for each in same]
            if aspects and all(aspects):
                yield _Difference("reworded", was, same[0], aspects[0])

    def _reworded_in(self, was: str, now: str) -> Iterator[str]:
        for each in _WORDS:
            one, other = self._value(was, each), self._value(now, each)
            if one and other and one != other:
                yield each

    def _changed(self, before: list[str], after: list[str]) -> list[_Difference]:
        """Return the claims taken for changed, each as few times as possible."""
        candidates = sorted(
            (len(aspects), was, now, aspects)
            for was in before
            for now in after
            if (aspects := self._aspects(was, now))
        )
        used: set[str] = set()
        pairs: list[tuple[str, str, tuple[str, ...]]] = []
        for _, was, now, aspects in candidates:
            if not {was, now} & used:
                pairs.append((was, now, aspects))
                used |= {was, now}
        for number, was, now, aspects in candidates:
            # One participant replaced by two, or two by one.
            if number == 1 and aspects[0] in _ENDS and not {was, now} <= used:
                pairs.append((was, now, aspects))
                used |= {was, now}
        return [_Difference("changed", *each) for each in sorted(pairs)]

    def _aspects(self, was: str, now: str) -> tuple[str, ...]:
        """Return in what two claims differ; empty if they are not of one claim."""
        both = zip(self._parts, self._whole(was), self._whole(now), strict=True)
        found = tuple(part for part, before, after in both if before != after)
        return () if "rdf:predicate" in found or set(_ENDS) <= set(found) else found

    def _left_over(
        self, left: tuple[list[str], list[str]], groups: list[_Group]
    ) -> Iterator[_Difference]:
        """Yield what is neither kept nor changed: restated elsewhere, dropped or added.

        What is restated is found from either side, and is one difference by its IRI.
        """
        first, second = (
            {self._whole(each): each for group in groups for each in reversed(group.claims[side])}
            for side in (0, 1)
        )
        for was in left[0]:
            now = second.get(self._whole(was), "")
            yield _Difference("restated" if now else "dropped", was, now)
        for now in left[1]:
            was = first.get(self._whole(now), "")
            yield _Difference("restated" if was else "added", was, now)

    def _whole(self, claim: str) -> tuple[str, ...]:
        """Return content and voice of a claim, comparable across documents."""
        if claim not in self._wholes:
            self._wholes[claim] = tuple(self._value(claim, each) for each in self._parts)
        return self._wholes[claim]

    def _value(self, claim: str, part: str) -> str:
        values = (self._comparable(claim, value) for value in self._facts.all(claim, part))
        return " ".join(sorted(values))

    def _comparable(self, claim: str, value: NamedNode | Literal) -> str:
        if self._facts.true(value.value, "unnamed"):
            return _UNNAMED
        own = value.value == self._facts.text(claim, "document")
        return _OWN_VOICE if own else str(value)


def _lone(before: set[str], after: set[str]) -> Iterator[_Difference]:
    """Yield the passages of a group that has none on the other side."""
    if not after:
        yield from (_Difference("passageDropped", was=each) for each in sorted(before))
    if not before:
        yield from (_Difference("passageAdded", now=each) for each in sorted(after))


def _quads(pair: _Pair, difference: _Difference) -> Iterator[Quad]:
    text = "|".join((pair.earlier, pair.later, difference.was, difference.now, difference.change))
    iri = _DIFFERENCES + digest(text)[:16]
    nodes = [
        ("rdf:type", "Difference"),
        ("earlier", pair.earlier),
        ("later", pair.later),
        ("differenceCause", pair.cause),
        ("change", difference.change),
        ("was", difference.was),
        ("now", difference.now),
        *(("changedIn", expand(each)) for each in difference.aspects),
    ]
    for predicate, node in nodes:
        if node:
            yield quad(iri, predicate, node, DERIVED)
