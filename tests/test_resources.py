"""Every IRI of ours over a real port: redirects, documents in every form, and reasons why not."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pyoxigraph as ox
import pytest
import rdflib
from serving import PERSON, Server, serving

from kg.addresses import FORMS, document_path, plain_path, readings
from kg.describing import MOST
from kg.media import HTML
from kg.views import EDITORIAL

BASE = "https://w3id.org/contested-kg/"
TERMS = BASE + "ontology/"

#: One IRI of each kind that the graph of this checkout has a page of its own for.
OWN = ("id/altaf-hussain", "claim/operation-clean-up-2/053-01", "passage/operation-clean-up-2/053",
       "document/operation-clean-up-2", "ontology/heldPost", "ontology")  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("resources"), PERSON, "graph.trig") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as each:
        yield each


@pytest.fixture(scope="module")
def snapshot_triples(endpoint):
    answer = endpoint.get(
        "/sparql",
        params={"query": "CONSTRUCT WHERE { ?s ?p ?o }"},
        headers={"accept": "application/n-triples"},
    )
    return {(t.subject, t.predicate, t.object)
            for t in ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)}  # fmt: skip


def parsed(body: bytes, extension: str) -> set:
    """Return the triples of a document, read by two libraries that must agree."""
    theirs = {"ttl": "turtle", "jsonld": "json-ld", "nt": "nt", "rdf": "xml"}[extension]
    graph = rdflib.Graph().parse(data=body, format=theirs)
    mine = {
        "ttl": ox.RdfFormat.TURTLE, "jsonld": ox.RdfFormat.JSON_LD, "nt": ox.RdfFormat.N_TRIPLES,
        "rdf": ox.RdfFormat.RDF_XML,
    }[extension]  # fmt: skip
    triples = {(t.subject, t.predicate, t.object) for t in ox.parse(body, format=mine)}
    assert len(graph) == len(triples)
    return triples


def dispute(endpoint) -> str:
    answer = endpoint.get("/sparql", params={
        "query": f"SELECT ?d {{ ?d a <{TERMS}Dispute> }} ORDER BY ?d LIMIT 1"},
        headers={"accept": "text/csv"})  # fmt: skip
    return answer.text.split()[1].removeprefix(BASE)


def test_a_page_shows_no_hidden_spelling(endpoint) -> None:
    page = endpoint.get("/id/pakka-qila-operation.html").text
    assert '<span class="spelling">Pucca Qila Operation</span>' in page
    assert "Pucca Qila Massacre" not in page
    assert "Pucca Qila Massacre" in endpoint.get("/id/pakka-qila-operation.ttl").text


def test_a_claim_that_dates_shows_its_date_as_its_time(endpoint) -> None:
    """A meeting on a day, and an operation over some years."""
    page = endpoint.get("/passage/operation-clean-up-2/053.html").text
    assert '<td data-label="When">1994-05-19</td>' in page
    assert '<td data-label="When">on 1994-05-19</td>' in page
    page = endpoint.get("/passage/mqm-militancy/038.html").text
    assert '<td data-label="When">1992 to 1994</td>' in page
    assert '<td data-label="When">no time given</td>' in page


def test_a_passage_is_named_by_its_document_and_number(endpoint) -> None:
    page = endpoint.get("/passage/operation-clean-up-2/053.html").text
    near = '<a href="/passage/operation-clean-up-1/031">operation-clean-up-1, passage 031</a>'
    assert near in page


@pytest.mark.parametrize("path", [*OWN, "dispute"])
def test_each_kind_in_every_form(endpoint, snapshot_triples, path) -> None:
    """The data are a part of the graph, the same in all RDF forms; a table and a page besides."""
    path = dispute(endpoint) if path == "dispute" else path
    graphs = []
    for form in FORMS:
        answer = endpoint.get(f"/{path}.{form.extension}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].split(";")[0] == form.media_type
        assert answer.headers["content-location"] == f"/{path}.{form.extension}"
        if form.name == "html":
            assert answer.text.startswith("<!doctype html>")
        elif form.name == "csv":
            head, *rows = csv.reader(io.StringIO(answer.text))
            assert rows
            assert {len(row) for row in rows} == {len(head)}
        else:
            graphs.append(parsed(answer.content, form.extension))
    assert len({frozenset(map(str, each)) for each in graphs}) == 1
    assert graphs[0]
    assert graphs[0] <= snapshot_triples


def test_no_kind_of_iri_is_dead(endpoint, snapshot_triples) -> None:
    """Each subject has an address that leads back to it, and each class under each path answers."""
    samples: dict[tuple[str, str], str] = {}
    subjects = {s.value for s, _, _ in snapshot_triples if s.value.startswith(BASE)}
    for iri in subjects - {BASE}:
        assert readings(plain_path(iri))[0].iri == iri
    for subject, predicate, kind in snapshot_triples:
        if predicate.value.endswith("#type") and subject.value in subjects:
            samples[subject.value.removeprefix(BASE).split("/")[0], kind.value] = subject.value
    for iri in subjects:  # partitions have no class
        samples.setdefault((iri.removeprefix(BASE).split("/")[0], ""), iri)
    assert len(samples) > 60
    for iri in set(samples.values()) - {BASE}:
        answer = endpoint.get(plain_path(iri), headers={"accept": "text/turtle"})
        assert answer.status_code == 303, iri
        found = endpoint.get(answer.headers["location"])
        assert found.status_code == 200, iri
        assert f"<{iri}>" in found.text or iri.rsplit("/", 1)[-1] in found.text
        assert endpoint.get(document_path(iri, HTML)).status_code == 200, iri


@pytest.mark.parametrize(
    ("accept", "extension"),
    [
        (None, "html"),
        ("*/*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/turtle", "ttl"),
        ("application/x-turtle", "ttl"),
        ("application/ld+json", "jsonld"),
        ("application/n-triples", "nt"),
        ("application/rdf+xml", "rdf"),
        ("text/csv", "csv"),
        ("text/turtle;q=0.4, application/rdf+xml;q=0.6", "rdf"),
        ("text/html;q=0.1, text/turtle", "ttl"),
        ("text/html;q=0, */*", "ttl"),
        ("application/ld+json, text/turtle", "jsonld"),
    ],
)
def test_the_thing_itself_leads_to_the_document_that_is_accepted(client, accept, extension) -> None:
    request = client.build_request("GET", "/id/ada")
    request.headers.pop("accept")
    if accept:
        request.headers["accept"] = accept
    answer = client.send(request)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/id/ada.{extension}"
    assert answer.headers["vary"] == "Accept"
    assert f'<{BASE}id/ada>; rel="cite-as"' in answer.headers["link"]
    assert answer.content == b""


def test_what_cannot_be_sent_is_406(client) -> None:
    answer = client.get("/id/ada", headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert answer.json()["title"] == "Not acceptable"
    assert client.get("/id/none", headers={"accept": "image/png"}).status_code == 404


def test_documents_are_kept_and_packed_by_caches(client) -> None:
    for form in FORMS:
        address = f"/id/ada.{form.extension}"
        whole = client.get(address, headers={"accept-encoding": "identity"})
        etag = whole.headers["etag"]
        assert etag.startswith('"')
        again = client.get(address, headers={"if-none-match": etag, "accept-encoding": "identity"})
        assert (again.status_code, again.content) == (304, b"")
        head = client.head(address, headers={"accept-encoding": "identity"})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        assert head.headers["etag"] == etag
        request = client.build_request("GET", address, headers={"accept-encoding": "gzip"})
        packed = b"".join(client.send(request, stream=True).iter_raw())
        if len(whole.content) >= 1024:
            assert gzip.decompress(packed) == whole.content


def test_methods(client) -> None:
    assert client.options("/id/ada").status_code == 204
    for method in ("POST", "PUT", "DELETE"):
        answer = client.request(method, "/id/ada")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert client.head("/id/ada").status_code == 303


def test_an_identifier_may_have_a_dot(client) -> None:
    assert client.get("/id/v1.2").headers["location"] == "/id/v1.2.html"
    assert client.get("/id/v1.2.ttl").status_code == 200


def test_the_ontology_its_version_and_its_name_without_a_slash(client) -> None:
    assert client.get("/ontology/").headers["location"] == "/ontology.html"
    assert client.get("/ontology").headers["location"] == "/ontology.html"
    assert client.get("/ontology/0.9").headers["location"] == "/ontology/0.9.html"
    version = client.get("/ontology/0.9.ttl")
    assert version.headers["content-location"] == "/ontology.ttl"
    assert version.content == client.get("/ontology.ttl").content
    assert 'id="perpetrated"' in client.get("/ontology.html").text


def test_a_near_spelling_is_offered(client) -> None:
    problem = client.get("/id/bart")
    assert problem.status_code == 404
    assert problem.json()["detail"].endswith("Did you mean /id/bert?")
    page = client.get("/id/bart.html", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert '<a href="/id/bert">Bert Field</a>' in page.text
    assert page.text.count("Did you mean") == 1  # as links, not as paths in the sentence too
    assert 'href="/?ask=spellings"' in page.text
    assert client.get("/id/bart", headers={"accept": "text/plain"}).text.startswith("There is")


def test_a_withdrawn_claim_is_gone_with_its_reason(client) -> None:
    for address in ("/claim/book/007-03", "/claim/book/007-03.html"):
        page = client.get(address, headers={"accept": "text/html"})
        assert page.status_code == 410
        assert "This claim was withdrawn:" in page.text
        assert "The passage was misread." in page.text
    data = client.get("/claim/book/007-03", headers={"accept": "text/turtle"})
    assert data.status_code == 410
    assert "The passage was misread." in data.text
    again = client.get("/claim/book/007-03", headers={
        "accept": "text/turtle", "if-none-match": data.headers["etag"]})  # fmt: skip
    assert again.status_code == 410
    assert client.get("/claim/book/007-01").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/id/ada%3E%20%7D%20%23", "/id/%22ada", "/id/..%2f..%2fetc", "/id/%00", "/id/%ff",
     "/id/a%0d%0ab", "/id/ada%5Cu003e", "/%7B%7D", "/id/" + "a" * 5000, "/id//", "//id/ada",
     "/id/ada;x", "/id/%EF%BF%BD", "/.ttl", "/id/.html", "/wp-login.php",
     "/id/ada%3Fx%3D1", "/id/ada%23b"],
)  # fmt: skip
def test_hostile_paths_are_not_found(client, path) -> None:
    for accept in ("text/html", "application/json"):
        answer = client.get(path, headers={"accept": accept})
        assert answer.status_code == 404
        assert "Traceback" not in answer.text


def test_nothing_of_a_path_becomes_markup(client) -> None:
    answer = client.get("/id/%3Cscript%3Ealert(1)%3C/script%3E", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "<script" not in answer.text
    assert "Ada &lt;b&gt;Stone&lt;/b&gt;" in client.get("/id/ada.html").text


def test_an_encoded_letter_is_the_same_address(client) -> None:
    assert client.get("/id/%61da").headers["location"] == "/id/ada.html"


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=1e9", "page=%ff"])
def test_a_part_is_a_whole_number(client, query) -> None:
    assert client.get(f"/id/ada.ttl?{query}").status_code == 400


def test_a_part_above_the_last_is_not_found(client) -> None:
    assert client.get("/id/ada.ttl?page=2").status_code == 404


def test_every_way_to_a_part_leads_to_it(tmp_path) -> None:
    """From the thing itself, and from its page to the data: of the part that is asked for."""
    parts = "".join(f"id:n{each:03} :within id:ada .\n" for each in range(MOST + 2))
    with serving(tmp_path, f"{PERSON}\ng:entities {{\n{parts}}}", "graph.trig") as running:
        found = {}
        with httpx.Client(base_url=running.url, timeout=30) as client:
            for accept, extension in (("text/html", "html"), ("text/turtle", "ttl")):
                answer = client.get("/id/ada?page=2&x=1", headers={"accept": accept})
                assert answer.headers["location"] == f"/id/ada.{extension}?page=2"
                found[extension] = client.get(answer.headers["location"]).text
                assert "n501" in found[extension]
                assert client.get("/id/ada?page=0", headers={"accept": accept}).status_code == 400
            links = re.findall(r'href="(/id/ada.ttl[^"]*)"', found["html"])
            assert links == ["/id/ada.ttl?page=2"] * 2
            assert client.get(links[0]).text == found["ttl"]


class Voices(HTMLParser):
    """Collects the statements of a page: rows of claims, and each voice in them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[list[str]]] = []
        self.inside: list[str] | None = None
        self.content = 0

    def handle_starttag(self, tag, attrs) -> None:
        names = (dict(attrs).get("class") or "").split()
        if tag == "tr":
            self.rows.append([])
        if "voice" in names:
            self.rows[-1].append([])
        if self.rows and self.rows[-1] and {"who", "tag"} & set(names):
            self.inside = self.rows[-1][-1]
            self.inside.append("")
        self.content += "content" in names

    def handle_endtag(self, tag) -> None:
        if tag == "span":
            self.inside = None

    def handle_data(self, data) -> None:
        if self.inside is not None:
            self.inside[-1] += data


def voices(text: str) -> Voices:
    parser = Voices()
    parser.feed(text)
    return parser


def nameless(text: str) -> list:
    """Return the statements of a page that have no voice, or one without speaker or stance."""
    found = voices(text)
    rows = [row for row in found.rows if row]
    faults = [row for row in rows for voice in row
              if len(voice) < (2 if voice[-1] == EDITORIAL else 3)
              or not all(map(str.strip, voice))]  # fmt: skip
    return faults + ["content without a row"] * (found.content != len(rows))


def test_every_statement_on_a_page_has_its_speaker_and_stance(client, endpoint) -> None:
    page = client.get("/id/ada.html").text
    told = [voice for row in voices(page).rows for voice in row]
    assert ["Bert Field is reported to allege that", "alleged", "affirmed"] in told
    assert ["Ada <b>Stone</b> is reported to deny that", "reported", "denied"] in told
    assert nameless(page) == []
    assert "This page gathers what sources say of a person." in page
    query = f"SELECT ?s {{ ?s a <{TERMS}Person> }}"
    people = endpoint.get("/sparql", params={"query": query}, headers={"accept": "text/csv"})
    for iri in people.text.split()[1:]:
        assert nameless(endpoint.get(f"/{iri.removeprefix(BASE)}.html").text) == [], iri
    for path in ("id/altaf-hussain", "id/mqm", "passage/operation-clean-up-2/053"):
        text = endpoint.get(f"/{path}.html").text
        assert len([row for row in voices(text).rows if row]) > 5
        assert nameless(text) == []


def test_a_statement_without_a_speaker_is_found(client) -> None:
    page = client.get("/id/ada.html").text
    assert nameless(re.sub(r'<span class="who">.*?</span>', "", page, flags=re.DOTALL))
    assert nameless(page.replace('<span class="tag">alleged</span>', ""))
    assert nameless(page + '<span class="content">Ada perpetrated</span>')


def test_an_allegation_and_its_denial_stand_in_one_row(client) -> None:
    both = [row for row in voices(client.get("/id/ada.html").text).rows if len(row) == 2]
    assert [voice[2] for voice in both[0]] == ["affirmed", "denied"]


def test_a_dispute_has_its_positions_side_by_side_and_no_winner(client) -> None:
    page = client.get("/dispute/d1.html").text
    assert page.count("Position: ") == 2
    assert "it does not say which of them is right" in page


def test_the_table_of_a_person_has_the_speakers(client) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/id/ada.csv").text)))
    assert {(row["speakerName"], row["stance"], row["polarity"]) for row in rows} == {
        ("Bert Field", TERMS + "alleged", TERMS + "affirmed"),
        ("Ada <b>Stone</b>", TERMS + "reported", TERMS + "denied"),
    }


def test_no_plain_triple_says_what_is_alleged(client) -> None:
    triples = parsed(client.get("/id/ada.nt").content, "nt")
    assert not [t for t in triples if t[1].value == TERMS + "perpetrated"]


def test_ids_in_json_ld_stay_the_iris(client) -> None:
    document = json.loads(client.get("/id/ada.jsonld").content)
    assert "id:ada" in json.dumps(document) or f"{BASE}id/ada" in json.dumps(document)
