"""What is published anew under a running server: noticed, and never mixed with what was there."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import pyoxigraph as ox
import pytest
from remote_server import G0, G1, FakeServer, fake_server
from test_worker import job, until, within

import kg.pool
import kg.remote_service
import kg.watch
from kg.cache import Cache
from kg.errors import BusyError, StoreLostError
from kg.monitor import Figures
from kg.pool import Pool
from kg.record import Record
from kg.repeats import Repeat, Repeats
from kg.worker import LoaderConfig

OLD, NEW = "f" * 64, "e" * 64
MARK = f"SELECT ?o FROM <{G0}> {{ <u:s0> ?p ?o }}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeServer]:
    monkeypatch.setattr(kg.watch, "NOTICED", 0.0)
    with fake_server() as running:
        yield running


def change(server: FakeServer, *, whole: bool = True) -> None:
    """Publish another value, up to the end or not."""
    server.publish(Record("", {G0: 100, G1: 100}))
    old, new = (ox.Quad(ox.NamedNode("u:s0"), ox.NamedNode("u:p"), ox.Literal(each),
                        ox.NamedNode(G0)) for each in ("0", "new"))  # fmt: skip
    server.store._store.remove(old)
    server.store._store.add(new)
    if whole:
        server.publish(Record(NEW, {G0: 100, G1: 100}))


def with_pool(server: FakeServer, work: Callable[[Pool], Awaitable[None]]) -> None:
    async def bounded() -> None:
        pool = Pool(LoaderConfig((), store=f"{server.url}/query", workers=2))
        try:
            await pool.start()
            await work(pool)
        finally:
            await pool.close()

    within(bounded)


def test_a_new_record_is_noticed_and_served(server: FakeServer) -> None:
    async def work(pool: Pool) -> None:
        assert b'"0"' in (await pool.run(job(MARK))).body
        change(server)
        await asyncio.gather(*(pool.watch.look() for _ in range(5)))
        await until(lambda: pool.fingerprint == NEW)
        reply = await pool.run(job(MARK))
        assert (b'"new"' in reply.body, reply.fingerprint) == (True, NEW)

    with_pool(server, work)


def test_nothing_is_evaluated_while_the_record_is_not_whole(server: FakeServer) -> None:
    async def work(pool: Pool) -> None:
        change(server, whole=False)
        for _ in range(2):
            with pytest.raises(StoreLostError, match="being published"):
                await pool.run(job(MARK))
            assert pool.fingerprint == OLD
        server.publish(Record(OLD, {G0: 100, G1: 100}))  # it was the same data again
        await pool.watch.look()
        assert (await pool.run(job(MARK))).fingerprint == OLD

    with_pool(server, work)


def test_an_answer_that_was_made_meanwhile_is_not_given(server: FakeServer) -> None:
    async def work(pool: Pool) -> None:
        server.fault, asked = "late", len(server.seen)
        slow = asyncio.ensure_future(pool.run(job(MARK)))
        await until(lambda: len(server.seen) > asked)  # and it waits there with the old value
        change(server)
        server.fault = ""
        server.gate.set()
        reply = await slow
        assert (b'"new"' in reply.body, reply.fingerprint) == (True, NEW)

    with_pool(server, work)


def test_a_graph_that_is_replaced_again_and_again_is_told(server: FakeServer) -> None:
    async def work(pool: Pool) -> None:
        async def replaced(_: float) -> bool:
            await pool.reload(pool.current.config)
            return True

        pool.watch.look = replaced
        with pytest.raises(BusyError, match="was replaced while the query ran"):
            await pool.run(job(MARK))

    with_pool(server, work)


def test_a_look_that_could_not_begin_is_no_look(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: LoaderConfig) -> Record:
        raise RuntimeError("can't start new thread")

    async def work(pool: Pool) -> None:
        change(server)
        monkeypatch.setattr(kg.watch, "_published", fails)
        assert await pool.watch.look() is False
        with pytest.raises(StoreLostError, match="does not say if its graph"):
            await pool.run(job(MARK))

    with_pool(server, work)


def test_what_cannot_be_served_yet_is_told_once_and_tried_again(
    server: FakeServer, capsys: pytest.CaptureFixture
) -> None:
    async def work(pool: Pool) -> None:
        change(server)
        server.publish(Record(NEW, {G0: 100, G1: 101}))
        for _ in range(3):
            await pool.watch.look()
            await until(pool.watch._look.done)
        with pytest.raises(StoreLostError, match="just been replaced"):
            await pool.run(job(MARK))
        server.publish(Record(NEW, {G0: 100, G1: 100}))
        await pool.watch.look()
        await until(lambda: pool.fingerprint == NEW)
        assert b'"new"' in (await pool.run(job(MARK))).body

    with_pool(server, work)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" serving ")[0] for line in said] == ["Still", "Now"]
    assert "has 100 triples instead of 101" in said[0]


def test_a_server_that_does_not_answer_holds_nobody_up(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kg.watch, "_PATIENCE", 0.05)

    async def work(pool: Pool) -> None:
        server.fault = "late"
        for _ in range(3):
            await pool.watch.look()
        assert not pool.watch._look.done()
        assert len([each for each in server.seen if each[0] == "POST"]) == 3  # two at the start
        server.gate.set()
        await pool.watch._look

    with_pool(server, work)


def test_an_answer_is_not_given_where_a_look_has_none(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked meanwhile may be of two graphs."""
    monkeypatch.setattr(kg.pool, "LOOK_SECONDS", 0.05)

    async def work(pool: Pool) -> None:
        pool.watch._compare = asyncio.Event().wait
        with pytest.raises(StoreLostError, match="if its graph is still the same"):
            await pool.run(job(MARK))

    with_pool(server, work)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/sparql-results+json\r\n"


@pytest.mark.parametrize(
    ("begun", "more", "pause"),
    [
        (HEAD + b"\r\n", b" " * 10_000, 0.0),
        (HEAD + b"\r\n", b" ", 0.1),
        (HEAD + b"x: ", b"y", 0.1),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0),
    ],
    ids=["without end", "byte by byte", "in the head", "before it"],
)
def test_an_answer_to_a_look_has_an_end(
    monkeypatch: pytest.MonkeyPatch, begun: bytes, more: bytes, pause: float
) -> None:
    """It is read in the process of the server, which a store must not hold up or fill."""
    monkeypatch.setattr(kg.watch, "LOOK_SECONDS", 1.0)
    monkeypatch.setattr(kg.remote_service, "_MOST", 1 << 20)

    def answer(listening: socket.socket) -> None:
        with contextlib.suppress(OSError), listening.accept()[0] as sock:
            sock.recv(1 << 16)
            sock.sendall(begun)
            for _ in range(200 if pause else 1 << 20):
                sock.sendall(more)
                time.sleep(pause)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        store = f"http://127.0.0.1:{listening.getsockname()[1]}/query"
        before = time.monotonic()
        with pytest.raises(StoreLostError, match="does not answer") as told:
            kg.watch._published(LoaderConfig((), store=store))
        assert time.monotonic() - before < 10
        thread.join()
    assert told.value.__context__ is None


def test_looks_are_rare_and_only_at_another_server(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(pool: Pool) -> None:
        asked = len(server.seen)
        pool.watch._looked -= 7200
        for number in range(20):
            await pool.watch.look()
            await pool.run(job(f"{MARK} # {number}"))
        assert len(server.seen) == asked + 20 + 1

    monkeypatch.setattr(kg.watch, "NOTICED", 3600.0)
    with_pool(server, work)
    watch = kg.watch.Watch(None, LoaderConfig(()))
    monkeypatch.setattr(kg.watch, "NOTICED", 0.0)
    assert not watch.due


def test_a_repeated_request_waits_for_a_look_too() -> None:
    class Served:
        fingerprint = OLD

        class watch:  # noqa: N801 - stands for an attribute
            due = False

    repeats = Repeats(Served, Cache(1 << 20), Figures())
    repeats.cache.put((OLD, b"GET"), Repeat(b"answer", ""))
    assert repeats.answer(b"GET", []).endswith(b"answer")
    Served.watch.due = True
    assert repeats.answer(b"GET", []) is None
