"""Evaluation in processes: limits that hold, workers that come back, faults that hurt nobody."""

import asyncio
import errno
import hashlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kg.cache import Cache, Entry
from kg.codings import Coding
from kg.errors import (
    BusyError,
    DataError,
    KgError,
    MemoryLimitError,
    QueryError,
    TimeLimitError,
    TooLargeError,
)
from kg.generation import Generation
from kg.loader import NOTE
from kg.pool import Pool
from kg.protocol import Operation, operation
from kg.results import Caps
from kg.worker import Job, LoaderConfig

#: Seconds after which what is waited for will never come.
ENOUGH = 120.0
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def quads(number: int, graph: str = "u:g") -> str:
    return "".join(f'<u:s{i}> <u:p> "{i}" <{graph}> .\n' for i in range(number))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq"
    path.write_text(quads(2000), "utf-8")
    return path


def job(text: str, seconds: float = 10.0, **more: object) -> Job:
    return Job(operation([("query", text)]), "json", seconds=seconds, **more)


@asynccontextmanager
async def running(path: Path, concurrent: int = 32, **config: object) -> AsyncIterator[Pool]:
    pool = Pool(LoaderConfig(files=(str(path),), **config), concurrent)
    try:
        await pool.start()
        yield pool
    finally:
        await pool.close()


def within(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(ENOUGH):
            await work()

    asyncio.run(bounded())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie, dead but not yet collected, does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_query_is_answered(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            reply = await pool.run(job("ASK { <u:s7> ?p '7' }"))
            assert b"true" in reply.body
            assert reply.fingerprint == pool.fingerprint
            assert pool.current.quads == 2000
            with pytest.raises(QueryError, match="Line 1"):
                await pool.run(job("ASK {"))

    within(work)


def test_a_runaway_query_is_killed_while_others_are_answered(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=2) as pool:
            runaway = asyncio.ensure_future(pool.run(job(RUNAWAY, 1.0)))
            await asyncio.sleep(0.2)
            meanwhile = 0
            for _ in range(20):
                await pool.run(job("ASK {}"))
                meanwhile += not runaway.done()
            assert meanwhile > 0
            with pytest.raises(TimeLimitError, match="1 seconds"):
                await runaway
            await until(lambda: len(pool.turns.free) == 2)
            assert pool.killed == 1

    within(work)


def test_a_query_on_a_killed_worker_is_tried_again(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=2) as pool:
            await until(lambda: len(pool.turns.free) == 2)
            slow = asyncio.ensure_future(
                pool.run(job("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }"))
            )
            await until(lambda: len(pool.turns.free) == 1)
            os.kill(_busy(pool), signal.SIGKILL)
            assert b'"4000000"' in (await slow).body
            await until(lambda: len(pool.turns.free) == 2)

    within(work)


def _busy(pool: Pool) -> int:
    return next(c.pid for c in pool.current.workers if c not in pool.turns.free)


def test_a_query_that_loses_two_workers_is_refused(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=2) as pool:
            slow = asyncio.ensure_future(pool.run(job(RUNAWAY)))
            await asyncio.sleep(0.1)
            first = _busy(pool)
            os.kill(first, signal.SIGKILL)
            await until(
                lambda: (
                    len(pool.turns.free) < 2
                    and any(c.line and c.pid != first for c in pool.current.workers)
                )
            )
            os.kill(
                next(c.pid for c in pool.current.workers if c.line),
                signal.SIGKILL,
            )
            with pytest.raises(BusyError, match="ended twice"):
                await slow

    within(work)


def test_a_killed_loader_is_replaced(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=2) as pool:
            before = pool.current
            os.kill(before.process.pid, signal.SIGKILL)
            assert b"true" in (await pool.run(job("ASK {}"))).body
            await until(lambda: pool.current is not before and len(pool.turns.free) == 2)
            assert b"true" in (await pool.run(job("ASK {}"))).body
            assert pool.fingerprint == before.fingerprint

    within(work)


def test_a_loader_that_cannot_be_started_yet_is_tried_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = socket.socketpair, []

    def pair() -> tuple[socket.socket, socket.socket]:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(errno.EMFILE, "Too many open files")
        return real()

    async def work() -> None:
        async with running(data, workers=1) as pool:
            before = pool.current
            monkeypatch.setattr(socket, "socketpair", pair)
            os.kill(before.process.pid, signal.SIGKILL)
            await until(lambda: pool.current is not before and len(pool.turns.free) == 1)
            assert b"true" in (await pool.run(job("ASK {}"))).body
        assert len(tries) == 3

    within(work)


def test_a_loader_that_cannot_be_started_keeps_no_descriptor(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("kg.generation.subprocess.Popen", none)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(BusyError, match="cannot be started: Too many open files") as told:
        Generation(LoaderConfig(files=(str(data),)))
    assert told.value.__context__  # whose frames would hold a socket that was left open
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_worker_that_comes_without_its_socket_is_left_to_end(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            await until(lambda: len(pool.turns.free) == 1)
            generation = pool.current
            ours, theirs = socket.socketpair()
            with ours, theirs:
                control, generation.control = generation.control, ours
                theirs.sendall(NOTE.pack(b"W", 1, 0))
                generation._read_note()
                generation.control = control
            assert list(generation.channels) == [channel.pid for channel in generation.workers]

    within(work)


def test_a_worker_that_comes_after_the_end_is_sent_away(data: Path) -> None:
    class Late:
        closed = False
        transport = None

        def close(self) -> None:
            self.closed = True

    async def work() -> None:
        async with running(data, workers=1) as pool:
            await until(lambda: len(pool.turns.free) == 1)
            ended = pool.current
        late = Late()
        late.transport = late
        ended.ready(late)
        assert late.closed

    within(work)


class Loading:
    """Stands for a loader with its workers: it has loaded when it is told to."""

    def __init__(self, config: str, turn: int = 0) -> None:
        self.config, self.turn = config, turn
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.retired = False
        LOADING.append(self)

    async def opened(self, _: Pool) -> None:
        await self.done

    def retire(self) -> None:
        self.retired = True


LOADING: list[Loading] = []


@pytest.mark.parametrize(
    ("asked", "order", "served"),
    [
        (["lost", "new"], [0, 1], "new"),
        (["lost", "new"], [1, 0], "new"),
        (["new", "lost"], [0, 1], "new"),
        (["new", "lost"], [1, 0], "new"),
        (["new", "newest"], [1, 0], "newest"),
        (["new", "newest"], [0, 1], "newest"),
        (["lost"], [0], "old"),
    ],
)
def test_what_was_asked_for_last_is_served_in_the_end(
    monkeypatch: pytest.MonkeyPatch, asked: list[str], order: list[int], served: str
) -> None:
    """Whichever is loaded first: a loader that was lost does not come back over a newer one."""
    monkeypatch.setattr("kg.pool.Generation", Loading)
    LOADING.clear()

    async def work() -> None:
        pool = Pool(LoaderConfig(()))
        first, pool.open = pool.current, True
        first.config = "old"
        for what in asked:
            if what == "lost":
                pool.loader_lost(first)
            else:
                pool._tasks.add(asyncio.ensure_future(pool.reload(what)))
            await asyncio.sleep(0)
        for place in order:
            LOADING[1:][place].done.set_result(None)
            await asyncio.sleep(0.01)
        assert pool.current.config == served
        assert [each for each in LOADING if not each.retired] == [pool.current]
        await asyncio.gather(*pool._tasks)

    within(work)


def test_a_lost_loader_is_not_tried_again_when_a_newer_one_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kg.pool.Generation", Loading)
    LOADING.clear()

    async def work() -> None:
        pool = Pool(LoaderConfig(()))
        pool.open = True
        pool.loader_lost(pool.current)
        await asyncio.sleep(0)
        newer = asyncio.ensure_future(pool.reload("new"))
        await asyncio.sleep(0)
        _, again, new = LOADING
        new.done.set_result(None)
        await newer
        again.done.set_exception(DataError("The file is gone."))
        await asyncio.gather(*pool._tasks)
        assert LOADING[3:] == []
        assert pool.current is new

    within(work)


def test_no_process_is_left_behind(data: Path) -> None:
    pids = []

    async def work() -> None:
        async with running(data, workers=2) as pool:
            await until(lambda: len(pool.turns.free) == 2)
            pids.extend([pool.current.process.pid, *(c.pid for c in pool.current.workers)])
            runaway = asyncio.ensure_future(pool.run(job(RUNAWAY)))
            await asyncio.sleep(0.1)
            assert all(alive(pid) for pid in pids)
        with pytest.raises(KgError):
            await runaway
        await until(lambda: not any(alive(pid) for pid in pids))

    within(work)


def test_more_queries_than_allowed_are_refused_at_once(data: Path) -> None:
    async def work() -> None:
        async with running(data, concurrent=2, workers=1) as pool:
            waiting = [asyncio.ensure_future(pool.run(job(RUNAWAY, 1.0))) for _ in range(2)]
            await asyncio.sleep(0.1)
            with pytest.raises(BusyError, match="2 queries"):
                await pool.run(job("ASK {}"))
            assert not any(each.done() for each in waiting)
            for each in waiting:
                with pytest.raises(TimeLimitError):
                    await each

    within(work)


def test_a_client_that_leaves_frees_its_worker(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            left = asyncio.ensure_future(pool.run(job(RUNAWAY)))
            await asyncio.sleep(0.1)
            left.cancel()
            assert b"true" in (await pool.run(job("ASK {}"))).body

    within(work)


def test_a_worker_promised_to_a_client_that_leaves_is_free_again(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            worker = (await pool.turns.take()).channel
            waiting = asyncio.ensure_future(pool.turns.take())
            await asyncio.sleep(0)
            pool.offer(worker)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert list(pool.turns.free) == [worker]

    within(work)


def test_nobody_waits_for_a_worker_without_end(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            worker = (await pool.turns.take()).channel
            pool.turns.patience = 0.05
            with pytest.raises(BusyError, match="No worker became free"):
                await pool.run(job("ASK {}"))
            assert not pool.turns.queue
            pool.offer(worker)
            assert (await pool.run(job("ASK {}"))).worker == worker.pid

    within(work)


def test_memory_is_bounded(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1, memory=64 << 20) as pool:
            greedy = (
                "SELECT ?a ?d (GROUP_CONCAT(?f) AS ?x) "
                "{ ?a ?b ?c . ?d ?e ?f } GROUP BY ?a ?d ORDER BY ?x"
            )
            with pytest.raises(MemoryLimitError, match="more memory than one query may take"):
                await pool.run(job(greedy, 20.0))
            await until(lambda: len(pool.turns.free) == 1)
            assert b"true" in (await pool.run(job("ASK {}"))).body

    within(work)


def test_a_worker_that_took_much_memory_makes_room_for_a_fresh_one(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1, memory=128 << 20) as pool:
            small = await pool.run(job("ASK {}"))
            assert (await pool.run(job("ASK { ?s ?p 7 }"))).worker == small.worker
            large = "SELECT ?a ?d { ?a ?b ?c { SELECT ?d { ?d ?e ?f } LIMIT 20 } } ORDER BY ?d"
            assert (await pool.run(job(large))).worker == small.worker
            assert (await pool.run(job("ASK {}"))).worker != small.worker

    within(work)


def test_a_crash_of_the_engine_is_told_once_and_leaves_no_core(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            deep = "ASK { FILTER(" + "(" * 50_000 + "1" + ")" * 50_000 + ") }"
            before = (await pool.run(job("ASK {}"))).worker
            limits = Path(f"/proc/{before}/limits").read_text()
            assert re.search(r"Max core file size +0 +0", limits)
            with pytest.raises(QueryError, match="nested too deeply"):
                await pool.run(job(deep))
            await until(lambda: len(pool.turns.free) == 1)
            assert b"true" in (await pool.run(job("ASK {}"))).body

    within(work)


def test_a_file_must_have_its_digest(data: Path) -> None:
    digest = hashlib.sha256(data.read_bytes()).hexdigest()

    async def work() -> None:
        async with running(data, digest=digest) as pool:
            assert pool.fingerprint == digest
        with pytest.raises(DataError, match="is damaged"):
            async with running(data, digest="0" * 64):
                pass

    within(work)


def test_the_union_has_a_triple_of_two_graphs_once(tmp_path: Path) -> None:
    path = tmp_path / "both.nq"
    path.write_text(quads(3, "u:g") + quads(3, "u:h"), "utf-8")

    async def work() -> None:
        async with running(path, workers=1) as pool:
            reply = await pool.run(job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))
            assert b'"3"' in reply.body
            assert pool.current.quads == 6

    within(work)


def test_answers_are_bounded(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1, caps=Caps(rows=10)) as pool:
            with pytest.raises(TooLargeError, match="LIMIT and OFFSET"):
                await pool.run(job("SELECT * { ?s ?p ?o }"))

    within(work)


def test_a_worker_reaches_no_network_and_no_file(data: Path) -> None:
    async def serve_nobody(*_: object) -> None:
        called.append(1)

    called: list[int] = []

    async def work() -> None:
        listener = await asyncio.start_server(serve_nobody, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with running(data, workers=1) as pool:
            # Built by hand, as if the scan had let it pass: this is the second wall.
            text = f"ASK {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
            asked = replace(job("ASK {}"), operation=Operation(text, form="ASK"))
            with pytest.raises(QueryError):
                await pool.run(asked)
        listener.close()

    within(work)
    assert not called


def test_a_new_snapshot_is_seen_by_new_queries_only(data: Path, tmp_path: Path) -> None:
    following = tmp_path / "next.nq"
    following.write_text(quads(3, "u:next"), "utf-8")

    async def work() -> None:
        async with running(data, workers=1) as pool:
            before = pool.current
            old = asyncio.ensure_future(
                pool.run(job("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }"))
            )
            await asyncio.sleep(0.02)
            await pool.reload(LoaderConfig(files=(str(following),), workers=1))
            new = await pool.run(job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))
            assert b'"3"' in new.body
            assert b'"4000000"' in (await old).body
            assert (await old).fingerprint == before.fingerprint != new.fingerprint
            await until(lambda: before.process.poll() is not None)

    within(work)


def test_a_broken_snapshot_is_not_served(data: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.nq"
    broken.write_text(quads(3)[:-9], "utf-8")

    async def work() -> None:
        async with running(data, workers=1) as pool:
            with pytest.raises(DataError, match=r"broken.nq, line 3"):
                await pool.reload(LoaderConfig(files=(str(broken),)))
            assert b"true" in (await pool.run(job("ASK { <u:s7> ?p ?o }"))).body
        with pytest.raises(DataError, match=r"broken.nq, line 3"):
            async with running(broken):
                pass

    within(work)


@pytest.mark.parametrize("name", ["zstd", "gzip"])
def test_packed_answers_are_the_same_each_time(data: Path, name: str) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            text = "SELECT * { ?s ?p ?o } ORDER BY ?s"
            first, second = [await pool.run(job(text, coding=Coding(name))) for _ in range(2)]
            assert first.coding == name
            assert first.body == second.body
            assert len(first.body) < len((await pool.run(job(text))).body) / 3
            assert (await pool.run(job("ASK {}", coding=Coding(name)))).coding == "identity"

    within(work)


@pytest.mark.parametrize("names", ["FROM <u:g> FROM <u:h>", "FROM <u:g> FROM <u:g>"])
def test_a_worker_merges_graphs_without_a_file(tmp_path: Path, names: str) -> None:
    (tmp_path / "two.nq").write_text(quads(3) + quads(3, "u:h"), "utf-8")

    async def work() -> None:
        async with running(tmp_path / "two.nq", workers=1) as pool:
            answer = await pool.run(job(f"SELECT (COUNT(*) AS ?n) {names} {{ ?s ?p ?o }}"))
            assert b'"value":"3"' in answer.body

    within(work)


def test_an_idle_worker_keeps_no_answer(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            await pool.run(job("SELECT * { ?s ?p ?o }"))
            assert [len(each.line) for each in pool.current.workers] == [0]

    within(work)


def test_configuration_and_job_travel_unchanged(data: Path) -> None:
    config = LoaderConfig(files=(str(data),), prefixes={"a": "u:a"}, caps=Caps(1, 2))
    assert LoaderConfig.from_json(config.to_json()) == config
    asked = job("ASK FROM <u:g> {}", coding=Coding("zstd", 7))
    asked = replace(asked, operation=replace(asked.operation, default_graphs=("u:a",)))
    assert Job.from_bytes(asked.to_bytes()) == asked
    asked = replace(asked, answers=(b'{"head":\n{}}', None, b"", b"\n\xff"))
    assert Job.from_bytes(asked.to_bytes()) == asked
    assert Job.from_bytes(replace(asked, answers=(None,)).to_bytes()).answers == (None,)


def test_cache_is_bounded_by_bytes() -> None:
    cache = Cache(100_000)
    for number in range(50):
        cache.put((number,), Entry(b"x" * 4000, f'"{number}"'))
        assert cache.size <= 100_000
    assert cache.get((49,)) is not None
    assert cache.get((0,)) is None
    cache.put(("large",), Entry(b"x" * 50_000, '"l"'))
    assert cache.get(("large",)) is None
    kept = len(cache)
    cache.get((50 - kept,))
    cache.put(("new",), Entry(b"x" * 4000, '"n"'))
    assert cache.get((50 - kept,)) is not None


@pytest.mark.parametrize(
    "asked",
    [
        Operation("ASK {}" + "#" * 5000),
        Operation("ASK {}", default_graphs=("u:" + "a" * 5000,)),
        Operation("ASK {}", named_graphs=("u:a", "u:" + "b" * 5000)),
    ],
    ids=["a long query", "a long name", "one of several"],
)
def test_what_was_asked_counts_towards_the_room(asked: Operation) -> None:
    cache = Cache(100_000)
    for number in range(100):
        cache.put((str(number), asked), Entry(b"", ""))
    assert cache.size <= 100_000
    assert 10 < len(cache) < 20
