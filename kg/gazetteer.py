"""What is known of names before a text is read, and what each passage of a text names by it.

A name counts wherever it stands. A description ("the workers", "political opponents") and
whatever an unnamed entity is called count only where a claim of the passage speaks of that
entity, since the same words elsewhere mean others. Where one name belongs to several
entities, those are meant of which the claims of the passage speak. If that leaves more than
one, a curator's statement must settle it: what is settled in no way stops the work.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kg.documents import Passage, SourceDocument
from kg.facts import Facts, quad
from kg.format import lay_out
from kg.names import normalize
from kg.occurrences import (
    Kind,
    Lexicon,
    Occurrence,
    capitalised,
    covered,
    kind_of,
    occurrences,
    places,
    runs,
)
from kg.rdf import ENTITIES, GRAPHS, PASSAGES, TERMS
from kg.sources import stop

#: Spellings beside the label: those that are shown, and loaded ones, which only find a thing.
SPELLINGS = ("skos:altLabel", "skos:hiddenLabel")

# What is inside the name of one of these is named as well.
_OPEN = ("Event", "Plan", "Group")


@dataclass(frozen=True)
class Unresolved:
    """Capitalised words that are part of no entity's name and of no reviewed non-name."""

    passage: str
    words: str


@dataclass(frozen=True)
class Mentions:
    """The mentions of one document: passage IRI to entity IRIs, and what was left over."""

    slug: str
    entities: dict[str, frozenset[str]]
    unresolved: tuple[Unresolved, ...]

    @property
    def count(self) -> int:
        """How many mentions there are."""
        return sum(map(len, self.entities.values()))

    @property
    def turtle(self) -> str:
        """The Turtle of `data/mentions/<slug>.ttl`."""
        prefixes = {"": TERMS, "id": ENTITIES, "p": f"{PASSAGES}{self.slug}/"}
        quads = (
            quad(passage, "mentions", entity, GRAPHS + self.slug)
            for passage, entities in self.entities.items()
            for entity in entities
        )
        return lay_out(quads, prefixes, self.slug)


@dataclass(frozen=True)
class Gazetteer:
    """Entities by their spellings, and what decides between them.

    `facts` are the statements of the sources; `settled` what curators say that a passage
    mentions; `non_names` reviewed words that name no entity; `ordinary` words that the
    texts also have without a capital.
    """

    facts: Facts
    settled: Mapping[str, frozenset[str]] = field(default_factory=dict)
    non_names: tuple[str, ...] = ()
    ordinary: frozenset[str] = frozenset()

    @cached_property
    def bearers(self) -> dict[str, frozenset[str]]:
        """Every spelling with the entities that bear it."""
        found: dict[str, set[str]] = {}
        for entity in self.facts.subjects():
            if entity.startswith(ENTITIES) and self.facts.all(entity, "rdf:type"):
                for predicate in ("rdfs:label", *SPELLINGS):
                    for spelling in self.facts.texts(entity, predicate):
                        found.setdefault(spelling, set()).add(entity)
        return {spelling: frozenset(found[spelling]) for spelling in sorted(found)}

    @cached_property
    def lexicon(self) -> Lexicon:
        """Every spelling with its kind; "Sindh police" is a name since "Sindh Police" is one."""
        kinds = {spelling: kind_of(spelling) for spelling in self.bearers}
        names = {
            (normalize(spelling), entity)
            for spelling, entities in self.bearers.items()
            for entity in entities
            if kinds[spelling] is Kind.NAME
        }
        for spelling, entities in self.bearers.items():
            like = {(normalize(spelling), entity) for entity in entities}
            if kinds[spelling] is Kind.PHRASE and like & names:
                kinds[spelling] = Kind.NAME
        persons = frozenset(self.facts.instances("Person"))
        return Lexicon(kinds, self.facts.instances_below(*_OPEN), persons)

    @cached_property
    def spoken_of(self) -> dict[str, frozenset[str]]:
        """The entities that the claims of each passage speak of, in whatever part."""
        found: dict[str, set[str]] = {}
        for claim in self.facts.standing_claims():
            parts = self.facts.predicates(claim).values()
            values = {value.value for part in parts for value in part}
            for passage in self.facts.texts(claim, "evidence"):
                found.setdefault(passage, set()).update(
                    value for value in values if value.startswith(ENTITIES)
                )
        return {passage: frozenset(entities) for passage, entities in found.items()}

    @cached_property
    def unnamed(self) -> frozenset[str]:
        """The entities without a name of their own."""
        return frozenset(e for e in self.facts.subjects() if self.facts.true(e, "unnamed"))

    def read(self, document: SourceDocument, text: str) -> Mentions:
        """Return what each passage of a text names.

        Raises `DataError` that names the passages where a name is left undecided.
        """
        readings = [_Reading(self, passage, passage.of(text)) for passage in document.passages]
        stop(fault for each in readings for fault in each.undecided())
        return Mentions(
            document.slug,
            {each.passage.iri: each.entities() for each in readings if each.entities()},
            tuple(left for each in readings for left in each.left()),
        )


class _Reading:
    """One passage and what it names."""

    def __init__(self, gazetteer: Gazetteer, passage: Passage, text: str) -> None:
        self.gazetteer, self.passage, self.text = gazetteer, passage, text
        self.settled = self._of(gazetteer.settled)
        self.spoken_of = self._of(gazetteer.spoken_of)
        self.found = occurrences(text, gazetteer.lexicon, self.candidates)

    def _of(self, by_passage: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """Return what is known of this passage and of the one that it copies."""
        own = by_passage.get(self.passage.iri, frozenset())
        return own | by_passage.get(self.passage.copy_of or "", frozenset())

    def candidates(self, spelling: str) -> frozenset[str]:
        """Return what a spelling may name here; several entities only if nothing decides."""
        bearers = self.gazetteer.bearers[spelling]
        anywhere = bearers - self.gazetteer.unnamed
        if self.gazetteer.lexicon.kinds[spelling] is Kind.DESCRIPTION:
            anywhere = frozenset()
        return bearers & self.settled or bearers & self.spoken_of or anywhere

    def undecided(self) -> Iterator[str]:
        """Yield a sentence for each name that may be one of several entities."""
        for each in self.found:
            several = len(each.entities) > 1 and not each.entities <= self.settled
            if several and self.gazetteer.lexicon.kinds[each.spelling] is not Kind.DESCRIPTION:
                yield _undecided(self.passage, each)

    def entities(self) -> frozenset[str]:
        """Return all entities that the passage names."""
        return self.settled.union(*(each.entities for each in self.found))

    def left(self) -> Iterator[Unresolved]:
        """Yield the capitalised words that nothing explains, side by side as one name.

        A word that begins a sentence is explained where a text also has it without the
        capital; the label of an infobox field names nothing.
        """
        spans = [(each.start, each.end) for each in self.found]
        for words in self.gazetteer.non_names:
            spans += [(start, start + len(words)) for start in places(self.text, words)]
        if self.passage.field_label:
            spans.append((0, self.text.find(":") + 1))
        left = [
            word
            for word in capitalised(self.text, items=self.passage.kind != "sentence")
            if not (word.initial and word.text.lower() in self.gazetteer.ordinary)
            and not covered(word, spans)
        ]
        for name in runs(self.text, left):
            yield Unresolved(self.passage.iri, name)


def _undecided(passage: Passage, found: Occurrence) -> str:
    short = passage.iri.removeprefix(PASSAGES)
    entities = " or ".join(f"id:{each.removeprefix(ENTITIES)}" for each in sorted(found.entities))
    return (
        f"passage {short} has the name {found.spelling!r}, which may be {entities}; write in"
        f" data/homonyms.ttl what is meant: <{passage.iri}> :mentions id:… ."
    )
