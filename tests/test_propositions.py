"""Which claims say the same, what follows from what, and how many independent origins say it."""

import pytest
from tree import Tree, claim, count, edtf, iri, told

from kg.facts import Facts, expand, quad
from kg.origins import Origins
from kg.rdf import DERIVED, NamedNode

CONTENT = "id:ann :led id:march"


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path, copies={"beta/009": "alpha/009"}, near={"beta/008": "alpha/008"})


def build(tree, *claims):
    for slug in ("alpha", "alpha-two", "beta"):
        tree.claims(slug, *(each for each in claims if f"claim/{slug}/" in each))
    return tree.facts()


def stated(facts, name):
    (proposition,) = facts.texts(iri(f"claim/{name}"), "states")
    return proposition


def support(facts, name):
    proposition = stated(facts, name)
    return tuple(int(facts.text(proposition, each)) for each in ("claimCount", "originCount"))


def when(text, kind=":point"):
    return {"when": edtf(text), "whenKind": kind}


@pytest.mark.parametrize(
    ("content", "one", "other"),
    [
        (CONTENT, {}, told("id:bob", ":alleged", polarity=":denied", cue='"said"', note='"x"')),
        (CONTENT, {"wording": '"rabble"'}, {"whomWording": '"folk"', "readFrom": ":layout"}),
        (CONTENT, when("1992/1992"), when("1992")),
        (CONTENT, {"amount": count("05")}, {"amount": count("5")}),
        (CONTENT, {"role": ":leader, :member"}, {"role": ":member, :leader"}),
    ],
)
def test_the_same_content(tree, content, one, other):
    first = claim("alpha/001-01", content, **one)
    facts = build(tree, first, claim("beta/002-01", content, **other))
    assert stated(facts, "alpha/001-01") == stated(facts, "beta/002-01")


@pytest.mark.parametrize(
    ("content", "other"),
    [
        ("id:bob :led id:march", {}),
        ("id:ann :directed id:march", {}),
        ("id:ann :led id:feast", {}),
        (CONTENT, {"modality": ":intended"}),
        (CONTENT, when("1992")),
        (CONTENT, when("1992", ":attestation")),
        (CONTENT, {"role": ":leader"}),
        (CONTENT, {"where": "id:town"}),
        (CONTENT, {"rdf:object": None, "missing": "rdf:object", "missingState": ":lost"}),
    ],
)
def test_another_content(tree, content, other):
    facts = build(tree, claim("alpha/001-01", CONTENT), claim("beta/002-01", content, **other))
    assert stated(facts, "alpha/001-01") != stated(facts, "beta/002-01")


def test_a_proposition_has_a_label_and_no_parts_of_its_own(tree):
    facts = build(tree, claim("alpha/001-01", CONTENT, **when("1992")))
    proposition = stated(facts, "alpha/001-01")
    assert facts.label(proposition) == "that Ann led March, within 1992"
    assert facts.texts(proposition, "rdf:type") == [iri("ontology/Proposition")]
    assert not facts.all(proposition, "rdf:subject")
    assert len(proposition.removeprefix(iri("proposition/"))) == 16


KILLED = "id:march :killed "


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ((CONTENT, when("1992-06-19")), (CONTENT, when("1992"))),
        ((CONTENT, when("1992")), (CONTENT, {})),
        (("id:march :startedOn " + edtf("1992-06-19"), {}),
         ("id:march :startedOn " + edtf("1992"), {})),
        ((KILLED + count("300"), {}), (KILLED + count(">250"), {})),
        ((KILLED + count("300"), when("1992", ":period")),
         (KILLED + count(">250"), when("1992", ":period"))),
    ],
)  # fmt: skip
def test_the_narrower_entails_the_wider(tree, narrow, wide):
    facts = build(
        tree,
        claim("alpha/001-01", narrow[0], **narrow[1]),
        claim("beta/002-01", wide[0], **wide[1]),
    )
    first, second = stated(facts, "alpha/001-01"), stated(facts, "beta/002-01")
    assert facts.texts(first, "entails") == [second]
    assert facts.texts(second, "entails") == []
    assert support(facts, "alpha/001-01") == (1, 1)
    assert support(facts, "beta/002-01") == (2, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((CONTENT, when("1992")), (CONTENT, when("1993"))),
        ((CONTENT, {"role": ":leader"}), (CONTENT, {})),
        ((CONTENT, when("1992")), (CONTENT, {"modality": ":intended"})),
        ((KILLED + count("70..250"), {}), (KILLED + count(">250"), {})),
        ((KILLED + count("5"), when("1992", ":period")), (KILLED + count("5"), {})),
        ((KILLED + count("5"), when("1992", ":period")),
         (KILLED + count("5"), when("1991/1993", ":period"))),
        ((KILLED + count("5"), {"whom": ":civilians"}), (KILLED + count(">2"), {})),
    ],
)  # fmt: skip
def test_neither_entails_the_other(tree, one, other):
    facts = build(
        tree,
        claim("alpha/001-01", one[0], **one[1]),
        claim("beta/002-01", other[0], **other[1]),
    )
    for name in ("alpha/001-01", "beta/002-01"):
        assert facts.texts(stated(facts, name), "entails") == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("alpha/001-01", {}), ("beta/002-01", {}), (2, 2)),
        (("alpha/001-01", {}), ("alpha/002-01", {}), (2, 1)),
        (("alpha/001-01", {}), ("alpha-two/002-01", {}), (2, 1)),
        (("alpha/008-01", {}), ("beta/008-01", {}), (2, 1)),
        (("alpha/001-01", told("id:bob")), ("beta/002-01", told("id:bob")), (2, 1)),
        (("alpha/001-01", told("id:bob")), ("beta/002-01", told("id:ann")), (2, 2)),
        (("alpha/001-01", told("id:someone")), ("beta/002-01", told("id:someone")), (2, 2)),
        (("alpha/001-01", {}), ("beta/002-01", {"polarity": ":denied"}), (1, 1)),
        (("alpha/001-01", {"polarity": ":denied"}), ("beta/002-01", {"polarity": ":denied"}),
         (0, 0)),
        (("alpha/001-01", {}), ("beta/002-01", {"readFrom": ":inference"}), (2, 1)),
        (("alpha/001-01", {}), ("beta/002-01", {"readFrom": ":layout"}), (2, 2)),
    ],
)  # fmt: skip
def test_claims_and_origins(tree, one, other, expected):
    facts = build(
        tree,
        claim(one[0], CONTENT, **one[1]),
        claim(other[0], CONTENT, **other[1]),
    )
    assert support(facts, one[0]) == expected


LOST = {"rdf:object": None, "missing": "rdf:object", "missingState": ":lost"}
UNKNOWN = LOST | {"missingState": ":statedUnknown"}


@pytest.mark.parametrize(
    ("one", "other"),
    [(LOST, LOST), (UNKNOWN, UNKNOWN), (LOST | when("1992"), LOST), (LOST, {})],
)
def test_two_blanks_do_not_say_the_same(tree, one, other):
    facts = build(
        tree,
        claim("alpha/001-01", CONTENT, **one),
        claim("alpha/001-02", CONTENT, **other),
        claim("beta/002-01", CONTENT, **other),
    )
    assert support(facts, "alpha/001-01") == (1, 1)
    assert stated(facts, "alpha/001-01") != stated(facts, "beta/002-01")
    assert facts.texts(stated(facts, "alpha/001-01"), "entails") == []


def test_a_blank_is_one_with_its_copy(tree):
    facts = build(tree, claim("alpha/009-01", CONTENT, **LOST))
    assert stated(facts, "alpha/009-01") == stated(facts, "beta/009-01")
    assert support(facts, "beta/009-01") == (2, 1)


def test_a_copy_is_a_claim_but_no_origin(tree):
    facts = build(tree, claim("alpha/009-01", CONTENT))
    assert support(facts, "beta/009-01") == (2, 1)


def test_ties_connect_from_claim_to_claim(tree):
    facts = build(
        tree,
        claim("alpha/001-01", CONTENT),
        claim("alpha/002-01", CONTENT, **told("id:bob")),
        claim("beta/001-01", CONTENT, **told("id:bob")),
    )
    assert support(facts, "beta/001-01") == (3, 1)


@pytest.mark.parametrize("tie", ["versionOf", "laterVersionOf", "extractOf"])
def test_documents_of_one_lineage_are_one_origin(tie):
    lineage = [("u:one", "rdf:type", expand("SourceDocument")), ("u:one", tie, "u:other"),
               ("u:p", "document", "u:one"), ("u:q", "document", "u:other"),
               ("u:a", "evidence", "u:p"), ("u:b", "evidence", "u:q"),
               ("u:a", "speaker", "u:ann"), ("u:b", "speaker", "u:bob")]  # fmt: skip
    graph = [quad(node, term, NamedNode(value), DERIVED) for node, term, value in lineage]
    assert Origins(Facts(graph)).count(["u:a", "u:b"]) == 1
    without = [each for each in graph if not each.predicate.value.endswith(tie)]
    assert Origins(Facts(without)).count(["u:a", "u:b"]) == 2
