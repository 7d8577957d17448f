"""Coverage: the nodes in the metadata graph, and the question that counts anew."""

import pytest
from readings import ask_real, rows_of
from tree import Tree, claim, iri

COUNTS = ("passageCount", "factualPassageCount", "coveredPassageCount", "claimCount")
TOTALS = {
    "operation-clean-up-1": (39, 39, 39),
    "operation-clean-up-2": (70, 56, 56),
    "mqm-militancy": (152, 131, 131),
    "mqm-insurrection-1978-1992": (52, 47, 47),
    "mqm-militancy-extract": (75, 69, 69),
}


def test_passages_without_standing_claims_are_not_covered(tmp_path):
    tree = Tree(tmp_path)
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:ann :led id:march"),
        claim("alpha/001-02", "id:ann :led id:feast"),
        claim("alpha/002-01", "id:bob :led id:feast", withdrawn="true", reason='"misread"'),
    )
    facts = tree.facts()
    for node in (iri("coverage/alpha"), iri("coverage/alpha/01")):
        assert [int(facts.text(node, each)) for each in COUNTS] == [9, 9, 1, 2]
        assert facts.text(node, "coverageOf") == iri("document/alpha")
    assert facts.text(iri("coverage/alpha/01"), "section") == "(lead)"
    assert facts.text(iri("coverage/alpha"), "section") == ""
    assert facts.text(iri("coverage/beta"), "coveredPassageCount") == "0"


@pytest.fixture(scope="module")
def stored(real):
    """Return the counts in the graph by document and section, the whole document under ""."""
    text = """PREFIX : <https://w3id.org/contested-kg/ontology/>
    SELECT ?document ?section ?passages ?stating ?covered ?claims {
      GRAPH <https://w3id.org/contested-kg/graph/metadata> {
        ?node a :Coverage ; :coverageOf ?document ; :passageCount ?passages ; :claimCount ?claims ;
          :factualPassageCount ?stating ; :coveredPassageCount ?covered .
        OPTIONAL { ?node :section ?section }
      }
    }"""
    return {(row["document"], row["section"]): row for row in rows_of(ask_real(real, text=text))}


def test_all_342_passages_are_covered(stored):
    whole = {
        document: tuple(int(row[each]) for each in ("passages", "stating", "covered"))
        for (document, section), row in stored.items()
        if not section
    }
    assert whole == TOTALS
    assert sum(covered for _, _, covered in whole.values()) == 342
    assert sum(passages for passages, _, _ in whole.values()) == 388


def test_the_question_counts_the_same(real, stored):
    rows = rows_of(ask_real(real, "coverage"))
    sections = {key: row for key, row in stored.items() if key[1]}
    assert len(rows) == len(sections) == 54
    for row in rows:
        node = sections[row["document"], row["section"]]
        assert {each: row[each] for each in node} == node


def test_whatever_states_nothing_says_why(real):
    rows = rows_of(ask_real(real, "coverage"))
    assert sum(int(row["statingNothing"]) for row in rows) == 46
    assert all(bool(row["reasons"]) == (row["statingNothing"] != "0") for row in rows)
    assert {row["share"] for row in rows if row["stating"] != "0"} == {"100"}
    assert {row["share"] for row in rows if row["stating"] == "0"} == {""}
