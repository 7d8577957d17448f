"""Claims are written once and carried to every identical passage.

A passage with `:copyOf` has no claims of its own. Each claim of the first such passage is
repeated for it: identifier, evidence and, where the document itself speaks, the speaker
are the copy's own; answers, nesting and alternative readings lead to the corresponding
claims inside the copying document. All else is taken over, with `:copyOf` to the original.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kg.check import own_passage
from kg.facts import Facts, Value, expand, quad
from kg.rdf import CLAIMS, DOCUMENTS, GRAPHS, PASSAGES, NamedNode, Quad
from kg.sources import Sources, stop

# Properties that lead to another claim of the same document.
_LINKS = ("repliesTo", "listedUnder", "alternativeReadingOf", "supersedes")
# Who speaks or passes on; where it is the document, the copy speaks for itself.
_VOICES = ("speaker", "relayedBy", "statedIn")
# A curated judgement on two claims holds for what they state; it is not repeated.
_LEFT_OUT = ("evidence", "incompatibleWith", "inTensionWith", "reason", *_LINKS, *_VOICES)


@dataclass(frozen=True)
class _Copy:
    """One claim to be carried: where from, and the passage that it is carried to."""

    claim: str
    passage: str

    @property
    def iri(self) -> str:
        return _at(self.claim, self.passage)

    @property
    def document(self) -> str:
        return _document(self.passage)


def carried_claims(sources: Sources) -> list[Quad]:
    """Return the statements of all carried claims, in the graphs of their documents.

    Raises `DataError` where a claim answers, or is nested under, a claim to which nothing
    corresponds in the copying document.
    """
    carrier = _Carrier(Facts(sources.quads()))
    stop(
        f"{_where(sources, copy.claim)}: {fault}"
        for copy in carrier.copies
        for fault in carrier.faults(copy)
    )
    return [each for copy in carrier.copies for each in carrier.statements(copy)]


class _Carrier:
    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.claims_at: dict[str, list[str]] = {}
        for claim in facts.instances("Claim"):
            self.claims_at.setdefault(own_passage(claim), []).append(claim)
        self.copies_of: dict[str, list[str]] = {}
        for passage in facts.instances("Passage"):
            if root := facts.text(passage, "copyOf"):
                self.copies_of.setdefault(root, []).append(passage)
        self.copies = [
            _Copy(claim, passage)
            for root in sorted(self.copies_of)
            for passage in self.copies_of[root]
            for claim in self.claims_at.get(root, [])
        ]

    def faults(self, copy: _Copy) -> Iterator[str]:
        """Yield a sentence for each link of the claim that leads nowhere in the copy."""
        for link in _LINKS:
            for target in self.facts.texts(copy.claim, link):
                if self._known(target) and self.corresponding(target, copy) is None:
                    yield (
                        f"claim {copy.claim.removeprefix(CLAIMS)} is carried to passage"
                        f" {copy.passage.removeprefix(PASSAGES)}, but nothing there corresponds to"
                        f" {target.removeprefix(CLAIMS)}, its :{link}; write that claim for"
                        f" {copy.document.removeprefix(DOCUMENTS)}, or make the passage's"
                        " :copyOf a :nearCopyOf and write its claims by hand."
                    )
        for passage in self.facts.texts(copy.claim, "evidence"):
            if self.passage_for(passage, copy) is None:
                document = copy.document.removeprefix(DOCUMENTS)
                yield (
                    f"claim {copy.claim.removeprefix(CLAIMS)} is carried to {document}, but rests"
                    f" also on {passage.removeprefix(PASSAGES)}, of which there is no copy there;"
                    " take that evidence away."
                )

    def statements(self, copy: _Copy) -> Iterator[Quad]:
        """Yield the statements of the carried claim."""
        graph = GRAPHS + copy.document.removeprefix(DOCUMENTS)

        def say(predicate: str, value: Value) -> Quad:
            return quad(copy.iri, predicate, value, graph)

        left_out = {expand(each) for each in _LEFT_OUT}
        if self.facts.true(copy.claim, "withdrawn"):  # the reason is that of the withdrawal
            left_out.remove(expand("reason"))
        for predicate, values in self.facts.predicates(copy.claim).items():
            if predicate not in left_out:
                yield from (say(predicate, value) for value in values)
        yield say("copyOf", NamedNode(copy.claim))
        for passage in self.facts.texts(copy.claim, "evidence"):
            yield say("evidence", NamedNode(self.passage_for(passage, copy) or passage))
        root = _document(copy.claim)
        for voice in _VOICES:
            for speaker in self.facts.texts(copy.claim, voice):
                yield say(voice, NamedNode(copy.document if speaker == root else speaker))
        for link in _LINKS:
            for target in self.facts.texts(copy.claim, link):
                yield say(link, NamedNode(self.corresponding(target, copy) or target))

    def corresponding(self, target: str, copy: _Copy) -> str | None:
        """Return the claim that has the place of `target` in the document of the copy."""
        if found := self.passage_for(own_passage(target), copy):
            return _at(target, found)
        return self._in_near_copies(self._original(target), copy)

    def _original(self, claim: str) -> str:
        """Return the claim as it was written, for one that is carried or not."""
        passage = own_passage(claim)
        return _at(claim, self.facts.text(passage, "copyOf") or passage)

    def _known(self, claim: str) -> bool:
        """Tell whether there is such a claim; if not, that is reported where it is written."""
        return self._original(claim) in self.facts

    def passage_for(self, passage: str, copy: _Copy) -> str | None:
        """Return the passage of the copy's document that is identical to `passage`.

        Of several, the one that stands to the copy most nearly as `passage` stands to
        the passage of the original claim.
        """
        root = self.facts.text(passage, "copyOf") or passage
        within = [
            each
            for each in [root, *self.copies_of.get(root, [])]
            if _document(each) == copy.document
        ]
        offset = _number(passage) - _number(own_passage(copy.claim))
        expected = _number(copy.passage) + offset
        return min(within, key=lambda each: (abs(_number(each) - expected), each), default=None)

    def _in_near_copies(self, original: str, copy: _Copy) -> str | None:
        """Find the one claim of same content in a near copy, whose claims are written by hand."""
        root = own_passage(original)
        found = [
            claim
            for passage, claims in self.claims_at.items()
            if _document(passage) == copy.document
            and root in self.facts.texts(passage, "nearCopyOf")
            for claim in claims
            if self._content(claim) == self._content(original)
        ]
        return found[0] if len(found) == 1 else None

    def _content(self, claim: str) -> tuple[list[Value], ...]:
        parts = ("rdf:subject", "rdf:predicate", "rdf:object", "modality")
        return tuple(self.facts.all(claim, part) for part in parts)


def _where(sources: Sources, claim: str) -> str:
    files = [each for each in sources.of("claims") if each.document == _document(claim)]
    return files[0].where(claim) if files else claim


def _at(claim: str, passage: str) -> str:
    """Return the identifier of the claim that has the running number of `claim` at a passage."""
    return f"{CLAIMS}{passage.removeprefix(PASSAGES)}-{claim.rpartition('-')[2]}"


def _document(node: str) -> str:
    """Return the document of a passage or claim, which its identifier names."""
    return DOCUMENTS + node.rpartition("/")[0].rpartition("/")[2]


def _number(passage: str) -> int:
    return int(passage.rpartition("/")[2])
