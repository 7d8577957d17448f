"""Copies and near copies among sentences."""

from kg.copies import Text, alike, repetitions, words

FIRST = "The old wells of the valley fell dry in the summer of 1950."
EDITED = "The wells of the valley (all nine) fell dry in summer 1950."
OTHER = "Nine men came from the coast to dig for water with their hands."


def repeated(*texts: str, kind: str = "sentence") -> dict[str, tuple[str | None, tuple[str, ...]]]:
    found = repetitions(Text(str(number), kind, text) for number, text in enumerate(texts))
    return {iri: (one.copy_of, one.near_copies) for iri, one in found.items()}


def test_all_copies_point_to_the_first() -> None:
    assert repeated(FIRST, OTHER, FIRST, FIRST) == {"2": ("0", ()), "3": ("0", ())}


def test_an_edited_sentence_is_a_near_copy_of_roots_only() -> None:
    assert repeated(FIRST, FIRST, EDITED, OTHER) == {"1": ("0", ()), "2": (None, ("0",))}


def test_short_sentences_coincide_by_chance() -> None:
    assert repeated("It rained all day.", "It rained all day.") == {}


def test_equal_lines_of_an_infobox_are_no_copies() -> None:
    assert repeated(FIRST, FIRST, kind="infoboxLine") == {}


def test_case_and_marks_make_no_difference() -> None:
    assert words(FIRST) == words(FIRST.upper().replace(".", "!"))


def test_half_of_the_words_are_enough() -> None:
    own = ["one", "two", "three", "four"]
    assert not alike(own, ["one", "two", "e", "f", "g"])
    assert alike(own, ["one", "two", "e", "f"])
