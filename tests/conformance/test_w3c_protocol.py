"""W3C SPARQL 1.1 Protocol and Service Description, against a server on a real port."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import manifests
import pytest
from manifests import MF
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection

pytestmark = pytest.mark.conformance

HT = Namespace("http://www.w3.org/2011/http#")
CNT = Namespace("http://www.w3.org/2011/content#")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
DATA = "http://kasei.us/2009/09/sparql/data/"
ROOT = Path(__file__).resolve().parents[2]
SERVER = """
import sys
from pathlib import Path
from kg.serve import serve
from kg.settings import Settings
serve(Settings(), [Path(sys.argv[1])], port=0)
"""
FORMATS = {
    "boolean": "application/sparql-results+",
    "tabular": "application/sparql-results+",
    "RDF": "text/turtle",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = manifests.suite("protocol")
    assert folder is not None, manifests.UNSET
    quads = ""
    for number in (1, 2, 3):
        for line in (folder / f"data{number}.nt").read_text("utf-8").splitlines():
            if line.strip().endswith("."):
                quads += f"{line.strip()[:-1]} <{DATA}data{number}.rdf> .\n"
    path = tmp_path_factory.mktemp("protocol") / "data.nq"
    path.write_text(quads, "utf-8")
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    printed = "".join(iter(server.stdout.readline, "Stop with Ctrl+C.\n"))
    with httpx.Client(base_url=re.search(r"(http://\S+)/sparql", printed)[1], timeout=15) as each:
        yield each
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=15)


@pytest.mark.parametrize(("graph", "case"), manifests.cases(["protocol"], ["ProtocolTest"]))
def test_protocol(client: httpx.Client, graph: Graph | None, case: URIRef | None) -> None:
    assert graph is not None, manifests.UNSET
    action = graph.value(case, MF.action)
    for request in Collection(graph, graph.value(action, HT.requests)):
        check(client, graph, request)


def check(client: httpx.Client, graph: Graph, request: object) -> None:
    body = graph.value(request, HT.body)
    content = b""
    if body is not None:
        encoding = str(graph.value(body, CNT.characterEncoding))
        content = str(graph.value(body, CNT.chars)).encode(encoding)
    heads = graph.value(request, HT.headers)
    headers = {
        str(graph.value(head, HT.fieldName)): str(graph.value(head, HT.fieldValue))
        for head in (Collection(graph, heads) if heads else ())
    }
    answer = client.request(
        str(graph.value(request, HT.methodName)),
        str(graph.value(request, HT.absolutePath)),
        headers=headers,
        content=content,
    )
    response = graph.value(request, HT.resp)
    statuses = [str(each)[-3] for each in graph.objects(response, MF.expectedStatus)]
    assert str(answer.status_code)[0] in statuses
    wanted = graph.value(response, MF.expectedFormat)
    if wanted is not None:
        assert answer.headers["content-type"].startswith(FORMATS[str(wanted)])
    boolean = graph.value(response, MF.expectedBoolean)
    if boolean is not None:
        assert answer.json()["boolean"] is boolean.toPython()


DESCRIPTION_CASES = manifests.cases(["service-description"], ["ServiceDescriptionTest"])


@pytest.mark.parametrize(("graph", "case"), DESCRIPTION_CASES)
def test_service_description(
    client: httpx.Client, graph: Graph | None, case: URIRef | None
) -> None:
    assert graph is not None, manifests.UNSET
    answer = client.get("/sparql", headers={"accept": "text/turtle"})
    found = Graph().parse(data=answer.text, format="turtle")
    if case.endswith("has-endpoint-triple"):
        endpoint = URIRef(str(client.base_url).rstrip("/") + "/sparql")
        assert list(found.subjects(SD.endpoint, endpoint))
    elif case.endswith("returns-rdf"):
        assert len(found)
    else:
        assert list(found.subjects(RDF.type, SD.Service))
        for service in found.subjects(RDF.type, SD.Service):
            assert list(found.objects(service, SD.endpoint))
            for dataset in found.objects(service, SD.defaultDataset):
                assert list(found.objects(dataset, SD.defaultGraph))
        for entry in found.objects(None, SD.namedGraph):
            assert len(list(found.objects(entry, SD.name))) == 1
            assert (found.value(entry, SD.graph), RDF.type, SD.Graph) in found
