"""Accounts of one document or speaker, agreement between documents, and corroboration.

`tests/readings/corroboration.csv` was counted by hand: who says it in which passages, and how
many of these are neither copies, nor versions of one article, nor quote the same person.
"""

from itertools import combinations

import pyoxigraph as ox
import pytest
from readings import ask_real, expected, local, rows_of

from kg.facts import Facts, expand
from kg.snapshots import current_snapshot


@pytest.fixture(scope="module")
def facts(real):
    return Facts(ox.parse(path=str(current_snapshot(real) / "data.nq")))


@pytest.fixture(scope="module")
def agreement(real):
    return {(row["document"], row["other"]): row for row in rows_of(ask_real(real, "agreement"))}


def account(real, **values):
    """Return the claims of an account, with their speakers and documents."""
    answer = ask_real(real, "account", values, form="ntriples")
    return Facts(ox.parse(answer.encode(), format=ox.RdfFormat.N_TRIPLES))


def test_account_of_a_document(real, facts):
    own = account(real, document="operation-clean-up-1")
    wanted = {each for each in facts.standing_claims()
              if local(facts.text(each, "document")) == "operation-clean-up-1"}  # fmt: skip
    assert set(own.subjects()) == wanted
    assert len(wanted) > 200
    some = sorted(wanted)[0]
    assert own.predicates(some).keys() == facts.predicates(some).keys()


def test_account_of_a_speaker(real):
    own = account(real, speaker="Imran Farooq")
    assert {own.text(each, "speaker") for each in own.subjects()} == {
        "https://w3id.org/contested-kg/id/imran-farooq"
    }
    assert {own.text(each, "polarity") for each in own.subjects()} == {expand("denied")}
    assert {local(own.text(each, "document")) for each in own.subjects()} == {
        "operation-clean-up-1",
        "operation-clean-up-2",
    }


def test_an_account_of_both(real):
    both = account(real, speaker="Imran Farooq", document="operation-clean-up-2")
    assert {local(each) for each in both.subjects()} == {"023-01", "023-02", "023-03"}


def test_agreement_is_counted_once_for_each_pair(facts, agreement):
    affirmed = {}
    for each in facts.standing_claims():
        if facts.text(each, "polarity") == expand("affirmed"):
            document = local(facts.text(each, "document"))
            affirmed.setdefault(document, set()).add(facts.text(each, "states"))
    pairs = list(combinations(sorted(affirmed), 2))
    assert set(agreement) == set(pairs)
    assert len(pairs) == 10
    for one, other in pairs:
        mine, theirs = affirmed[one], affirmed[other]
        row = agreement[one, other]
        wide = {
            each
            for ours, others in ((mine, theirs), (theirs, mine))
            for narrow in ours
            for each in facts.texts(narrow, "entails")
            if each in others and each not in ours
        }
        shown = [int(row[each]) for each in ("identical", "entailed", "onlyDocument", "onlyOther")]
        counted = [len(mine & theirs), len(wide), len(mine - theirs), len(theirs - mine)]
        assert shown == counted, (one, other)


def test_what_documents_contradict(agreement):
    """The later article puts Pakka Qila outside Hyderabad; the earlier and the others, inside."""
    contradicted = {pair for pair, row in agreement.items() if int(row["contradicted"])}
    later = "operation-clean-up-2"
    assert contradicted == {
        ("mqm-insurrection-1978-1992", later),
        ("mqm-militancy", later),
        ("mqm-militancy-extract", later),
        ("operation-clean-up-1", later),
    }
    assert int(agreement["mqm-militancy", "mqm-militancy-extract"]["disputes"]) == 0
    assert int(agreement["operation-clean-up-1", later]["disputes"]) > 0


def test_disputes_between_documents_are_those_where_each_stands_alone(facts, agreement):
    counted = dict.fromkeys(agreement, 0)
    for dispute in facts.instances("Dispute"):
        sides = [
            {local(facts.text(claim, "document")) for claim in facts.texts(position, "claim")}
            for position in facts.texts(dispute, "position")
        ]
        for one, other in counted:
            alone = [
                any(mine in side and theirs not in side for side in sides)
                for mine, theirs in ((one, other), (other, one))
            ]
            counted[one, other] += all(alone)
    assert {pair: int(row["disputes"]) for pair, row in agreement.items()} == counted
    assert sum(counted.values()) > 20


def test_agreement_of_one_document(real, agreement):
    rows = rows_of(ask_real(real, "agreement", {"document": "operation-clean-up-1"}))
    assert len(rows) == 4
    assert all(agreement[row["document"], row["other"]] == row for row in rows)


def test_corroboration_as_counted_by_hand(facts):
    _, wanted = expected("corroboration")
    assert len(wanted) == 9
    for claim, claims, origins in wanted:
        stated = facts.text(f"https://w3id.org/contested-kg/claim/{claim}", "states")
        shown = tuple(facts.text(stated, each) for each in ("claimCount", "originCount"))
        assert shown == (claims, origins), facts.label(stated)


def test_corroboration_names_the_claims_behind_its_counts(real):
    values = {"about": "operation-clean-up", "predicate": "targeted"}
    rows = rows_of(ask_real(real, "corroboration", values))
    shown = {(row["document"], row["passage"]) for row in rows
             if row["object"] == "mqm" and not row["when"]}  # fmt: skip
    assert shown == {("operation-clean-up-1", "4"), ("operation-clean-up-2", "45")}
    assert {row["origins"] for row in rows if row["object"] == "mqm" and not row["when"]} == {"2"}
