"""Figures as sources give them: exact, about, a range, or a bound on one side.

The lexical form of the datatype `:count`; numbers are whole, not negative, and written
without separators::

    count      = exact | about | range | bound
    exact      = number                       250
    about      = "~" number                   ~750     about 750
    range      = ["~"] number ".." number     70..250  from 70 to 250, both included
    bound      = compare ["~"] number         >250  >=46  <80  <=35000  <~80
    compare    = ">" | ">=" | "<" | "<="

`>250` is "over 250" and has the low value 251; `<~80` is "nearly 80": below a figure
that is itself approximate. A value that the source does not bound is None, not zero
and not infinity.

>>> parse("70..250")
Count(text='70..250', low=70, high=250, approximate=False)
>>> parse(">250").low, parse(">=46").low, parse("<80").high
(251, 46, 79)
>>> parse("<~80")
Count(text='<~80', low=None, high=79, approximate=True)
>>> parse("~ 0750").text
'~750'
>>> parse("many")
Traceback (most recent call last):
...
kg.errors.DataError: 'many' is not a count; write for example 250, 70..250, >250, >=46, <80, ~750.
"""

import re
from dataclasses import dataclass

from kg.errors import DataError

_GRAMMAR = re.compile(
    r"(?P<compare>>=|<=|>|<)?(?P<about>~)?(?P<number>[0-9]+)(?:\.\.(?P<upper>[0-9]+))?"
)


@dataclass(frozen=True)
class Count:
    """A figure: its normal text, and the least and greatest value that it allows."""

    text: str
    low: int | None
    high: int | None
    approximate: bool


def parse(text: str) -> Count:
    """Read a count literal; raises `DataError` with an example if it is not one.

    The normal text has no spaces and no leading zeros, and a range of one value is
    written as that value.

    >>> parse("5..5").text
    '5'
    """
    found = _GRAMMAR.fullmatch("".join(text.split()))
    if found is None or (found["compare"] and found["upper"]):
        raise DataError(
            f"{text!r} is not a count; write for example 250, 70..250, >250, >=46, <80, ~750."
        )
    number, upper = int(found["number"]), found["upper"]
    low, high = _limits(found["compare"] or "", number, int(upper) if upper else number)
    if (low is not None and high is not None and low > high) or (high is not None and high < 0):
        raise DataError(f"{text!r} allows no value: its low end lies above its high end.")
    return Count(_normal(found, number), low, high, bool(found["about"]))


def entails(narrow: Count, wide: Count) -> bool:
    """Tell whether whoever states `narrow` thereby states `wide`.

    All values of the one lie within the other. An approximate figure entails only
    approximate ones, since its true value may lie outside its limits.

    >>> entails(parse("300"), parse(">250")), entails(parse(">250"), parse("300"))
    (True, False)
    >>> entails(parse("~750"), parse(">700")), entails(parse("~750"), parse(">~700"))
    (False, True)
    """
    if narrow.approximate and not wide.approximate:
        return False
    low_held = not wide.low or (narrow.low is not None and narrow.low >= wide.low)
    high_held = wide.high is None or (narrow.high is not None and narrow.high <= wide.high)
    return low_held and high_held


def _limits(compare: str, number: int, upper: int) -> tuple[int | None, int | None]:
    limits: dict[str, tuple[int | None, int | None]] = {
        ">": (number + 1, None),
        ">=": (number, None),
        "<": (None, number - 1),
        "<=": (None, number),
    }
    return limits.get(compare, (number, upper))


def _normal(found: re.Match[str], number: int) -> str:
    upper = int(found["upper"]) if found["upper"] else number
    tail = f"..{upper}" if upper != number else ""
    return f"{found['compare'] or ''}{found['about'] or ''}{number}{tail}"
