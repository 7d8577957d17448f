"""Proposed passages: lines by their form, sentences by pySBD and three general rules."""

import pytest

from kg.segments import HEADING, INFOBOX, LIST, SENTENCE, propose, sentence_spans

WIKI = """= Dry Wells =

Dry Wells
- Date: 1950
- Depth:
- Owners: Ana Lund, * her brother

The wells fell dry. Nobody knew why.
== Search ==
Men dug for days.

=== Second search (1951) ===
They found sand.
== See also ==
- Sand
- Drought of 1949
"""

BARE = """Dry Wells

The wells fell dry.

Search

First search

Men dug for days.

Second search

They found sand.
"""


def sentences(line: str) -> list[str]:
    return [line[start:end] for start, end in sentence_spans(line)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("It fell. It rose.", ["It fell.", "It rose."]),
        ("He met Lt. Gen. Noor on 5 Jan. 1950. He left.",
         ["He met Lt. Gen. Noor on 5 Jan. 1950.", "He left."]),
        ("Col. (retd.) Omar came at 5 p.m. on Monday. No. 5 was hit.",
         ["Col. (retd.) Omar came at 5 p.m. on Monday.", "No. 5 was hit."]),
        ("The U.S. Navy spoke. It left.", ["The U.S. Navy spoke.", "It left."]),
        ("Prices rose 3.5 percent. 12 men came.", ["Prices rose 3.5 percent.", "12 men came."]),
        ("It died.The next day it rained.", ["It died.", "The next day it rained."]),
        ('She said "Go away." and left. Nobody came.',
         ['She said "Go away." and left.', "Nobody came."]),
        ('He said: "One came. Two left. Three stayed." Then he slept.',
         ['He said: "One came.', "Two left.", 'Three stayed."', "Then he slept."]),
        ('They called it "Red Fox in 1950. It ended. Omar said "it will go on." He left.',
         ['They called it "Red Fox in 1950.', "It ended.", 'Omar said "it will go on."',
          "He left."]),
        ('He spoke:" One came. Two left. "Omar slept.',
         ['He spoke:" One came.', 'Two left. "', "Omar slept."]),
        ("“Leave us. We stay,” they said. They left.",
         ["“Leave us.", "We stay,” they said.", "They left."]),
        ('He called it "Red. It ended. "We go," said Omar.',
         ['He called it "Red.', "It ended.", '"We go," said Omar.']),
        ("Brig. Retd. Noor and Insp. Omar came. Both left.",
         ["Brig. Retd. Noor and Insp. Omar came.", "Both left."]),
        ("It was dug ca. 1950 by hand (see Vol. 2). It fell.",
         ["It was dug ca. 1950 by hand (see Vol. 2).", "It fell."]),
        ("He stopped. then went on. Omar left.", ["He stopped. then went on.", "Omar left."]),
        ("  One came.   Two left.  ", ["One came.", "Two left."]),
        ("It fell. It fell. It fell.", ["It fell."] * 3),
    ],
)  # fmt: skip
def test_sentences(line: str, expected: list[str]) -> None:
    assert sentences(line) == expected


def test_lines_of_a_marked_up_article() -> None:
    found = [(p.kind, p.section, p.factual) for p in propose(WIKI)]
    assert found == [
        (HEADING, "(title)", False),
        (INFOBOX, "(infobox)", False),
        (INFOBOX, "(infobox)", True),
        (INFOBOX, "(infobox)", False),
        (INFOBOX, "(infobox)", True),
        (SENTENCE, "(lead)", True),
        (SENTENCE, "(lead)", True),
        (HEADING, "Search", False),
        (SENTENCE, "Search", True),
        (HEADING, "Search > Second search (1951)", True),
        (SENTENCE, "Search > Second search (1951)", True),
        (HEADING, "See also", False),
        (LIST, "See also", False),
        (LIST, "See also", True),
    ]


def test_labels_of_infobox_lines() -> None:
    labels = [p.field_label for p in propose(WIKI) if p.kind == INFOBOX]
    assert labels == [None, "Date", "Depth", "Owners"]


def test_a_list_with_colons_after_prose_is_no_infobox() -> None:
    kinds = [p.kind for p in propose("The wells fell dry.\n\n- Depth: 9 m\n- Age: old\n")]
    assert kinds == [SENTENCE, LIST, LIST]


def test_bare_titles_are_headings_and_nest_under_a_title_without_text() -> None:
    assert [(p.kind, p.section) for p in propose(BARE)] == [
        (HEADING, "(title)"),
        (SENTENCE, "(lead)"),
        (HEADING, "Search"),
        (HEADING, "Search > First search"),
        (SENTENCE, "Search > First search"),
        (HEADING, "Search > Second search"),
        (SENTENCE, "Search > Second search"),
    ]


@pytest.mark.parametrize(
    "text", ["", " \n\n ", WIKI, BARE, WIKI.replace("\n", "\r\n"), "\ufeffA b."]
)
def test_passages_are_in_order_apart_and_leave_only_white_space(text: str) -> None:
    covered, end = set[int](), 0
    for passage in propose(text):
        assert end <= passage.start < passage.end <= len(text)
        assert text[passage.start : passage.end].strip() == text[passage.start : passage.end]
        covered |= set(range(passage.start, passage.end))
        end = passage.end
    assert not "".join(char for i, char in enumerate(text) if i not in covered).strip()
