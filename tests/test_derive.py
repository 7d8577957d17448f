"""What is derived from claims one by one, by Python and by the rules that concern one claim."""

import pytest
from tree import Tree, claim, count, edtf, iri, told

from kg.facts import Facts

BOUNDS = ("earliestStart", "latestStart", "earliestEnd", "latestEnd")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def derive(tree, content, name="alpha/001-01", **parts):
    tree.claims("alpha", claim(name, content, **parts))
    return tree.facts()


def values(facts, predicates, name="claim/alpha/001-01"):
    return [facts.text(iri(name), each) for each in predicates]


@pytest.mark.parametrize(
    ("content", "when", "expected"),
    [
        ("id:march :startedOn " + edtf("1992"), None, ["1992-01-01", "1992-12-31", "", ""]),
        ("id:march :endedOn " + edtf("1992"), None, ["", "", "1992-01-01", "1992-12-31"]),
        ("id:march :happenedOn " + edtf("1992-06-19"), None, ["1992-06-19"] * 4),
        ("id:march :lasted " + edtf("1992/1994"), None,
         ["1992-01-01", "1992-12-31", "1994-01-01", "1994-12-31"]),
        ("id:ann :heldPost id:mayor", ("/2014", ":period"),
         ["", "2014-12-31", "2014-01-01", "2014-12-31"]),
        ("id:ann :heldPost id:mayor", ("2014/..", ":period"),
         ["2014-01-01", "2014-12-31", "2014-01-01", ""]),
        ("id:ann :heldPost id:mayor", ("1994-01", ":attestation"),
         ["", "1994-01-31", "1994-01-01", ""]),
        ("id:ann :led id:march", ("1994-01", ":point"),
         ["1994-01-01", "1994-01-31", "1994-01-01", "1994-01-31"]),
        ("id:ann :led id:march", None, ["", "", "", ""]),
    ],
)  # fmt: skip
def test_bounds(tree, content, when, expected):
    time = {"when": edtf(when[0]), "whenKind": when[1]} if when else {}
    assert values(derive(tree, content, **time), BOUNDS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("70..250", ["70", "250", "false"]),
        (">250", ["251", "", "false"]),
        ("<~80", ["", "79", "true"]),
    ],
)
def test_limits_of_a_number(tree, text, expected):
    facts = derive(tree, "id:march :killed " + count(text))
    assert values(facts, ("low", "high", "approximate")) == expected


def test_limits_of_an_amount(tree):
    facts = derive(tree, "id:ann :gave :militaryOperation", amount=count(">4000"))
    assert values(facts, ("low", "high")) == ["4001", ""]
    both = derive(tree, "id:march :killed " + count("5"), amount=count(">4000"))
    assert values(both, ("low", "high")) == ["5", "5"]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, "Alpha says that: Ann led March"),
        ({"polarity": ":denied"}, "Alpha denies that: Ann led March"),
        (told("id:bob"), "Bob is reported to say that: Ann led March"),
        (told("id:bob", ":reported", polarity=":denied"),
         "Bob is reported to deny that: Ann led March"),
        (told("id:bob", ":alleged"), "Bob is reported to allege that: Ann led March"),
        (told("id:bob", ":doubted"), "Bob is reported, with doubt, to say that: Ann led March"),
        ({"modality": ":intended", "role": ":leader"},
         "Alpha says that: Ann led March (planned; role: leader)"),
        ({"when": edtf("1994-05-19"), "whenKind": ":point"},
         "Alpha says that: Ann led March, on 1994-05-19"),
        ({"when": edtf("1994-05-19"), "whenKind": ":period"},
         "Alpha says that: Ann led March, throughout 1994-05-19"),
        ({"when": edtf("1994"), "whenKind": ":attestation"},
         "Alpha says that: Ann led March, at some moment of 1994"),
        ({"when": edtf("1994/.."), "whenKind": ":period"},
         "Alpha says that: Ann led March, since 1994, going on"),
        ({"when": edtf("/2016"), "whenKind": ":period"},
         "Alpha says that: Ann led March, until 2016"),
        ({"when": edtf("/1996-21"), "whenKind": ":attestation"},
         "Alpha says that: Ann led March, some day until spring 1996"),
        ({"when": edtf("198X"), "whenKind": ":point"},
         "Alpha says that: Ann led March, within the 1980s"),
        ({"rdf:subject": "id:march", "rdf:predicate": ":endedOn", "rdf:object": edtf("/1994-06")},
         "Alpha says that: March ended on some day until 1994-06"),
        ({"rdf:predicate": ":describedAs", "rdf:object": '"odd"'},
         "Alpha says that: Ann is described as “odd”"),
        ({"rdf:subject": None, "missing": "rdf:subject", "missingState": ":statedUnknown"},
         "Alpha says that: (stated to be unknown) led March"),
    ],
)  # fmt: skip
def test_a_claim_in_words_is_its_speakers_statement(tree, parts, expected):
    facts = derive(tree, "id:ann :led id:march", **parts)
    assert facts.label(iri("claim/alpha/001-01")) == expected


def test_a_thing_may_be_called_like_an_open_date(tree):
    tree.write("entities/more", 'id:since a :Event ; rdfs:label "since the flood" .')
    facts = derive(tree, "id:ann :led id:since")
    assert facts.label(iri("claim/alpha/001-01")) == "Alpha says that: Ann led since the flood"


def test_document_and_family(tree):
    facts = derive(tree, "id:ann :led id:march")
    assert values(facts, ("document", "family")) == [
        iri("document/alpha"),
        iri("ontology/commanded"),
    ]


CURATED = ':curatedBy "all of us" ; :curatedOn "2026-11-22"^^xsd:date'


def test_curation_is_said_once_for_a_file(tmp_path):
    tree = Tree(tmp_path, copies={"beta/004": "alpha/001"})
    tree.claims(
        "alpha",
        f"graph:alpha {CURATED} .",
        claim("alpha/001-01", "id:ann :led id:march"),
        claim("alpha/001-02", "id:ann :led id:feast", curatedBy='"one of us"'),
    )
    other = claim("beta/001-01", "id:ann :led id:feast")
    tree.claims("beta", 'graph:beta :curatedBy "others" .', other)
    facts = tree.facts()
    both = ("curatedBy", "curatedOn")
    assert values(facts, both) == ["all of us", "2026-11-22"]
    assert facts.texts(iri("claim/beta/004-01"), "curatedBy") == ["all of us"]
    assert facts.texts(iri("claim/beta/004-01"), "curatedOn") == ["2026-11-22"]
    assert facts.texts(iri("claim/alpha/001-02"), "curatedBy") == ["one of us"]
    assert facts.texts(iri("claim/beta/004-02"), "curatedBy") == ["one of us"]
    assert facts.texts(iri("claim/beta/001-01"), "curatedBy") == ["others"]


def test_nothing_is_derived_of_a_withdrawn_claim(tree):
    parts = {"withdrawn": "true", "reason": '"misread"', "when": edtf("1994"), "whenKind": ":point"}
    tree.claims(
        "alpha",
        f"graph:alpha {CURATED} .",
        claim("alpha/001-01", "id:ann :heldPost id:mayor", **parts),
        claim("alpha/001-02", "id:ann :led id:march", **parts),
    )
    derived = {q for q in tree.quads() if q.graph_name.value == iri("graph/derived")}
    facts = Facts(derived)
    assert iri("claim/alpha/001-01") not in facts
    assert facts.instances("Proposition") == []
    assert not facts.all(iri("id/ann"), "heldPost")
    assert facts.true(iri("id/march"), "unasserted")


def test_classes_above(tree):
    facts = derive(tree, "id:ann :led id:march")
    assert set(facts.texts(iri("id/march"), "rdf:type")) == {
        iri("ontology/Protest"),
        iri("ontology/Event"),
    }
    assert iri("ontology/Document") in facts.texts(iri("document/alpha"), "rdf:type")
    assert facts.texts(iri("claim/alpha/001-01"), "rdf:type") == [iri("ontology/Claim")]
