"""The store on another server: its answers are ours, its faults are told."""

import csv
import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pyoxigraph as ox
import pytest
from remote_server import FAULTS, G0, G1, OTHER, QUADS, FakeServer, fake_server, free_port_url
from serving import ROOT
from test_worker import until, within

from kg.connection import Access, Connection
from kg.errors import (
    DataError,
    ForbiddenError,
    InputError,
    KgError,
    NotFoundError,
    QueryError,
    StoreLostError,
    TimeLimitError,
    TooLargeError,
)
from kg.loader import load
from kg.media import named
from kg.pool import Pool
from kg.protocol import operation
from kg.rdf import BASE
from kg.record import Record
from kg.results import Caps
from kg.settings import Settings
from kg.store import EngineStore, Store
from kg.worker import Job, LoaderConfig

FINGERPRINT = "f" * 64


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as running:
        yield running


def config(server: FakeServer, **more: object) -> LoaderConfig:
    return LoaderConfig((), store=f"{server.url}/query", **more)


@pytest.fixture
def store(server: FakeServer) -> Iterator[Store]:
    opened = load(config(server)).open()
    yield opened
    opened.service.connection.close()


@pytest.fixture(scope="module")
def memory() -> EngineStore:
    """Return what is ours on the server, in memory."""
    graph = EngineStore()
    ours = "".join(line + "\n" for line in QUADS.splitlines() if OTHER not in line)
    graph._store.load(input=ours, format=ox.RdfFormat.N_QUADS)
    return graph


def ask(store: Store, text: str, form: str = "csv", caps: Caps | None = None, **more: str) -> bytes:
    fields = [("query", text), *((key.replace("_", "-"), value) for key, value in more.items())]
    return store.evaluate(operation(fields), named(form), caps).body


TABLES = [
    "SELECT * { ?s ?p ?o } ORDER BY ?o",
    "SELECT * { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g ?o",
    "ASK { <u:s7> ?p '7' }",
    "ASK { <u:s7> ?p '8' }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    f"SELECT (COUNT(*) AS ?n) FROM <{G0}> {{ ?s ?p ?o }}",
    f"SELECT (COUNT(*) AS ?n) FROM <{G0}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    f"SELECT (COUNT(*) AS ?n) FROM NAMED <{G1}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    f"PREFIX g: <{BASE}graph/> SELECT (COUNT(*) AS ?n) FROM g:zero FROM g:one {{ ?s ?p ?o }}",
    "SELECT (COUNT(*) AS ?n) FROM <graph/one> { ?s ?p ?o }",
    "SELECT (<relative> AS ?x) {}",
    f"SELECT (COUNT(*) AS ?n) FROM <{OTHER}> {{ ?s ?p ?o }}",
    f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{OTHER}> {{ ?s ?p ?o }} }}",
    f"SELECT (COUNT(*) AS ?n) FROM <{BASE}published> {{ ?s ?p ?o }}",
]
GRAPHS = [
    "CONSTRUCT { ?s <u:q> ?o } WHERE { ?s <u:p> ?o }",
    "CONSTRUCT WHERE { ?s <u:p> ?o }",
    f"CONSTRUCT FROM <{G0}> WHERE {{ ?s <u:p> ?o }}",
    "PREFIX e: <u:> CONSTRUCT { e:a e:b ?o . e:a e:c 'x' } { ?s e:p ?o } ORDER BY ?o LIMIT 3",
    "CONSTRUCT { <u:a> <u:b> <u:c> } WHERE { <u:s1> ?p ?o }",
    "CONSTRUCT { ?s <u:q> ?o ; ?none <u:z> } WHERE { ?s <u:p> ?o OPTIONAL { ?s <u:n> ?none } }",
    "DESCRIBE <u:s1> <u:s2>",
    "BASE <u:> DESCRIBE <s3>",
    f"DESCRIBE <u:s1> <u:s2> FROM <{G0}>",
    "DESCRIBE ?s { ?s ?p '5' }",
    "DESCRIBE * { ?s ?p '5' }",
    "DESCRIBE <u:x1> ?s { ?s ?p '5' }",
]  # fmt: skip


@pytest.mark.parametrize("text", TABLES)
def test_tables_are_those_of_the_store_in_memory(
    store: Store, memory: EngineStore, text: str
) -> None:
    for form in ("json", "xml", "tsv") if text.startswith("ASK") else ("json", "xml", "csv", "tsv"):
        assert ask(store, text, form) == ask(memory, text, form)


@pytest.mark.parametrize("text", GRAPHS)
def test_graphs_are_those_of_the_store_in_memory(
    store: Store, memory: EngineStore, text: str
) -> None:
    found = set(ask(store, text, "ntriples").splitlines())
    assert found == set(ask(memory, text, "ntriples").splitlines())


def test_blank_nodes_are_made_as_often_as_in_memory(store: Store, memory: EngineStore) -> None:
    text = "CONSTRUCT { ?s <u:q> [ <u:v> ?o ] } WHERE { ?s <u:p> ?o }"
    forms = []
    for each in (store, memory):
        triples = list(ox.parse(ask(each, text, "ntriples"), format=ox.RdfFormat.N_TRIPLES))
        nodes = {
            str(triple.object) for triple in triples if isinstance(triple.object, ox.BlankNode)
        }
        forms.append((len(triples), len(nodes)))
    assert forms[0] == forms[1] == (400, 200)


def test_the_dataset_of_the_protocol(store: Store, server: FakeServer) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    assert ask(store, count, default_graph_uri=G0).split() == [b"n", b"100"]
    assert ask(store, count, named_graph_uri=G0).split() == [b"n", b"0"]
    assert ask(store, count, default_graph_uri=OTHER).split() == [b"n", b"0"]
    sent = [value for name, value in server.seen[-1][2] if name == "default-graph-uri"]
    assert OTHER not in sent
    both = f"SELECT (COUNT(*) AS ?n) FROM NAMED <{G1}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
    assert ask(store, both, default_graph_uri=G0).split() == [b"n", b"0"]
    assert sent


def test_one_connection_is_kept(store: Store, server: FakeServer) -> None:
    before = server.connections
    for number in range(5):
        ask(store, f"ASK {{}} #{number}")
    assert server.connections == before + 1


@pytest.mark.parametrize(
    "text",
    ["SELECT * { ?s ?p", "SELECT ?x { } ?y", "DEFINE get:soft 'soft' ASK {}",
     "SELECT (bif:now() AS ?x) {}", "SELECT (<u:f>(1) AS ?x) {}", "CONSTRUCT { ?s ?p } {}"],
)  # fmt: skip
def test_complaints_are_those_of_the_store_in_memory(
    store: Store, memory: EngineStore, server: FakeServer, text: str
) -> None:
    asked = len(server.seen)
    with pytest.raises(QueryError) as ours:
        ask(memory, text)
    with pytest.raises(QueryError) as theirs:
        ask(store, text)
    assert str(theirs.value) == str(ours.value)
    assert len(server.seen) == asked


@pytest.mark.parametrize("iri", ["bif:contains", r"\u0062if:contains", "SQL:x"])
def test_functions_of_the_server_are_refused(store: Store, server: FakeServer, iri: str) -> None:
    asked = len(server.seen)
    with pytest.raises(ForbiddenError, match="no functions but"):
        ask(store, f"ASK {{ ?s <{iri}> 'x' }}")
    assert len(server.seen) == asked


EVERYTHING = "SELECT * { ?s ?p ?o }"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", TimeLimitError),
        ("broken off", TimeLimitError),
        ("at once", StoreLostError),
        ("partial", TimeLimitError),
        ("most rows", TooLargeError),
        ("504", TimeLimitError),
        ("400", QueryError),
        ("401", StoreLostError),
        ("404", StoreLostError),
        ("500", StoreLostError),
        ("503", StoreLostError),
        ("redirect", StoreLostError),
        ("garbage", StoreLostError),
        ("html", StoreLostError),
        ("no table", StoreLostError),
    ],
)
@pytest.mark.parametrize("text", [EVERYTHING, "CONSTRUCT WHERE { ?s ?p ?o }", "DESCRIBE <u:s1>"])
def test_a_fault_of_the_server_is_told_and_never_a_short_answer(
    store: Store, server: FakeServer, fault: str, error: type[KgError], text: str
) -> None:
    server.fault = fault
    asked = len(server.seen)
    form = "csv" if text == EVERYTHING else "turtle"
    with pytest.raises(error) as caught:
        ask(store, text, form)
    assert type(caught.value) is error
    said = str(caught.value)
    assert "\n" not in said
    assert not any(secret in said for secret in ("/srv", "127.0.0.1", "stack", "elsewhere/"))
    assert {path for _, path, _ in server.seen[asked:]} == {"/query"}
    del caught
    gc.collect()  # what the engine had read so far must go in this thread
    server.fault = ""
    assert len(ask(store, EVERYTHING).splitlines()) == 201


def test_every_fault_is_tried() -> None:
    tried = test_a_fault_of_the_server_is_told_and_never_a_short_answer.pytestmark[1].args[1]
    assert set(FAULTS) <= {fault for fault, _ in tried}


def test_caps(store: Store) -> None:
    with pytest.raises(TooLargeError, match="more than 50 rows"):
        ask(store, EVERYTHING, caps=Caps(rows=50))
    with pytest.raises(TooLargeError, match="more than 50 triples"):
        ask(store, "CONSTRUCT WHERE { ?s ?p ?o }", "turtle", Caps(rows=50))
    with pytest.raises(TooLargeError, match="more than 999 bytes"):
        ask(store, EVERYTHING, caps=Caps(bytes=999))
    short = store.evaluate(operation([("query", EVERYTHING), ("maxrows", "3")]), named("csv"))
    assert short.truncated
    assert len(short.body.splitlines()) == 4


def test_a_server_that_sends_few_rows_is_enough_for_fewer(store: Store, server: FakeServer) -> None:
    server.fault = "most rows"
    assert len(ask(store, EVERYTHING, maxrows="100").splitlines()) == 101
    with pytest.raises(TooLargeError, match="at most 150 rows"):
        ask(store, EVERYTHING, maxrows="150")


def test_the_answer_to_ask_as_virtuoso_sends_it(store: Store, server: FakeServer) -> None:
    for number, word in (("1", b"true"), ("0", b"false")):
        rows = [{"__ASK_RETVAL": {"type": "literal", "value": number}}]
        table = {"head": {"vars": ["__ASK_RETVAL"]}, "results": {"bindings": rows}}
        FAULTS["table"] = lambda _, table=table: {"body": json.dumps(table).encode()}
        server.fault = "table"
        try:
            assert word in ask(store, "ASK {}", "json")
        finally:
            del FAULTS["table"]


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreLostError, match="cannot be reached"):
        load(LoaderConfig((), store=free_port_url()))
    with pytest.raises(StoreLostError, match="is not known"):
        load(LoaderConfig((), store="http://no-such-host.invalid/query"))


def test_a_connection_reaches_one_server_only(server: FakeServer) -> None:
    connection = Connection(Access(f"{server.url}/query"))
    with pytest.raises(ValueError, match="one server"):
        connection.request("GET", "http://127.0.0.1:1/")


def test_the_record_names_the_data(server: FakeServer) -> None:
    source = load(config(server))
    assert (source.fingerprint, source.quads, source.said) == (FINGERPRINT, 200, "")


def test_a_record_that_the_data_contradict_is_refused(server: FakeServer) -> None:
    server.publish(Record(FINGERPRINT, {G0: 100, G1: 101}))
    with pytest.raises(DataError, match=f"Graph {G1} has 100 triples instead of 101"):
        load(config(server))


def test_data_in_the_midst_of_being_published_are_refused(server: FakeServer) -> None:
    server.publish(Record("", {G0: 100}))
    with pytest.raises(DataError, match="is being published"):
        load(config(server))


def test_without_a_record_each_start_is_data_of_its_own(server: FakeServer) -> None:
    server.store._store.remove_graph(ox.NamedNode(f"{BASE}published"))
    first = load(config(server))
    assert first.quads == 200
    assert "SIGHUP" in first.said
    assert load(config(server)).fingerprint != first.fingerprint
    server.load(f"<u:new> <u:p> 'x' <{G0}> .".replace("'", '"'))
    assert load(config(server)).fingerprint != first.fingerprint
    server.load(f'<u:s0> <u:p> "0" <{G1}> .')
    with pytest.raises(DataError, match="stands in two graphs"):
        load(config(server))


def test_a_server_without_our_graphs_is_refused() -> None:
    with fake_server("") as empty, pytest.raises(NotFoundError, match="kg publish"):
        load(config(empty))


def test_password_is_sent_only_when_asked_for_and_never_shown(server: FakeServer) -> None:
    access = Access(f"{server.url}/query", "me", "secret")
    assert "secret" not in repr(access)
    assert "secret" not in repr(config(server, user="me", password="secret"))
    connection = Connection(access)
    assert connection._credentials("GET", "/") == {}
    connection._challenge = {"scheme": "basic"}
    assert connection._credentials("GET", "/") == {"authorization": "Basic bWU6c2VjcmV0"}
    with pytest.raises(InputError, match="KG_STORE_USER") as caught:
        Settings.from_environment({"KG_STORE": "http://me:secret@localhost/query"})
    assert "secret" not in str(caught.value)


def test_digest_is_that_of_the_rfc(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7616, 3.9.1: the request of Mufasa, whose password is Circle of Life."""
    own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr("kg.connection.secrets.token_hex", lambda _: own)
    connection = Connection(Access("http://127.0.0.1/dir", "Mufasa", "Circle of Life"))
    said = {
        "scheme": "digest", "realm": "http-auth@example.org", "qop": "auth",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }  # fmt: skip
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        connection._challenge, connection._number = {**said, "algorithm": algorithm}, 0
        sent = connection._credentials("GET", "/dir/index.html")["authorization"]
        assert f'response="{response}"' in sent
        assert "nc=00000001" in sent


def test_limits_of_the_pool_hold(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # A look at the record, which is due after two seconds, would meet the faults too.
    monkeypatch.setattr("kg.watch.NOTICED", 60.0)

    def job(text: str, seconds: float = 5.0) -> Job:
        return Job(operation([("query", text)]), "json", seconds=seconds)

    async def work() -> None:
        pool = Pool(config(server, workers=2))
        try:
            await pool.start()
            assert pool.fingerprint == FINGERPRINT
            assert b"true" in (await pool.run(job("ASK { <u:s7> ?p '7' }"))).body
            server.fault = "slow"
            with pytest.raises(TimeLimitError, match="1 seconds"):
                await pool.run(job(EVERYTHING, 1.0))
            assert len(server.asleep) == 1  # the server has not answered yet
            server.fault = "500"
            before = len(server.seen)
            with pytest.raises(StoreLostError, match="500"):
                await pool.run(job("ASK { ?a ?b ?c }"))
            assert str(server.seen[before:]).count("?a ?b ?c") == 1
            server.fault = ""
            await until(lambda: len(pool.turns.free) == 2)
            assert b"true" in (await pool.run(job("ASK { <u:s7> ?p '7' }"))).body
        finally:
            await pool.close()

    within(work)


def test_the_command_line_asks_it_too(server: FakeServer) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "kg", "query", "-", "--format", "csv"],
        input=EVERYTHING, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KG_STORE": f"{server.url}/query"},
    )  # fmt: skip
    assert len(list(csv.DictReader(io.StringIO(asked.stdout)))) == 200
