"""A small SPARQL server with faults to order, for the tests of the store on another server."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

from kg.errors import KgError
from kg.media import named
from kg.protocol import operation, read_fields
from kg.rdf import BASE
from kg.record import RECORD_GRAPH, Record, record_triples
from kg.store import EngineStore

G0, G1 = BASE + "graph/zero", BASE + "graph/one"
OTHER = "http://elsewhere.example/graph"
JSON = "application/sparql-results+json"
#: 200 statements in two graphs of ours, and three in somebody else's.
QUADS = "".join(f'<u:s{i}> <u:p> "{i}" <{(G0, G1)[i % 2]}> .\n' for i in range(200)) + "".join(
    f'<u:x{i}> <u:secret> "{i}" <{OTHER}> .\n' for i in range(3)
)


class FakeServer(ThreadingHTTPServer):
    """Answers /query, /data (a graph store) and /update; `fault` and the like change how.

    `seen` are the requests: method, path and fields; the fault begins after `good` of them.
    An answer that is `late` waits for the `gate`.
    `fail_after` so many writes the server answers 500.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = EngineStore()
        self.scheme = "http"
        self.fault = ""
        self.good = 0
        self.seen: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.connections = 0
        self.gate = threading.Event()
        self.asleep: set[object] = set()
        self.fail_after = 1 << 30

    def speak_tls(self, context: ssl.SSLContext) -> None:
        self.scheme = "https"
        self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def load(self, text: str) -> None:
        """Add N-Quads to what the server has."""
        self.store._store.load(input=text, format=ox.RdfFormat.N_QUADS)

    def publish(self, record: Record) -> None:
        """Put a record in the place of its own."""
        graph = ox.NamedNode(RECORD_GRAPH)
        self.store._store.remove_graph(graph)
        self.store._store.load(
            input=record_triples(record), format=ox.RdfFormat.N_TRIPLES, to_graph=graph
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeServer

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def log_message(self, *_: object) -> None:
        pass

    def say(self, status: int, body: bytes = b"", kind: str = JSON, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", headers.pop("length", str(len(body))))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.fault if len(self.server.seen) >= self.server.good else ""
        if urlsplit(self.path).path != "/query":
            self.write(body, fault)
            return
        fields = read_fields(body.decode())
        self.server.seen.append(("POST", self.path, fields))
        if fault == "slow":
            self.server.asleep.add(self)
            time.sleep(30)
            self.server.asleep.discard(self)
        if fault in STATUSES:
            self.say(STATUSES[fault], b"stack trace at /srv/secret/path", "text/plain",
                     location=f"{self.server.url}/elsewhere")  # fmt: skip
            return
        try:
            answer = self.server.store.evaluate(operation(fields), named("json")).body
        except KgError as error:
            self.say(400, str(error).encode(), "text/plain")
            return
        if fault == "late":
            self.server.gate.wait(30)
        self.say(200, **FAULTS.get(fault, lambda body: {"body": body})(answer))
        if fault in ("broken off", "at once"):
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_PUT = do_DELETE = do_POST  # noqa: N815 - the library's names

    def do_GET(self) -> None:
        self.server.seen.append(("GET", self.path, []))
        self.say(200, b'{"head":{},"boolean":true}')

    def write(self, body: bytes, fault: str) -> None:
        self.server.seen.append((self.command, self.path, []))
        if fault in STATUSES:
            self.say(STATUSES[fault])
            return
        if fault in ("broken off", "garbage"):
            if fault == "garbage":
                self.wfile.write(b"\x00\xff no HTTP\r\n\r\n")
            else:
                self.say(200, b"stor", length="100")
            self.hang_up()
            return
        self.server.fail_after -= 1
        if self.server.fail_after < 0:
            self.say(500)
            return
        store, url = self.server.store._store, urlsplit(self.path)
        if url.path == "/update":
            store.update(body.decode())
        else:
            graph = ox.NamedNode(parse_qs(url.query)["graph"][0])
            if self.command != "POST":
                store.remove_graph(graph)
            store.load(input=body, format=ox.RdfFormat.N_TRIPLES, to_graph=graph)
        self.say(204)


STATUSES = {"400": 400, "401": 401, "404": 404, "redirect": 302, "500": 500, "503": 503, "504": 504}
FAULTS = {
    "cut": lambda body: {"body": body[: len(body) * 2 // 3]},
    "broken off": lambda body: {"body": body[:-20], "length": str(len(body))},
    "at once": lambda body: {"body": b"", "length": str(len(body))},
    "garbage": lambda _: {"body": b"\x00\xff not JSON"},
    "html": lambda _: {"body": b"<html>welcome</html>", "kind": "text/html"},
    "no table": lambda _: {"body": b'{"head":{}}'},
    "most rows": lambda body: {"body": body, "x_sparql_maxrows": "150"},
    "partial": lambda body: {"body": body, "x_sql_state": "S1TAT"},
}


@contextlib.contextmanager
def fake_server(text: str = QUADS) -> Iterator[FakeServer]:
    """Run a server with these quads, and a record of the graphs that are ours."""
    server = FakeServer()
    server.load(text)
    if text == QUADS:
        server.publish(Record("f" * 64, {G0: 100, G1: 100}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port_url() -> str:
    """Return a URL at which nobody listens."""
    server = FakeServer()
    server.server_close()
    return f"{server.url}/query"
