"""Spellings in a text: whole words, glued words, the longest first, and what it does not hide."""

import pytest

from kg.occurrences import Kind, Lexicon, capitalised, kind_of, occurrences, places

BEARERS = {
    "Lund": "lund",
    "Lund Police": "police",
    "Ana Ames": "ana",
    "Ames": "ana",
    "Bo Ames": "bo",
    "Office of Ana Ames": "office",
    "Raid on Lund": "raid",
    "Crowd of Lund": "crowd",
    "wing of the Lund Police": "wing",
    "mill hands": "hands",
    "mill": "mill",
}
LEXICON = Lexicon(
    {spelling: kind_of(spelling) for spelling in BEARERS},
    open=frozenset({"raid", "crowd"}),
    persons=frozenset({"ana", "bo"}),
)


def named(text):
    found = occurrences(text, LEXICON, lambda spelling: {BEARERS[spelling]})
    assert all(text[each.start : each.end].lower() == each.spelling.lower() for each in found)
    return [entity for each in found for entity in each.entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In Lund it rained.", ["lund"]),
        ("Lund's mayor; Lund-born; (Lund)", ["lund", "lund", "lund"]),
        ("LundKIA, MayorLund", ["lund", "lund"]),
        ("Lunden, lund, LUND, Lund2", []),
        ("The Lund Police came.", ["police"]),
        ("A wing of the Lund Police.", ["wing", "police"]),
        ("Raid on Lund", ["raid", "lund"]),
        ("Crowd of Lund", ["crowd", "lund"]),
        ("Office of Ana Ames", ["office", "ana"]),
        ("Bo Ames met Ames.", ["bo", "ana"]),
        ("Mill hands left the mill.", ["hands", "mill"]),
        ("MILL hands", []),
    ],
)
def test_what_is_named(text, expected):
    assert named(text) == expected


def test_what_is_not_meant_here_hides_nothing():
    found = occurrences(
        "Lund Police", LEXICON, lambda spelling: {"lund"} if spelling == "Lund" else ()
    )
    assert [each.spelling for each in found] == ["Lund"]


@pytest.mark.parametrize(
    ("spelling", "kind"),
    [
        ("Law and Order of the Land", Kind.NAME),
        ("20 Mile House", Kind.NAME),
        ("ut-Taleba", Kind.NAME),
        ("House (old)", Kind.PHRASE),
        ("top officials of LND", Kind.PHRASE),
        ("70 mills", Kind.DESCRIPTION),
    ],
)
def test_kinds(spelling, kind):
    assert kind_of(spelling) is kind


def test_places_of_a_spelling_that_recurs():
    assert list(places("Lund Lund", "Lund")) == [0, 5]
    assert list(places("Mill and mill", "mill")) == [0, 9]


def test_words_that_begin_something():
    text = 'Rain fell. Lund, "Bo said", He'
    assert [(word.text, word.initial) for word in capitalised(text)] == [
        ("Rain", True), ("Lund", True), ("Bo", True), ("He", False),
    ]  # fmt: skip
    assert [word.initial for word in capitalised(text, items=True)][-1]
