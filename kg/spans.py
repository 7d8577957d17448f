"""EDTF text to spans of days: the one place that knows the `edtf` library.

`kg.dates` gives the spans their meaning and documents the rules that are applied here.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException
from edtf.parser.parser_classes import (
    UA,
    Consecutives,
    Date,
    OneOfASet,
    PartialUnspecified,
    Season,
    UncertainOrApproximate,
    Unspecified,
)

from kg.errors import DataError

_SEASON_STARTS = {"21": 3, "22": 6, "23": 9, "24": 12}
_UNKNOWN = "XXXX"
_OPEN = ".."
_MARKS = "?~%"
# A month or day of which one digit is known: the library fails on it.
_HALF_KNOWN = re.compile(r"-([0-9]X|X[0-9])")
_EXAMPLES = "1992, 1992-06, 1992-06-19, 1992/1994, /2014, 2014/.., 198X, 1992~"


class Span(NamedTuple):
    """From the first to the last day, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Expression:
    """An EDTF expression: normal text, span of its start and of its end (None: unknown).

    `goes_on` and `began_before` tell an open side (`..`) from an unknown one;
    `uncertain` is true if any part carries `?` or `%`. Neither side is known of a month or day
    in an unknown year.
    """

    text: str
    start: Span | None
    end: Span | None
    began_before: bool = False
    goes_on: bool = False
    uncertain: bool = False

    @property
    def open_ended(self) -> bool:
        """Tell whether the expression has `..` on either side."""
        return self.goes_on or self.began_before


@lru_cache(maxsize=4096)
def read_expression(text: str) -> Expression:
    """Read EDTF text; raises `DataError` with examples if it is none that can be bounded."""
    lower, slash, upper = (part.strip() for part in text.partition("/"))
    if _HALF_KNOWN.search(text):
        raise _not_used(text)
    if slash and lower != upper:
        return _interval(lower, upper, text)
    parsed = _parse(lower, text)
    if type(parsed) is PartialUnspecified and parsed.year == _UNKNOWN:
        _check_yearless(parsed, text)
        return Expression(str(parsed), None, None)
    span = _span(parsed, text)
    normal = str(parsed).replace(" ", "")
    return Expression(normal, span, span, uncertain=_uncertain(parsed))


def _interval(lower: str, upper: str, text: str) -> Expression:
    """Read both sides by themselves: the library knows no `198X/` and fails on `../198X`."""
    start, end = _side(lower, text), _side(upper, text)
    expression = Expression(
        f"{start or lower}/{end or upper}",
        _span(start, text) if start else None,
        _span(end, text) if end else None,
        began_before=lower == _OPEN,
        goes_on=upper == _OPEN,
        uncertain=_uncertain(start) or _uncertain(end),
    )
    _check_order(expression, text)
    return expression


def _side(side: str, text: str) -> Any:
    """Return a side of an interval, or None where it is unknown or open."""
    if side in ("", _OPEN):
        return None
    if side[0] in "[{" or "/" in side:  # neither a set nor an interval is a side of one
        raise _no_date(text)
    return _parse(side, text)


def _parse(side: str, text: str) -> Any:
    """Read a date; a mark after a season, or after `156X-12`, is one that the library lacks."""
    if side in ("", _OPEN):
        raise _nothing_said(text) if "/" in text else _no_date(text)
    try:
        return parse_edtf(side)
    except EDTFParseException:
        if side[-1] not in _MARKS or side in _MARKS:
            raise _no_date(text) from None
    node = parse_edtf(side[:-1], fail_silently=True)
    if type(node) not in (Season, PartialUnspecified):
        raise _no_date(text)
    return UncertainOrApproximate(node, UA(side[-1]))  # type: ignore[no-untyped-call]


def _no_date(text: str) -> DataError:
    return DataError(f"{text!r} is not an EDTF date; write for example {_EXAMPLES}.")


def _nothing_said(text: str) -> DataError:
    return DataError(f"{text!r} says nothing about time; leave the date out.")


def _check_yearless(parsed: Any, text: str) -> None:
    """Refuse a date of which nothing is known, and a day that no year has."""
    known = [part for part in (parsed.month, parsed.day) if part and "X" not in part]
    if not known:
        raise _nothing_said(text)
    leap = 2000
    if len(known) == 2 and int(known[1]) > calendar.monthrange(leap, int(known[0]))[1]:
        raise DataError(f"{text!r} names no such day.")


def _check_order(expression: Expression, text: str) -> None:
    start, end = expression.start, expression.end
    if start is None and end is None:
        raise _nothing_said(text)
    if start is not None and end is not None and start.first > end.last:
        raise DataError(f"{text!r} ends before it starts; exchange the two dates or correct one.")


def _span(node: Any, text: str) -> Span:
    if type(node) is UncertainOrApproximate:
        span = _span(node.date, text)
        return _widened(span, _months(node.date), text) if node.ua else span
    if type(node) is PartialUnspecified and node.year != _UNKNOWN:
        return _strict(node, text)
    if type(node) is Unspecified:
        span = _strict(node, text)
        return _widened(span, _months(node), text) if node.ua else span
    if type(node) is Date and not node.significant_digits:
        return _strict(node, text)
    if type(node) is Season and node.season in _SEASON_STARTS:
        return _season(int(node.year), _SEASON_STARTS[node.season], text)
    if type(node) is OneOfASet:
        return _set_span(node, text)
    raise _not_used(text)


def _not_used(text: str) -> DataError:
    return DataError(
        f"{text!r} is EDTF, but of a form that is not used here; write for example {_EXAMPLES},"
        " and one claim for each date of a set."
    )


def _set_span(node: Any, text: str) -> Span:
    spans = []
    for each in node.objects:
        if type(each) is Consecutives and each.lower and each.upper:
            lower, upper = _span(each.lower, text), _span(each.upper, text)
            _check_order(Expression(text, lower, upper), text)
            spans += [lower, upper]
        else:
            spans.append(_span(each, text))
    return Span(min(span.first for span in spans), max(span.last for span in spans))


def _strict(node: Any, text: str) -> Span:
    first, last = node.lower_strict(), node.upper_strict()
    try:
        return Span(date(*first[:3]), date(*last[:3]))
    except ValueError:
        raise DataError(f"{text!r} has a year outside 1 to 9999, or no such day.") from None


def _season(year: int, month: int, text: str) -> Span:
    try:
        return Span(date(year, month, 1), _month_end(*_shift(year, month, 2)))
    except ValueError:
        raise DataError(f"{text!r} reaches outside the years 1 to 9999.") from None


def _months(node: Any) -> int:
    """Return the precision of a date: so many months, or one day where there are none."""
    if type(node) is Season:
        return 3
    year, month, day = str(node.year), node.month, node.day
    if month is None or "X" in month:
        return 12 * int(10 ** year.count("X"))
    return 1 if day is None or "X" in day else 0


def _widened(span: Span, months: int, text: str) -> Span:
    try:
        if months == 0:
            return Span(
                date.fromordinal(span.first.toordinal() - 1),
                date.fromordinal(span.last.toordinal() + 1),
            )
        first = date(*_shift(span.first.year, span.first.month, -months), 1)
        return Span(first, _month_end(*_shift(span.last.year, span.last.month, months)))
    except ValueError:
        raise DataError(f"{text!r} reaches outside the years 1 to 9999.") from None


def _shift(year: int, month: int, months: int) -> tuple[int, int]:
    years, index = divmod(month - 1 + months, 12)
    return year + years, index + 1


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _uncertain(node: Any) -> bool:
    mark = getattr(node, "ua", None)
    return mark is not None and str(mark) in "?%"
