"""What changed between versions: the comparison by small cases, and the edits of the real article.

`tests/readings/what-changed.csv` was written from the two texts read side by side; the
comparison must find every edit in it and no other change.
"""

import csv

import pytest
from readings import ask_real, expected, local, rows_of
from tree import Tree, claim, edtf, iri, told

from kg.entities import Names
from kg.tables import answer_table

CONTENT = "id:ann :led id:march"
OLD, NEW = "alpha/001-01", "alpha-two/001-01"


@pytest.fixture
def tree(tmp_path):
    near = {f"alpha-two/00{number}": f"alpha/00{number}" for number in (1, 2, 3)}
    return Tree(tmp_path, near=near)


def found(tree, old, new):
    """Return the differences of claims: change, was, now, and in what."""
    tree.claims("alpha", *old)
    tree.claims("alpha-two", *new)
    facts = tree.facts()
    shown = []
    for each in facts.instances("Difference"):
        change, was, now = (local(facts.text(each, part)) for part in ("change", "was", "now"))
        if not change.startswith("passage"):
            shown.append((change, was, now, {local(p) for p in facts.texts(each, "changedIn")}))
    return sorted(shown, key=str)


@pytest.mark.parametrize(
    ("before", "after", "aspects"),
    [
        ({}, {"rdf:subject": "id:bob"}, {"subject"}),
        ({}, {"rdf:object": "id:feast"}, {"object"}),
        ({}, told("id:bob"), {"speaker", "stance"}),
        (told("id:bob"), told("id:bob", ":alleged"), {"stance"}),
        ({}, {"polarity": ":denied"}, {"polarity"}),
        ({}, {"modality": ":intended"}, {"modality"}),
        ({"degree": ":full"}, {"degree": ":partial"}, {"degree"}),
        ({"when": edtf("1992"), "whenKind": ":point"}, {"when": edtf("1993"), "whenKind": ":point"},
         {"when"}),
        (told("id:bob"), {"rdf:subject": "id:bob"}, {"subject", "speaker", "stance"}),
    ],
)  # fmt: skip
def test_changed_in(tree, before, after, aspects):
    old, new = claim(OLD, CONTENT, **before), claim(NEW, CONTENT, **after)
    assert found(tree, [old], [new]) == [("changed", "001-01", "001-01", aspects)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        (told("id:someone"), told("id:another")),
        ({"rdf:subject": "id:someone"}, {"rdf:subject": "id:another"}),
        ({"note": '"a"', "readFrom": ":layout"}, {"note": '"b"'}),
        ({"wording": '"led"'}, {}),
    ],
)
def test_no_change(tree, before, after):
    assert found(tree, [claim(OLD, CONTENT, **before)], [claim(NEW, CONTENT, **after)]) == []


def test_another_predicate_is_another_claim(tree):
    old, new = claim(OLD, CONTENT), claim(NEW, "id:ann :directed id:march")
    assert [each[:3] for each in found(tree, [old], [new])] == [
        ("added", "", "001-01"),
        ("dropped", "001-01", ""),
    ]


def test_another_word_is_no_other_claim(tree):
    old, new = (claim(each, CONTENT, wording=f'"{each}"') for each in (OLD, NEW))
    assert found(tree, [old], [new]) == [("reworded", "001-01", "001-01", {"wording"})]


def test_passages_that_are_not_aligned(tree):
    """The same claim in another place is restated; a new one is added, an old one dropped."""
    old = [claim("alpha/001-01", CONTENT), claim("alpha/004-01", "id:bob :led id:march")]
    new = [claim("alpha-two/002-01", CONTENT), claim("alpha-two/005-01", "id:guild :led id:feast")]
    assert [each[:3] for each in found(tree, old, new)] == [
        ("added", "", "005-01"),
        ("dropped", "004-01", ""),
        ("restated", "001-01", "002-01"),
    ]


def test_one_participant_becomes_two(tree):
    old = [claim(OLD, CONTENT), claim("alpha/001-02", "id:bob :led id:march")]
    new = [claim(f"alpha-two/001-0{n}", f"id:{who} :led id:march")
           for n, who in enumerate(("ann", "guild", "branch"), 1)]  # fmt: skip
    assert [each[:3] for each in found(tree, old, new)] == [
        ("changed", "001-02", "001-02"),
        ("changed", "001-02", "001-03"),
    ]


def test_what_differs_in_its_manner_is_changed_once(tree):
    new = [claim(NEW, CONTENT, modality=":intended"),
           claim("alpha-two/001-02", CONTENT, modality=":ordered")]  # fmt: skip
    assert found(tree, [claim(OLD, CONTENT)], new) == [
        ("added", "", "001-02", set()),
        ("changed", "001-01", "001-01", {"modality"}),
    ]


def test_the_least_difference_is_the_change(tree):
    """Two supporters of another degree each: neither is taken for the other."""
    old = [claim(f"alpha/001-0{n}", f"id:{who} :supported id:march", degree=":full")
           for n, who in ((1, "ann"), (2, "bob"))]  # fmt: skip
    new = [claim(f"alpha-two/001-0{n}", f"id:{who} :supported id:march", degree=":partial")
           for n, who in ((1, "bob"), (2, "ann"))]  # fmt: skip
    assert found(tree, old, new) == [
        ("changed", "001-01", "001-02", {"degree"}),
        ("changed", "001-02", "001-01", {"degree"}),
    ]


def test_passages_added_and_dropped(tree):
    tree.claims("alpha", claim(OLD, CONTENT))
    facts = tree.facts()
    shown = {
        (local(facts.text(each, "change")), facts.text(each, "was") or facts.text(each, "now"))
        for each in facts.instances("Difference")
    }
    for number in (4, 9):
        assert ("passageDropped", iri(f"passage/alpha/00{number}")) in shown
        assert ("passageAdded", iri(f"passage/alpha-two/00{number}")) in shown
    assert not {iri("passage/alpha/001"), iri("passage/alpha-two/003")} & {p for _, p in shown}


# Of the real article: passages with something new, and where an old statement stands again
# (the last passage that made it: passages 24, 36 and 38 all speak of the government in 45).
ADDED_IN = {3, *range(5, 8), *range(9, 14), 15, 17, 18, 28, 33, 34, 36, 45, 47, 49, 53, 63, 66, 70}
RESTATED = {(1, 5), (2, 7), (3, 4), (3, 8), (4, 45), (14, 45), (38, 45)}
HEADINGS = {1, 19, 20, 35, 39, 44, 54, 62, 64}
NEW_PASSAGES = {*range(2, 14), 33, 34, 45, *range(65, 71), *HEADINGS}


@pytest.fixture(scope="module")
def changes(real):
    values = {"old": "operation-clean-up-1", "new": "operation-clean-up-2"}
    return rows_of(ask_real(real, "what-changed", values))


def test_every_edit_of_the_article_is_found_and_no_other(changes):
    columns, wanted = expected("what-changed")
    kinds = {"changed", "dropped", "reworded"}
    shown = {tuple(row[each] for each in columns) for row in changes if row["change"] in kinds}
    assert shown == wanted
    assert len(wanted) == 43
    assert {row["cause"] for row in changes} == {"edit"}


def test_the_table_names_what_changed(real):
    values = {"old": "operation-clean-up-1", "new": "operation-clean-up-2"}
    table = answer_table(ask_real(real, "what-changed", values, form="json").encode(), Names([]))
    (aspects,) = (column.cells for column in table.columns if column.header == "aspect")
    assert {"subject", "object", "degree", "polarity", ""} <= set(aspects)


def test_what_the_later_article_adds(changes):
    def places(change, *columns):
        rows = (row for row in changes if row["change"] == change)
        return {tuple(int(row[each]) for each in columns) for row in rows}

    assert places("added", "newPassage") == {(each,) for each in ADDED_IN}
    assert places("restated", "oldPassage", "newPassage") == RESTATED
    assert places("passageAdded", "newPassage") == {(each,) for each in NEW_PASSAGES}
    assert places("passageDropped", "oldPassage") == set()


def test_every_sentence_of_the_earlier_article_is_aligned(real):
    """Its 39 sentences stand in 40 of the later one: one was split in two."""
    text = """PREFIX : <https://w3id.org/contested-kg/ontology/>
    PREFIX d: <https://w3id.org/contested-kg/document/>
    SELECT ?old ?new {
      ?later :document d:operation-clean-up-2 ; :copyOf|:nearCopyOf ?earlier ; :number ?new .
      ?earlier :document d:operation-clean-up-1 ; :number ?old
    }"""
    pairs = [(int(row["old"]), int(row["new"])) for row in rows_of(ask_real(real, text=text))]
    assert len(pairs) == 40
    assert {old for old, _ in pairs} == set(range(1, 40))
    assert {new for old, new in pairs if old == 2} == {15, 16}


def test_an_extract_differs_by_extraction_only(real):
    values = {"old": "mqm-militancy", "new": "mqm-militancy-extract"}
    rows = rows_of(ask_real(real, "what-changed", values))
    assert {row["cause"] for row in rows} == {"extraction"}
    shown = {
        (row["oldPassage"], row["newPassage"], row["aspect"])
        for row in rows
        if row["change"] in ("changed", "added")
    }
    assert shown == {("32", "7", "object"), ("41", "16", "object"), ("84", "59", "object")}
    assert "passageAdded" not in {row["change"] for row in rows}


def test_readings_are_all_used(root):
    names = {path.name for path in (root / "tests" / "readings").glob("*.csv")}
    assert names == {
        "corroboration.csv",
        "figures-compared.csv",
        "figures.csv",
        "what-changed.csv",
    }


def test_expected_rows_are_unique(root):
    for path in (root / "tests" / "readings").glob("*.csv"):
        with path.open(newline="") as file:
            rows = [tuple(row) for row in csv.reader(file)]
        assert len(rows) == len(set(rows)), path
