"""Clients that people use, against a server on a real port, each in a process of its own.

Needs curl, node and npm on the machine, and the extra `clients` of this package.
"""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from serving import CLAIMS, Server, serving
from standin import wikidata_stand_in

from kg.assets import QUERIES

pytestmark = pytest.mark.clients

TERMS = "https://w3id.org/contested-kg/ontology/"
WHO = """PREFIX : <https://w3id.org/contested-kg/ontology/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT ?who ?what { ?c :family :commanded ; rdf:subject ?who ; rdf:object ?what } ORDER BY ?who
"""
WANTED = ["https://w3id.org/contested-kg/id/ada", "https://w3id.org/contested-kg/id/bert"]
COMUNICA = "@comunica/query-sparql@4"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("clients"), CLAIMS, "claims.trig") as running:
        yield running


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=False
    )


def curl(*arguments: str) -> str:
    done = run("curl", "-sS", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("post", [True, False])
def test_curl_with_a_file(server: Server, tmp_path: Path, post: bool) -> None:
    (tmp_path / "who.rq").write_text(WHO)
    found = curl(
        f"{server.url}/sparql", *([] if post else ["-G"]), "-H", "Accept: text/csv",
        "--data-urlencode", f"query@{tmp_path / 'who.rq'}",
    )  # fmt: skip
    assert [line.split(",")[0] for line in found.splitlines()] == ["who", *WANTED]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_curl_unpacks_a_long_answer(server: Server, tmp_path: Path, coding: str) -> None:
    """`--compressed` names what curl can read; the second header chooses one of it."""
    query = f"query={WHO} VALUES ?x {{ 1 2 3 4 5 6 7 8 9 }}"
    asked = (f"{server.url}/sparql", "-H", "Accept: text/csv", "--data-urlencode", query)
    plain = curl(*asked)
    headers = tmp_path / "headers"
    packed = curl(*asked, "--compressed", "-H", f"Accept-Encoding: {coding}", "-D", str(headers))
    assert packed == plain
    assert f"content-encoding: {coding}" in headers.read_text()


def test_curl_with_the_query_as_body_and_gzip(server: Server) -> None:
    found = curl(
        f"{server.url}/sparql/", "--compressed", "-H", "Content-Type: application/sparql-query",
        "-H", "Accept: application/sparql-results+json", "--data-binary", WHO,
    )  # fmt: skip
    assert [row["who"]["value"] for row in json.loads(found)["results"]["bindings"]] == WANTED


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("SELECT * {\n ?s ?p", "400", "Line 2, column"),
        ("INSERT DATA { <u:a> <u:b> 1 }", "403", "read-only"),
        ("ASK { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "403", "no other server"),
        ("ASK FROM <file:///etc/passwd> { ?s ?p ?o }", "403", "no files"),
    ],
)
def test_curl_is_told_what_is_wrong(server: Server, query: str, status: str, said: str) -> None:
    found = curl(
        f"{server.url}/sparql", "-w", "%{http_code}", "-H", "Accept: text/csv, text/plain",
        "--data-urlencode", f"query={query}",
    )  # fmt: skip
    assert found.endswith(status)
    assert said in found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it uses what rdflib gives up
def test_sparqlwrapper(server: Server) -> None:
    import SPARQLWrapper

    for method in (SPARQLWrapper.GET, SPARQLWrapper.POST):
        asked = SPARQLWrapper.SPARQLWrapper(f"{server.url}/sparql")
        asked.setMethod(method)
        asked.setQuery(WHO)
        asked.setReturnFormat(SPARQLWrapper.JSON)
        rows = asked.query().convert()["results"]["bindings"]
        assert [row["who"]["value"] for row in rows] == WANTED
        asked.setQuery("CONSTRUCT WHERE { ?s ?p ?o }")
        for form in (SPARQLWrapper.TURTLE, SPARQLWrapper.RDFXML, SPARQLWrapper.JSONLD):
            asked.setReturnFormat(form)
            made = asked.query().convert()
            if isinstance(made, bytes):
                assert b"chaired" in made
            else:
                assert len(made) == 29
        asked.setReturnFormat(SPARQLWrapper.JSON)
        asked.setQuery("ASK {")
        with pytest.raises(SPARQLWrapper.SPARQLExceptions.QueryBadFormed, match="Line 1"):
            asked.query()


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
@pytest.mark.parametrize("form", ["xml", "json", "csv"])
def test_rdflib_store(server: Server, method: str, form: str) -> None:
    import rdflib
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    store = SPARQLStore(f"{server.url}/sparql", method=method, returnFormat=form)
    graph = rdflib.Graph(store)
    assert [str(row[0]) for row in graph.query(WHO)] == WANTED
    if form == "csv":
        return  # has no types, so rdflib cannot read triples from it
    ada = rdflib.URIRef(WANTED[0])
    assert str(graph.value(ada, rdflib.RDFS.label)) == "Ada Stone"
    assert (ada, rdflib.RDFS.label, rdflib.Literal("Ada Stone")) in graph
    assert len(graph) == 29


SERVICE = """
import sys, rdflib
server, pattern = sys.argv[1:]
call = "SERVICE <" + server + "/sparql> { SELECT ?who { " + pattern + " } }"
for row in rdflib.Graph().query("SELECT ?who { " + call + " }"):
    print(row.who)
"""


def test_service_call_of_rdflib_in_another_process(server: Server) -> None:
    pattern = f"?c <{TERMS}stance> <{TERMS}alleged> ; <{TERMS}speaker> ?who"
    done = run(sys.executable, "-W", "ignore", "-c", SERVICE, server.url, pattern)
    assert done.stdout.split() == WANTED[1:], done.stderr


def test_service_call_of_pyoxigraph(server: Server) -> None:
    import pyoxigraph

    asked = f"SELECT ?who {{ SERVICE <{server.url}/sparql> {{ ?c <{TERMS}speaker> ?who }} }}"
    found = {row["who"].value for row in pyoxigraph.Store().query(asked)}
    assert found == {WANTED[1], "https://w3id.org/contested-kg/document/book"}


def test_pandas(server: Server) -> None:
    from urllib.parse import urlencode

    import pandas

    for form, separator in (("csv", ","), ("tsv", "\t")):
        address = f"{server.url}/sparql?{urlencode({'query': WHO, 'as': form})}"
        frame = pandas.read_csv(address, sep=separator)
        assert [value.strip("<>") for value in frame.iloc[:, 0]] == WANTED
    asked = curl(
        f"{server.url}/sparql", "-H", "Accept: text/csv", "--data-urlencode",
        'query=SELECT * { VALUES (?a ?b) { ("one, \\"two\\"" 3) ("line\\nend" 4) } }',
    )  # fmt: skip
    frame = pandas.read_csv(io.StringIO(asked))
    assert list(frame.a) == ['one, "two"', "line\nend"]
    assert int(frame.b.sum()) == 7


def test_rdflib_reads_graphs_from_the_graph_store(server: Server) -> None:
    import rdflib

    name = "https://w3id.org/contested-kg/graph/book"
    graph = rdflib.Graph().parse(f"{server.url}/rdf-graph-store?graph={name}")
    assert len(graph) == 22
    assert len(rdflib.Graph().parse(f"{server.url}/rdf-graph-store?default")) == 29
    described = rdflib.Graph().parse(f"{server.url}/sparql")
    sd = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
    assert rdflib.URIRef(name) in set(described.objects(None, sd.name))


@pytest.fixture(scope="module")
def comunica(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comunica")
    npm = shutil.which("npm")
    assert npm, "install node and npm"
    done = run(npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", COMUNICA)
    assert done.returncode == 0, done.stderr[-500:]
    return folder / "node_modules" / ".bin" / "comunica-sparql"


@pytest.mark.parametrize("kind", ["sparql@", ""])
def test_comunica(server: Server, comunica: Path, kind: str) -> None:
    """With `sparql@` it asks at once; without, it finds out by the service description."""
    for text, wanted in ((WHO, WANTED), ("ASK { ?s ?p ?o }", ["true"])):
        done = run(str(comunica), f"{kind}{server.url}/sparql", text)
        assert done.returncode == 0, done.stderr
        assert all(each in done.stdout for each in wanted), done.stdout


def test_comunica_constructs(server: Server, comunica: Path) -> None:
    text = (
        f"CONSTRUCT {{ ?who <u:p> ?c }} WHERE {{ ?c <{TERMS}family> ?f ; <{TERMS}speaker> ?who }}"
    )
    done = run(str(comunica), f"sparql@{server.url}/sparql", text, "-t", "application/n-triples")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_comunica_joins_our_graph_with_another_server(
    endpoint: httpx.Client, comunica: Path, tmp_path: Path
) -> None:
    """With a source that is a graph, and not an endpoint, it calls SERVICE itself."""
    text = (QUERIES / "federated" / "posts-beside-wikidata.rq").read_text()
    with wikidata_stand_in() as wikidata:
        (tmp_path / "q.rq").write_text(text.replace("https://query.wikidata.org/sparql", wikidata))
        graph = str(endpoint.base_url.join("/rdf-graph-store?default"))
        done = run(str(comunica), graph, "-f", str(tmp_path / "q.rq"), "-t", "text/csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    stated = [row for row in rows if row["from"].startswith("1902-01-01")]
    assert (len(rows), len(stated)) == (28, 8)
    assert {row["holder"].rpartition("/")[2] for row in stated} == {"benazir-bhutto>"}
