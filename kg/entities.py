"""From what a person types to the thing meant: by any spelling, identifier or IRI.

`Names` is read from a store by the question `spellings` and serves look-ups, labels and
near spellings. What is typed is tried as an IRI, a prefixed name, an identifier (the last
part of the IRI), a label, and last as any spelling; the first way that finds something
decides, so that a label is not drowned by another thing's spelling. `names.normalize` says
which spellings are alike; "the" before a name that nothing bears with it is let go. One word
that is a person's spelling is asked back where other persons bear it too, and whom a text
leaves unnamed is found by the whole label or the identifier only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kg.errors import InputError, NotFoundError
from kg.names import nearest, normalize
from kg.rdf import BASE, DOCUMENTS, ENTITIES, TERMS

_MOST_OFFERED = 5
#: Characters of a name that a sentence about it repeats.
_MOST_TOLD = 100


class Spelling(NamedTuple):
    """One name of a thing: where the name is from, and what kind of thing it is.

    `source` is label, spelling, hidden, claim or digits; `kind` is person, unnamed or empty;
    `classes` are names of classes with spaces between them.
    """

    entity: str
    source: str
    name: str
    kind: str = ""
    classes: str = ""


class Realm(NamedTuple):
    """A part of the names to look in: what to call it, and how its IRIs begin.

    With `classes`, only what belongs to one of them.
    """

    noun: str
    namespaces: tuple[str, ...]
    classes: tuple[str, ...] = ()

    def narrowed(self, classes: tuple[str, ...]) -> "Realm":
        """Return the part that belongs to one of these classes; without any, the whole.

        >>> ENTITY.narrowed(("Post", "ArmedGroup")).noun
        'post or armed group'
        """
        words = [_CAPITAL.sub(" ", each).strip().lower() for each in classes]
        return Realm(" or ".join(words), self.namespaces, classes) if classes else self


ENTITY = Realm("entity", (ENTITIES, DOCUMENTS))
DOCUMENT = Realm("document", (DOCUMENTS,))
TERM = Realm("term", (TERMS,))
THING = Realm("thing", (ENTITIES, DOCUMENTS, TERMS))
_CAPITAL = re.compile(r"(?=[A-Z])")
_SHORT = {"id:": ENTITIES, "d:": DOCUMENTS, ":": TERMS}


@dataclass
class Names:
    """All spellings of a graph."""

    spellings: Iterable[Spelling]
    labels: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.spellings = list(self.spellings)
        self.labels = {
            each.entity: each.name for each in reversed(self.spellings) if each.source == "label"
        }
        self._iris = {each.entity for each in self.spellings}
        self._parts: dict[Realm, list[Spelling]] = {}

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The normal form of every name and identifier: to make them anew takes long."""
        names = {each.name for each in self.spellings}
        return {each: normalize(each) for each in names.union(map(local_name, self._iris))}

    def label(self, iri: str) -> str | None:
        """Return the label of a thing, or None where it has none."""
        return self.labels.get(iri)

    def find(self, text: str, realm: Realm = ENTITY) -> str:
        """Return the IRI of the one thing that `text` names.

        An entity goes before a document of the same name, which is then `d:name`. Raises
        `NotFoundError` with near spellings, and `InputError` that lists the candidates where
        several things have that name.
        """
        wanted = text.strip()
        for way in self._ways(wanted, realm):
            found = {iri for iri in way if not iri.startswith(DOCUMENTS)} or way
            if len(found) == 1:
                return found.pop()
            if found:
                raise InputError(_ambiguous(wanted, self._described(found)))
        near = self._suggest(wanted, realm)
        anything = self._ways(wanted, realm._replace(noun="", classes=()))
        if realm.classes and (other := next(filter(None, anything), None)):
            named = " and ".join(self._described(other))
            raise NotFoundError(f"{_told(wanted)} names {named}, which is no {realm.noun}.{near}")
        raise NotFoundError(f"No {realm.noun} is called {_told(wanted)}.{near}")

    def _ways(self, text: str, realm: Realm) -> Iterator[set[str]]:
        """Yield what each way of naming finds, the surest way first."""
        here = self._here(realm)
        iris = {each.entity for each in here} if realm.classes else self._iris
        yield {_full(text)} & iris
        yield {start + text for start in realm.namespaces} & iris
        yield {each.entity for each in here if each.name == text and each.source == "label"}
        key = normalize(text)
        for each in dict.fromkeys((key, _bare(key))):
            if each:
                yield from self._spelt(each, here)

    def _spelt(self, key: str, here: list[Spelling]) -> Iterator[set[str]]:
        """Yield what has a name of this normal form, labels first."""
        like = [each for each in here if self._keys[each.name] == key]
        yield {each.entity for each in like if each.source == "label"}
        for sources in (("spelling",), ("label", "spelling", "hidden", "claim", "digits")):
            found = {each.entity for each in like if each.source in sources}
            yield found | self._namesakes(key, found, here)
        yield {each.entity for each in here if self._keys[local_name(each.entity)] == key}

    def _here(self, realm: Realm) -> list[Spelling]:
        """Return the spellings of a realm; the unnamed have their labels only."""
        if realm not in self._parts:
            self._parts[realm] = [
                each
                for each in self.spellings
                if each.entity.startswith(realm.namespaces)
                and (not realm.classes or not set(realm.classes).isdisjoint(each.classes.split()))
                and (each.kind != "unnamed" or each.source == "label")
            ]
        return self._parts[realm]

    def _namesakes(self, key: str, found: set[str], here: list[Spelling]) -> set[str]:
        """Return the persons with the one word in their names that named a person."""
        persons = [each for each in here if each.kind == "person"]
        if " " in key or found.isdisjoint(each.entity for each in persons):
            return set()
        return {each.entity for each in persons if key in self._keys[each.name].split()}

    def _described(self, iris: set[str]) -> list[str]:
        return [f"{_short(iri)} ({self.labels.get(iri, 'no label')})" for iri in sorted(iris)]

    def _suggest(self, text: str, realm: Realm) -> str:
        """Return identifiers to choose from, as the end of a sentence.

        Those with a name that has all the words, the unnamed last, go before the one whose name
        is the longest part of them, as in "General Kakar", and those that are spelt alike.
        """
        everyone = self._here(realm)
        words = set(_bare(normalize(text)).split())
        whole = [each for each in everyone if words and words <= set(self._keys[each.name].split())]
        if whole:
            order = {"person": 0, "unnamed": 2}
            size = {each: len(each.name.split()) for each in whole}
            whole.sort(key=lambda each: (order.get(each.kind, 1), size[each], each.name))
            near = dict.fromkeys(local_name(each.entity) for each in whole)
        else:
            here = [each for each in everyone if each.kind != "unnamed"]
            known: dict[str, str] = {}
            for each in here:
                known.setdefault(local_name(each.entity), each.entity)
                known.setdefault(each.name, each.entity)
            near = dict.fromkeys(self._within(words, here))
            near |= dict.fromkeys(local_name(known[name]) for name in nearest(text, known))
        return f" Did you mean {' or '.join(list(near)[:_MOST_OFFERED])}?" if near else ""

    def _within(self, words: set[str], here: list[Spelling]) -> list[str]:
        """Return the identifiers of what has a name made of most of the words."""
        sizes: dict[str, int] = {}
        for each in here:
            name = self._keys[each.name].split()
            if words.issuperset(name):
                known = local_name(each.entity)
                sizes[known] = max(len(name), sizes.get(known, 0))
        return sorted(known for known, size in sizes.items() if size == max(sizes.values()))


def local_name(iri: str) -> str:
    """Return what stands after the namespace of one of our IRIs.

    >>> local_name("https://w3id.org/contested-kg/id/interior-minister")
    'interior-minister'
    """
    return iri.removeprefix(BASE).partition("/")[2] if iri.startswith(BASE) else iri


def _bare(key: str) -> str:
    """Return a normal form without the article before it: "the MQM" is asked for as "MQM" too."""
    return key.removeprefix("the ")


def _full(text: str) -> str:
    for short, namespace in _SHORT.items():
        if text.startswith(short):
            return namespace + text.removeprefix(short)
    return text.removeprefix("<").removesuffix(">")


def _short(iri: str) -> str:
    return f":{iri.removeprefix(TERMS)}" if iri.startswith(TERMS) else local_name(iri)


def _ambiguous(text: str, candidates: list[str]) -> str:
    listed = ", ".join(candidates)
    return f"{_told(text)} names {len(candidates)} things; write one of: {listed}."


def _told(text: str) -> str:
    """Return a name as a sentence repeats it: in quotation marks, and not longer than it needs."""
    return repr(text if len(text) <= _MOST_TOLD else text[:_MOST_TOLD] + "…")
