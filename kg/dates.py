"""Time as sources give it: from an EDTF literal and its kind to four bounds.

The expression is EDTF (Library of Congress, 2019; ISO 8601-2), read by the `edtf`
library, whose strict limits are used. From it come four days (CIDOC CRM P82a, P81a,
P81b, P82b): earliest start, latest start, earliest end, latest end. Which, depends on
the kind:

* period, "from A to B": starts on some day of A and ends on some day of B. One date
  alone (`1992`) starts and ends within it. An unknown start (`/2014`) leaves the
  earliest start unknown; the latest start is then at most the latest end, and likewise
  for an unknown end. `2014/..` says that it goes on, which bounds nothing either.
* point: happened at one moment within the expression.
* attestation, "was so in January 1994": held at some moment of the expression, so it
  had begun by the last day and had not ended before the first. Nothing else is known.

A bound that is not known is None, never infinity.

Our rule for `~` (about), `?` (perhaps) and `%` (both): the date may be off by one unit
of its own precision, so `1992~` covers 1991 to 1993 and `1992-06-19?` the 18th to the
20th. The wider span is used for all four bounds: a qualified date makes fewer days
certain and rules fewer days out than the same date without a mark.

Seasons are the northern ones by whole months: 21 spring March to May, 22 summer, 23
autumn, 24 winter December to February of the next year. `198X` is a decade, `19XX` a
century, and `198X-06` reaches from its first June to its last; `[1992,1994]` is one of
these dates and is given the span from first to last. `XXXX-06` is June of an unknown year: it
bounds nothing, so any day is unknown. All but these two may be a side of an interval: `198X/`,
`/1996-21`, `198X~/199X`. That is EDTF to level 1, and of level 2 unspecified digits and sets.
Refused, with what to write instead: `{…}` (make one claim a date), times of day, marks
inside a date, years outside 1 to 9999, an unknown year on one side of a period.

>>> bounds("/2014", Kind.PERIOD).latest_end
datetime.date(2014, 12, 31)
>>> [status(bounds("/2014", Kind.PERIOD), date(year, 7, 1)) for year in (2013, 2014, 2015)]
['unknown', 'possible', 'ruled out']
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from kg.errors import DataError

if TYPE_CHECKING:
    from kg.spans import Expression

Status = Literal["certain", "possible", "ruled out", "unknown"]


class Kind(StrEnum):
    """How the expression relates to what is dated; values are local names of the ontology."""

    PERIOD = "period"
    POINT = "point"
    ATTESTATION = "attestation"


@dataclass(frozen=True)
class Bounds:
    """The four days, inclusive; None where the source leaves one unknown."""

    earliest_start: date | None = None
    latest_start: date | None = None
    earliest_end: date | None = None
    latest_end: date | None = None

    def known(self) -> list[date]:
        """Return the bounds that are known, in calendar order."""
        four = (self.earliest_start, self.latest_start, self.earliest_end, self.latest_end)
        return sorted(day for day in four if day is not None)


@dataclass(frozen=True)
class When:
    """A date as a claim has it: normal EDTF text, kind, bounds, and two facts of the text.

    `text` and `kind` are what a proposition's hash covers.
    """

    text: str
    kind: Kind
    bounds: Bounds
    goes_on: bool = False
    uncertain: bool = False


@lru_cache(maxsize=4096)
def parse(text: str, kind: Kind | str) -> When:
    """Read an EDTF literal with its kind; raises `DataError` that says what to write instead.

    >>> parse(" 1992/1992 ", "period").text
    '1992'
    """
    expression = _read(text)
    kind = _kind(kind)
    if kind is not Kind.PERIOD and expression.open_ended:
        raise DataError(f"{text!r} has '..', which says that it goes on: its kind must be period.")
    return When(
        expression.text, kind, _bounds(expression, kind), expression.goes_on, expression.uncertain
    )


def bounds(text: str, kind: Kind | str) -> Bounds:
    """Return the four bounds of an EDTF literal of this kind; raises `DataError`."""
    return parse(text, kind).bounds


def normalise(text: str) -> str:
    """Return the one spelling of an EDTF expression; raises `DataError` if it is none.

    >>> normalise("[1992, 1994]")
    '[1992,1994]'
    """
    return _read(text).text


def status(known: Bounds, day: date) -> Status:
    """Say whether what is so bounded held on `day`.

    *certain* from the latest start to the earliest end; *ruled out* before a known
    earliest start or after a known latest end; *possible* between the first and the
    last known bound; otherwise *unknown*.
    """
    start, end = known.latest_start, known.earliest_end
    if start is not None and end is not None and start <= day <= end:
        return "certain"
    if known.earliest_start is not None and day < known.earliest_start:
        return "ruled out"
    if known.latest_end is not None and day > known.latest_end:
        return "ruled out"
    days = known.known()
    return "possible" if days and days[0] <= day <= days[-1] else "unknown"


def entails(narrow: When, wide: When) -> bool:
    """Tell whether whoever dates something by `narrow` thereby dates it by `wide`.

    True if every course of events that fits the one fits the other: 19 June 1992 entails
    1992, a term from 1993 to 1996 entails being in office in January 1994. Only a point
    entails a point; only what goes on entails that it goes on; a date with `?` entails
    only dates with `?`. Every date entails itself; a date that bounds nothing (`XXXX-06`) is
    entailed by itself alone.

    >>> entails(parse("1992-06-19", "point"), parse("1992", "point"))
    True
    >>> entails(parse("1993/1996", "period"), parse("1994-01", "attestation"))
    True
    >>> entails(parse("1994-01", "attestation"), parse("1993/1996", "period"))
    False
    """
    if wide.kind is Kind.POINT and narrow.kind is not Kind.POINT:
        return False
    if not wide.bounds.known():
        return narrow == wide
    if (wide.goes_on and not narrow.goes_on) or (narrow.uncertain and not wide.uncertain):
        return False
    inner, outer = narrow.bounds, wide.bounds
    return (
        _at_or_after(inner.earliest_start, outer.earliest_start)
        and _at_or_after(inner.earliest_end, outer.earliest_end)
        and _at_or_before(inner.latest_start, outer.latest_start)
        and _at_or_before(inner.latest_end, outer.latest_end)
    )


def _kind(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise DataError(
            f"{kind!r} is not a kind of date; write period, point or attestation."
        ) from None


def _read(text: str) -> "Expression":
    # Here, for its grammar is made when it is imported, which a server should not wait for.
    from kg.spans import read_expression  # noqa: PLC0415

    return read_expression(text)


def _bounds(expression: "Expression", kind: Kind) -> Bounds:
    start, end = expression.start, expression.end
    first = start.first if start else None
    last = end.last if end else None
    if kind is Kind.ATTESTATION:
        return Bounds(latest_start=last, earliest_end=first)
    if kind is Kind.POINT:
        return Bounds(first, last, first, last)
    # A start cannot lie after the latest end, nor an end before the earliest start.
    starts = [day for day in (start.last if start else None, last) if day]
    ends = [day for day in (end.first if end else None, first) if day]
    return Bounds(first, min(starts, default=None), max(ends, default=None), last)


def _at_or_after(inner: date | None, outer: date | None) -> bool:
    return outer is None or (inner is not None and inner >= outer)


def _at_or_before(inner: date | None, outer: date | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)
