"""Claims are carried to identical passages, with everything that leads to other claims."""

import pytest
from tree import Tree, claim, iri, told

from kg.errors import DataError


@pytest.fixture
def tree(tmp_path):
    copies = {"beta/004": "alpha/001", "beta/005": "alpha/002", "alpha/008": "alpha/001"}
    return Tree(tmp_path, copies=copies)


def values(facts, name, predicate):
    return facts.texts(iri(f"claim/{name}"), predicate)


def test_a_claim_in_the_documents_voice(tree):
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march", note='"seen"'))
    facts = tree.facts()
    assert values(facts, "beta/004-01", "rdf:object") == [iri("id/march")]
    assert values(facts, "beta/004-01", "speaker") == [iri("document/beta")]
    assert values(facts, "beta/004-01", "evidence") == [iri("passage/beta/004")]
    assert values(facts, "beta/004-01", "copyOf") == [iri("claim/alpha/001-01")]
    assert values(facts, "beta/004-01", "note") == ["seen"]
    assert values(facts, "beta/004-01", "document") == [iri("document/beta")]
    assert values(facts, "alpha/008-01", "speaker") == [iri("document/alpha")]


def test_carried_claims_lie_in_the_graph_of_the_copy(tree):
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march"))
    graphs = {
        q.graph_name.value
        for q in tree.quads()
        if q.subject.value == iri("claim/beta/004-01") and q.predicate.value.endswith("speaker")
    }
    assert graphs == {iri("graph/beta")}


def test_another_speaker_stays(tree):
    relayed = told("id:bob", relayedBy="d:alpha")
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march", **relayed))
    facts = tree.facts()
    assert values(facts, "beta/004-01", "speaker") == [iri("id/bob")]
    assert values(facts, "beta/004-01", "relayedBy") == [iri("document/beta")]


@pytest.mark.parametrize("link", ["repliesTo", "listedUnder", "alternativeReadingOf", "supersedes"])
def test_links_lead_to_the_claims_of_the_copy(tree, link):
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:ann :led id:march"),
        claim("alpha/002-01", "id:bob :led id:march", **{link: "claim:alpha\\/001-01"}),
        claim("alpha/002-02", "id:bob :led id:feast", **{link: "claim:alpha\\/002-01"}),
    )
    facts = tree.facts()
    assert values(facts, "beta/005-01", link) == [iri("claim/beta/004-01")]
    assert values(facts, "beta/005-02", link) == [iri("claim/beta/005-01")]


def test_of_two_repetitions_the_one_that_stands_alike_is_answered(tmp_path):
    copies = {"alpha/006": "alpha/001", "alpha/007": "alpha/002"}
    tree = Tree(tmp_path, copies=copies)
    answer = claim("alpha/002-01", "id:ann :led id:march", repliesTo="claim:alpha\\/001-01")
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march"), answer)
    assert values(tree.facts(), "alpha/007-01", "repliesTo") == [iri("claim/alpha/006-01")]


def test_what_stands_nearer_is_not_answered_if_it_stands_otherwise(tmp_path):
    copies = {"alpha/005": "alpha/001", "alpha/008": "alpha/004"}
    answer = claim("alpha/001-01", "id:ann :led id:march", repliesTo="claim:alpha\\/004-01")
    tree = Tree(tmp_path, copies=copies)
    tree.claims("alpha", claim("alpha/004-01", "id:ann :led id:march"), answer)
    assert values(tree.facts(), "alpha/005-01", "repliesTo") == [iri("claim/alpha/008-01")]


def test_an_answer_may_name_a_carried_claim(tree):
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march"))
    answer = claim("beta/006-01", "id:ann :led id:march", repliesTo="claim:beta\\/004-01")
    tree.claims("beta", answer)
    assert values(tree.facts(), "beta/006-01", "repliesTo") == [iri("claim/beta/004-01")]


def test_a_missing_target_stops_the_build(tree):
    answer = claim("alpha/002-01", "id:ann :led id:march", repliesTo="claim:alpha\\/003-01")
    path = tree.claims("alpha", claim("alpha/003-01", "id:ann :led id:march"), answer)
    line = path.read_text().splitlines().index(f"<{iri('claim/alpha/002-01')}> a :Claim ;") + 1
    expected = (
        rf"line {line}: claim alpha/002-01 is carried to passage beta/005, but nothing there"
        r" corresponds to alpha/003-01, its :repliesTo; write that claim for beta, or"
        r" make the passage's :copyOf a :nearCopyOf and write its claims by hand"
    )
    with pytest.raises(DataError, match=expected):
        tree.quads()


def test_the_target_may_be_written_by_hand_in_a_near_copy(tmp_path):
    tree = Tree(tmp_path, copies={"beta/005": "alpha/002"}, near={"beta/004": "alpha/001"})
    answer = claim("alpha/002-01", "id:ann :led id:march", repliesTo="claim:alpha\\/001-01")
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march"), answer)
    tree.claims(
        "beta",
        claim("beta/004-01", "id:ann :led id:feast"),
        claim("beta/004-02", "id:ann :led id:march"),
    )
    assert values(tree.facts(), "beta/005-01", "repliesTo") == [iri("claim/beta/004-02")]


@pytest.mark.parametrize(
    "others",
    [
        [("beta/006-01", {})],
        [("beta/004-01", {"modality": ":ordered"})],
        [("beta/004-01", {}), ("beta/004-02", {})],
    ],
    ids=["elsewhere", "another modality", "two of them"],
)
def test_no_claim_is_guessed_in_a_near_copy(tmp_path, others):
    tree = Tree(tmp_path, copies={"beta/005": "alpha/002"}, near={"beta/004": "alpha/001"})
    answer = claim("alpha/002-01", "id:ann :led id:march", repliesTo="claim:alpha\\/001-01")
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march"), answer)
    tree.claims("beta", *(claim(name, "id:ann :led id:march", **parts) for name, parts in others))
    with pytest.raises(DataError, match="nothing there corresponds to alpha/001-01"):
        tree.quads()


def test_a_target_that_is_nowhere_is_reported_as_such(tree):
    tree.claims(
        "alpha", claim("alpha/001-01", "id:ann :led id:march", repliesTo="claim:alpha\\/003-09")
    )
    with pytest.raises(DataError, match=r"there is no claim alpha/003-09\."):
        tree.quads()


def test_further_evidence_needs_its_copy(tree):
    both = f"<{iri('passage/alpha/001')}>, <{iri('passage/alpha/002')}>"
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march", evidence=both))
    expected = r"rests also on alpha/002, of which there is no copy there"
    tree.copies.pop("beta/005")
    Tree.write(tree, "passages/beta", "".join(tree._passage("beta", n) for n in range(1, 10)))
    with pytest.raises(DataError, match=expected):
        tree.quads()


@pytest.mark.parametrize("judgement", ["incompatibleWith", "inTensionWith"])
def test_a_curated_judgement_is_not_repeated(tree, judgement):
    judged = {judgement: "claim:alpha\\/001-02", "reason": '"x"'}
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:ann :led id:march", **judged),
        claim("alpha/001-02", "id:bob :led id:march"),
    )
    facts = tree.facts()
    assert values(facts, "beta/004-01", judgement) == values(facts, "beta/004-01", "reason") == []


def test_a_withdrawal_is_carried_with_its_reason(tree):
    gone = {"withdrawn": "true", "reason": '"Misread."'}
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march", **gone))
    assert [each.strip('"') for each in values(tree.facts(), "beta/004-01", "reason")] == [
        "Misread."
    ]
