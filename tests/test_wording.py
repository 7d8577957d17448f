"""What the text does not say outright is marked wherever a claim stands in words.

The two cases are from the documents. Passage 120 of 002 says "rangers", which may be those of
Pakistan or of Sindh; passage 090 never says that Farooq Dada was at large.
"""

import csv
import html
import io
import re

import networkx
import pytest
from exported import export
from tree import BASE, Tree, claim, iri, told

from kg.export import write_export
from kg.facts import Facts
from kg.rdf import RdfFormat, parse_rdf
from kg.snapshots import DATA, current_snapshot
from kg.wording import READ_FROM, bracketed, marks, spoken

SEVERAL, IMPLIED = "(one of several readings)", "(implied, not said)"
RANGERS, AT_LARGE = f"{BASE}claim/mqm-militancy/120-02", f"{BASE}claim/mqm-militancy/090-30"
CASES = [(RANGERS, SEVERAL), (AT_LARGE, IMPLIED)]
LED = "id:ann :led id:march"


@pytest.fixture(scope="module")
def facts(real):
    path = current_snapshot(real) / DATA
    return Facts(parse_rdf(path=path, format=RdfFormat.N_QUADS))


@pytest.fixture(scope="module")
def sentences(real, tmp_path_factory):
    """Return the sentence of each claim as label, in the table and in the network."""
    folder = tmp_path_factory.mktemp("tables") / "csv"
    write_export(real, "csv", folder)
    with (folder / "claims.csv").open(newline="", encoding="utf-8") as file:
        table = {row["claim"]: row for row in csv.DictReader(file)}
    network = networkx.read_graphml(io.BytesIO(export(real, "graphml")), force_multigraph=True)
    return table, {data["claim"]: data for *_, data in network.edges(data=True)}


def test_a_count_of_its_own_dead_is_no_deed_of_a_body(facts):
    """The 221 of passage 053 are the dead of the security forces (002)."""
    told = "security forces saw killed 221 (whom: security personnel), throughout 1995"
    assert facts.label(f"{BASE}claim/mqm-militancy/053-07").endswith(told)


@pytest.mark.parametrize(("node", "mark"), CASES)
def test_labels_of_claim_and_proposition(facts, node, mark):
    assert facts.label(node).endswith(mark)
    assert facts.label(facts.text(node, "states")).endswith(mark)


@pytest.mark.parametrize(("node", "mark"), CASES)
def test_the_table_of_claims(sentences, node, mark):
    row = sentences[0][node]
    assert row["sentence"].endswith(mark)
    assert row["note"]
    kind = row["readFrom"] or row["alternativeReadingOf"]
    assert kind in (f"{BASE}claim/mqm-militancy/120-03", f"{BASE}ontology/inference")


def test_the_network(sentences):
    edge = sentences[1][RANGERS]
    assert edge["sentence"].endswith(SEVERAL)
    assert edge["alternative"] == f"{BASE}claim/mqm-militancy/120-03"
    assert edge["note"].startswith("Whether of the Pakistan Rangers or the Sindh Rangers")
    edge = sentences[1][AT_LARGE]
    assert (edge["readFrom"], edge["sentence"].endswith(IMPLIED)) == ("inference", True)


def test_every_claim_is_marked_by_what_is_recorded_of_it_and_no_other(facts, sentences):
    """By the data alone: no mark is missing, and none stands where the words say it."""
    for node in facts.standing_claims():
        read = {each.rsplit("/", 1)[-1] for each in facts.texts(node, "readFrom")}
        several = bool(facts.all(node, "alternativeReadingOf"))
        for label in (facts.label(node), sentences[0][node]["sentence"]):
            assert ("one of several readings" in label) == several
            assert ("implied, not said" in label) == ("inference" in read)
            assert ("from the layout" in label) == ("layout" in read)


def words_of(page):
    """Return the rows of the tables of a page as plain words."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [" ".join(html.unescape(re.sub("<[^>]+>", " ", each)).split()) for each in rows]


@pytest.mark.parametrize(
    ("path", "said", "mark", "note"),
    [
        ("/id/shooting-of-waqas-shah.html", "Pakistan Rangers — perpetrated", SEVERAL,
         "Whether of the Pakistan Rangers or the Sindh Rangers is not said"),
        ("/id/farooq-dada.html", "Farooq Dada — had the fate — at large", IMPLIED,
         "Not said in so many words"),
    ],
)  # fmt: skip
def test_the_page_of_a_thing(endpoint, path, said, mark, note):
    rows = [row for row in words_of(endpoint.get(path).text) if said in row]
    assert rows
    for row in rows:
        assert mark in row.partition(said)[2]
    assert any(note in row for row in rows)


@pytest.mark.parametrize(("node", "mark"), CASES)
def test_the_page_of_a_claim(endpoint, node, mark):
    page = endpoint.get(f"/{node.removeprefix(BASE)}.html").text
    (spoken_line,) = re.findall(r'<p class="spoken">(.*?)</p>', page, re.DOTALL)
    assert html.unescape(re.sub("<[^>]+>", "", spoken_line)).strip().endswith(mark)
    assert page.count("Note of the curators:") >= 1


def test_who_is_answered_is_called_by_his_name(endpoint):
    page = endpoint.get("/claim/mqm-militancy/090-30.html").text
    assert "what Sindh Police says" in html.unescape(re.sub("<[^>]+>", "", page))
    assert "what id/" not in page


def test_the_table_of_a_thing(endpoint):
    table = endpoint.get("/id/shooting-of-waqas-shah.csv").text
    row = next(row for row in csv.DictReader(io.StringIO(table)) if row["claim"] == RANGERS)
    assert row["alternative"].endswith("/120-03")
    assert row["note"].startswith("Whether of")


def test_what_one_claim_says_in_words_is_not_marked_where_all_are_meant(tmp_path):
    tree = Tree(tmp_path)
    implied = claim("alpha/001-01", LED, readFrom=":inference", note='"So read."')
    tree.claims("alpha", implied, claim("alpha/002-01", LED))
    found = tree.facts()
    label = found.label(iri("claim/alpha/001-01"))
    assert label == "Alpha says that: Ann led March (implied, not said)"
    assert found.label(iri("claim/alpha/002-01")) == "Alpha says that: Ann led March"
    shared = found.text(iri("claim/alpha/001-01"), "states")
    assert shared == found.text(iri("claim/alpha/002-01"), "states")
    assert found.label(shared) == "that Ann led March"


def test_marks_of_one_claim_stand_together():
    layout = BASE + "ontology/layout"
    assert bracketed(marks([layout], ["other"])) == "(one of several readings; from the layout)"
    assert bracketed(marks([BASE + "ontology/words"], [])) == ""
    assert bracketed(marks([BASE + "ontology/hearsay"], [])) == "(read from hearsay)"


def test_each_way_of_reading_has_its_words(facts):
    known = {each.rsplit("/", 1)[-1] for each in facts.instances("Reading")}
    assert known == set(READ_FROM)


def test_a_dispute_over_words_names_them_with_their_speaker(tmp_path):
    tree = Tree(tmp_path)
    odd = 'id:ann :describedAs "odd"'
    tree.claims(
        "alpha",
        claim("alpha/001-01", odd, **told("id:bob")),
        claim("alpha/002-01", odd, **told("id:guild", polarity=":denied")),
    )
    found = tree.facts()
    (dispute,) = found.instances("Dispute")
    said = "that Ann is described as “odd” (words of Bob)"
    assert found.label(dispute) == f"affirmed or denied: {said}"
    labels = sorted(found.label(each) for each in found.texts(dispute, "position"))
    assert labels == [f"not {said}", said]
    (proposition,) = found.instances("Proposition")
    assert found.label(proposition) == "that Ann is described as (see the words of the claims)"
    assert spoken(found, found.label(proposition), ()) == found.label(proposition)
