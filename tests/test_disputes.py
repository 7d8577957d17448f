"""Disputes: each rule where it fires and where it stays silent, the grouping, the real data.

`tests/rules/<rule>/fires-*.ttl` and `silent-*.ttl` are claims over the little world of
`tests/rules/base.ttl`; a silent one differs from a clash in one thing only. The list
`tests/rules/reading.csv` was drawn up by reading the texts, with the claims and the intended
rules in view, before the rules were first run; a few rows were added or corrected after it.
Rows "found" must clash, and how hard; rows "silent" must not; rows "curated" are tensions and
contradictions that no rule finds, kept as a list of what is missed and not tested.
"""

import csv
from functools import lru_cache

import pyoxigraph as ox
import pytest
from tree import ROOT, Tree, claim, edtf, iri, told

from kg.assets import Assets
from kg.build import BEFORE_DISPUTES, build_dataset
from kg.clashes import Clash, Judge, clashes_of, find_clashes
from kg.derive import derive_claims
from kg.disputes import _Scopes, derive_disputes, group_clashes
from kg.errors import DataError
from kg.facts import Facts, expand, quad
from kg.propositions import derive_propositions
from kg.rdf import DERIVED, NamedNode
from kg.rules import apply_rule

RULES = ROOT / "ontology" / "rules"
FIXTURES = ROOT / "tests" / "rules"
NAMES = sorted(path.stem for path in (RULES / "disputes").glob("*.rq"))
CASES = sorted(path.relative_to(FIXTURES) for path in FIXTURES.glob("*/*.ttl"))


@lru_cache(maxsize=1)
def ground():
    """Return the ontology and the little world, as quads."""
    assets = Assets(ROOT)
    files = [*assets.ontology.glob("*.ttl"), *assets.ontology.glob("vocabularies/*.ttl")]
    return [
        each
        for path in [*files, FIXTURES / "base.ttl"]
        for each in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
    ]


def world(*turtle):
    """Return a store with the little world and some claims, ready for the rules of disputes."""
    store = ox.Store()
    store.extend(ground())
    for each in turtle:
        store.load(each.encode(), format=ox.RdfFormat.TURTLE)
    for name in BEFORE_DISPUTES:
        store.extend(list(apply_rule(store, RULES / f"{name}.rq", DERIVED)))
    for derive in (derive_claims, derive_propositions):
        store.extend(list(derive(Facts(store))))
    return store


def found(rule, *turtle):
    store = world(*turtle)
    judge = Judge(Facts(store))
    return sorted(set(clashes_of(store, RULES / "disputes" / f"{rule}.rq", judge)))


def lacking(names, cases):
    """Name the kinds of fixture that a rule does not have, and fixtures without a rule."""
    there = {(case.parts[0], case.name.partition("-")[0]) for case in cases}
    wanted = {(name, kind) for name in names for kind in ("fires", "silent")}
    return sorted(wanted ^ there)


def test_each_rule_has_both_fixtures():
    assert lacking(NAMES, CASES) == []


def test_a_missing_fixture_is_noticed():
    assert lacking([*NAMES, "made-up"], CASES) == [("made-up", "fires"), ("made-up", "silent")]
    assert lacking(NAMES, [each for each in CASES if each.parts[0] != "place"]) == [
        ("place", "fires"), ("place", "silent"),
    ]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    clashes = found(case.parts[0], (FIXTURES / case).read_text())
    assert bool(clashes) == case.name.startswith("fires-")
    kinds = set(Facts(ground()).instances("DisputeKind"))
    for each in clashes:
        assert each.kind in kinds
        assert each.strength in (expand("exclusion"), expand("tension"))


STRENGTHS = {
    "degree/fires-full-and-some": "exclusion",
    "degree/fires-moderate-and-occasional": "tension",
    "part-outside-whole/fires-after-the-end": "exclusion",
    "part-outside-whole/fires-begun-before-the-start": "tension",
    "target-denied/fires-one-of-a-group": "exclusion",
    "target-denied/fires-members-of-one-of-a-group": "tension",
    "act-before-founding/fires-act-of-the-body": "exclusion",
    "act-before-founding/fires-act-of-members": "tension",
    "identity/fires-one-and-two": "exclusion",
    "identity/fires-alias-and-renaming": "tension",
    "fate/fires-two-days-of-death": "exclusion",
    "fate/fires-killed-or-captured": "tension",
}


@pytest.mark.parametrize(("case", "strength"), STRENGTHS.items())
def test_strength(case, strength):
    clashes = found(case.partition("/")[0], (FIXTURES / f"{case}.ttl").read_text())
    assert {each.strength for each in clashes} == {expand(strength)}


TWO_ENDS = (FIXTURES / "end" / "fires-two-years.ttl").read_text()
HEAD = "".join(line + "\n" for line in TWO_ENDS.splitlines() if line.startswith("@prefix"))
#: The passage of the first claim can be read as what the second claim says.
SECOND_READING = (
    "a:001-01 :alternativeReadingOf a:001-02 ."
    " a:001-02 a :Claim ; rdf:subject id:sweep ; rdf:predicate :endedOn ; :evidence p:001 ;"
    ' rdf:object "1996"^^edtf:EDTF ; :speaker d:alpha ; :stance :asserted ;'
    " :polarity :affirmed ; :modality :actual ."
)
NEVER = {
    "withdrawn": "a:001-01 :withdrawn true .",
    "superseded": "b:001-01 :supersedes a:001-01 .",
    "superseded the other way": "a:001-01 :supersedes b:001-01 .",
    "superseded in a copy": "b:001-01 :supersedes b:009-01 . b:009-01 :copyOf a:001-01 .",
    "copy": "b:001-01 :copyOf a:001-01 .",
    "readings": "a:001-01 :alternativeReadingOf b:001-01 . b:001-01 :evidence p:001 .",
    "readings in a copy": f"{SECOND_READING} pb:001 :nearCopyOf p:001 .",
    "readings in a copy, told there": (
        "b:001-01 :alternativeReadingOf b:001-02 . pb:001 :nearCopyOf p:001 ."
        " b:001-02 a :Claim ; rdf:subject id:sweep ; rdf:predicate :lasted ; :evidence pb:001 ;"
        ' rdf:object "1992-06-19/1994-08-16"^^edtf:EDTF ; :speaker d:beta ; :stance :asserted ;'
        " :polarity :affirmed ; :modality :actual ."
    ),
}


def test_two_ends_clash():
    assert [each.strength for each in found("end", TWO_ENDS)] == [expand("exclusion")]


@pytest.mark.parametrize("more", NEVER.values(), ids=NEVER)
def test_what_never_clashes(more):
    clashes = found("end", TWO_ENDS, HEAD + more)
    assert [each for each in clashes if each.right.endswith("beta/001-01")] == []


@pytest.mark.parametrize("pair", [("a:001-01", "a:001-02"), ("a:001-02", "a:001-01")])
def test_an_ambiguous_claim_only_makes_a_tension(pair):
    other = "{} :alternativeReadingOf {} .".format(*pair)
    other += " a:001-02 a :Claim ; :evidence p:001 ."
    assert [each.strength for each in found("end", TWO_ENDS, HEAD + other)] == [expand("tension")]


def test_what_another_text_says_is_no_reading_of_this_one():
    clashes = found("end", TWO_ENDS, HEAD + SECOND_READING)
    assert [(each.left[-12:], each.strength) for each in clashes] == [
        ("alpha/001-01", expand("tension"))
    ]


def test_a_superseded_claim_still_clashes_with_others():
    later = TWO_ENDS.replace("a:001-01", "a:002-01").replace("1994-08-16", "1997")
    clashes = found("end", TWO_ENDS, later, HEAD + "a:002-01 :supersedes a:001-01 .")
    assert len(clashes) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "must be a SELECT query"),
        ("SELECT ?left WHERE { ?left ?p ?o }", "must bind"),
        ("SELECT ?left ?right ?about ?kind ?strength WHERE { ?left ?about ?right }", "must bind"),
        ("SELECT WHERE", "not valid SPARQL"),
    ],
)
def test_a_faulty_rule_is_refused(tmp_path, text, message):
    (tmp_path / "faulty.rq").write_text(text)
    store = world(TWO_ENDS)
    with pytest.raises(DataError, match=message):
        find_clashes(store, Facts(store), tmp_path)


def test_rules_that_are_not_there_are_missed(tmp_path):
    with pytest.raises(DataError, match="holds no rule"):
        find_clashes(ox.Store(), Facts([]), tmp_path)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "tree", copies={"beta/004": "alpha/001"}, near={"beta/008": "alpha/008"})


def three_ends(tree):
    """Write three ends of one march, of which the vaguest fits one of the others."""
    tree.claims("alpha", claim("alpha/001-01", f"id:march :endedOn {edtf('1994-08-16')}"),
                claim("alpha/002-01", f"id:march :endedOn {edtf('1994')}"))  # fmt: skip
    tree.claims("alpha-two", claim("alpha-two/001-01", f"id:march :endedOn {edtf('1996')}"))
    facts = tree.facts()
    return facts, facts.instances("Dispute")


def test_a_dispute_says_what_it_is(tree):
    facts, (dispute,) = three_ends(tree)
    assert facts.text(dispute, "about") == iri("id/march")
    assert facts.text(dispute, "disputeKind") == expand("endDispute")
    assert facts.text(dispute, "disputeStrength") == expand("exclusion")
    assert facts.text(dispute, "basis") == expand("computed")
    assert facts.texts(dispute, "rule") == ["end"]
    assert facts.label(dispute) == "end: March"
    assert set(facts.texts(dispute, "scope")) == {
        expand("betweenVersions"), expand("betweenWorks"),
    }  # fmt: skip
    assert len(facts.texts(dispute, "document")) == 3


def test_a_copy_multiplies_nothing(tree):
    facts, (dispute,) = three_ends(tree)
    assert len(facts.texts(dispute, "position")) == 2
    assert iri("claim/beta/004-01") in facts.texts(dispute, "claim")


def test_positions_exclude_each_other_both_ways(tree):
    facts, (dispute,) = three_ends(tree)
    one, other = facts.texts(dispute, "position")
    assert facts.texts(one, "excludes") == [other]
    assert facts.texts(other, "excludes") == [one]
    assert sorted(len(facts.texts(each, "holds")) for each in (one, other)) == [1, 2]


def test_what_fits_both_sides_is_a_position_of_its_own(tree):
    dates = ("1994-06-30", "1994-08-16", "1994")
    tree.claims("alpha", *(claim(f"alpha/00{n}-01", f"id:march :endedOn {edtf(date)}")
                           for n, date in enumerate(dates, start=1)))  # fmt: skip
    tree.claims("alpha-two", claim("alpha-two/001-01", f"id:march :endedOn {edtf('1996')}"))
    facts = tree.facts()
    (dispute,) = facts.instances("Dispute")
    against = [len(facts.texts(each, "excludes")) for each in facts.texts(dispute, "position")]
    assert sorted(against) == [1, 2, 2, 3]


def grouped(*rows, copies=()):
    """Return the disputes of clashes; a claim states what its first letter says."""
    claims = {each for row in rows for each in row[:2]}
    facts = Facts([
        *(quad(each, "states", NamedNode(f"u:{each[2]}"), DERIVED) for each in claims),
        *(quad(each, "copyOf", NamedNode("u:x"), DERIVED) for each in copies),
    ])  # fmt: skip
    return group_clashes(facts, [Clash("u:it", "u:kind", *row[:2], "r", *row[2:]) for row in rows])


def test_the_harder_of_two_clashes_of_one_content_counts():
    hard, soft = expand("exclusion"), expand("tension")
    rows = ("u:a1", "u:b1", hard), ("u:a2", "u:b1", soft)
    for order in (rows, rows[::-1]):
        (dispute,) = grouped(*order)
        assert dispute.against == {
            ("u:a", ""): {("u:b", ""): hard}, ("u:b", ""): {("u:a", ""): hard},
        }  # fmt: skip


def test_what_clashes_with_the_same_but_less_hard_is_another_position():
    hard, soft = expand("exclusion"), expand("tension")
    (dispute,) = grouped(("u:a1", "u:c1", hard), ("u:b1", "u:c1", soft))
    assert dispute.positions() == [[("u:a", "")], [("u:b", "")], [("u:c", "")]]


def test_a_dispute_is_called_after_a_claim_that_is_no_copy():
    hard = expand("exclusion")
    (copied,) = grouped(("u:a1", "u:b1", hard), copies=["u:a1"])
    assert copied.first == "u:b1"
    (only_copies,) = grouped(("u:a1", "u:b1", hard), copies=["u:a1", "u:b1"])
    assert only_copies.first == "u:a1"


@pytest.mark.parametrize(
    ("other", "scope"),
    [
        ("u:text", "withinDocument"),
        ("u:extract", "withinDocument"),
        ("u:later", "betweenVersions"),
        ("u:of-one-work", "betweenVersions"),
        ("u:stranger", "betweenWorks"),
    ],
)
def test_between_which_documents_a_clash_lies(other, scope):
    lineage = [
        ("u:extract", "extractOf", "u:text"), ("u:later", "laterVersionOf", "u:text"),
        ("u:text", "versionOf", "u:work"), ("u:of-one-work", "versionOf", "u:work"),
        ("u:a", "document", "u:text"), ("u:b", "document", other),
    ]  # fmt: skip
    facts = Facts([quad(node, term, NamedNode(value), DERIVED) for node, term, value in lineage])
    for pair in (("u:a", "u:b"), ("u:b", "u:a")):
        clash = Clash("u:it", "u:kind", *pair, "r", expand("tension"))
        assert _Scopes(facts).scope(clash) == expand(scope)


def test_what_says_the_same_is_no_dispute():
    assert grouped(("u:a1", "u:a2", expand("exclusion"))) == []


def test_identifiers_stay_when_claims_are_added(tree):
    _, (before,) = three_ends(tree)
    tree.claims("beta", claim("beta/005-01", f"id:march :endedOn {edtf('1999')}"))
    assert tree.facts().instances("Dispute") == [before]


def test_inside_one_document(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:ann :led id:feast", **told("id:bob")),
                claim("alpha/003-01", "id:ann :led id:feast", polarity=":denied"))  # fmt: skip
    facts = tree.facts()
    (dispute,) = facts.instances("Dispute")
    assert facts.texts(dispute, "scope") == [expand("withinDocument")]
    labels = sorted(facts.label(each) for each in facts.texts(dispute, "position"))
    assert labels == ["not that Ann led Feast", "that Ann led Feast"]
    assert facts.label(dispute) == "affirmed or denied: that Ann led Feast"


def test_a_document_that_contrasts_is_the_basis(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:ann :led id:feast", **told("id:bob")),
                claim("alpha/003-01", "id:ann :led id:feast", polarity=":denied",
                      repliesTo="claim:alpha\\/002-01", replyKind=":denies"))  # fmt: skip
    facts = tree.facts()
    (dispute,) = facts.instances("Dispute")
    assert facts.text(dispute, "basis") == expand("stated")
    assert facts.text(dispute, "disputeStrength") == expand("exclusion")
    assert sorted(facts.texts(dispute, "rule")) == ["affirmed-denied", "stated-contrast"]


def test_a_curated_dispute_gives_its_reason(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:ann :attended id:feast"),
                claim("alpha/003-01", "id:ann :attended id:march", reason='"Far apart."',
                      incompatibleWith="claim:alpha\\/002-01"))  # fmt: skip
    facts = tree.facts()
    (dispute,) = facts.instances("Dispute")
    assert facts.text(dispute, "basis") == expand("curated")
    assert facts.text(dispute, "reason") == "Far apart."


def test_what_curators_judge_holds_for_all_claims_of_the_content(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:ann :attended id:feast"),
                claim("alpha/003-01", "id:ann :attended id:march", reason='"Far apart."',
                      incompatibleWith="claim:alpha\\/002-01"))  # fmt: skip
    tree.claims("beta", claim("beta/002-01", "id:ann :attended id:march"))
    facts = tree.facts()
    (dispute,) = facts.instances("Dispute")
    assert iri("claim/beta/002-01") in facts.texts(dispute, "claim")


def test_two_questions_about_one_thing_are_two_disputes(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:ann :led id:feast"),
                claim("alpha/003-01", "id:ann :planned id:feast"))  # fmt: skip
    tree.claims("beta", claim("beta/002-01", "id:bob :led id:feast"),
                claim("beta/003-01", "id:bob :planned id:feast"))  # fmt: skip
    facts = tree.facts()
    labels = [facts.label(each) for each in facts.instances("Dispute")]
    assert sorted(labels) == ["responsibility: Feast (led)", "responsibility: Feast (planned)"]
    assert all(len(facts.texts(each, "position")) == 2 for each in facts.instances("Dispute"))


def test_what_is_excluded_does_not_stand_plainly(tree):
    tree.claims("alpha", claim("alpha/002-01", "id:twig :subunitOf id:guild"))
    assert tree.facts().texts(iri("id/twig"), "subunitOf") == [iri("id/guild")]
    tree.claims("beta", claim("beta/002-01", "id:twig :subunitOf id:branch"))
    assert tree.facts().texts(iri("id/twig"), "subunitOf") == []


@lru_cache(maxsize=1)
def real():
    """Return the clashes of the real data by the passages that make them."""
    store = ox.Store()
    store.extend(build_dataset(Assets(ROOT)))
    facts = Facts(store)
    pairs = {}
    for clash in find_clashes(store, facts, RULES / "disputes"):
        for left in facts.texts(clash.left, "evidence"):
            for right in facts.texts(clash.right, "evidence"):
                key = (frozenset((left, right)), clash.kind)
                pairs.setdefault(key, set()).add(clash.strength)
    return store, facts, pairs


def reading(verdict):
    with (FIXTURES / "reading.csv").open(encoding="utf-8", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["verdict"] == verdict]


def strengths(row):
    passages = frozenset(iri(f"passage/{row[side]}") for side in ("left", "right"))
    return real()[2].get((passages, expand(f"{row['kind']}Dispute")), set())


@pytest.mark.parametrize("row", reading("found"), ids=lambda row: row["what"])
def test_what_the_texts_contradict_is_found(row):
    assert expand(row["strength"]) in strengths(row)


@pytest.mark.parametrize("row", reading("silent"), ids=lambda row: row["what"])
def test_what_the_texts_do_not_contradict_stays_silent(row):
    assert strengths(row) == set()


def test_the_list_can_fail():
    row = {**reading("silent")[0], "kind": "end", "left": "operation-clean-up-1/038"}
    assert strengths({**row, "right": "operation-clean-up-2/010"}) != set()


def test_disputes_of_the_real_data_are_whole():
    store, facts, _ = real()
    disputes = facts.instances("Dispute")
    assert len(disputes) >= 40
    for each in disputes:
        positions = facts.texts(each, "position")
        assert len(positions) >= 2
        assert all(facts.all(p, "excludes") or facts.all(p, "inTensionWith") for p in positions)
    derived = {str(quad) for quad in derive_disputes(store, RULES)}
    assert derived <= {str(quad) for quad in store}


def test_no_claim_stands_in_two_positions_of_a_dispute():
    store, facts, _ = real()
    for dispute in group_clashes(facts, find_clashes(store, facts, RULES / "disputes")):
        claims = [each for group in dispute.claims.values() for each in group]
        assert len(claims) == len(set(claims))
