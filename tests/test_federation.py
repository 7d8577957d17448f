"""Queries that join our graph and Wikidata, asked on either side, over two real servers.

The other server holds `tests/federation/wikidata.ttl`: identifiers that are Wikidata's, values
that are made up. The text of each query is used as it is, but for the address of the service.
"""

import csv
import io
import os

import httpx
import pyoxigraph as ox
import pytest
import rdflib
from serving import command_line
from standin import wikidata_stand_in

from kg.assets import QUERIES
from kg.queries import parse_question, questions
from kg.rdf import BASE
from kg.scan import scan

FOLDER = QUERIES / "federated"
FROM_WIKIDATA = (FOLDER / "claims-from-wikidata.rq").read_text()
BESIDE_WIKIDATA = (FOLDER / "posts-beside-wikidata.rq").read_text()
OURS, THEIRS = "http://localhost:8000/sparql", "https://query.wikidata.org/sparql"

#: person, name, born by the stand-in; predicate, object, date, number by our claims
MEMBERS = [
    ("Q2840298", "Altaf Hussain", "1901-01-01", "commandedSide", "mqm-militancy-side-1", "",
     "mqm-militancy/009-01"),
    ("Q2840298", "Altaf Hussain", "1901-01-01", "directed", "attack-on-ary-office", "",
     "mqm-militancy/111-08"),
    ("Q2840298", "Altaf Hussain", "1901-01-01", "led", "mqm", "", "operation-clean-up-1/005-07"),
    ("Q2840298", "Altaf Hussain", "1901-01-01", "led", "mqm", "", "operation-clean-up-2/021-07"),
    ("Q5436154", "Farooq Sattar", "", "commandedSide", "mqm-militancy-side-1", "/2016",
     "mqm-militancy/009-11"),
]  # fmt: skip
#: holder and date by our claims; from, until, rank by the stand-in, of each term that it states
TERMS = [("1902-01-01", "1903-01-01", "NormalRank"), ("1904-01-01", "", "DeprecatedRank")]
HELD = {
    ("abdullah-shah", "1994-05-19", "", "", ""),
    *(("naseerullah-babar", when, "", "", "NormalRank")
      for when in ("1994-01", "1994-05-19", "1994/1996")),
    *(("benazir-bhutto", when, *term)
      for when in ("", "1993/1994", "1994-05-19", "1994/1996") for term in TERMS),
    *(("nawaz-sharif", when, "", "", "") for when in ("", "1992")),
}  # fmt: skip


@pytest.fixture(
    scope="module", params=["python", pytest.param("oxigraph", marks=pytest.mark.servers)]
)
def wikidata(request):
    with wikidata_stand_in(request.param) as address:
        yield address


@pytest.fixture(scope="module")
def exported(endpoint):
    """Return the whole graph in Turtle, as a client gets it from our server."""
    found = endpoint.get("/rdf-graph-store?default", headers={"accept": "text/turtle"})
    assert found.status_code == 200
    return found.content


def here(text, old, address):
    assert text.count(f"SERVICE <{old}>") == 1
    return text.replace(f"<{old}>", f"<{address}>")


def last(value):
    return value.rpartition("#")[2].removeprefix(f"{BASE}claim/").rpartition("/entity/")[2]


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def held(found):
    """Return the distinct rows without their claims; days stand for Wikidata's times."""
    return {
        (row["holder"].removeprefix(f"{BASE}id/"), row["when"], row["from"][:10],
         row["until"][:10], last(row["rank"]))
        for row in found
    }  # fmt: skip


def test_wikidatas_side_asks_ours(endpoint, wikidata):
    query = here(FROM_WIKIDATA, OURS, str(endpoint.base_url.join("/sparql")))
    answer = httpx.post(
        wikidata, data={"query": query}, headers={"accept": "application/sparql-results+json"}
    )
    assert answer.status_code == 200, answer.text
    found = [
        {name: term["value"] for name, term in row.items()}
        for row in answer.json()["results"]["bindings"]
    ]
    assert [
        (last(row["person"]), row["name"], row.get("born", "")[:10],
         row["predicate"].rpartition("/")[2], row["what"].rpartition("/")[2],
         row.get("when", ""), last(row["claim"]))
        for row in found
    ] == MEMBERS  # fmt: skip


def test_a_client_over_an_export_asks_wikidata(exported, wikidata):
    query = here(BESIDE_WIKIDATA, THEIRS, wikidata)
    store = ox.Store()
    store.load(exported, format=ox.RdfFormat.TURTLE)
    found = rows(store.query(query).serialize(format=ox.QueryResultsFormat.CSV).decode())
    assert held(found) == HELD
    # One row for each claim and term: no claim is lost in the join, none is doubled.
    assert len(found) == len({(row["claim"], row["from"]) for row in found}) == 28


def test_rdflib_finds_the_same(exported, wikidata):
    graph = rdflib.Graph().parse(data=exported, format="turtle")
    found = graph.query(here(BESIDE_WIKIDATA, THEIRS, wikidata))
    text = found.serialize(format="csv").decode()
    assert held(rows(text)) == HELD
    assert len(rows(text)) == 28


def test_without_the_other_side_there_is_no_answer(exported):
    """The rows come from the service: where nobody answers, there are none."""
    store = ox.Store()
    store.load(exported, format=ox.RdfFormat.TURTLE)
    with pytest.raises((OSError, RuntimeError, ValueError)):
        list(store.query(here(BESIDE_WIKIDATA, THEIRS, "http://127.0.0.1:9/sparql")))


def test_ours_asks_no_other_server(endpoint):
    refused = endpoint.post("/sparql", data={"query": BESIDE_WIKIDATA})
    assert refused.status_code == 403
    assert "SERVICE" in refused.json()["detail"]


def test_ours_asks_the_servers_that_it_may_ask(real, wikidata):
    env = {**os.environ, "KG_SNAPSHOTS": str(real.snapshots), "KG_SERVICE": wikidata}
    with command_line(env) as client:
        query = here(BESIDE_WIKIDATA, THEIRS, wikidata)
        answer = client.post("/sparql", data={"query": query}, headers={"accept": "text/csv"})
        assert held(rows(answer.text)) == HELD
        assert len(rows(answer.text)) == 28
        assert client.post("/sparql", data={"query": BESIDE_WIKIDATA}).status_code == 403


def test_they_are_no_named_questions():
    """Named questions run without a network."""
    files = {path.stem: path.read_text() for path in FOLDER.glob("*.rq")}
    assert files.keys() == {"claims-from-wikidata", "posts-beside-wikidata"}
    assert files.keys().isdisjoint(each.name for each in questions())
    for name, text in files.items():
        assert parse_question(name, text).parameters == ()
        assert scan(text).has_service
    assert not any(scan(each.text).has_service for each in questions())
