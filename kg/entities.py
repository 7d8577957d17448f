"""From what a person types to the thing meant: by any spelling, identifier or IRI.

`Names` is read from a store by the question `spellings` and serves look-ups, labels and
near spellings. What is typed is tried as an IRI, a prefixed name, an identifier (the last
part of the IRI), a label, and last as any spelling; the first way that finds something
decides, so that a label is not drowned by another thing's spelling. `names.normalize` says
which spellings are alike.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kg.errors import InputError, NotFoundError
from kg.names import nearest, normalize
from kg.rdf import BASE, TERMS

ENTITIES = BASE + "id/"
DOCUMENTS = BASE + "document/"


class Spelling(NamedTuple):
    """One name of a thing; `source` is label, spelling, hidden, claim or digits."""

    iri: str
    source: str
    name: str


class Realm(NamedTuple):
    """A part of the names to look in: what to call it, and how its IRIs begin."""

    noun: str
    namespaces: tuple[str, ...]


ENTITY = Realm("entity", (ENTITIES, DOCUMENTS))
DOCUMENT = Realm("document", (DOCUMENTS,))
TERM = Realm("term", (TERMS,))
THING = Realm("thing", (ENTITIES, DOCUMENTS, TERMS))
_SHORT = {"id:": ENTITIES, "d:": DOCUMENTS, ":": TERMS}


@dataclass
class Names:
    """All spellings of a graph."""

    spellings: Iterable[Spelling]
    labels: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.spellings = list(self.spellings)
        self.labels = {
            each.iri: each.name for each in reversed(self.spellings) if each.source == "label"
        }
        self._iris = {each.iri for each in self.spellings}

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
        raise NotFoundError(f"No {realm.noun} is called {wanted!r}.{self._suggest(wanted, realm)}")

    def _ways(self, text: str, realm: Realm) -> Iterator[set[str]]:
        """Yield what each way of naming finds, the surest way first."""
        yield {_full(text)} & self._iris
        yield {start + text for start in realm.namespaces} & self._iris
        here = [each for each in self.spellings if each.iri.startswith(realm.namespaces)]
        yield {each.iri for each in here if each.name == text and each.source == "label"}
        key = normalize(text)
        if key:
            like = [each for each in here if normalize(each.name) == key]
            for source in ("label", "spelling"):
                yield {each.iri for each in like if each.source == source}
            yield {each.iri for each in like}
            yield {each.iri for each in here if normalize(local_name(each.iri)) == key}

    def _described(self, iris: set[str]) -> list[str]:
        return [f"{_short(iri)} ({self.labels.get(iri, 'no label')})" for iri in sorted(iris)]

    def _suggest(self, text: str, realm: Realm) -> str:
        """Return near spellings, each with its identifier, as the end of a sentence."""
        known: dict[str, str] = {}
        for each in self.spellings:
            if each.iri.startswith(realm.namespaces):
                known.setdefault(local_name(each.iri), each.iri)
                known.setdefault(each.name, each.iri)
        near = dict.fromkeys(local_name(known[name]) for name in nearest(text, known))
        return f" Did you mean {' or '.join(near)}?" if near else ""


def local_name(iri: str) -> str:
    """Return what stands after the namespace of one of our IRIs.

    >>> local_name("https://w3id.org/contested-kg/id/interior-minister")
    'interior-minister'
    """
    return iri.removeprefix(BASE).partition("/")[2] if iri.startswith(BASE) else iri


def _full(text: str) -> str:
    for short, namespace in _SHORT.items():
        if text.startswith(short):
            return namespace + text.removeprefix(short)
    return text.removeprefix("<").removesuffix(">")


def _short(iri: str) -> str:
    return f":{iri.removeprefix(TERMS)}" if iri.startswith(TERMS) else local_name(iri)


def _ambiguous(text: str, candidates: list[str]) -> str:
    return f"{text!r} names {len(candidates)} things; write one of: {', '.join(candidates)}."
