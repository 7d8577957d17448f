"""What the reconciliation service knows of each thing: spellings, classes and plain values.

`read_things` makes it from the rows of the five `thing_queries`: who has a store asks them there
(`things_in`), the server asks its workers. All of it is kept in memory. Identifiers are what
stands after `id/` or `ontology/` in our IRIs.

A value stands here without a speaker only where the graph has it as a plain triple; what only
some speaker says is kept apart, as the sentence that names the speaker.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from kg.assets import probe
from kg.errors import InputError
from kg.names import normalize, suggest
from kg.queries import ask_rows, find_question
from kg.rdf import ENTITIES, TERMS
from kg.store import Store

Rows = Sequence[Mapping[str, str]]

WIKIDATA = "http://www.wikidata.org/entity/"
_PROBES = ("unasserted", "thing-values", "thing-accounts", "terms")
NAME = "name"
TYPE = "type"
LINK = "wikidata"
_NOT_PREDICATES = (
    (NAME, "name", "Every spelling under which the thing can be found."),
    (TYPE, "type", "The classes of the thing; what sources speak of, never that it happened."),
    ("mentionedIn", "mentioned in", "The documents with a passage that names the thing."),
    (LINK, "Wikidata item", "The item on Wikidata that is the same thing, checked by a person."),
    ("wikidataClose", "close Wikidata item", "An item that is nearly, not quite, the same thing."),
)
#: Sources of names that do not name a thing by themselves.
_IN_PASSING = ("claim", "hidden")


class Value(NamedTuple):
    """A value: its text, and the identifier of the thing that it is, if it is one."""

    text: str
    id: str = ""


@dataclass(frozen=True)
class Term:
    """A class, or a property that may be asked for: with the classes above, or its domain."""

    id: str
    label: str
    definition: str = ""
    broader: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    range: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thing:
    """An entity: `keys` has each normalized spelling, and whether it names the thing by itself.

    A part of the label (a surname, "the army"), a name that a document gives in passing, or a
    hidden one, which judges and stands in `keys` only, does not. `types` go from the most special
    class to the most general.
    """

    id: str
    label: str
    spellings: tuple[str, ...]
    keys: Mapping[str, bool]
    types: tuple[str, ...] = ()
    unnamed: bool = False
    unasserted: bool = False
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Things:
    """All things, classes and properties, and the things behind each spelling."""

    def __init__(
        self, things: Iterable[Thing], types: Iterable[Term], properties: Iterable[Term]
    ) -> None:
        self.things = {each.id: each for each in things}
        self.types = {each.id: each for each in types}
        self.properties = {each.id: each for each in properties}
        self.by_key: dict[str, list[Thing]] = defaultdict(list)
        self.by_link: dict[str, list[Thing]] = defaultdict(list)
        for thing in self.things.values():
            for link in thing.values.get(LINK, ()):
                self.by_link[link.id].append(thing)
            # Unnamed people are one to a passage: no name in a table can mean one of them.
            for key in () if thing.unnamed else thing.keys:
                self.by_key[key].append(thing)

    def type(self, name: str) -> str:
        """Return the identifier of a class, given it or its IRI; raises InputError."""
        return _known(name.removeprefix(TERMS), self.types, "type")

    def property(self, name: str) -> str:
        """Return the identifier of a property, given it or its IRI; raises InputError."""
        return _known(name.removeprefix(TERMS), self.properties, "property")


def _known(name: str, known: Mapping[str, Term], what: str) -> str:
    if name not in known:
        near = suggest(name, known) or f" It has: {', '.join(sorted(known)) or 'none'}."
        raise InputError(f"This service has no {what} {name[:80]!r}.{near}")
    return name


def thing_queries() -> dict[str, str]:
    """Return the texts of the five queries by their names."""
    return {"spellings": find_question("spellings").text, **{name: probe(name) for name in _PROBES}}


def things_in(store: Store) -> Things:
    """Return all things of the graph in a store."""
    return read_things({name: ask_rows(store, text) for name, text in thing_queries().items()})


def read_things(tables: Mapping[str, Rows]) -> Things:
    """Return all things from the rows of the five queries, by the name of the query."""
    classes, predicates = _terms(tables["terms"])
    names = _grouped(tables["spellings"], "entity")
    unasserted = {row["entity"] for row in tables["unasserted"]}
    values = _values(tables["thing-values"], names)
    accounts = _grouped(tables["thing-accounts"], "entity")
    things = [
        _thing(iri, spelled, classes, unasserted=iri in unasserted)
        for iri, spelled in names.items()
        if iri.startswith(ENTITIES) and spelled[0].get("classes")
    ]
    full = [_with_values(each, values, accounts, classes) for each in things]
    used = {each for thing in full for each in thing.types}
    general = [Term(*each) for each in _NOT_PREDICATES]
    return Things(
        full,
        (each for each in classes.values() if each.id in used),
        [*general, *predicates.values()],
    )


def _grouped(table: Rows, column: str) -> dict[str, list[Mapping[str, str]]]:
    groups: dict[str, list[Mapping[str, str]]] = {}
    for row in table:
        groups.setdefault(row[column], []).append(row)
    return groups


def _terms(table: Rows) -> tuple[dict[str, Term], dict[str, Term]]:
    """Return classes and predicates."""
    found: dict[str, dict[str, Term]] = {"class": {}, "predicate": {}}
    for iri, group in _grouped(table, "term").items():
        name = iri.removeprefix(TERMS)
        others = {
            relation: tuple(
                row["other"].removeprefix(TERMS) for row in group if row.get("relation") == relation
            )
            for relation in ("broader", "domain", "range")
        }
        first = group[0]
        definition = first.get("definition", "")
        found[first["kind"]][name] = Term(name, first["label"], definition, **others)
    return found["class"], found["predicate"]


def _thing(iri: str, spelled: Rows, classes: Mapping[str, Term], *, unasserted: bool) -> Thing:
    """Return a thing by its spellings, of which its label is the first."""
    label = spelled[0]["name"]
    names = [(row["source"], row["name"]) for row in spelled]
    keys: dict[str, bool] = {}
    for source, name in names:
        if key := normalize(name):
            own = source not in _IN_PASSING and not _shortens(key, label)
            keys[key] = keys.get(key, False) or own
    found = spelled[0]["classes"].split()
    return Thing(
        id=iri.removeprefix(ENTITIES),
        label=label,
        spellings=tuple(dict.fromkeys(name for source, name in names if source != "hidden")),
        keys=keys,
        types=tuple(sorted(found, key=lambda each: (-_depth(each, classes), each))),
        unnamed=spelled[0]["kind"] == "unnamed",
        unasserted=unasserted,
    )


def _shortens(key: str, label: str) -> bool:
    """Tell whether a spelling is made of some of the words of the label, and no other."""
    return set(key.split()) - {"the"} < set(normalize(label).split())


def _depth(name: str, classes: Mapping[str, Term]) -> int:
    if name not in classes:
        return 0
    return 1 + max((_depth(each, classes) for each in classes[name].broader), default=0)


def _values(table: Rows, names: Mapping[str, Rows]) -> dict[str, dict[str, list[Value]]]:
    values: dict[str, dict[str, list[Value]]] = defaultdict(lambda: defaultdict(list))
    for row in table:
        iri = row["value"]
        text = names[iri][0]["name"] if iri in names else iri.removeprefix(WIKIDATA)
        own = iri.startswith((ENTITIES, WIKIDATA))
        name = iri.removeprefix(ENTITIES).removeprefix(WIKIDATA) if own else ""
        values[row["entity"]][row["property"]].append(Value(text, name))
    return values


def _with_values(
    thing: Thing,
    values: Mapping[str, Mapping[str, list[Value]]],
    accounts: Mapping[str, Rows],
    classes: Mapping[str, Term],
) -> Thing:
    iri = ENTITIES + thing.id
    own = {
        NAME: tuple(Value(each) for each in thing.spellings),
        TYPE: tuple(Value(classes[each].label) for each in thing.types if each in classes),
        **{name: tuple(found) for name, found in values.get(iri, {}).items()},
    }
    said: dict[str, tuple[str, ...]] = {
        name: tuple(row["sentence"] for row in group)
        for name, group in _grouped(accounts.get(iri, ()), "property").items()
    }
    return replace(thing, values=own, accounts=said)
