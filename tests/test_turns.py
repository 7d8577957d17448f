"""Who gets a worker, with workers that do nothing; and quick queries beside long ones."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from test_worker import RUNAWAY, job, quads, running, until, within

import kg.turns
from kg.errors import BusyError, TimeLimitError
from kg.turns import Turns

COUNT = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq"
    path.write_text(quads(2000), "utf-8")
    return path


@dataclass
class Served:
    retired: bool = False


@dataclass(eq=False)
class Worker:
    closed: bool = False
    generation: Served = field(default_factory=Served)


def over(turns: Turns, workers: list[Worker], work: Callable[[], Awaitable[None]]) -> None:
    async def begun() -> None:
        for each in workers:
            turns.give(each)
        await work()

    within(begun)


def test_who_waits_longest_is_next() -> None:
    turns, worker = Turns(1, 5.0), Worker()

    async def work() -> None:
        assert (await turns.take()).channel is worker
        waiting = [asyncio.ensure_future(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        for number, each in enumerate(waiting):
            assert [other.done() for other in waiting].count(True) == number
            turns.give(worker)
            assert await each == kg.turns.Turn(worker)

    over(turns, [worker], work)


def test_the_spare_worker_is_for_what_is_new_beside_long_queries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kg.turns, "LONG", 0.2)
    turns, workers = Turns(1, 5.0, spare=True), [Worker(), Worker()]

    async def work() -> None:
        loop = asyncio.get_running_loop()
        whole = await turns.take()
        begun = loop.time()
        late = asyncio.ensure_future(turns.take(new=False))
        brief = await turns.take()
        assert (whole.seconds, brief.seconds) == (None, kg.turns.BRIEF)
        assert loop.time() - begun >= 0.15  # the other was no long one before
        assert not late.done()
        waiting = asyncio.ensure_future(turns.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        turns.give(brief.channel)
        assert (await waiting).seconds
        turns.give(whole.channel)
        assert (await late).seconds is None

    over(turns, workers, work)


def test_brief_turns_are_briefer_where_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kg.turns, "LONG", 0.0)
    turns, spare = Turns(1, 5.0, spare=True), Worker()

    async def work() -> None:
        await turns.take()
        waiting = [asyncio.ensure_future(turns.take()) for _ in range(10)]
        seconds = []
        for each in waiting:
            turn = await each
            seconds.append(turn.seconds)
            turns.give(turn.channel)
        alone, least = kg.turns.BRIEF, kg.turns.BRIEFEST
        assert seconds == [alone, *[least] * 5, *(pytest.approx(alone / n) for n in (4, 3, 2, 1))]

    over(turns, [Worker(), spare], work)


def test_without_a_spare_worker_all_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kg.turns, "LONG", 0.0)
    turns = Turns(1, 0.3)

    async def work() -> None:
        await turns.take()
        with pytest.raises(BusyError, match="No worker became free"):
            await turns.take()

    over(turns, [Worker(), Worker()], work)


def test_a_worker_that_has_ended_gets_nobody() -> None:
    turns, gone, worker = Turns(2, 5.0), Worker(), Worker()

    async def work() -> None:
        gone.closed = True
        assert (await turns.take()).channel is worker
        waiting = asyncio.ensure_future(turns.take())
        await asyncio.sleep(0)
        turns.withdraw(worker)
        turns.give(fresh := Worker())
        assert (await waiting).channel is fresh

    over(turns, [worker, gone], work)


def test_of_other_data_none_is_at_work() -> None:
    turns, worker = Turns(1, 5.0), Worker()

    async def work() -> None:
        await turns.take()
        turns.begin([fresh := Worker()])
        assert (await turns.take()).channel is fresh
        worker.generation.retired = True
        turns.give(worker)
        assert not turns.free

    over(turns, [worker], work)


def test_quick_queries_are_answered_beside_long_ones(graph: Path) -> None:
    async def work() -> None:
        async with running(graph, workers=2, spare=1) as pool:
            await until(lambda: len(pool.turns.free) == 3)
            long = [asyncio.ensure_future(pool.run(job(RUNAWAY, 4.0))) for _ in range(2)]
            await asyncio.sleep(kg.turns.LONG + 0.1)
            third = asyncio.ensure_future(pool.run(job(RUNAWAY, 4.0)))
            loop = asyncio.get_running_loop()
            for _ in range(5):
                begun = loop.time()
                assert b"true" in (await pool.run(job("ASK { ?s ?p ?o }"))).body
                assert loop.time() - begun < 1.0
            assert not any(each.done() for each in [*long, third])
            for each in [*long, third]:
                with pytest.raises(TimeLimitError, match="4 seconds"):
                    await each
            assert pool.killed == 3

    within(work)


def test_what_is_not_done_in_a_brief_turn_is_done_in_a_whole_one(
    graph: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kg.turns, "LONG", 0.0)
    monkeypatch.setattr(kg.turns, "BRIEF", 0.001)
    monkeypatch.setattr(kg.turns, "BRIEFEST", 0.001)

    async def work() -> None:
        async with running(graph, workers=1, spare=1) as pool:
            await until(lambda: len(pool.turns.free) == 2)
            both = await asyncio.gather(pool.run(job(COUNT)), pool.run(job(COUNT)))
            assert [b'"4000000"' in each.body for each in both] == [True, True]
            assert pool.killed == 0

    within(work)
