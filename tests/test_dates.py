"""Bounds and statuses, against a second reading that enumerates courses of events by day."""

from datetime import date, timedelta
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kg.dates import Bounds, Kind, bounds, entails, normalise, parse, status
from kg.errors import DataError


def days(*texts):
    return Bounds(*(date.fromisoformat(text) if text else None for text in texts))


PERIODS = {
    "1992/1994": days("1992-01-01", "1992-12-31", "1994-01-01", "1994-12-31"),
    "1992": days("1992-01-01", "1992-12-31", "1992-01-01", "1992-12-31"),
    "1992-06-19/1994-08-16": days("1992-06-19", "1992-06-19", "1994-08-16", "1994-08-16"),
    "/2014": days("", "2014-12-31", "2014-01-01", "2014-12-31"),
    "../2014": days("", "2014-12-31", "2014-01-01", "2014-12-31"),
    "2014/": days("2014-01-01", "2014-12-31", "2014-01-01", ""),
    "2014/..": days("2014-01-01", "2014-12-31", "2014-01-01", ""),
    "1992/1992-06-05": days("1992-01-01", "1992-06-05", "1992-06-05", "1992-06-05"),
    "1996-21": days("1996-03-01", "1996-05-31", "1996-03-01", "1996-05-31"),
    "1995-24": days("1995-12-01", "1996-02-29", "1995-12-01", "1996-02-29"),
    "198X": days("1980-01-01", "1989-12-31", "1980-01-01", "1989-12-31"),
    "1992-XX": days("1992-01-01", "1992-12-31", "1992-01-01", "1992-12-31"),
    "198X-06": days("1980-06-01", "1989-06-30", "1980-06-01", "1989-06-30"),
    "1992-XX-19": days("1992-01-19", "1992-12-19", "1992-01-19", "1992-12-19"),
    "XXXX-06": Bounds(),
    "XXXX-02-29": Bounds(),
    "XXXX-XX-19": Bounds(),
    "[1992,1994-05]": days("1992-01-01", "1994-05-31", "1992-01-01", "1994-05-31"),
    "[1992..1994]": days("1992-01-01", "1994-12-31", "1992-01-01", "1994-12-31"),
    "1992~": days("1991-01-01", "1993-12-31", "1991-01-01", "1993-12-31"),
    "1992-01?": days("1991-12-01", "1992-02-29", "1991-12-01", "1992-02-29"),
    "198X~": days("1970-01-01", "1999-12-31", "1970-01-01", "1999-12-31"),
    "1992-06-19%/1993": days("1992-06-18", "1992-06-20", "1993-01-01", "1993-12-31"),
    # Each side of an interval takes every form of a date (EDTF, level 1: extended interval,
    # unspecified digits, qualification of a date).
    "198X/": days("1980-01-01", "1989-12-31", "1980-01-01", ""),
    "198X/..": days("1980-01-01", "1989-12-31", "1980-01-01", ""),
    "/198X": days("", "1989-12-31", "1980-01-01", "1989-12-31"),
    "../198X": days("", "1989-12-31", "1980-01-01", "1989-12-31"),
    "198X/199X": days("1980-01-01", "1989-12-31", "1990-01-01", "1999-12-31"),
    "198X~/1994": days("1970-01-01", "1994-12-31", "1994-01-01", "1994-12-31"),
    "1996-21/..": days("1996-03-01", "1996-05-31", "1996-03-01", ""),
    "1996-21~": days("1995-12-01", "1996-08-31", "1995-12-01", "1996-08-31"),
    "198X-06~": days("1980-05-01", "1989-07-31", "1980-05-01", "1989-07-31"),
    "198X-12-25?": days("1980-12-24", "1989-12-26", "1980-12-24", "1989-12-26"),
}

# Every example of levels 0 and 1 in the specification (Library of Congress, 2019), but for times
# of day (1985-04-12T23:20:30), years of five digits or more (Y170000002) and years before 1.
SPECIFIED = """
1985-04-12 1985-04 1985 1964/2008 2004-06/2006-08 2004-02-01/2005-02-08 2004-02-01/2005-02
2004-02-01/2005 2005/2006-02 2001-21 1984? 2004-06~ 2004-06-11% 201X 20XX 2004-XX 1985-04-XX
1985-XX-XX 1985-04-12/.. 1985-04/.. 1985/.. ../1985-04-12 ../1985-04 ../1985 1985-04-12/
1985-04/ 1985/ /1985-04-12 /1985-04 /1985
"""


@pytest.mark.parametrize("text", SPECIFIED.split())
def test_every_example_of_level_1_is_read_and_kept_as_it_is_written(text):
    assert normalise(text) == text
    assert bounds(text, "period").known()


@pytest.mark.parametrize(
    ("text", "goes_on", "uncertain"),
    [
        ("198X/..", True, False),
        ("198X/", False, False),
        ("../198X", False, False),
        ("198X?/199X", False, True),
        ("1996-21%", False, True),
        ("1996-21~", False, False),
    ],
)
def test_marks_of_a_decade_and_a_season_are_kept(text, goes_on, uncertain):
    when = parse(text, "period")
    assert (when.text, when.goes_on, when.uncertain) == (text, goes_on, uncertain)


@pytest.mark.parametrize("text", PERIODS)
def test_bounds_of_a_period(text):
    assert bounds(text, "period") == PERIODS[text]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1992-06", "point", days("1992-06-01", "1992-06-30", "1992-06-01", "1992-06-30")),
        ("1992/1994", "point", days("1992-01-01", "1994-12-31", "1992-01-01", "1994-12-31")),
        ("/2014", "point", days("", "2014-12-31", "", "2014-12-31")),
        ("198X/", "point", days("1980-01-01", "", "1980-01-01", "")),
        ("198X", "attestation", days("", "1989-12-31", "1980-01-01", "")),
        ("1994-01", "attestation", days("", "1994-01-31", "1994-01-01", "")),
        ("1994-05-19", "attestation", days("", "1994-05-19", "1994-05-19", "")),
    ],
)
def test_bounds_of_the_other_kinds(text, kind, expected):
    assert bounds(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "kind", "day", "expected"),
    [
        ("/2014", "period", "2013-06-01", "unknown"),
        ("/2014", "period", "2014-06-01", "possible"),
        ("/2014", "period", "2015-01-01", "ruled out"),
        ("2014/..", "period", "2013-12-31", "ruled out"),
        ("2014/..", "period", "2015-01-01", "unknown"),
        ("1992/1994", "period", "1992-06-01", "possible"),
        ("1992/1994", "period", "1993-06-01", "certain"),
        ("1992/1994", "period", "1994-06-01", "possible"),
        ("1992~/1994", "period", "1993-06-01", "possible"),
        ("1994-05-19", "attestation", "1994-05-19", "certain"),
        ("1994-05-19", "attestation", "1994-05-20", "unknown"),
        ("1994-01", "attestation", "1994-01-15", "possible"),
        ("1994-01", "attestation", "1970-01-01", "unknown"),
        ("1992", "point", "1992-06-19", "possible"),
        ("1992-06-19", "point", "1992-06-19", "certain"),
        ("1992-06-19~", "point", "1992-06-19", "possible"),
        ("1992-06-19", "point", "1992-06-20", "ruled out"),
        ("XXXX-06", "point", "1992-06-20", "unknown"),
        ("XXXX-06", "period", "1992-07-20", "unknown"),
        ("XXXX-06", "attestation", "1992-06-20", "unknown"),
    ],
)
def test_status(text, kind, day, expected):
    assert status(bounds(text, kind), date.fromisoformat(day)) == expected


def test_nothing_known_is_unknown():
    assert status(Bounds(), date(1992, 1, 1)) == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an EDTF date"),
        ("June 1992", "not an EDTF date"),
        ("1992-13", "not an EDTF date"),
        ("1993-02-29", "no such day"),
        ("1994/1992", "ends before it starts"),
        ("[1994..1992]", "ends before it starts"),
        ("1992-1X", "not used here"),
        ("1992-X2", "not used here"),
        ("1992-02-3X", "not used here"),
        ("../..", "says nothing about time"),
        ("/..", "says nothing about time"),
        ("../", "says nothing about time"),
        ("/", "says nothing about time"),
        ("1995/198X", "ends before it starts"),
        ("1992/1993/1994", "not an EDTF date"),
        ("[1992,1993]/1994", "not an EDTF date"),
        ("..", "not an EDTF date"),
        ("?", "not an EDTF date"),
        ("?/1992", "not an EDTF date"),
        ("1992??", "not an EDTF date"),
        ("-1985/..", "outside 1 to 9999"),
        ("Y170000002", "of a form that is not used"),
        ("XXXX", "says nothing about time"),
        ("XXXX-XX", "says nothing about time"),
        ("XXXX-XX-XX", "says nothing about time"),
        ("XXXX-02-30", "no such day"),
        ("XXXX-13", "not an EDTF date"),
        ("XXXX-06/1994", "of a form that is not used"),
        ("[XXXX-06,1994]", "of a form that is not used"),
        ("{1992,1993}", "one claim for each date"),
        ("[..1994]", "of a form that is not used"),
        ("1995?-06", "of a form that is not used"),
        ("1992-06-19T10:00:00", "of a form that is not used"),
        ("Y12000", "of a form that is not used"),
        ("-0044", "outside 1 to 9999"),
        ("9999~", "outside the years"),
        ("9999-24", "outside the years"),
    ],
)
def test_what_cannot_be_bounded_is_refused_with_a_remedy(text, said):
    with pytest.raises(DataError, match=said):
        bounds(text, "period")


def test_an_unknown_kind_is_refused():
    with pytest.raises(DataError, match="period, point or attestation"):
        bounds("1992", "interval")


@pytest.mark.parametrize("kind", ["point", "attestation"])
def test_only_a_period_goes_on(kind):
    with pytest.raises(DataError, match="goes on"):
        bounds("1992/..", kind)


@pytest.mark.parametrize(
    ("text", "normal"),
    [(" 1992 ", "1992"), ("[1992, 1994]", "[1992,1994]"), ("1992/1992", "1992")],
)
def test_normal_text(text, normal):
    assert normalise(text) == normal


# A second reading. Expressions of days and months of two months; a course of events is a first
# and a last day, inside a window that is a week wider on both sides for what is unknown.
WINDOW = [date(2013, 12, 25) + timedelta(n) for n in range(74)]
single = st.one_of(
    st.integers(1, 2).map(lambda month: f"2014-{month:02}"),
    st.integers(0, 58).map(lambda n: (date(2014, 1, 1) + timedelta(n)).isoformat()),
)
unknown = st.just("")
expressions = st.one_of(
    single,
    st.tuples(st.one_of(single, unknown), st.one_of(single, unknown)).map("/".join),
)


def days_of(text):
    return [day for day in WINDOW if day.isoformat().startswith(text)]


@cache
def courses(text, kind):
    """Enumerate every (first day, last day) that the statement allows within the window."""
    start, slash, end = text.partition("/")
    end = end if slash else start
    if kind == "period":
        pairs = ((s, e) for s in days_of(start) for e in days_of(end))
        return {(s, e) for s, e in pairs if s <= e}
    low = days_of(start)[0] if start else WINDOW[0]
    high = days_of(end)[-1] if end else WINDOW[-1]
    moments = [day for day in WINDOW if low <= day <= high]
    if kind == "point":
        return {(day, day) for day in moments}
    return {(s, e) for s in WINDOW for e in WINDOW if s <= e and s <= high and e >= low}


def mentioned(text, kind):
    """Return the first and last day that the statement bounds, as the design words it."""
    start, slash, end = text.partition("/")
    end = end if slash else start
    if kind == "period":
        known = days_of(start) * bool(start) + days_of(end) * bool(end)
    else:
        known = days_of(start)[:1] * bool(start) + days_of(end)[-1:] * bool(end)
    return min(known), max(known)


def expected_status(text, kind, day):
    possible = courses(text, kind)
    holding = sum(first <= day <= last for first, last in possible)
    if holding == len(possible):
        return "certain"
    if holding == 0:
        return "ruled out"
    first, last = mentioned(text, kind)
    return "possible" if first <= day <= last else "unknown"


def readable(text, kind):
    """Leave out what is refused: both sides unknown, or no course of events at all."""
    return text != "/" and courses(text, "period")


@given(expressions, st.sampled_from(list(Kind)), st.sampled_from(WINDOW[1:-1]))
@settings(max_examples=300)
def test_status_against_brute_force(text, kind, day):
    assume(readable(text, kind))
    assert status(bounds(text, kind), day) == expected_status(text, kind, day)


@given(expressions, expressions, st.sampled_from(list(Kind)), st.sampled_from(list(Kind)))
@settings(max_examples=300)
def test_entailment_against_brute_force(narrow, wide, narrow_kind, wide_kind):
    assume(readable(narrow, narrow_kind) and readable(wide, wide_kind))
    assume(wide_kind != "point" or narrow_kind == "point")
    included = courses(narrow, narrow_kind) <= courses(wide, wide_kind)
    assert entails(parse(narrow, narrow_kind), parse(wide, wide_kind)) == included


def test_the_brute_force_sees_a_wrong_rule():
    wrong = Bounds(date(2014, 1, 1), date(2014, 1, 1), date(2014, 1, 31), date(2014, 1, 31))
    assert status(wrong, date(2014, 1, 5)) != expected_status("2014-01", "point", date(2014, 1, 5))


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        (("1992-06-19", "point"), ("1992", "point"), True),
        (("1992", "point"), ("1992-06-19", "point"), False),
        (("1993/1996", "period"), ("1994-01", "attestation"), True),
        (("1994-01", "attestation"), ("1994", "attestation"), True),
        (("1992-06-19", "period"), ("1992-06-19", "point"), False),
        (("2014/2020", "period"), ("2014/..", "period"), False),
        (("2014/2020", "period"), ("2014/", "period"), True),
        (("2014/..", "period"), ("2014/", "period"), True),
        (("1992", "point"), ("1992~", "point"), True),
        (("1992~", "point"), ("1992", "point"), False),
        (("1992-06-19~", "point"), ("1992", "point"), True),
        (("XXXX-06", "point"), ("XXXX-06", "point"), True),
        (("1992-06-19", "point"), ("XXXX-06", "point"), False),
        (("XXXX-06", "point"), ("1992", "point"), False),
        (("1992-06-19?", "point"), ("1992", "point"), False),
        (("1992-06-19?", "point"), ("1992?", "point"), True),
        (("1992-06-19%", "point"), ("1992", "point"), False),
        (("1992/1994?", "period"), ("1992/", "period"), False),
    ],
)
def test_entailment(narrow, wide, expected):
    assert entails(parse(*narrow), parse(*wide)) is expected
