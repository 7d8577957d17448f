import pytest

from kg.errors import InputError
from kg.names import nearest, normalize, slug, suggest


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Clean-up", "clean up"),
        ("Clean\u2013up", "CLEAN UP"),
        ("Pakka\u00a0Qila", "Pakka Qila"),
        ("People\u2019s Party", "Peoples Party"),
        ("B\u0101bar", "Babar"),
        ("M.Q.M.", "MQM"),
    ],
)
def test_spellings_that_are_equal(left, right):
    assert normalize(left) == normalize(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [("General Beg", "Beg"), ("Cleanup", "Clean up"), ("MQM-L", "MQM-A"), ("Bhutto", "Bhuto")],
)
def test_spellings_that_differ(left, right):
    assert normalize(left) != normalize(right)


def test_normal_form_is_its_own_normal_form():
    assert normalize(normalize("\u015aAH\u2014Jin\u0148ah\u2019s")) == "sah jinnahs"


def test_other_scripts_keep_their_letters():
    assert normalize("\u06a9\u0631\u0627\u0686\u06cc") == "\u06a9\u0631\u0627\u0686\u06cc"


def test_slug():
    assert slug("MQM\u2013L (London), 1992") == "mqm-l-london-1992"


def test_slug_needs_latin_letters():
    with pytest.raises(InputError, match="Latin"):
        slug("\u06a9\u0631\u0627\u0686\u06cc")


def test_nearest_is_ordered_and_repeatable():
    names = ["altaf-hussain", "altaf-hussein", "arif-hussain", "karachi"]
    assert nearest("Altaf Husain", names)[0] == "altaf-hussain"
    assert nearest("Altaf Husain", reversed(names)) == nearest("Altaf Husain", names)
    assert nearest("Arif Husain", names) == ["arif-hussain", "altaf-hussain", "altaf-hussein"]
    assert "karachi" not in nearest("Altaf Husain", names)


def test_a_very_long_name_is_compared_with_none():
    assert nearest("a" * 1000, ["a" * 1000]) == ["a" * 1000]
    assert nearest("a" * 1001, ["a" * 1001]) == []


def test_suggest_is_silent_when_nothing_is_near():
    assert suggest("zzz", ["karachi"]) == ""
