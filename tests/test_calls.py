"""SERVICE over real ports: servers that are allowed, one that is not, and some that mean harm."""

import asyncio
import contextlib
import gzip
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pyoxigraph as ox
import pytest
from remote_server import fake_server
from serving import Server, command_line, serving

import kg.calls
from kg.calls import fetch
from kg.errors import ServiceError, TooLargeError
from kg.federation import MOST_CALLS
from kg.record import Record
from kg.remote_service import NO_GRAPH

JSON = "application/sparql-results+json"
OURS = '<u:a> <u:name> "Ada" <u:g> .\n<u:b> <u:name> "Bert" <u:g> .\n'
OTHERS = (
    '<u:a> <u:born> "1901" .\n<u:a> <u:born> "1902" .\n<u:c> <u:born> "1903" .\n[] <u:odd> 1 .\n'
)
#: Our server's limits in these tests.
SECONDS, ROWS, BYTES = 3, 50, 20_000


def table(*terms: object, name: str = "born") -> bytes:
    found = [{name: term} for term in terms]
    return json.dumps({"head": {"vars": [name]}, "results": {"bindings": found}}).encode()


def literal(value: str, **more: str) -> dict[str, str]:
    return {"type": "literal", "value": value, **more}


def uri(value: str) -> dict[str, str]:
    return {"type": "uri", "value": value}


def answer(body: bytes, status: str = "200 OK", kind: str = JSON, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}"
    return f"{head}\r\n".encode() + body


ATTACKS = {
    "plain": answer(table(literal("1901"))),
    "literal": answer(table(literal('x"} INSERT DATA { <u:a> <u:b> """\\\n'))),
    "iri": answer(table(uri("http://a> ?p ?o } INSERT"))),
    "language": answer(table(literal("x", **{"xml:lang": "en } INSERT"}))),
    "datatype": answer(table(literal("x", datatype="u:x> } INSERT"))),
    "variable": answer(table(name="born) { } } INSERT")),
    "stranger": answer(table(literal("Mallory"), name="name")),
    "blank": answer(table({"type": "bnode", "value": "b0"})),
    "triple": answer(table({"type": "triple", "value": {
        "subject": uri("u:a"), "predicate": uri("u:a"), "object": uri("u:a")}})),
    "boolean": answer(b'{"head":{},"boolean":true}'),
    "html": answer(b"<html></html>", kind="text/html"),
    "garbage": answer(b"\x00\xff{"),
    "short": answer(table(literal("1901"))[:-9]),
    "broken-off": answer(table(literal("1901")))[:-9],
    "nothing": b"",
    "no-http": b"220 mail ready\r\n\r\n",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "partial": answer(table(literal("1901")), "206 Partial Content"),
    "cut": answer(table(literal("1901")), more="x-sparql-maxrows: 1\r\n"),
    "error": answer(b"trace at /srv/secret", "500 Internal Server Error", "text/plain"),
    "rows": answer(table(*[literal(str(n)) for n in range(ROWS + 1)])),
    "bytes": answer(table(literal("x" * BYTES))),
    "chunks": b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ntransfer-encoding: chunked\r\n\r\n"
    % JSON.encode() + b"1\r\n{\r\n" * BYTES,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"x-a: b\r\n" * BYTES,
    "gzip": answer(gzip.compress(b"[" * 50_000_000), more="content-encoding: gzip\r\n"),
    "file": answer(b"", "302 Found", more="location: file:///etc/passwd\r\n"),
    "inside": answer(b"", "307 Temporary Redirect", more="location: /plain\r\n"),
}  # fmt: skip


class Hostile:
    """Says what is ordered, by the path of the request; `seen` are the requests."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(
                    target=self.say, args=self.socket.accept()[:1], daemon=True
                ).start()

    def say(self, to: socket.socket) -> None:
        with to, contextlib.suppress(OSError):
            asked = b""
            while not asked.endswith(b"%7D") and (part := to.recv(1 << 16)):
                asked += part
            path = asked.split()[1].decode()[1:]
            self.seen.append(asked.decode())
            if path in ("drip", "drip-header"):
                to.sendall(ATTACKS["plain"][:-40] if path == "drip" else b"HTTP/1.1 200 OK\r\nx: ")
                while True:
                    to.sendall(b" ")
                    time.sleep(0.05)
            to.sendall(ATTACKS[path])


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    running = Hostile()
    yield running
    running.socket.close()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("other"), OTHERS, "other.ttl") as running:
        yield running


@pytest.fixture(scope="module", params=["memory", "disk", "remote"])
def client(request, tmp_path_factory, other: Server, hostile: Hostile) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "ours.nq").write_text(OURS, "utf-8")
    allowed = [f"{hostile.url}/{name}" for name in (*ATTACKS, "drip", "drip-header")]
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/sparql"
    env = {
        **os.environ, "KG_SNAPSHOTS": str(folder),
        "KG_SERVICE": f"{other.url}/sparql, {nobody} {' '.join(allowed)}",
        "KG_TIME_LIMIT": str(SECONDS), "KG_ROW_LIMIT": str(ROWS), "KG_BYTE_LIMIT": str(BYTES),
        "KG_WORKERS": "2", "KG_CONCURRENT": "8",
    }  # fmt: skip
    with fake_server(OURS) as store:
        store.publish(Record("f" * 64, {"u:g": 2}))
        options = ["--store", request.param, str(folder / "ours.nq")]
        if request.param == "remote":
            options = ["--store", f"{store.url}/query"]
        with command_line(env, *options) as asking:
            asking.nobody, asking.store = nobody, store
            # The description is kept, and so is what it counts.
            asking.get("/sparql", headers={"accept": "application/n-triples"})
            kept = entries(asking)
            yield asking
            # Whatever came, it is still there, and nothing of it was kept.
            assert csv(asking, "SELECT ?s { ?s ?p 'Ada' }") == ["s", "u:a"]
            assert entries(asking) == kept + 1
        assert not any("SERVICE" in text for *_, fields in store.seen for _, text in fields)


def entries(client: httpx.Client) -> int:
    return int(re.search(r"kg_cache_entries (\d+)\n", client.get("/metrics").text)[1])


def ask(client: httpx.Client, text: str, accept: str = "text/csv", **headers: str):
    return client.post("/sparql", data={"query": text}, headers={"accept": accept, **headers})


def csv(client: httpx.Client, text: str) -> list[str]:
    found = ask(client, text)
    assert found.status_code == 200, found.text
    return found.text.split()


def joined(address: str, silent: str = "") -> str:
    called = f"SERVICE {silent} <{address}> {{ ?s <u:born> ?born }}"
    return f"SELECT ?name ?born {{ ?s <u:name> ?name {called} }} ORDER BY ?born ?name"


def test_both_sides_are_joined(client: httpx.Client, other: Server) -> None:
    found = ask(client, joined(f"{other.url}/sparql"))
    assert found.text.split() == ["name,born", "Ada,1901", "Ada,1902"]
    assert "etag" not in found.headers
    assert found.headers["cache-control"] == "no-store"
    again = ask(client, joined(f"{other.url}/sparql"), **{"if-none-match": "*"})
    assert again.status_code == 200


def test_it_is_read_over_no_data_first(client: httpx.Client, other: Server) -> None:
    client.store.seen.clear()
    assert ask(client, joined(f"{other.url}/sparql")).status_code == 200
    graphs = [dict(fields)["default-graph-uri"] for *_, fields in client.store.seen]
    assert graphs in ([], [NO_GRAPH, "u:g"])  # that store alone is another server


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # Multiplicity, a pattern without variables, an empty answer, UNDEF.
        ("SELECT (COUNT(*) AS ?n) { SERVICE <S> { <u:a> <u:born> ?x } }", ["n", "2"]),
        ("SELECT (COUNT(*) AS ?n) { SERVICE <S> { <u:a> <u:born> '1901' } }", ["n", "1"]),
        ("SELECT ?x { SERVICE <S> { <u:none> <u:born> ?x } }", ["x"]),
        (("SELECT ?s ?x { ?s <u:name> ?n OPTIONAL { SERVICE <S> { ?s <u:born> ?x } } }"
         " ORDER BY ?x"), ["s,x", "u:b,", "u:a,1901", "u:a,1902"]),
        ("SELECT ?s ?o { SERVICE <S> { ?s <u:born> '1903' OPTIONAL { ?s <u:odd> ?o } } }",
         ["s,o", "u:c,"]),
        # Union, minus, a sub-query, two calls, a prologue with a relative name, CONSTRUCT.
        ("SELECT ?n { { ?s <u:name> ?n } UNION { SERVICE <S> { ?s <u:born> ?n } } } ORDER BY ?n",
         ["n", "1901", "1902", "1903", "Ada", "Bert"]),
        ("SELECT ?s { ?s <u:name> ?n MINUS { SERVICE <S> { ?s <u:born> ?x } } }", ["s", "u:b"]),
        ("SELECT ?s { ?s <u:name> ?n { SELECT ?s { SERVICE <S> { ?s <u:born> '1901' } } } }",
         ["s", "u:a"]),
        (("SELECT ?x ?y { SERVICE <S> { <u:a> <u:born> ?x } SERVICE <S> { <u:a> <u:born> ?y }"
         " FILTER(?x < ?y) }"), ["x,y", "1901,1902"]),
        ("BASE <u:x/> PREFIX e: <u:> SELECT ?x { SERVICE<S>{SELECT ?x {e:c e:born ?x}}}",
         ["x", "1903"]),
        ("SELECT ?n FROM <u:g> { ?s <u:name> ?n SERVICE <S> { ?s <u:born> '1901' } }",
         ["n", "Ada"]),
        ("SELECT ?n FROM <u:none> { ?s <u:name> ?n SERVICE <S> { ?s <u:born> '1901' } }", ["n"]),
    ],
)  # fmt: skip
def test_answers(client: httpx.Client, other: Server, text: str, wanted: list[str]) -> None:
    text = text.replace("<S>", f"<{other.url}/sparql>")
    assert csv(client, text) == wanted
    # The engine's own SERVICE, which asks while it evaluates, finds the same.
    store = ox.Store()
    store.load(input=OURS, format=ox.RdfFormat.N_QUADS)
    found = store.query(text, use_default_graph_as_union="FROM" not in text)
    assert found.serialize(format=ox.QueryResultsFormat.CSV).decode().split() == wanted


def test_a_graph_and_a_yes(client: httpx.Client, other: Server) -> None:
    call = f"SERVICE <{other.url}/sparql> {{ ?s <u:born> ?x }}"
    made = ask(client, f"CONSTRUCT {{ ?s <u:p> ?x }} {{ {call} }}", "application/n-triples")
    assert sorted(made.text.splitlines())[0] == '<u:a> <u:p> "1901" .'
    assert ask(client, f"ASK {{ {call} }}", JSON).json()["boolean"] is True


#: What a query is refused for, and what is said; {S} is a server that may be asked.
REFUSED = [
    ("SERVICE <http://127.0.0.1:9/sparql> { ?s ?p ?o }", 403, "does not ask the server"),
    ("SERVICE <{S}/> { ?s ?p ?o }", 403, "does not ask the server"),
    ("SERVICE <{S}?x> { ?s ?p ?o }", 403, "does not ask the server"),
    ("SERVICE <file:///etc/passwd> { ?s ?p ?o }", 403, "does not ask the server"),
    ("BIND(<{S}> AS ?x) SERVICE ?x { ?s ?p ?o }", 403, "no variable"),
    ("SERVICE SILENT ?x { ?s ?p ?o }", 403, "no variable"),
    ("SERVICE <{S}> { SERVICE <{S}> { ?s ?p ?o } }", 403, "Write SERVICE"),
    ("SERVICE e:x { ?s ?p ?o }", 403, "Write SERVICE"),
    ("?s ?p trueSERVICE<{S}>{ ?s ?p ?o }", 403, "Write SERVICE"),
    ("SERVICESILENT<{S}>{ ?s ?p ?o }", 403, "Write SERVICE"),
    ("?s ?p ?o FILTER EXISTS { SERVICE <{S}> { ?s ?p ?o } }", 403, "within EXISTS"),
    ("?s ?p ?o FILTER NOT EXISTS { { SERVICE <{S}> { ?s ?p ?o } } }", 403, "within EXISTS"),
    ("SERVICE <{S}> { ?s ?p }", 400, "Line 1, column "),
    ("SERVICE <{S}> { ?s ?p ?o ", 400, "bracket or quote is not closed"),
    ("SERVICE <{S}> { ?s ?p ?o } BIND(1 AS ?o)", 400, "Line 1"),
    ("SERVICE <{S}> { ?s <bif:contains> ?o }", 403, "no functions"),
    (f"{'SERVICE <{S}> { ?s ?p ?o }' * (MOST_CALLS + 1)}", 413, "more than 8 SERVICE clauses"),
    ("SERVICE <{S}> { ?s <u:odd> ?o . ?x <u:odd> ?y }", 400, "blank nodes"),
    ("SERVICE SILENT <{S}> { ?s <u:odd> ?o }", 400, "blank nodes"),
]


@pytest.mark.parametrize(("pattern", "status", "said"), REFUSED)
def test_refusals(
    client: httpx.Client, other: Server, pattern: str, status: int, said: str
) -> None:
    pattern = pattern.replace("{S}", f"{other.url}/sparql")
    found = ask(client, f"SELECT * {{ {pattern} }}")
    assert (found.status_code, said in found.json()["detail"]) == (status, True), found.text


def test_nobody_is_asked_for_a_query_that_is_refused(client, hostile: Hostile) -> None:
    hostile.seen.clear()
    call = f"SERVICE <{hostile.url}/plain> {{ ?s ?p ?born }}"
    for text in (f"{call} {{ ?s ?p }}", f"{call} SERVICE <u:x> {{}}", f"{call} FILTER(e:f(?s))"):
        assert ask(client, f"SELECT * {{ {text} }}").status_code in (400, 403)
    assert hostile.seen == []


def test_what_a_server_is_asked(client: httpx.Client, hostile: Hostile) -> None:
    hostile.seen.clear()
    secret = {"authorization": "Basic abc", "cookie": "a=b"}
    assert ask(client, joined(f"{hostile.url}/plain"), **secret).status_code == 200
    (seen,) = hostile.seen
    head, _, body = seen.partition("\r\n\r\n")
    assert "accept-encoding: identity" in head
    assert not re.search("authorization|cookie", head, re.IGNORECASE)
    text = httpx.QueryParams(body)["query"]
    assert text.endswith("SELECT * WHERE { ?s <u:born> ?born }")


NO_TABLE, NO_ANSWER = "with a table in SPARQL JSON", "does not answer."
#: By attack: the status, what is said, and whether SILENT passes over it.
FOUND = {
    "iri": (502, NO_TABLE, True),
    "language": (502, NO_TABLE, True),
    "datatype": (502, NO_TABLE, True),
    "variable": (502, NO_TABLE, True),
    "stranger": (502, NO_TABLE, True),
    "boolean": (502, NO_TABLE, True),
    "garbage": (502, NO_TABLE, True),
    "short": (502, NO_TABLE, True),
    "broken-off": (502, NO_TABLE, True),
    "html": (502, "plain JSON", True),
    "gzip": (502, "plain JSON", True),
    "nothing": (502, NO_ANSWER, True),
    "no-http": (502, NO_ANSWER, True),
    "switch": (502, NO_ANSWER, True),
    "error": (502, "status 500", True),
    "file": (502, "status 302", True),
    "inside": (502, "status 307", True),
    "drip": (504, "seconds", True),
    "drip-header": (504, "seconds", True),
    "partial": (413, "LIMIT", False),
    "cut": (413, "LIMIT", False),
    "rows": (413, f"{ROWS} rows", False),
    "bytes": (413, f"{BYTES} bytes", False),
    "chunks": (413, f"{BYTES} bytes", False),
    "headers": (413, f"{BYTES} bytes", False),
    "blank": (400, "blank nodes", False),
    "triple": (400, "blank nodes", False),
}


@pytest.mark.parametrize("name", FOUND)
def test_attacks(client: httpx.Client, hostile: Hostile, name: str) -> None:
    status, said, passed_over = FOUND[name]
    hostile.seen.clear()
    found = ask(client, joined(f"{hostile.url}/{name}"))
    assert (found.status_code, said in found.json()["detail"]) == (status, True), found.text
    assert "secret" not in found.text
    silent = ask(client, joined(f"{hostile.url}/{name}", "SILENT"))
    if passed_over:  # one solution that binds nothing: our own rows stay as they are
        assert silent.text.split() == ["name,born", "Ada,", "Bert,"]
    else:
        assert silent.status_code == status
    # One request each: no redirect was followed, nothing was tried again.
    assert [each.split()[1] for each in hostile.seen] == [f"/{name}"] * 2


def test_text_that_would_end_the_query_is_a_value(client: httpx.Client, hostile: Hostile) -> None:
    assert ATTACKS.keys() == FOUND.keys() - {"drip", "drip-header"} | {"plain", "literal"}
    called = f"SERVICE <{hostile.url}/literal> {{ ?s <u:born> ?born }}"
    found = ask(client, f"SELECT * {{ {called} }}", JSON).json()["results"]["bindings"]
    assert found == [{"born": literal('x"} INSERT DATA { <u:a> <u:b> """\\\n')}]


LONG_LINE = answer(b"{}", more=f"x: {'y' * (1 << 20)}\r\n")
MANY_LINES = answer(b"{}", more="".join(f"x{each}: y\r\n" for each in range(1 << 16)))
TRAILER = ATTACKS["chunks"] + b"0\r\nx: " + b"y" * (1 << 20)


@pytest.mark.parametrize("said", [LONG_LINE, MANY_LINES, TRAILER], ids=["line", "lines", "trailer"])
def test_a_head_has_an_end(monkeypatch: pytest.MonkeyPatch, hostile: Hostile, said: bytes) -> None:
    """To put a line together, and to keep them all, would hold up the whole server."""
    monkeypatch.setitem(ATTACKS, "head", said)
    with pytest.raises(ServiceError, match="does not answer"):
        asyncio.run(fetch(f"{hostile.url}/head", "ASK {}", 1 << 30, 5))


def test_what_was_fetched_is_not_kept(monkeypatch: pytest.MonkeyPatch, hostile: Hostile) -> None:
    """The parser and what it fills hold each other, and may be very long."""
    made = []

    class Seen(kg.calls._Answer):
        def __init__(self, server: str) -> None:
            super().__init__(server)
            made.append(self)

    monkeypatch.setattr(kg.calls, "_Answer", Seen)
    assert asyncio.run(fetch(f"{hostile.url}/plain", "ASK {}", BYTES, 5)).startswith(b"{")
    with pytest.raises(TooLargeError):
        asyncio.run(fetch(f"{hostile.url}/bytes", "ASK {}", BYTES, 5))
    assert [bytes(each.body) for each in made] == [b"", b""]


def test_where_nobody_listens(client: httpx.Client) -> None:
    assert ask(client, joined(client.nobody)).status_code == 502
    assert csv(client, joined(client.nobody, "SILENT")) == ["name,born", "Ada,", "Bert,"]


def within_a_second(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 1
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


def test_slow_servers_keep_nobody_else_waiting(client: httpx.Client, hostile: Hostile) -> None:
    """Two at a time are asked, eight may be there, and other queries pass them all."""
    statuses: list[int] = []
    text = joined(f"{hostile.url}/drip")
    hostile.seen.clear()
    asking = [
        threading.Thread(target=lambda: statuses.append(
            httpx.post(f"{client.base_url}/sparql", data={"query": text}, timeout=30).status_code
        ))
        for _ in range(12)
    ]  # fmt: skip
    for each in asking:
        each.start()
    within_a_second(lambda: len(hostile.seen) >= 2)
    time.sleep(0.3)
    assert len(hostile.seen) == 2
    assert csv(client, "SELECT ?s { ?s ?p 'Ada' }") == ["s", "u:a"]
    # In the queue it would come behind six of them; a busy machine may be late by some.
    assert statuses.count(504) <= 4
    for each in asking:
        each.join()
    assert (statuses.count(503), statuses.count(504)) == (4, 8)


def test_the_description_tells(client: httpx.Client, other: Server) -> None:
    feature = "ns/sparql-service-description#BasicFederatedQuery"
    for url, there in ((client.base_url, True), (other.url, False)):
        told = httpx.get(f"{url}/sparql", headers={"accept": "application/n-triples"})
        assert (feature in told.text) is there
