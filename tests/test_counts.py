import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.counts import Count, entails, parse
from kg.errors import DataError


@pytest.mark.parametrize(
    ("text", "low", "high", "approximate"),
    [
        ("250", 250, 250, False),
        ("0", 0, 0, False),
        ("70..250", 70, 250, False),
        ("~70..250", 70, 250, True),
        (">250", 251, None, False),
        (">=46", 46, None, False),
        (">=1000", 1000, None, False),
        ("<80", None, 79, False),
        ("<=35000", None, 35000, False),
        ("~750", 750, 750, True),
        ("<~80", None, 79, True),
        (">~100", 101, None, True),
    ],
)
def test_grammar(text, low, high, approximate):
    assert parse(text) == Count(text, low, high, approximate)


@pytest.mark.parametrize(("text", "normal"), [("070", "70"), ("> 250", ">250"), ("8..8", "8")])
def test_normal_text(text, normal):
    assert parse(text).text == normal


@pytest.mark.parametrize(
    "text",
    ["", "many", "-5", "1,000", "1000+", "70-250", ">5..9", "5..", "..5", "1.5", "~~5", "~>5"],
)
def test_what_is_no_count_is_told_how_to_write_one(text):
    with pytest.raises(DataError, match="write for example"):
        parse(text)


def test_only_ascii_digits_count():
    with pytest.raises(DataError, match="write for example"):
        parse("\u0665")


@pytest.mark.parametrize("text", ["250..70", "<0"])
def test_a_count_without_any_value(text):
    with pytest.raises(DataError, match="allows no value"):
        parse(text)


exact_texts = st.one_of(
    st.integers(0, 12).map(str),
    st.tuples(st.sampled_from([">", ">=", "<=", "<"]), st.integers(1, 12)).map(
        lambda pair: f"{pair[0]}{pair[1]}"
    ),
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: f"{min(pair)}..{max(pair)}"),
)


def values(text):
    """Enumerate what a figure allows up to 20, from its text and not from its limits."""
    for mark in (">=", "<=", ">", "<"):
        if text.startswith(mark):
            number = int(text.removeprefix(mark))
            tests = {">=": int.__ge__, "<=": int.__le__, ">": int.__gt__, "<": int.__lt__}
            return {value for value in range(21) if tests[mark](value, number)}
    low, _, high = text.partition("..")
    return set(range(int(low), int(high or low) + 1))


@given(exact_texts, exact_texts)
def test_entailment_is_inclusion_of_values(narrow, wide):
    assert entails(parse(narrow), parse(wide)) == (values(narrow) <= values(wide))


@pytest.mark.parametrize(
    ("narrow", "wide", "expected"),
    [
        ("750", "~750", True),
        ("~750", "750", False),
        ("~750", "~750", True),
        ("70..250", ">250", False),
        (">250", "70..250", False),
        ("300", ">250", True),
        # Nothing is below none.
        ("<80", "0..90", True),
    ],
)
def test_entailment_of_approximate_figures(narrow, wide, expected):
    assert entails(parse(narrow), parse(wide)) is expected
