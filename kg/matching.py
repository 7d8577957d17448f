"""Which things of the graph a name in somebody's table may mean, with a score from 0 to 100.

Source: Reconciliation Service API 0.2 (Entity Reconciliation Community Group), which leaves the
scores to the service. Ours:

- 100 or 95: the name is spelt exactly like one of the thing's (`kg/names.py` says what is
  alike); 95 where that spelling is a part of the label, is only claimed by a document, or is
  hidden.
- up to 85: a guess, from the words and letters that both share (rapidfuzz).
- up to 5 less where properties were given as hints and the thing is not known to agree.
- half of it where no class fits. With `type_strict` any or all, such things are left out.

`match` is true only for one thing that bears exactly this spelling, and by itself, among those
of a fitting class, and that contradicts no hint. An identifier of ours or of Wikidata, sent as
the name, is exact as well. Hints are compared with plain values, so that nothing alleged counts.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz import fuzz, process

from kg.batches import Hint, Query
from kg.names import normalize
from kg.rdf import ENTITIES
from kg.things import LINK, NAME, TYPE, WIKIDATA, Thing, Things, Value

Json = dict[str, Any]

_EXACT = 100.0
SHORT = 95.0
BEST_GUESS = 85.0
_LEAST_LIKENESS = 55.0
_HINTS = 5.0
_MISFIT = 0.5
_CONSIDERED = 64
_ALIKE = 90.0
_ITEM = re.compile(r"Q[1-9]\d*")
#: Of the graph's own texts, which are few, short, and compared again and again.
_normalized = lru_cache(maxsize=1 << 14)(normalize)


@dataclass(frozen=True)
class _Found:
    """A thing that a query may mean: how alike its name is, whether its class fits, and hints.

    `agrees` is None without hints, else the share of them that the thing agrees with.
    """

    thing: Thing
    name: float
    fits: bool = True
    agrees: float | None = None
    contradicts: bool = False

    @property
    def score(self) -> float:
        """The score, from 0 to 100."""
        less = 0.0 if self.agrees is None else _HINTS * (1 - self.agrees)
        return round((self.name - less) * (1.0 if self.fits else _MISFIT), 1)

    @property
    def exact(self) -> bool:
        """Whether the name is one of the thing's own, letter for letter."""
        return self.name >= SHORT


def candidates(things: Things, query: Query) -> list[Json]:
    """Return the things that a query may mean, best first, as the protocol has them."""
    found = [_judged(things, query, *each) for each in _named(things, query)]
    if query.types and query.strict != "should":
        found = [each for each in found if each.fits]
    found.sort(key=lambda each: (-each.score, each.thing.label, each.thing.id))
    sure = _match(found)
    return [_candidate(things, each, match=each is sure) for each in found[: query.limit]]


def _named(things: Things, query: Query) -> Iterator[tuple[Thing, float]]:
    """Yield things with the likeness of their nearest spelling, each thing once."""
    if not query.text:
        for thing in things.things.values():
            if any(_agrees(thing, hint, things) for hint in query.hints):
                yield thing, BEST_GUESS
        return
    best: dict[str, float] = {}
    for thing in _identified(things, query.text):
        best[thing.id] = _EXACT
    key = normalize(query.text)
    for thing in things.by_key.get(key, ()):
        best.setdefault(thing.id, _EXACT if thing.keys[key] else SHORT)
    for other, likeness in _alike(key, things.by_key):
        for thing in things.by_key[other]:
            best[thing.id] = max(best.get(thing.id, 0.0), likeness * BEST_GUESS / 100)
    for name, score in best.items():
        yield things.things[name], score


def _identified(things: Things, text: str) -> list[Thing]:
    """Return what an IRI, `id:` name or Wikidata identifier in place of a name identifies."""
    item = text.removeprefix(WIKIDATA).removeprefix("https://www.wikidata.org/wiki/")
    if _ITEM.fullmatch(item):
        return things.by_link.get(item, [])
    bare = text.removeprefix("<").removesuffix(">")
    if bare.startswith((ENTITIES, "id:")):
        name = bare.removeprefix(ENTITIES).removeprefix("id:")
        return [things.things[name]] if name in things.things else []
    return []


def _alike(key: str, keys: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Yield the spellings most like `key`, with a likeness below 100 for all but `key` itself.

    Letters in the order of the words count most; words that both have help longer forms.
    """
    choices = list(keys)
    near: set[str] = set()
    for scorer in (fuzz.token_sort_ratio, fuzz.token_set_ratio):
        near.update(
            choice
            for choice, _, _ in process.extract(
                key, choices, scorer=scorer, limit=_CONSIDERED, score_cutoff=_LEAST_LIKENESS
            )
        )
    for each in near:
        likeness = 0.6 * fuzz.token_sort_ratio(key, each) + 0.4 * fuzz.token_set_ratio(key, each)
        if likeness >= _LEAST_LIKENESS:
            yield each, likeness


def _judged(things: Things, query: Query, thing: Thing, name: float) -> _Found:
    fitting = set(query.types) & set(thing.types)
    fits = not query.types or (
        len(fitting) == len(query.types) if query.strict == "all" else bool(fitting)
    )
    if not query.hints:
        return _Found(thing, name, fits)
    agreeing = [_agrees(thing, hint, things) for hint in query.hints]
    share = agreeing.count(True) / len(agreeing)
    return _Found(thing, name, fits, share, contradicts=False in agreeing)


def _agrees(thing: Thing, hint: Hint, things: Things) -> bool | None:
    """Tell whether a thing has one of the values; None where nothing is known of it."""
    own = thing.values.get(hint.property, ())
    if not own:
        return None
    pairs = list(zip(hint.values, hint.keys, strict=True))
    return any(_same(mine, given, key, things) for mine in own for given, key in pairs)


def _same(mine: Value, given: Value, key: str, things: Things) -> bool:
    if given.id:
        return given.id.removeprefix(ENTITIES).removeprefix(WIKIDATA) == mine.id
    if mine.id and given.text.removeprefix(WIKIDATA) == mine.id:
        return True
    other = things.things.get(mine.id)
    keys = other.keys if other else (_normalized(mine.text),)
    return any(fuzz.ratio(key, each, score_cutoff=_ALIKE) for each in keys)


def _match(found: list[_Found]) -> _Found | None:
    """Return the one that is certain, if there is one."""
    exact = [each for each in found if each.exact and each.fits]
    if len(exact) != 1 or exact[0].name < _EXACT or exact[0].contradicts:
        return None
    return exact[0]


def _candidate(things: Things, found: _Found, *, match: bool) -> Json:
    features: list[Json] = [
        {"id": "name", "value": round(found.name, 1)},
        {"id": "exact", "value": found.exact},
        {"id": TYPE, "value": found.fits},
    ]
    if found.agrees is not None:
        features.append({"id": "properties", "value": round(found.agrees, 2)})
    return {
        "id": found.thing.id,
        "name": found.thing.label,
        "description": describe(things, found.thing),
        "type": named_types(things, found.thing),
        "score": found.score,
        "match": match,
        "features": features,
    }


def named_types(things: Things, thing: Thing) -> list[Json]:
    """Return the classes of a thing with their labels, the most special first."""
    return [
        {"id": each, "name": things.types[each].label}
        for each in thing.types
        if each in things.types
    ]


def describe(things: Things, thing: Thing) -> str:
    """Return one line that tells namesakes apart: class, other spellings, what is plain."""
    parts = [things.types[each].label for each in thing.types[:1] if each in things.types]
    if thing.unasserted:
        parts.append("no document says in its own voice that it happened")
    for name, values in thing.values.items():
        if name in things.properties and name not in (NAME, TYPE, LINK, "mentionedIn", "hasName"):
            shown = ", ".join(value.text for value in values[:2])
            parts.append(f"{things.properties[name].label} {shown}")
    others = [each for each in thing.spellings if each != thing.label]
    if others:
        parts.append(f"also {', '.join(others[:3])}")
    return "; ".join(parts)
