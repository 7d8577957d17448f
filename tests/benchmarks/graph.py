"""The graph of a made-up world, in N-Quads of our own shape and in our named graphs.

What people would write (entities, documents, passages, claims) and what the build would derive
(bounds, propositions, disputes, plain triples): a test has the build derive the same again.
Left out are the copies and the differences of versions, links, and descriptions of the dataset.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from kg.rdf import BASE, TERMS, read_turtle
from kg.wording import VERBS

from .world import (
    DOCUMENT,
    PASSAGE,
    STORY,
    UNIT_CLASSES,
    Said,
    World,
    claim_iri,
    document,
    passage,
    term,
    thing,
)

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
ALT_LABEL = "http://www.w3.org/2004/02/skos/core#altLabel"
SUBCLASS = "http://www.w3.org/2000/01/rdf-schema#subClassOf"
PART_OF = "http://purl.org/dc/terms/isPartOf"
OA = "http://www.w3.org/ns/oa#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DERIVED = BASE + "graph/derived"
ENTITIES = BASE + "graph/entities"

#: Neutral, structural predicates: with these the build lets a claim stand plainly.
PLAIN = ("tookPlaceIn", "heldPost", "partOf", "containedIn", "subunitOf", "hasName")
_CUES = {"reported": "said", "alleged": "claimed"}
_CURATED_ON = date(2026, 11, 1)


def write_graph(world: World, ontology: Path, path: Path) -> int:
    """Write the whole graph to a file, with the ontology; return the number of statements."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for line in statements(world, ontology):
            file.write(line)
            count += 1
    return count


def statements(world: World, ontology: Path) -> Iterator[str]:
    """Yield the graph as lines of N-Quads, in an order that never differs."""
    yield from _ontology(ontology)
    yield from Graph(world, ontology).lines()


def _ontology(folder: Path) -> Iterator[str]:
    for path in [*sorted(folder.glob("*.ttl")), *sorted((folder / "vocabularies").glob("*.ttl"))]:
        for quad in read_turtle(path).quads:
            yield f"{quad.subject} {quad.predicate} {quad.object} <{BASE}graph/ontology> .\n"


class Graph:
    """Writes the statements of one world; classes and families are those of the ontology."""

    def __init__(self, world: World, ontology: Path) -> None:
        self.world = world
        self.above: dict[str, list[str]] = {}
        self.family: dict[str, str] = {}
        self.about: Counter[str] = Counter()
        self.disputes: Counter[str] = Counter()
        self.figures: Counter[tuple[str, int]] = Counter()
        self.names: dict[str, str] = {}
        for path in ontology.rglob("*.ttl"):
            for quad in read_turtle(path).quads:
                if quad.predicate.value == LABEL:
                    self.names[quad.subject.value] = quad.object.value
        for quad in read_turtle(ontology / "contested.ttl").quads:
            subject, value = quad.subject.value, getattr(quad.object, "value", "")
            if quad.predicate.value == SUBCLASS and value.startswith(TERMS):
                self.above.setdefault(subject, []).append(value)
            elif quad.predicate.value == term("family"):
                self.family[subject] = value

    def lines(self) -> Iterator[str]:
        """Yield the statements about entities, then about each document and its claims."""
        yield from self._entities()
        for number in range(self.world.documents):
            yield from self._document(number)
        for proposition in range(min(self.world.propositions, self.world.claims)):
            yield from self._proposition(proposition)
        for event in range(self.world.events):
            yield from self._disputes(event)
        yield from self._tallies()

    # Entities -----------------------------------------------------------------------------

    def _entities(self) -> Iterator[str]:
        world = self.world
        for kind, number in self._things():
            name = {"person": "Person", "place": "Place", "post": "Post"}.get(kind, "Operation")
            if kind == "unit":
                name = UNIT_CLASSES[world.draw(len(UNIT_CLASSES), 22, number)]
            elif kind == "event":
                name = world.class_of(number)
            yield from self._entity(thing(kind, number), name, world.label(kind, number))
            yield from self._other_names(kind, number)
            if kind in ("unit", "place") and number * 2 < world.events:
                for whole in world.ancestors(kind, number):
                    yield _link(thing(kind, number), PART_OF, thing(kind, whole), DERIVED)
            elif kind == "event":
                whole = thing("operation", world.operation_of(number))
                yield _link(thing(kind, number), PART_OF, whole, DERIVED)

    def _things(self) -> Iterator[tuple[str, int]]:
        """Yield each thing that some claim speaks of, by kind and number."""
        world = self.world
        for kind in ("person", "unit", "place", "post", "event"):
            for number in range(getattr(world, f"{kind}s")):
                yield kind, number
        for number in sorted({world.operation_of(each) for each in range(world.events)}):
            yield "operation", number

    def _entity(self, iri: str, name: str, label: str) -> Iterator[str]:
        yield _link(iri, RDF + "type", term(name), ENTITIES)
        yield _text(iri, LABEL, label, ENTITIES)
        waiting = [term(name)]
        while waiting:
            for above in self.above.get(waiting.pop(), []):
                waiting.append(above)
                yield _link(iri, RDF + "type", above, DERIVED)

    def _other_names(self, kind: str, number: int) -> Iterator[str]:
        label = self.world.label(kind, number)
        if kind == "person" and number % 3 == 0:
            first, last = label.split()
            yield _text(thing(kind, number), ALT_LABEL, f"{first[0]}. {last}", ENTITIES)
        elif kind == "unit" and number % 2 == 0:
            yield _text(thing(kind, number), ALT_LABEL, f"{label[:4]}-{number}", ENTITIES)

    # Documents ----------------------------------------------------------------------------

    def _document(self, number: int) -> Iterator[str]:
        iri, graph = document(number), f"{BASE}graph/source-{number}"
        work = thing("work", number)
        yield _link(work, RDF + "type", term("Work"), ENTITIES)
        yield _text(work, LABEL, f"Work {number}", ENTITIES)
        yield _link(iri, RDF + "type", term("SourceDocument"), graph)
        yield _link(iri, RDF + "type", term("Document"), DERIVED)
        yield _text(iri, LABEL, f"Source {number}", graph)
        yield _link(iri, term("versionOf"), work, graph)
        yield _link(iri, "http://purl.org/dc/terms/type", term("encyclopediaArticle"), graph)
        yield _text(iri, term("fileDigits"), f"{number:03}", graph)
        yield _text(iri, term("sha256"), _digest(iri), graph)
        yield _text(iri, term("sourceStatus"), "Made up; its address is unknown.", graph)
        yield _integer(iri, term("length"), DOCUMENT * 100, graph)
        yield _integer(iri, term("byteLength"), DOCUMENT * 100, graph)
        first, last = number * DOCUMENT, min((number + 1) * DOCUMENT, self.world.claims)
        for claim in range(first, last, PASSAGE):
            yield from self._passage(range(claim, min(claim + PASSAGE, last)), graph)

    def _passage(self, claims: range, graph: str) -> Iterator[str]:
        iri = passage(claims[0])
        start = claims[0] % DOCUMENT * 100
        yield _link(iri, RDF + "type", term("Passage"), graph)
        yield _link(iri, term("document"), document(claims[0] // DOCUMENT), graph)
        yield _integer(iri, term("number"), claims[0] % DOCUMENT // PASSAGE + 1, graph)
        yield _link(iri, term("kind"), term("sentence"), graph)
        yield _text(iri, term("section"), f"Part {start // 6000 + 1}", graph)
        yield _integer(iri, OA + "start", start, graph)
        yield _integer(iri, OA + "end", start + 250 + self.world.draw(300, 40, claims[0]), graph)
        yield _text(iri, term("sha256"), _digest(iri), graph)
        yield _typed(iri, term("factual"), "true", "boolean", graph)
        named = set()
        for claim in claims:
            said = self.world.said(claim % self.world.propositions)
            named |= {said.subject, said.value.strip("<>"), self.world.speaker(claim)}
            yield from self._claim(claim, said, graph)
        for each in sorted(named):
            if each.startswith(BASE + "id/"):
                yield _link(iri, term("mentions"), each, graph)

    def _claim(self, claim: int, said: Said, graph: str) -> Iterator[str]:
        world, iri = self.world, claim_iri(claim)
        stance, denied = world.stance(claim), world.is_denied(claim)
        yield _link(iri, RDF + "type", term("Claim"), graph)
        yield _link(iri, RDF + "subject", said.subject, graph)
        yield _link(iri, RDF + "predicate", term(said.predicate), graph)
        yield f"<{iri}> <{RDF}object> {said.value} <{graph}> .\n"
        yield _link(iri, term("speaker"), world.speaker(claim), graph)
        yield _link(iri, term("stance"), term(stance), graph)
        yield _link(iri, term("polarity"), term("denied" if denied else "affirmed"), graph)
        yield _link(iri, term("modality"), term("actual"), graph)
        yield _link(iri, term("evidence"), passage(claim), graph)
        if stance in _CUES:
            yield _text(iri, term("cue"), _CUES[stance], graph)
        self.about[said.subject] += 1
        if said.kind:
            yield _typed(iri, term("when"), said.when, "", graph)
            yield _link(iri, term("whenKind"), term(said.kind), graph)
        if said.whom:
            yield _link(iri, term("whom"), term(said.whom), graph)
        if denied:
            yield _link(iri, term("repliesTo"), claim_iri(claim - world.propositions), graph)
            yield _link(iri, term("replyKind"), term("denies"), graph)
            yield _text(iri, term("note"), "Made up: the text names what it denies.", graph)
        yield from self._derived_of_claim(claim, said)

    def _derived_of_claim(self, claim: int, said: Said) -> Iterator[str]:
        iri, predicate = claim_iri(claim), term(said.predicate)
        sign = "denied" if self.world.is_denied(claim) else "affirmed"
        speech = f"{VERBS[self.world.stance(claim), sign]}: {self._words(said)}"
        yield _text(iri, LABEL, f"{self._name(self.world.speaker(claim))} {speech}", DERIVED)
        yield _link(iri, term("document"), document(claim // DOCUMENT), DERIVED)
        yield _link(iri, term("family"), self.family[predicate], DERIVED)
        yield _link(iri, term("states"), _proposition(claim % self.world.propositions), DERIVED)
        yield _text(iri, term("curatedBy"), "Made up", DERIVED)
        yield _typed(iri, term("curatedOn"), _CURATED_ON.isoformat(), "date", DERIVED)
        for name, day in bounds(said).items():
            yield _typed(iri, term(name), day.isoformat(), "date", DERIVED)
        if said.whom:
            if not self.world.is_denied(claim):
                for year in self._years(claim % self.world.propositions // STORY):
                    self.figures[said.predicate, year] += 1
            low, _, high = said.words.removeprefix("~").partition("..")
            yield _integer(iri, term("low"), int(low), DERIVED)
            yield _integer(iri, term("high"), int(high or low), DERIVED)
            approximate = "true" if "~" in said.words else "false"
            yield _typed(iri, term("approximate"), approximate, "boolean", DERIVED)

    def _years(self, event: int) -> set[int]:
        """Return the years in which an event is said to have begun and not to have gone on past."""
        begun = (event * STORY + 3, event * STORY + 4)
        told = [self.world.said(each) for each in begun if each < self.world.claims]
        ends = [int(each.when[:4]) for each in told if each.predicate == "endedOn"]
        starts = {int(each.when[:4]) for each in told if each.predicate == "startedOn"}
        return {year for year in starts if not any(end > year for end in ends)}

    def _words(self, said: Said) -> str:
        value = self._name(said.value.strip("<>")) if said.value.startswith("<") else said.words
        whom = f" (whom: {self.names[term(said.whom)]})" if said.whom else ""
        time = f", {said.when}" if said.kind else ""
        predicate = self.names[term(said.predicate)]
        return f"{self._name(said.subject)} {predicate} {value}{whom}{time}"

    def _name(self, iri: str) -> str:
        """Return the label of a term, a document or an entity."""
        kind, _, number = iri.rpartition("/")[2].rpartition("-")
        if iri in self.names:
            return self.names[iri]
        return f"Source {number}" if kind == "source" else self.world.label(kind, int(number))

    # What is computed over claims ---------------------------------------------------------

    def _proposition(self, number: int) -> Iterator[str]:
        iri, said = _proposition(number), self.world.said(number)
        told = [each for each in self.world.tellings(number) if not self.world.is_denied(each)]
        speakers = {self.world.speaker(each) for each in told}
        yield _link(iri, RDF + "type", term("Proposition"), DERIVED)
        yield _text(iri, LABEL, f"that {self._words(said)}", DERIVED)
        yield _integer(iri, term("claimCount"), len(told), DERIVED)
        yield _integer(iri, term("originCount"), len(speakers), DERIVED)
        stances = {self.world.stance(each) for each in told}
        if said.predicate in PLAIN and "asserted" in stances and "alleged" not in stances:
            yield f"<{said.subject}> <{term(said.predicate)}> {said.value} <{DERIVED}> .\n"

    def _disputes(self, event: int) -> Iterator[str]:
        """Yield the dispute over when an event began or how many died, if there is one."""
        begun, ended, dead, other = (event * STORY + slot for slot in (3, 4, 6, 7))
        told = self.world.tellings
        if event % 3 == 0:
            yield from self._dispute(event, "startDispute", [told(begun), told(ended)])
        elif event % 3 == 1:
            yield from self._dispute(event, "figureDispute", [told(dead), told(other)])
        elif denied := [each for each in told(dead) if self.world.is_denied(each)]:
            stands = [[each for each in told(dead) if each not in denied], denied]
            yield from self._dispute(event, "polarityDispute", stands)

    def _dispute(self, event: int, kind: str, positions: list[list[int]]) -> Iterator[str]:
        if not all(positions):
            return
        about = thing("event", event)
        self.disputes[kind] += 1
        iri = f"{BASE}dispute/{_digest(f'{about} {term(kind)}')[:16]}"
        claims = [each for position in positions for each in position]
        yield _link(iri, RDF + "type", term("Dispute"), DERIVED)
        yield _text(iri, LABEL, f"{self.names[term(kind)]}: {self._name(about)}", DERIVED)
        yield _link(iri, term("about"), about, DERIVED)
        yield _link(iri, term("disputeKind"), term(kind), DERIVED)
        yield _link(iri, term("disputeStrength"), term("exclusion"), DERIVED)
        # A denial replies to what it denies, so that its document states the contrast itself.
        basis = "stated" if kind == "polarityDispute" else "computed"
        yield _link(iri, term("basis"), term(basis), DERIVED)
        for rule in _RULES[kind]:
            yield _text(iri, term("rule"), rule, DERIVED)
        for scope in sorted({_scope(*pair) for pair in product(*positions)}):
            yield _link(iri, term("scope"), term(scope), DERIVED)
        for number in sorted({each // DOCUMENT for each in claims}):
            yield _link(iri, term("document"), document(number), DERIVED)
        for each in claims:
            yield _link(iri, term("claim"), claim_iri(each), DERIVED)
        names = [f"{iri}/{_digest(f'{iri} {claims[0]}')[:8]}" for claims in positions]
        for name, other, stand in zip(names, reversed(names), positions, strict=True):
            yield _link(iri, term("position"), name, DERIVED)
            yield from self._position(name, other, stand)

    def _position(self, iri: str, other: str, claims: list[int]) -> Iterator[str]:
        proposition = claims[0] % self.world.propositions
        yield _link(iri, RDF + "type", term("Position"), DERIVED)
        words = self._words(self.world.said(proposition))
        verb = "not that" if self.world.is_denied(claims[0]) else "that"
        yield _text(iri, LABEL, f"{verb} {words}", DERIVED)
        yield _link(iri, term("holds"), _proposition(proposition), DERIVED)
        yield _link(iri, term("excludes"), other, DERIVED)
        for each in claims:
            yield _link(iri, term("claim"), claim_iri(each), DERIVED)

    def _tallies(self) -> Iterator[str]:
        for iri, count in self.about.items():
            yield _integer(iri, term("claimsAbout"), count, DERIVED)
        for (kind, year), count in self.figures.items():
            iri = f"{BASE}tally/{kind}-{year}"
            yield _link(iri, RDF + "type", term("Tally"), DERIVED)
            yield _link(iri, term("tallyOf"), term(kind), DERIVED)
            yield _integer(iri, term("tallyYear"), year, DERIVED)
            yield _integer(iri, term("claimCount"), count, DERIVED)
        for kind, count in self.disputes.items():
            iri = f"{BASE}tally/{kind}-exclusion"
            yield _link(iri, RDF + "type", term("Tally"), DERIVED)
            yield _link(iri, term("tallyOf"), term(kind), DERIVED)
            yield _link(iri, term("disputeStrength"), term("exclusion"), DERIVED)
            yield _integer(iri, term("disputeCount"), count, DERIVED)


_RULES = {
    "startDispute": ("start",),
    "figureDispute": ("figures",),
    "polarityDispute": ("affirmed-denied", "stated-contrast"),
}


def bounds(said: Said) -> dict[str, date]:
    """Return the bounds that the build derives for the dates that a world has."""
    if not said.when:
        return {}
    start, _, end = said.when.rpartition("/")
    if said.kind == "period":
        last = _last(end)
        first = _first(start) if start else None
        known = {"earliestStart": first, "latestStart": _last(start) if start else last,
                 "earliestEnd": _first(end), "latestEnd": last}  # fmt: skip
        return {name: day for name, day in known.items() if day}
    first, last = _first(said.when), _last(said.when)
    if said.kind == "attestation":
        return {"latestStart": last, "earliestEnd": first}
    starts = {"earliestStart": first, "latestStart": last}
    ends = {"earliestEnd": first, "latestEnd": last}
    if said.predicate == "startedOn":
        return starts
    return ends if said.predicate == "endedOn" else {**starts, **ends}


def _first(text: str) -> date:
    return date.fromisoformat(text + "0001-01-01"[len(text) :])


def _last(text: str) -> date:
    year, month = int(text[:4]), int(text[5:7] or 12)
    if len(text) == len("1992-06-19"):
        return date.fromisoformat(text)
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)


def _scope(claim: int, other: int) -> str:
    return "withinDocument" if claim // DOCUMENT == other // DOCUMENT else "betweenWorks"


def _proposition(number: int) -> str:
    return f"{BASE}proposition/{number:016x}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _link(subject: str, predicate: str, value: str, graph: str) -> str:
    return f"<{subject}> <{predicate}> <{value}> <{graph}> .\n"


def _text(subject: str, predicate: str, text: str, graph: str) -> str:
    return f'<{subject}> <{predicate}> "{text}" <{graph}> .\n'


def _integer(subject: str, predicate: str, number: int, graph: str) -> str:
    return _typed(subject, predicate, str(number), "integer", graph)


def _typed(subject: str, predicate: str, text: str, name: str, graph: str) -> str:
    """Return a statement with a literal of XML Schema, or of EDTF where no name is given."""
    datatype = XSD + name if name else "http://id.loc.gov/datatypes/edtf/EDTF"
    return f'<{subject}> <{predicate}> "{text}"^^<{datatype}> <{graph}> .\n'
