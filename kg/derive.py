"""What follows from single claims: bounds of time and number, and the claim in words.

In the dating family the date is the object: `startedOn` bounds the start only, `endedOn`
the end only, `happenedOn` is a point and `lasted` a period. Elsewhere it is `:when` with
its `:whenKind`. A number is the object or, failing that, the `:amount`.
"""

from collections.abc import Iterator
from datetime import date
from typing import TypeGuard

from kg import counts, dates, wording
from kg.facts import Facts, Value, expand, quad, typed
from kg.literals import COUNT, dating_kind
from kg.rdf import DERIVED, TERMS, Literal, Quad

_TIME = (expand("when"), expand("whenKind"))


def derive_claims(facts: Facts) -> Iterator[Quad]:
    """Yield bounds, number limits and label of every claim that is not withdrawn."""
    qualifiers = qualifying_properties(facts)
    for claim in facts.standing_claims():
        for name, day in _named_bounds(_claim_bounds(facts, claim)):
            yield quad(claim, name, typed(day, "date"), DERIVED)
        yield from _limits(claim, _claim_count(facts, claim))
        label = wording.statement(facts, claim, qualifiers)
        yield quad(claim, "rdfs:label", Literal(label), DERIVED)


def qualifying_properties(facts: Facts) -> list[str]:
    """Return the properties that the ontology marks as content, other than time, sorted."""
    properties = (each for each in facts.subjects() if facts.true(each, "content"))
    return sorted(each for each in properties if each not in _TIME)


def claim_time(facts: Facts, claim: str) -> dates.When | None:
    """Return the date of a claim with its kind: its `:when`, or the object of a dating claim."""
    kind = dating_kind(facts.text(claim, "rdf:predicate"))
    if kind:
        text = facts.text(claim, "rdf:object")
    else:
        text, kind = facts.text(claim, "when"), facts.text(claim, "whenKind")
    return dates.parse(text, kind.removeprefix(TERMS)) if text else None


def _claim_bounds(facts: Facts, claim: str) -> dates.Bounds:
    """Return the four bounds of what a claim says; all unknown if it has no date."""
    when = claim_time(facts, claim)
    if when is None:
        return dates.Bounds()
    known = when.bounds
    predicate = facts.text(claim, "rdf:predicate")
    if predicate == expand("startedOn"):
        return dates.Bounds(earliest_start=known.earliest_start, latest_start=known.latest_start)
    if predicate == expand("endedOn"):
        return dates.Bounds(earliest_end=known.earliest_end, latest_end=known.latest_end)
    return known


def _claim_count(facts: Facts, claim: str) -> counts.Count | None:
    """Return the number that a claim gives, or None."""
    for part in ("rdf:object", "amount"):
        value = facts.one(claim, part)
        if is_count(value):
            return counts.parse(value.value)
    return None


def is_count(value: Value | None) -> TypeGuard[Literal]:
    """Tell whether a value is a count literal."""
    return isinstance(value, Literal) and value.datatype.value == COUNT


def _named_bounds(known: dates.Bounds) -> Iterator[tuple[str, date]]:
    four = {
        "earliestStart": known.earliest_start,
        "latestStart": known.latest_start,
        "earliestEnd": known.earliest_end,
        "latestEnd": known.latest_end,
    }
    yield from ((name, day) for name, day in four.items() if day is not None)


def _limits(claim: str, count: counts.Count | None) -> Iterator[Quad]:
    if count is None:
        return
    for name, limit in (("low", count.low), ("high", count.high)):
        if limit is not None:
            yield quad(claim, name, typed(limit, "integer"), DERIVED)
    yield quad(claim, "approximate", Literal(count.approximate), DERIVED)
