"""A made-up world: what there is, how it is called, and what is said of it, from a seed.

Nothing is kept and nothing is random: each fact follows from the seed and its own number by a
mixing function (splitmix64), so that a graph of any size can be written line by line, and a
question can be drawn without reading the graph. All names are made of syllables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kg.rdf import BASE, TERMS

STORY = 12  # propositions of one event
TOLD = 20  # claims made of them
PASSAGE = 6  # claims of one passage
DOCUMENT = 240  # claims of one document

_MASK = (1 << 64) - 1
_FIRST_DAY = date(1970, 1, 1)
_DAYS = 30 * 365

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "dr", "kr")
_RIMES = ("a", "e", "i", "o", "u", "an", "el", "ir", "om", "us", "ar", "en", "il", "ov", "ut", "ai")
_SYLLABLES = [onset + rime for onset in _ONSETS for rime in _RIMES]

#: Kinds of which the build lets structure stand plainly, so that the questions can follow it.
EVENT_CLASSES = ("Conflict", "Election", "Meeting", "Operation", "Phase")
UNIT_CLASSES = ("Faction", "GovernmentBody", "SecurityForce")
#: Slots of a story that tell where a thing is, or what it is a part of: nobody alleges these.
STRUCTURE = (5, 10, 11)
COUNTED = ("people", "civilians", "members", "police", "armedMembers")


def mix(*numbers: int) -> int:
    """Return 64 bits that depend on every number, well spread and the same everywhere.

    >>> mix(1, 2) == mix(1, 2), mix(1, 2) == mix(2, 1)
    (True, False)
    """
    state = 0
    for number in numbers:
        state = (state + 0x9E3779B97F4A7C15 + number) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def name_of(number: int, syllables: int) -> str:
    """Return a made-up word, another one for each number below 256 ** syllables.

    >>> name_of(0, 2) != name_of(1, 2)
    True
    """
    parts = []
    for _ in range(syllables):
        number, digit = divmod(number, 256)
        # An odd factor permutes the digits: neighbours do not sound alike.
        parts.append(_SYLLABLES[(digit * 149 + 37) % 256])
    return "".join(parts).capitalize()


@dataclass(frozen=True)
class Said:
    """The content of a proposition: what of what, in what family, when, counting whom.

    `value` is the object as N-Quads; `words` the object for people; `when` is an EDTF text.
    """

    subject: str
    predicate: str
    value: str
    words: str
    when: str = ""
    kind: str = ""
    whom: str = ""


@dataclass(frozen=True)
class World:
    """A world about which so many claims are made; sizes follow from it."""

    claims: int
    seed: int = 1

    @property
    def events(self) -> int:
        """Events that are no operation; the story of one fills twelve propositions."""
        return max(4, -(-self.claims // TOLD))

    @property
    def propositions(self) -> int:
        """Contents; a part of them is told a second time, in another document."""
        return self.events * STORY

    @property
    def documents(self) -> int:
        """Source documents, each its own named graph."""
        return -(-self.claims // DOCUMENT)

    @property
    def persons(self) -> int:
        """Persons: as many as events."""
        return self.events

    @property
    def units(self) -> int:
        """Organizations, in a tree of four branches."""
        return (self.events + 1) // 2

    @property
    def places(self) -> int:
        """Places, in a tree of five branches."""
        return self.events // 2

    @property
    def posts(self) -> int:
        """Posts, each the command of a unit."""
        return max(1, self.events // 4)

    @property
    def operations(self) -> int:
        """Operations, of which the events are parts."""
        return max(1, self.events // 30)

    def draw(self, most: int, *numbers: int) -> int:
        """Return a number from 0 below `most`, the same for the same numbers."""
        return mix(self.seed, *numbers) % most

    def skewed(self, most: int, *numbers: int) -> int:
        """Return a number from 0 below `most`, low ones far more often: some are famous."""
        return int(most * (mix(self.seed, *numbers) / 2.0**64) ** 3)

    def operation_of(self, event: int) -> int:
        """Return the operation that an event is part of."""
        return int(self.operations * (mix(self.seed, 11, event) / 2.0**64) ** 2)

    def start_of(self, event: int) -> date:
        """Return the day on which an event began, as its first teller has it."""
        return _FIRST_DAY + timedelta(days=self.draw(_DAYS, 3, event))

    def place_of(self, event: int) -> int:
        """Return the place of an event."""
        return self.draw(self.places, 5, event)

    def class_of(self, event: int) -> str:
        """Return the class of an event."""
        return EVENT_CLASSES[self.draw(len(EVENT_CLASSES), 20, event)]

    def label(self, kind: str, number: int) -> str:
        """Return the label of a thing by its kind and number; no two things share one."""
        spread = number * 2654435761 % 2**32 + self.seed * 7919 & 0xFFFFFFFF
        if kind == "person":
            return f"{name_of(spread & 0xFFFF, 2)} {name_of(spread >> 16, 2)}"
        if kind == "event":
            day = self.start_of(number)
            return f"{self.class_of(number)} at {name_of(spread, 4)} in {day.year}"
        word = {"unit": "Regiment", "post": "Command", "operation": "Operation", "place": ""}[kind]
        return f"{name_of(spread, 4)} {word}".strip()

    def tellings(self, proposition: int) -> list[int]:
        """Return the claims that state a proposition: one or two."""
        second = proposition + self.propositions
        return [each for each in (proposition, second) if each < self.claims]

    def is_denied(self, claim: int) -> bool:
        """Whether a claim denies what it states: some second tellings of a number of dead."""
        event, slot = divmod(claim % self.propositions, STORY)
        second = claim >= self.propositions
        return second and slot == 6 and event % 3 == 2 and self.draw(2, 30, claim) == 0

    def stance(self, claim: int) -> str:
        """Return how the document passes a claim on."""
        if self.is_denied(claim):
            return "reported"
        if claim % STORY in (3, 5, 10, 11) and claim < self.propositions:
            return "asserted"
        stance = ("asserted", "asserted", "reported", "alleged")[self.draw(4, 31, claim)]
        return "reported" if stance == "alleged" and claim % STORY in STRUCTURE else stance

    def speaker(self, claim: int) -> str:
        """Return the IRI of who would be wrong if a claim were false."""
        if self.stance(claim) == "asserted":
            return document(claim // DOCUMENT)
        return thing("person", self.skewed(self.persons, 32, claim))

    def said(self, proposition: int) -> Said:
        """Return the content of a proposition."""
        event, slot = divmod(proposition, STORY)
        return (self._beginning, self._middle, self._end)[slot // 4](event, slot)

    def _beginning(self, event: int, slot: int) -> Said:
        here = thing("event", event)
        if slot == 0:
            unit = self.skewed(self.units, 0, event)
            return self._link(thing("unit", unit), "executed", "event", event)
        if slot == 1:
            return self._link(thing("person", event % self.persons), "attended", "event", event)
        if slot == 2:
            person = self.skewed(self.persons, 2, event)
            return self._link(thing("person", person), "tookPartIn", "event", event)
        day = self.start_of(event)
        text = day.isoformat()[:7] if event % 4 == 3 else day.isoformat()
        return Said(here, "startedOn", _edtf(text), text, text)

    def _middle(self, event: int, slot: int) -> Said:
        here = thing("event", event)
        if slot == 4:
            # Every third event began on another day as well, which cannot both be.
            later = 400 if event % 3 == 0 else self.draw(60, 4, event)
            text = (self.start_of(event) + timedelta(days=later)).isoformat()
            predicate = "startedOn" if event % 3 == 0 else "endedOn"
            return Said(here, predicate, _edtf(text), text, text)
        if slot == 5:
            return self._link(here, "tookPlaceIn", "place", self.place_of(event))
        number = 3 + self.draw(200, 6, event)
        if slot == 6:
            text = (f"{number}", f"~{number}", f"{number}..{number + 20}")[event % 5 % 3]
            return Said(here, "killed", _count(text), text, whom=self._whom(event))
        # And every third has another number of dead.
        text = f"{number + 50 + self.draw(30, 7, event)}"
        predicate = "killed" if event % 3 == 1 else "injured"
        return Said(here, predicate, _count(text), text, whom=self._whom(event))

    def _end(self, event: int, slot: int) -> Said:
        if slot == 8:
            person = thing("person", (event + self.persons // 2) % self.persons)
            when, kind = self._led_when(event)
            unit = self.skewed(self.units, 8, event)
            return self._link(person, "led", "unit", unit, when, kind)
        if slot == 9:
            person = thing("person", (event + self.persons // 3) % self.persons)
            first = self.start_of(event)
            when = f"{first.year}-{first.month:02}/{first.year + 1 + event % 3}"
            return self._link(person, "heldPost", "post", event % self.posts, when, "period")
        if slot == 11:
            here = thing("event", event)
            return self._link(here, "partOf", "operation", self.operation_of(event))
        half, odd = divmod(event, 2)
        if half == 0:
            root = ("unit", "place")[odd]
            words = f"{self.label(root, 0)} of the First Charter"
            return Said(thing(root, 0), "hasName", f'"{words}"', words)
        if odd:
            return self._link(thing("place", half), "containedIn", "place", (half - 1) // 5)
        return self._link(thing("unit", half), "subunitOf", "unit", (half - 1) // 4)

    def _led_when(self, event: int) -> tuple[str, str]:
        day = self.start_of(event)
        return (
            (day.isoformat(), "point"),
            (f"{day.year}/{day.year + 2}", "period"),
            (day.isoformat()[:7], "attestation"),
            (f"/{day.year}", "period"),
        )[event % 4]

    def _whom(self, event: int) -> str:
        return COUNTED[self.draw(len(COUNTED), 21, event)]

    def _link(
        self, subject: str, predicate: str, kind: str, number: int, when: str = "", how: str = ""
    ) -> Said:
        value = f"<{thing(kind, number)}>"
        return Said(subject, predicate, value, self.label(kind, number), when, how)

    def ancestors(self, kind: str, number: int) -> Iterator[int]:
        """Yield the wholes of a unit or place, the next first."""
        branches = {"unit": 4, "place": 5}[kind]
        while number:
            number = (number - 1) // branches
            yield number


def thing(kind: str, number: int) -> str:
    """Return the IRI of a thing by its kind and number."""
    return f"{BASE}id/{kind}-{number}"


def document(number: int) -> str:
    """Return the IRI of a document by its number."""
    return f"{BASE}document/source-{number}"


def passage(claim: int) -> str:
    """Return the IRI of the passage that makes a claim."""
    inside = claim % DOCUMENT // PASSAGE + 1
    return f"{BASE}passage/source-{claim // DOCUMENT}/{inside:03}"


def claim_iri(claim: int) -> str:
    """Return the IRI of a claim by its number."""
    inside = claim % DOCUMENT // PASSAGE + 1
    return f"{BASE}claim/source-{claim // DOCUMENT}/{inside:03}-{claim % PASSAGE + 1:02}"


def term(name: str) -> str:
    """Return the IRI of a term of the ontology."""
    return TERMS + name


def _edtf(text: str) -> str:
    return f'"{text}"^^<http://id.loc.gov/datatypes/edtf/EDTF>'


def _count(text: str) -> str:
    return f'"{text}"^^<{TERMS}count>'
