"""Every figure of the five texts, its bounds, and which figures can be compared.

`tests/readings/figures.csv` lists what was found by reading all texts for numbers: the bounds
are those of the words ("over 250": from 251; "nearly 80": at most 79, approximate;
"thousands": from 2,000), and an infobox field without a value has its state instead.
"""

from readings import ask_real, expected, rows_of

CASUALTIES = {"killed", "injured", "wentMissing", "killedOrMissing", "arrested", "imprisoned"}


def figures(real, question, values=None):
    rows = rows_of(ask_real(real, question, values))
    columns = ("document", "passage", "kind", "low", "high", "approximate", "missingState")
    return {tuple(row[each] for each in columns) for row in rows}


def test_every_figure_of_the_texts_and_no_other(real):
    _, wanted = expected("figures")
    assert len(wanted) == 109
    assert figures(real, "figures") == wanted


def test_the_casualty_ledger_has_every_casualty(real):
    wanted = {row for row in expected("figures")[1] if row[2] in CASUALTIES}
    assert len(wanted) == 54
    assert figures(real, "casualties") == wanted


def test_each_row_tells_who_was_counted_and_who_speaks(real):
    rows = rows_of(ask_real(real, "casualties"))
    assert all(row["speaker"] and row["stance"] and row["polarity"] for row in rows)
    assert [row["claim"] for row in rows if row["figure"] and not row["whom"]] == []
    by_speaker = {row["speaker"] for row in rows if row["passage"] == "122"}
    assert by_speaker == {"mqm"}
    (nearly,) = {(row["whom"], row["when"], row["approximate"]) for row in rows
                 if row["passage"] == "53" and row["figure"] == "<~80"}  # fmt: skip
    assert nearly == ("police", "1995-06-25", "true")
    # A month whose year is read from the sentence before, and two spans without a date.
    spans = {(row["figure"], row["when"], row["over"]) for row in rows if row["passage"] == "52"}
    assert spans - {("70..250", "", ""), (">250", "", "")} == {
        ("~300", "1995-06", ""),
        ("600", "", "P2M"),
        ("2000", "", "P1Y"),
    }


def compared(real, values=None):
    """Return the pairs, with each pair that has no direction both ways round."""
    columns, _ = expected("figures-compared")
    rows = rows_of(ask_real(real, "figures-compared", values))
    pairs = {tuple(row[each] for each in columns) for row in rows}
    return pairs | {(*row[:4], *row[6:], *row[4:6]) for row in pairs if row[1] != "contained"}


def test_figures_compared(real):
    _, wanted = expected("figures-compared")
    assert len(wanted) == 12
    assert wanted - compared(real) == set()


def test_only_figures_of_one_scope_or_a_part_are_comparable(real):
    pairs = compared(real)
    comparable = {row for row in pairs if row[1] != "different"}
    assert {row[:2] for row in comparable} == {
        ("killed", "same"),
        ("killed", "contained"),
        ("killed", "victims"),
        ("killedOrMissing", "contained"),
    }
    assert all(row[2] == "" and row[3] for row in pairs - comparable)
    assert all(row[2] in ("true", "false") for row in comparable)


def test_no_figure_is_made_up(real):
    """No question gives a number that no document gives: nothing is added up or averaged."""
    told = {row[3] for row in expected("figures")[1]} | {row[4] for row in expected("figures")[1]}
    for question in ("figures", "casualties"):
        rows = rows_of(ask_real(real, question))
        assert {row["low"] for row in rows} | {row["high"] for row in rows} <= told
