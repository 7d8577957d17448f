"""Requests that nobody would write: never a 5xx but 503 and 504, never a word of our insides.

600 cases in all; `FUZZ_CASES=20000` is the long run. Needs the extra `fuzz` of this package.
"""

import http.client
import os
import re
import urllib.parse
from collections.abc import Iterator

import httpx
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import CLAIMS, Server, serving

from kg.media import FORMATS

pytestmark = pytest.mark.fuzz

CASES = int(os.environ.get("FUZZ_CASES", "500"))
PATHS = ("/sparql", "/rdf-graph-store", "/healthz", "/readyz", "/metrics", "/id/ada",
         "/id/ada.html", "/claim/book/007-01.csv", "/dataset.ttl", "/llms.txt",
         "/sitemap.xml", "/example/who-commanded.csv", "/")  # fmt: skip
INSIDES = re.compile(r"Traceback|site-packages|/home/|/root/|\.py\b|PYTHONPATH|panicked")

PIECES = """
    SELECT ASK CONSTRUCT DESCRIBE WHERE FROM NAMED GRAPH SERVICE SILENT OPTIONAL UNION MINUS
    FILTER BIND VALUES UNDEF EXISTS NOT IN GROUP ORDER HAVING BY LIMIT OFFSET DISTINCT REDUCED AS
    COUNT(*) GROUP_CONCAT STR REGEX NOW() UUID() IF COALESCE PREFIX BASE INSERT DELETE LOAD CLEAR
    DROP { } ( ) [ ] , ; . | / ^ * + ? ! != = < > && || a true false 1 2.5 -3e4 ?s ?p ?o $x * _:b
    "text" 'x'@en "5"^^xsd:integer <http://e/x> <rel> <file:///etc/passwd> :claim ex:a rdf:type
    <https://w3id.org/contested-kg/graph/book> # \\u0041 \u00e9 \u202e
"""
WORDS = st.sampled_from(PIECES.split())
BRACED = st.lists(WORDS, max_size=12).map(lambda words: "{ " + " ".join(words) + " }")
QUERIES = st.one_of(
    st.lists(WORDS, max_size=30).map(" ".join),
    st.tuples(st.sampled_from(["SELECT *", "ASK", "DESCRIBE ?s", "CONSTRUCT WHERE"]), BRACED).map(
        " ".join
    ),
    st.text(max_size=200),
)
FIELDS = st.sampled_from(
    ["query", "update", "default-graph-uri", "named-graph-uri", "timeout", "maxrows", "as",
     "graph", "default", "using-graph-uri", "x", "", "who", "from"]
)  # fmt: skip
VALUES = st.one_of(
    QUERIES,
    st.sampled_from(["ASK {}", "http://e/x", "u:g", "1", "-1", "1e999", "nan", "csv", "\x00"]),
)
PARAMETERS = st.lists(st.tuples(FIELDS, VALUES), max_size=5)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ODD"]
TYPES = st.sampled_from([row.media_type for row in FORMATS] + ["*/*", "text/html", "text/*", "x"])
ACCEPTS = st.one_of(
    st.lists(
        st.tuples(TYPES, st.sampled_from(["", ";q=0", ";q=0.5", ";q=2", ";;"])), max_size=6
    ).map(lambda ranges: ",".join("".join(each) for each in ranges)),
    st.text(
        st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80
    ).map(str.strip),
)


def share(part: float) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=max(int(CASES * part), 1),
        suppress_health_check=list(hypothesis.HealthCheck),
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("fuzz"), CLAIMS, "claims.trig") as running:
        yield running
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        assert httpx.get(f"{running.url}/sparql", params={"query": "ASK {}"}).status_code == 200


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as each:
        yield each


def check(answer: httpx.Response) -> None:
    assert answer.status_code < 500 or answer.status_code in (503, 504), answer.text
    if answer.status_code >= 400:
        assert not INSIDES.search(answer.text), answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.text.strip()


def test_queries(client: httpx.Client) -> None:
    @share(0.4)
    @given(QUERIES, ACCEPTS)
    def ask(query: str, accept: str) -> None:
        headers = {"accept": accept.encode("latin-1")}
        check(client.post("/sparql", data={"query": query}, headers=headers))

    ask()


def test_parameters(client: httpx.Client) -> None:
    @share(0.2)
    @given(
        st.one_of(st.just("/sparql"), st.sampled_from(PATHS)),
        st.one_of(st.just("GET"), st.sampled_from(METHODS)),
        st.one_of(PARAMETERS, PARAMETERS.map(lambda more: [("query", "ASK {}"), *more])),
    )
    def ask(path: str, method: str, fields: list) -> None:
        sent = urllib.parse.urlencode(fields, errors="surrogatepass")
        check(client.request(method, f"{path}?{sent}"))
        form = {"content-type": "application/x-www-form-urlencoded"}
        check(client.request(method, path, content=sent.encode(), headers=form))

    ask()


def test_bodies(client: httpx.Client) -> None:
    kinds = ["application/sparql-query", "application/x-www-form-urlencoded", "text/plain", "x/y",
             "application/sparql-query; charset=utf-16", "multipart/form-data", ""]  # fmt: skip

    @share(0.2)
    @given(
        st.binary(max_size=300), st.sampled_from(kinds), st.sampled_from(["", "gzip", "identity"])
    )
    def ask(body: bytes, kind: str, coding: str) -> None:
        headers = {"content-type": kind, "content-encoding": coding}
        check(client.post("/sparql", content=body, headers=headers))

    ask()


SEGMENTS = st.sampled_from(
    ["id", "claim", "ontology", "passage", "ada", "bert", "book", "007-01", "Claim", "..", ".", "",
     "%2e%2e", "%00", "%ff", "%", "%zz", "%3Cscript%3E", "é", "a b", "{x}", "<x>", "?", "#", ";",
     "*"]
)  # fmt: skip
ENDS = st.sampled_from(
    ["", "/", ".ttl", ".html", ".csv", ".jsonld", ".rdf", ".nt", ".ttl.ttl", "."]
)


def test_paths(client: httpx.Client, server: Server) -> None:
    host = urllib.parse.urlsplit(server.url)

    @share(0.2)
    @given(
        st.lists(st.one_of(SEGMENTS, st.text(max_size=8)), max_size=5), ENDS, ACCEPTS,
        st.sampled_from(["", "?page=2", "?page=x", "?query=%00"]),
    )  # fmt: skip
    def ask(segments: list[str], end: str, accept: str, rest: str) -> None:
        path = "/" + "/".join(segments) + end
        # Sent as it is: a client would tidy it up.
        raw = path.encode("utf-8", "surrogatepass")
        quoted = urllib.parse.quote(raw, safe="/%?#;*{}<>") + rest
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=15)
        connection._validate_path = lambda _: None
        connection.putrequest("GET", quoted, skip_accept_encoding=True)
        connection.putheader("accept", accept.encode("latin-1"))
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        assert answer.status < 500 or answer.status in (503, 504), (path, text)
        if answer.status >= 400:
            assert not INSIDES.search(text), text

    ask()


def test_bytes_on_the_wire(server: Server) -> None:
    host = urllib.parse.urlsplit(server.url)
    start = st.sampled_from([b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\n", b"GET /%ff HTTP/1.1\r\n"])
    lines = st.lists(st.binary(max_size=40), max_size=4).map(b"\r\n".join)

    @share(0.05)
    @given(start, lines)
    def send(first: bytes, rest: bytes) -> None:
        connection = http.client.HTTPConnection(host.hostname, host.port, timeout=5)
        connection.connect()
        connection.sock.sendall(first + b"Host: x\r\nConnection: close\r\n" + rest + b"\r\n\r\n")
        connection.sock.settimeout(5)
        said = connection.sock.recv(64)
        connection.close()
        status = int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 400
        assert status < 500

    send()


def test_everything_that_openapi_describes(server: Server) -> None:
    import schemathesis

    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 34
    for operation in operations:

        @share(0.15 / len(operations))
        @given(case=operation.as_strategy())
        def call(case: schemathesis.Case) -> None:
            answer = case.call()
            assert answer.status_code < 500 or answer.status_code in (503, 504), answer.text
            described = case.operation.definition.raw["responses"]
            assert str(answer.status_code) in described, (answer.status_code, answer.text[:200])

        call()
