"""Things, classes and properties whose names begin like what somebody types.

Source: Reconciliation Service API 0.2, "Suggest Services". The best come first: the whole name,
then names that begin so, then names with a word that begins so; of these, labels (which people see)
before other spellings, and short names before long ones. Where none does, the names that are most
alike.
"""

import html
from collections.abc import Iterable, Mapping

from kg.batches import Query
from kg.errors import NotFoundError
from kg.matching import Json, candidates, describe, named_types
from kg.names import normalize
from kg.things import Term, Things

KINDS = ("entity", "type", "property")
_AT_A_TIME = 20


def suggest(things: Things, kind: str, prefix: str, start: int = 0) -> Json:
    """Return the answer of a suggest service; `start` is the number of the first one wanted."""
    if kind == "entity":
        found = _entities(things, prefix, start)
    else:
        terms = _terms(things, kind)
        named = ((each.id, map(normalize, (each.label, each.id))) for each in terms.values())
        ranked = _ranked(prefix, named)
        found = [_shown(terms[name], terms) for name in ranked[start : start + _AT_A_TIME]]
    return {"result": found}


def flyout(things: Things, kind: str, name: str) -> Json:
    """Return a few lines of HTML about a thing, class or property; raises NotFoundError."""
    if kind == "entity":
        thing = things.things.get(name)
        title, text = (thing.label, describe(things, thing)) if thing else ("", "")
    else:
        term = _terms(things, kind).get(name)
        title, text = (term.label, term.definition) if term else ("", "")
    if not title:
        raise NotFoundError(f"There is no {kind} {name[:80]!r}.")
    lines = f"<p><strong>{html.escape(title)}</strong></p><p>{html.escape(text)}</p>"
    return {"id": name, "html": lines}


def propose(things: Things, kind: str, limit: int) -> Json:
    """Return the properties that things of a class (empty: of any) may have, and how many."""
    wanted = _lineage(things.type(kind), things.types) if kind else set(things.types)
    found = [
        _shown(each, {})
        for each in things.properties.values()
        if not each.domain or not wanted.isdisjoint(each.domain)
    ]
    about: Json = {"type": kind} if kind else {}
    return {**about, "limit": limit, "properties": found[:limit] if limit else found}


def _lineage(name: str, types: Mapping[str, Term]) -> set[str]:
    """Return a class with all above and below it: a property of either may apply."""
    above, below = {name}, {name}
    for _ in types:
        above |= {up for each in above if each in types for up in types[each].broader}
        below |= {each.id for each in types.values() if not below.isdisjoint(each.broader)}
    return above | below


def _entities(things: Things, prefix: str, start: int) -> list[Json]:
    named = {name: each for name, each in things.things.items() if not each.unnamed}
    ranked = _ranked(prefix, ((name, each.keys) for name, each in named.items()))
    if not ranked and prefix.strip():
        near = candidates(things, Query(prefix.strip()[:300], limit=start + _AT_A_TIME))
        ranked = [each["id"] for each in near]
    return [
        {
            "id": name,
            "name": named[name].label,
            "description": describe(things, named[name]),
            "notable": named_types(things, named[name]),
        }
        for name in ranked[start : start + _AT_A_TIME]
    ]


def _terms(things: Things, kind: str) -> dict[str, Term]:
    if kind not in KINDS:
        raise NotFoundError(
            f"There is nothing to suggest for {kind[:40]!r}; ask {', '.join(KINDS)}."
        )
    return things.types if kind == "type" else things.properties


def _shown(term: Term, terms: Mapping[str, Term]) -> Json:
    about: Json = {"id": term.id, "name": term.label}
    if term.definition:
        about["description"] = term.definition
    if broader := [
        {"id": each, "name": terms[each].label} for each in term.broader if each in terms
    ]:
        about["broader"] = broader
    return about


def _ranked(prefix: str, named: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Return the best first; `named` has normal spellings by identifier, the label first."""
    wanted = normalize(prefix)
    ranks = []
    for name, spellings in named:
        found = ((_rank(wanted, key), place > 0, len(key)) for place, key in enumerate(spellings))
        rank = min(found, default=(3, True, 0))
        if rank[0] < 3:
            ranks.append((rank, name))
    return [name for _, name in sorted(ranks)]


def _rank(wanted: str, key: str) -> int:
    if key == wanted:
        return 0
    if key.startswith(wanted):
        return 1
    return 2 if f" {wanted}" in key else 3
