"""What pages show of a description: names with links, and statements with those who make them.

A statement is never shown without its speakers: claims of the same content are one `Statement`
with a `Voice` for each claim, denials beside affirmations. Pure: facts in, values out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kg.addresses import plain_path
from kg.facts import Facts, Value, expand
from kg.moments import in_words
from kg.rdf import (
    BASE,
    DOCUMENTS,
    PASSAGES,
    TERMS,
    Literal,
    NamedNode,
    Prefixes,
    RdfFormat,
    parse_rdf,
)
from kg.wording import GAPS, VERBS, reading, time_of

#: What has a place of its own in a statement, so that it is not shown as a qualifier too.
_PLACED = """
    rdf:type rdf:subject rdf:predicate rdf:object rdfs:label speaker stance polarity modality cue
    evidence document family states when whenKind earliestStart latestStart earliestEnd latestEnd
    missing missingState low high approximate withdrawn curatedBy curatedOn relayedBy statedIn
    repliesTo replyKind note copyOf reason alternativeReadingOf incompatibleWith inTensionWith
    supersedes readFrom wording whomWording
"""
_SHOWN = frozenset(map(expand, _PLACED.split()))
#: In place of a stance: what the curators add, which never counts as support.
EDITORIAL = "editorial"

_LAST = "9999"


@dataclass(frozen=True)
class Ref:
    """A name, the address it leads to (empty for none), and the IRI behind it."""

    name: str
    href: str = ""
    iri: str = ""


@dataclass(frozen=True)
class Voice:
    """One claim as an act of its speaker.

    `verb` says how the speaker is told to say it, `cue` is the word of the document for that,
    `replies` are what it answers and `answered` what answers it, each as a claim, how, and who;
    `copies` the claims of the text that this one repeats; `reading` tells what the text does not
    say outright, `notes` how it was read, `others` are the other readings of the same words.
    """

    claim: Ref
    speaker: Ref
    verb: str
    stance: str
    polarity: str
    modality: str
    document: Ref
    passages: tuple[Ref, ...]
    cue: str = ""
    relayed: tuple[Ref, ...] = ()
    stated_in: tuple[Ref, ...] = ()
    replies: tuple[tuple[Ref, str, Ref], ...] = ()
    answered: tuple[tuple[Ref, str, Ref], ...] = ()
    copies: tuple[Ref, ...] = ()
    reading: str = ""
    notes: tuple[str, ...] = ()
    others: tuple[Ref, ...] = ()
    reason: str = ""
    withdrawn: bool = False


@dataclass(frozen=True)
class Statement:
    """One content, and the voices that affirm or deny it; `order` sorts by time.

    `reading` marks what is read alike by all of them and said by none outright.
    """

    subject: Ref
    predicate: Ref
    object: Ref
    aside: tuple[tuple[str, tuple[Ref, ...]], ...]
    time: str
    order: str
    family: Ref
    proposition: Ref | None
    voices: tuple[Voice, ...]
    disputes: tuple[Ref, ...] = ()
    reading: str = ""


@dataclass(frozen=True)
class Group:
    """Statements of one family, in order of time."""

    name: str
    anchor: str
    statements: tuple[Statement, ...] = field(default=())


class Views:
    """Makes views of one description.

    `root` is the path that the server is mounted under; `prefixes` shorten IRIs that have no label.
    """

    def __init__(self, facts: Facts, root: str, prefixes: Mapping[str, str] | None = None) -> None:
        self.facts, self.root = facts, root
        self.prefixes = Prefixes(prefixes or {})
        self._replies: dict[str, list[str]] = {}
        self._disputes: dict[str, list[str]] = {}
        for node in facts.subjects():
            for asked in facts.texts(node, "repliesTo"):
                self._replies.setdefault(asked, []).append(node)
            if TERMS + "Dispute" in facts.texts(node, "rdf:type"):
                for claim in facts.texts(node, "claim"):
                    self._disputes.setdefault(claim, []).append(node)

    def href(self, iri: str) -> str:
        """Return where a link to an IRI leads: on this server for our own, else to itself."""
        if iri.startswith(BASE):
            return self.root + plain_path(iri)
        return iri if iri.startswith(("http://", "https://")) else ""

    def ref(self, iri: str) -> Ref:
        """Return the name of a node with its link."""
        return Ref(self.name(iri), self.href(iri), iri)

    def name(self, iri: str) -> str:
        """Return what a node is called: its label, or else the end of its IRI."""
        label = self.facts.text(iri, "rdfs:label")
        if not label and iri.startswith(PASSAGES):
            slug, _, number = iri.removeprefix(PASSAGES).rpartition("/")
            document = self.facts.text(DOCUMENTS + slug, "rdfs:label")
            return f"{document or slug}, passage {number}"
        if not label and iri.startswith(BASE):
            return iri.removeprefix(BASE).removeprefix("ontology/") or "this dataset"
        return label or self.prefixes.shorten(iri).strip("<>")

    def value(self, value: Value) -> Ref:
        """Return a value: a node with its link, or a literal as it stands; words in quotes."""
        if isinstance(value, NamedNode):
            return self.ref(value.value)
        quoted = value.datatype.value == expand("xsd:string")
        return Ref(f"“{value.value}”" if quoted else value.value)

    def plain(self, node: str, *left_out: str) -> list[tuple[Ref, list[Ref]]]:
        """Return the properties of a node with their values, but those left out, by name."""
        hidden = {expand(each) for each in left_out}
        found = [
            (self.ref(predicate), sorted(map(self._bare, values), key=lambda each: each.name))
            for predicate, values in self.facts.predicates(node).items()
            if predicate not in hidden
        ]
        return sorted(found, key=lambda row: row[0].name)

    def _bare(self, value: Value) -> Ref:
        return self.ref(value.value) if isinstance(value, NamedNode) else Ref(value.value)

    def statements(self, claims: Iterable[str]) -> list[Statement]:
        """Return the contents of some claims in order of time, each with all of its voices."""
        by_content: dict[str, list[str]] = {}
        for claim in claims:
            key = self.facts.text(claim, "states") or claim
            by_content.setdefault(key, []).append(claim)
        found = [self._statement(each) for each in by_content.values()]
        return sorted(found, key=lambda each: (each.order, each.subject.name, each.predicate.name))

    def groups(self, claims: Iterable[str]) -> list[Group]:
        """Return statements by family, in order of the families' names."""
        by_family: dict[Ref, list[Statement]] = {}
        for each in self.statements(claims):
            by_family.setdefault(each.family, []).append(each)
        return [
            Group(family.name, family.iri.rsplit("/", 1)[-1] or EDITORIAL, tuple(found))
            for family, found in sorted(by_family.items(), key=lambda pair: pair[0].name)
        ]

    def _statement(self, claims: list[str]) -> Statement:
        facts, first = self.facts, claims[0]
        states = facts.text(first, "states")
        disputes = dict.fromkeys(d for claim in claims for d in self._disputes.get(claim, ()))
        family = facts.text(first, "family")
        return Statement(
            subject=self._part(first, "rdf:subject"),
            predicate=self._part(first, "rdf:predicate"),
            object=self._part(first, "rdf:object"),
            aside=tuple(self._aside(first)),
            time=time_of(facts, first) or self._dated(first),
            order=self._order(first),
            family=self.ref(family) if family else Ref("added by the curators"),
            proposition=self.ref(states) if states else None,
            voices=tuple(self.voice(each) for each in claims),
            disputes=tuple(self.ref(each) for each in disputes),
            reading=reading(facts, claims),
        )

    def _dated(self, claim: str) -> str:
        """Return the date that a claim of the dating family states; empty for any other."""
        value = self.facts.one(claim, "rdf:object")
        is_date = isinstance(value, Literal) and value.datatype.value == expand("edtf:EDTF")
        return in_words(value.value) if value and is_date else ""

    def _part(self, claim: str, part: str) -> Ref:
        value = self.facts.one(claim, part)
        if value is None:
            state = self.facts.text(claim, "missingState").removeprefix(TERMS)
            return Ref(GAPS.get(state, "(missing)"))
        return self.value(value)

    def _aside(self, claim: str) -> Iterator[tuple[str, tuple[Ref, ...]]]:
        """Yield what qualifies the content: modality unless actual, role, place, people."""
        modality = self.facts.text(claim, "modality")
        if modality not in ("", TERMS + "actual"):
            yield "told as", (self.ref(modality),)
        for predicate, values in sorted(self.facts.predicates(claim).items()):
            if predicate not in _SHOWN:
                yield self.name(predicate), tuple(map(self.value, values))

    def _order(self, claim: str) -> str:
        names = ("earliestStart", "latestStart", "earliestEnd", "latestEnd", "when")
        days = (self.facts.text(claim, each) for each in names)
        return next((day for day in days if day), _LAST)

    def voice(self, claim: str) -> Voice:
        """Return a claim as an act of its speaker."""
        facts = self.facts
        stance, polarity = facts.text(claim, "stance"), facts.text(claim, "polarity")
        key = (stance.removeprefix(TERMS), polarity.removeprefix(TERMS))
        replies = [(self.ref(to), self._how(claim), self._speaker(to))
                   for to in facts.texts(claim, "repliesTo")]  # fmt: skip
        answered = [(self.ref(by), self._how(by), self._speaker(by))
                    for by in sorted(self._replies.get(claim, ()))]  # fmt: skip
        return Voice(
            claim=self.ref(claim),
            speaker=self._speaker(claim),
            verb=VERBS.get(key, "says that") if stance else "add, and no document says, that",
            stance=self.name(stance) if stance else EDITORIAL,
            polarity=self.name(polarity) if polarity else "",
            modality=self._names(claim, "modality"),
            document=self.ref(facts.text(claim, "document")),
            passages=tuple(self.passage(each) for each in facts.texts(claim, "evidence")),
            cue=facts.text(claim, "cue"),
            relayed=self.refs(claim, "relayedBy"),
            stated_in=self.refs(claim, "statedIn"),
            replies=tuple(replies),
            answered=tuple(answered),
            copies=tuple(self.ref(each) for each in facts.texts(claim, "copyOf")),
            reading=reading(facts, [claim]),
            notes=tuple(sorted(facts.texts(claim, "note"))),
            others=self.refs(claim, "alternativeReadingOf"),
            reason=facts.text(claim, "reason"),
            withdrawn=facts.true(claim, "withdrawn"),
        )

    def _how(self, reply: str) -> str:
        return self._names(reply, "replyKind") or "answers"

    def _names(self, node: str, predicate: str) -> str:
        return ", ".join(self.name(each) for each in self.facts.texts(node, predicate))

    def _speaker(self, claim: str) -> Ref:
        speaker = self.facts.text(claim, "speaker")
        return self.ref(speaker) if speaker else Ref("The curators")

    def refs(self, node: str, predicate: str) -> tuple[Ref, ...]:
        """Return the values of a property, sorted by name."""
        found = (self.value(each) for each in self.facts.all(node, predicate))
        return tuple(sorted(found, key=lambda each: each.name))

    def passage(self, iri: str) -> Ref:
        """Return a passage, named by its number in its document."""
        number = self.facts.text(iri, "number") or iri.rsplit("/", 1)[-1]
        return Ref(f"passage {int(number):03d}" if number.isdecimal() else number,
                   self.href(iri), iri)  # fmt: skip


def parse_facts(body: bytes) -> Facts:
    """Return the facts of a description in N-Triples."""
    return Facts(parse_rdf(body, format=RdfFormat.N_TRIPLES))
