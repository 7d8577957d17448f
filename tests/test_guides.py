"""What tells programs about the server: VoID and DCAT, the context, examples, and plain guides."""

import json
import re
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser

import httpx
import pytest
import rdflib
from pyshacl import validate
from rdflib import DCTERMS, RDF, VOID, Namespace, URIRef
from rdflib.namespace import DCAT
from serving import serving

from kg.catalogue import Edition
from kg.dataset import search_block
from kg.examples import describe_examples
from kg.pages import article
from kg.queries import questions
from kg.scan import scan

BASE = "https://w3id.org/contested-kg/"
SCHEMA = Namespace("https://schema.org/")
SH = Namespace("http://www.w3.org/ns/shacl#")
FORMATS = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld", "rdf": "xml"}
DATASET = URIRef(BASE)
#: All five texts are of an operation in Karachi.
SUBJECTS = {"Operation Clean-up", "Karachi"}


@pytest.fixture(scope="module")
def description(endpoint) -> rdflib.Graph:
    return rdflib.Graph().parse(data=endpoint.get("/dataset.ttl").content, format="turtle")


@pytest.mark.parametrize(
    ("accept", "where"),
    [
        ("text/turtle", "/dataset.ttl"),
        ("application/rdf+xml", "/dataset.rdf"),
        ("application/ld+json", "/dataset.jsonld"),
        ("*/*", "/dataset.ttl"),
        ("text/html", "/"),
    ],
)
@pytest.mark.parametrize("address", ["/.well-known/void", "/dataset"])
def test_void_is_found_where_its_note_says(endpoint, address, accept, where) -> None:
    """VoID, section 7.2: the well-known address may redirect to the description."""
    answer = endpoint.get(address, headers={"accept": accept})
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert endpoint.get(address, headers={"accept": "image/png"}).status_code == 406


def test_the_dataset_has_the_start_page_and_its_description(endpoint) -> None:
    data = endpoint.get("/", headers={"accept": "text/turtle"})
    assert (data.status_code, data.headers["location"]) == (303, "/dataset.ttl")
    page = endpoint.get("/", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert f'<{BASE}>; rel="cite-as"' in page.headers["link"]
    assert (
        '</dataset.jsonld>; rel="describedby"; type="application/ld+json"' in page.headers["link"]
    )


def test_all_forms_say_the_same(endpoint, description) -> None:
    for extension, name in FORMATS.items():
        answer = endpoint.get(f"/dataset.{extension}")
        graph = rdflib.Graph().parse(data=answer.content, format=name)
        assert len(graph) == len(description)
        again = {"if-none-match": answer.headers["etag"]}
        assert endpoint.get(f"/dataset.{extension}", headers=again).status_code == 304


def ask(endpoint, query: str) -> list[list[str]]:
    answer = endpoint.get("/sparql", params={"query": query}, headers={"accept": "text/csv"})
    return [line.split(",") for line in answer.text.split()[1:]]


def test_partitions_are_counted_from_the_snapshot(endpoint, description) -> None:
    for kind in ("Claim", "Person", "Dispute"):
        counted = ask(endpoint, f"SELECT (COUNT(*) AS ?n) {{ ?s a <{BASE}ontology/{kind}> }}")
        node = description.value(predicate=VOID["class"], object=URIRef(f"{BASE}ontology/{kind}"))
        assert (DATASET, VOID.classPartition, node) in description
        assert [[str(description.value(node, VOID.entities))]] == counted
    counted = ask(endpoint, f"SELECT (COUNT(*) AS ?n) {{ ?s <{BASE}ontology/stance> ?o }}")
    node = description.value(predicate=VOID.property, object=URIRef(f"{BASE}ontology/stance"))
    assert [[str(description.value(node, VOID.triples))]] == counted


def test_it_is_a_dataset_for_all_three_vocabularies(endpoint, description) -> None:
    kinds = set(description.objects(DATASET, RDF.type))
    assert {DCAT.Dataset, VOID.Dataset, SCHEMA.Dataset} <= kinds
    origin = str(endpoint.base_url).rstrip("/")
    (service,) = description.subjects(RDF.type, DCAT.DataService)
    assert description.value(service, DCAT.endpointURL) == URIRef(f"{origin}/sparql")
    assert description.value(service, DCAT.servesDataset) == DATASET
    for dump in description.objects(DATASET, VOID.dataDump):
        assert str(dump).startswith(f"{origin}/rdf-graph-store")
        assert httpx.head(str(dump)).status_code == 200
    assert description.value(DATASET, DCTERMS.license)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(description.value(DATASET, DCTERMS.modified)))
    assert {str(each) for each in description.objects(DATASET, DCAT.keyword)} > SUBJECTS


class Blocks(HTMLParser):
    """Collects the JSON-LD of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attrs) -> None:
        self.inside = tag == "script" and ("type", "application/ld+json") in attrs

    def handle_data(self, data) -> None:
        if self.inside:
            self.found.append(data)
            self.inside = False


def test_search_engines_find_the_dataset_in_the_start_page(endpoint) -> None:
    blocks = Blocks()
    blocks.feed(endpoint.get("/").text)
    (block,) = map(json.loads, blocks.found)
    assert (block["@type"], block["@id"]) == ("Dataset", BASE)
    assert {"name", "description", "license", "creator", "distribution"} <= set(block)
    assert set(block["keywords"]) > SUBJECTS


def test_nothing_ends_the_block_early() -> None:
    block = search_block("</script>", Edition(subjects=("<b>",)), {"<!--": 1}, "http://e")
    assert "<" not in block
    assert json.loads(block)["identifier"] == "sha256:</script>"


def test_the_context_answers_under_its_iri(endpoint) -> None:
    answer = endpoint.get("/ontology/context.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.json()["@context"]["@vocab"] == f"{BASE}ontology/"


def examples() -> rdflib.Graph:
    graph = rdflib.Graph()
    text = "\n".join(
        f"{q.subject} {q.predicate} {q.object} ." for q in describe_examples(questions())
    )
    return graph.parse(data=text, format="turtle")


#: What the SIB's sparql-examples ask of an example, as far as it is about its form.
SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix schema: <https://schema.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
[] a sh:NodeShape ; sh:targetClass sh:SPARQLExecutable ;
  sh:property [ sh:path rdfs:comment ; sh:minCount 1 ] ;
  sh:property [ sh:path schema:target ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ;
  sh:property [ sh:path sh:prefixes ; sh:minCount 1 ] ;
  sh:property [ sh:path [ sh:alternativePath ( sh:select sh:ask sh:construct ) ] ;
                sh:minCount 1 ; sh:maxCount 1 ] .
"""


def test_each_named_question_is_an_executable() -> None:
    graph = examples()
    assert len(set(graph.subjects(RDF.type, SH.SPARQLExecutable))) == len(questions())
    assert validate(graph, shacl_graph=rdflib.Graph().parse(data=SHAPE, format="turtle"))[0]
    for name, predicate in (("Select", SH.select), ("Construct", SH.construct)):
        for node in graph.subjects(RDF.type, SH[f"SPARQL{name}Executable"]):
            assert scan(str(graph.value(node, predicate))).form == name.upper()


def test_an_example_without_its_query_does_not_conform() -> None:
    graph = examples()
    node = next(graph.subjects(SH.select, None))
    graph.remove((node, SH.select, None))
    assert not validate(graph, shacl_graph=rdflib.Graph().parse(data=SHAPE, format="turtle"))[0]


def test_the_graph_can_be_asked_for_its_own_questions(endpoint) -> None:
    found = endpoint.get("/sparql", params={"query": (
        "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?example ?query ?prefix {"
        " ?example a sh:SPARQLExecutable ; sh:select ?query ; sh:prefixes/sh:declare"
        "/sh:prefix ?prefix"
        f' FILTER(?prefix = "xsd" && ?example = <{BASE}example/who-commanded>) }}')},
        headers={"accept": "application/json"}).json()["results"]["bindings"]  # fmt: skip
    assert len(found) == 1
    answer = endpoint.get("/sparql", params={"query": found[0]["query"]["value"]},
                          headers={"accept": "text/csv"})  # fmt: skip
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) > 100
    page = endpoint.get("/example/who-commanded.html").text
    assert "family :commanded" in page
    assert '<a href="/?ask=who-commanded">' in page


def test_a_language_model_gets_addresses_that_work(endpoint) -> None:
    text = endpoint.get("/llms.txt")
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text.startswith("# Contested\n\n> ")
    (query,) = re.findall(r"```\n(.+?)```", text.text, re.DOTALL)
    assert endpoint.get("/sparql", params={"query": query}).status_code == 200
    (look,) = re.findall(r"`(\?x \S+ \"[^\"]+\")`", text.text)
    prefixes = re.findall(r"PREFIX .*", query)
    prefixes.append("PREFIX skos: <http://www.w3.org/2004/02/skos/core#>")
    asked = f"{' '.join(prefixes)} ASK {{ {look} }}"
    assert endpoint.get("/sparql", params={"query": asked, "as": "json"}).json()["boolean"]
    links = re.findall(r"\]\((http[^)]+)\)", text.text)
    assert len(links) > 30
    for link in links:
        assert httpx.get(link, headers={"accept": "*/*"}).status_code in (200, 303), link
    assert "&lt;" not in text.text


def test_the_guide_is_the_page_of_the_ontology(endpoint, root) -> None:
    text = (root / "ontology/README.md").read_text("utf-8")
    given = endpoint.get("/guide.md")
    assert given.text == text
    assert given.headers["content-type"] == "text/markdown; charset=utf-8"
    page = endpoint.get("/guide.html").text
    for heading in re.findall(r"^## (.+)$", text, re.MULTILINE):
        anchor = re.sub(r"\W+", "-", heading.lower())
        assert f'<h2 id="{anchor}">{heading}</h2>' in page
        assert f'href="#{anchor}"' in page
    assert page.count("<table>") == len(re.findall(r"^\|(?:-+\|)+$", text, re.MULTILINE))


def test_each_query_of_the_guide_opens_in_the_editor_and_has_an_answer(endpoint) -> None:
    page = endpoint.get("/guide.html").text
    links = re.findall(r'href="\./(\?query=[^"]+)"', page)
    assert len(links) == page.count('class="language-sparql"') >= 8
    for link in links:
        assert endpoint.get(f"/{link}").status_code == 200
        rows = endpoint.get(f"/sparql{link}", headers={"accept": "text/csv"}).text.splitlines()
        assert len(rows) > 1, link


def test_what_is_written_in_a_text_is_no_markup_of_the_page() -> None:
    html = article("# T\n\n<script>1</script> [x](javascript:1)").html
    assert "<script" not in html
    assert "href" not in html


def test_the_site_map_lists_pages_that_are_there(endpoint) -> None:
    robots = endpoint.get("/robots.txt").text
    (address,) = re.findall(r"Sitemap: (\S+)", robots)
    root = ET.fromstring(httpx.get(address).content)
    pages = [each.text for each in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(pages) > 500
    assert len(set(pages)) == len(pages)
    for page in pages[::100]:
        assert httpx.get(page).status_code == 200, page


def test_methods(endpoint) -> None:
    for path in ("/dataset.ttl", "/.well-known/void", "/llms.txt"):
        assert endpoint.post(path).status_code == 405
        assert endpoint.options(path).status_code == 204
        assert endpoint.head(path).content == b""


def test_openapi_names_what_answers(endpoint) -> None:
    paths = endpoint.get("/openapi.json").json()["paths"]
    assert {"/id/{name}", "/claim/{document}/{number}", "/reconcile", "/dataset.ttl"} <= set(paths)
    for path, methods in paths.items():
        if "get" in methods and "{" not in path:
            answer = endpoint.get(path)
            assert str(answer.status_code) in methods["get"]["responses"], path


FOREIGN = f'<{BASE}id/one> <{BASE}ontology/heldPost> "two" . <{BASE}ontology/heldPost> a <u:x> .'


def led_to(client: httpx.Client) -> set[str]:
    """Return the addresses that pages and guides give, of which none may be dead."""
    found: set[str] = set()
    accept = {"accept": "text/html, */*;q=0.5"}
    own = re.escape(str(client.base_url).rstrip("/"))
    pages = (
        "/",
        "/no-such-page",
        "/llms.txt",
        "/guide.html",
        "/sitemap.xml",
        "/ontology/heldPost.html",
    )
    for path in pages:
        text = client.get(path, headers=accept).text
        for pattern in (r'(?:href|src)="(/[^?"#][^"#]*)', rf"{own}(/[^\s)<>;`…\"]*)[\s)<>;`\"]"):
            found |= {unescape(each) for each in re.findall(pattern, text)[:80]}
    for path in found:
        answer = client.get(path, headers=accept, follow_redirects=True)
        assert answer.status_code == 200, path
    return found


REFERENCE = {"/ontology.html", "/ontology/"}


def test_no_address_that_is_given_is_dead(endpoint) -> None:
    assert led_to(endpoint) >= REFERENCE


def test_nor_is_one_where_the_graph_is_not_ours(tmp_path) -> None:
    """It has no ontology, so nothing leads to the page about it."""
    with (
        serving(tmp_path, FOREIGN, "foreign.ttl") as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        found = led_to(client)
    assert len(found) > 15
    assert not found & REFERENCE
