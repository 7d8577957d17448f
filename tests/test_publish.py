"""Publishing on another server: resumable, compared in the end, careful with what is not ours."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from remote_server import FAULTS, OTHER, STATUSES, FakeServer, fake_server, free_port_url
from serving import ROOT, snapshot

from kg.connection import Access
from kg.errors import DataError, InputError, KgError, StoreLostError
from kg.loader import load
from kg.publish import _PAUSE as PAUSE
from kg.publish import Target, graph_lines, publish
from kg.rdf import BASE
from kg.record import NOTICED, count_graphs, read_record
from kg.remote_service import RemoteService
from kg.sample import Sample, comparable
from kg.worker import LoaderConfig
from kg.writer import writer

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
GRAPHS = ("a", "b", "c")
SOMEBODY = f'<u:x> <u:p> "not ours" <{OTHER}> .\n'
SIZE = 450


def lines(*names: str, mark: str = "") -> str:
    """Return quads of so many graphs, each with some things of a class of its own."""
    things = "".join(
        f'<u:{name}{n:04}> <u:p> "{n}{mark}" <{BASE}graph/{name}> .\n'
        for name in names
        for n in range(SIZE)
    )
    classes = "".join(
        f"<u:{name}{n:04}> {TYPE} <u:Class-{name}> <{BASE}graph/{name}> .\n"
        for name in names
        for n in range(SIZE - 3, SIZE)
    )
    return things + classes


@pytest.fixture(autouse=True)
def _short_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.publish._AT_ONCE", 200)
    monkeypatch.setattr("kg.publish._PAUSE", 0)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server(SOMEBODY) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return snapshot(tmp_path_factory.mktemp("published"), lines(*GRAPHS))


@contextlib.contextmanager
def reached(server: FakeServer, way: str) -> Iterator[Target]:
    """Give the server with its graph store, or with its update service."""
    access = Access(f"{server.url}/query")
    url = f"{server.url}/{way}"
    ways = {"data": (url, ""), "update": ("", url)}
    made = Target(RemoteService(access), writer(access, *ways[way]))
    try:
        yield made
    finally:
        made.service.connection.close()
        made.writer.connection.close()


@pytest.fixture(params=["data", "update"])
def target(request: pytest.FixtureRequest, server: FakeServer) -> Iterator[Target]:
    with reached(server, request.param) as made:
        yield made


def content(server: FakeServer) -> set[str]:
    record = ox.NamedNode(f"{BASE}published")
    return {str(quad) for quad in server.store._store if quad.graph_name != record}


def parsed(text: str) -> set[str]:
    return {str(quad) for quad in ox.parse(text, format=ox.RdfFormat.N_QUADS)}


def writes(server: FakeServer) -> int:
    return sum(path != "/query" for _, path, _ in server.seen)


def test_everything_is_there_and_can_be_served(
    server: FakeServer, target: Target, folder: Path
) -> None:
    said = publish(folder, target)
    assert f"{3 * (SIZE + 3):,} triples in 3 graphs, 3 of them sent now" in said
    assert content(server) == parsed(lines(*GRAPHS) + SOMEBODY)
    source = load(LoaderConfig((), store=f"{server.url}/query"))
    assert (source.fingerprint, source.quads) == (folder.name, 3 * (SIZE + 3))
    before = writes(server)
    assert "0 of them sent now" in publish(folder, target)
    assert writes(server) - before == 2  # the record alone: begun, and ended


@pytest.mark.parametrize("done", [0, 1, 3, 6, 9])
def test_it_goes_on_after_an_interruption(
    server: FakeServer, target: Target, folder: Path, done: int
) -> None:
    server.fail_after = done
    with pytest.raises(StoreLostError, match="run the command again"):
        publish(folder, target)
    if done:
        with pytest.raises(KgError, match="being published"):
            load(LoaderConfig((), store=f"{server.url}/query"))
    server.fail_after = 1 << 30
    assert f"{3 - done // 4} of them sent now" in publish(folder, target)
    assert content(server) == parsed(lines(*GRAPHS) + SOMEBODY)


def test_the_next_snapshot_replaces_ours_and_nothing_else(
    server: FakeServer, target: Target, folder: Path, tmp_path: Path
) -> None:
    publish(folder, target)
    text = lines("a") + lines("b", mark="x") + lines("d")
    following = snapshot(tmp_path, text)
    # As many triples as before, and others: the count alone would not tell.
    assert "2 of them sent now" in publish(following, target)
    assert content(server) == parsed(text + SOMEBODY)
    assert read_record(target.service).fingerprint == following.name


def test_before_a_change_who_serves_has_time_to_notice(
    server: FakeServer, target: Target, folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    waited: list[tuple[float, str, set[str]]] = []

    def sleep(seconds: float) -> None:
        record = read_record(target.service)
        waited.append((seconds, record.fingerprint, content(server)))

    monkeypatch.setattr("kg.publish._PAUSE", PAUSE)
    monkeypatch.setattr("kg.publish.time.sleep", sleep)
    publish(folder, target)  # nobody can have served what was not there
    publish(folder, target)  # nothing changes
    assert waited == []
    publish(snapshot(tmp_path, lines("a", "b")), target)  # a graph goes
    publish(snapshot(tmp_path, lines("a", "b", "c")), target)  # a graph comes
    old, new = (parsed(lines(*names) + SOMEBODY) for names in ("abc", "ab"))
    assert waited == [(PAUSE, "", old), (PAUSE, "", new)]
    assert PAUSE > NOTICED


def test_old_graphs_stay_until_the_new_are_verified(
    server: FakeServer, target: Target, folder: Path, tmp_path: Path
) -> None:
    publish(folder, target)
    server.fail_after = 4
    with pytest.raises(StoreLostError):
        publish(snapshot(tmp_path, lines("d")), target)
    assert f"{BASE}graph/c" in count_graphs(target.service)
    server.fail_after = 1 << 30
    publish(snapshot(tmp_path, lines("d")), target)
    assert content(server) == parsed(lines("d") + SOMEBODY)


class Forgetful:
    """A writer that loses, adds or changes triples."""

    def __init__(self, writer, change) -> None:
        self.writer, self.change = writer, change

    def replace(self, graph: str, triples: bytes) -> None:
        self.writer.replace(graph, triples)

    def add(self, graph: str, triples: bytes) -> None:
        self.writer.add(graph, self.change(triples))

    def remove(self, graph: str) -> None:
        self.writer.remove(graph)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.partition(b"\n")[2], "triples instead of"),
        (lambda body: body + b"<u:more> <u:p> <u:more> .\n", "triples instead of"),
        (lambda body: body.replace(b"<u:Class-b>", b"<u:Class-x>"), "other triples of u:b0"),
    ],
)
def test_what_a_server_has_not_taken_is_found(
    server: FakeServer, target: Target, folder: Path, change, said: str
) -> None:
    broken = Target(target.service, Forgetful(target.writer, change))
    with pytest.raises(DataError, match=said):
        publish(folder, broken)
    assert read_record(target.service).fingerprint == ""
    publish(folder, target)  # the next run puts it right
    assert read_record(target.service).fingerprint == folder.name


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("401", InputError, "KG_STORE_USER"),
        ("404", InputError, "There is no"),
        ("redirect", InputError, "There is no"),
        ("500", StoreLostError, "run the command again"),
    ],
)
def test_faults_are_one_sentence(
    server: FakeServer, target: Target, folder: Path, fault: str, error: type[KgError], said: str
) -> None:
    class Refusing:
        def replace(self, graph: str, triples: bytes) -> None:
            server.fault = fault
            target.writer.replace(graph, triples)

    with pytest.raises(error, match=said) as caught:
        publish(folder, Target(target.service, Refusing()))
    assert "\n" not in str(caught.value)


WORD = b'{"type":"literal","value":"many"}'
NONSENSE = {
    "other table": b'{"head":{"vars":["x"]},"results":{"bindings":[{"x":%s}]}}' % WORD,
    "words": b'{"head":{"vars":["graph","triples","fingerprint","subject","predicate","object"]},'
    b'"results":{"bindings":[{"graph":%s,"triples":%s}]}}' % (WORD, WORD),
    "empty row": b'{"head":{"vars":["graph","triples"]},"results":{"bindings":[{}]}}',
    "a yes": b'{"head":{},"boolean":true}',
}
SMALL = f'<u:a> {TYPE} <u:Class> <{BASE}graph/a> .\n<u:b> <u:p> "b" <{BASE}graph/b> .\n'


def complaint(server: FakeServer, way: str, folder: Path) -> str:
    """Publish on an empty server; return what is said if that fails."""
    server.store._store.clear()
    server.seen.clear()
    try:
        with reached(server, way) as made:
            publish(folder, made)
    except KgError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("way", ["data", "update"])
@pytest.mark.parametrize("fault", [*FAULTS, *NONSENSE, *STATUSES])
def test_whatever_goes_wrong_and_whenever_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, way: str
) -> None:
    """With the fault from the first request on, from the second, and so on up to the last."""
    for name, body in NONSENSE.items():
        monkeypatch.setitem(FAULTS, name, lambda _, body=body: {"body": body})
    folder = snapshot(tmp_path, SMALL)
    with fake_server("") as server:
        number = complaint(server, way, folder) or len(server.seen)
        assert number > 8
        for good in range(number):
            server.fault, server.good = fault, good
            said = complaint(server, way, folder)
            assert (said[-1:], said.count("\n")) == (".", 0) or len(server.seen) == number
            assert not any(secret in said for secret in ("/srv", "stack"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (f'<u:a0007> <u:p> "7" <{BASE}graph/z> .\n', "stands in two graphs"),
        ("<u:s> <u:p> <u:o> .\n", "in no named graph: <u:s> <u:p> <u:o> .; put"),
        ('<u:s> <u:p> "a <u:g> \\"" .\n', "in no named graph"),
        ('<u:s> <u:p> "a <u:g>"^^<u:d> .\n', "in no named graph"),
        ("<u:s> <u:p> <u:o> _:g .\n", "in no named graph"),
        (f"_:b <u:p> <u:o> <{BASE}graph/z> .\n", "blank node"),
        (f"<u:s> <u:p> _:b <{BASE}graph/z> .\n", "blank node"),
    ],
)
def test_what_cannot_be_published(target: Target, tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        publish(snapshot(tmp_path, lines("a") + more), target)


def test_a_damaged_snapshot(target: Target, tmp_path: Path) -> None:
    folder = snapshot(tmp_path, lines("a"))
    data = folder / "data.nq"
    data.write_bytes(data.read_bytes().replace(b'"7"', b'"8"'))
    with pytest.raises(DataError, match="is damaged"):
        publish(folder, target)


def test_lines_of_one_graph(folder: Path) -> None:
    found = list(graph_lines(folder / "data.nq", f"{BASE}graph/b"))
    assert len(found) == SIZE + 3
    assert b'<u:b0007> <u:p> "7" .\n' in found


def test_a_sample_has_the_first_and_the_last_of_each_class() -> None:
    sample = Sample()
    for name in ("a1", "a2", "a3", "b1"):
        sample.see(f"<u:{name}> {TYPE} <u:{name[0]}>".encode())
    assert sample.subjects == ["u:a1", "u:a3", "u:b1"]


def test_equal_values_are_comparable_and_others_are_not() -> None:
    def literal(text: str, kind: str) -> str:
        iri = ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{kind}")
        return comparable(ox.Literal(text, datatype=iri))

    assert literal("007", "integer") == literal("7", "integer") != literal("8", "integer")
    assert literal("true", "boolean") == literal("1", "boolean") != literal("0", "boolean")
    assert literal("1", "integer") != literal("1", "decimal")
    assert literal("x", "string") != literal("y", "string")


def test_the_command(server: FakeServer, folder: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "kg", "publish", "--snapshot", str(folder), *arguments],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    done = run("--to", f"{server.url}/query", "--graph-store", f"{server.url}/data")
    assert (done.returncode, done.stdout.startswith(f"Published {3 * (SIZE + 3):,} triples")) == (
        0,
        True,
    )
    for arguments, said in (
        (("--to", "disk"), "URL"),
        (("--to", free_port_url()), "cannot be reached"),
        (("--to", f"{server.url}/query", "--update", "x", "--graph-store", "y"), "not both"),
        (("--to", f"{server.url}/query", "--update", "nowhere"), "URL"),
        (("--to", f"{server.url}/query", "--graph-store", "http://a:99999/data"), "URL"),
    ):
        failed = run(*arguments)
        assert failed.returncode == 2, failed.stderr
        assert said in failed.stderr
        assert failed.stderr.count("\n") == 1
