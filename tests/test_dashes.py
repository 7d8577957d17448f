"""Short queries in a row: with workers that do nothing, and over real ones."""

import asyncio
import json
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from test_worker import RUNAWAY, job, quads, running, until, within

import kg.dashes
import kg.turns
from kg.channel import Asked, Channel, Reply, WorkerLostError
from kg.dashes import MOMENT, Dash, Dashes
from kg.errors import BusyError, KgError, QueryError, TimeLimitError, pack_error
from kg.pool import Pool
from kg.turns import Turn, Turns
from kg.worker import LATE, USUAL


@dataclass
class Served:
    fingerprint: str = "f"
    retired: bool = False
    busy: int = 0

    def end_if_idle(self) -> None:
        """Do nothing."""


class Worker(Channel):
    """Takes queries and answers when it is told to."""

    def __init__(self, generation: Served) -> None:
        self.generation, self.pid, self.closed = generation, 1, False
        self.line: deque[Asked] = deque()
        self.times: list[float] = []

    def send(self, job: bytes, asked: Asked, before: float = 0.0) -> None:
        self.line.append(asked)
        self.times.append(before)

    def answer(self, about: dict[str, object] = USUAL, body: bytes = b"") -> None:
        self.line.popleft().answered(about, body)


@dataclass
class Client:
    """Who asks; `outcome` has what it was told."""

    wanted: bool = True
    outcome: list[object] = field(default_factory=list)

    def take(self, outcome: object) -> None:
        self.outcome.append(outcome)


class Hall:
    """Workers of one generation, with dashes over them; `killed` has those that were ended."""

    def __init__(self, workers: int = 2, patience: float = 5.0, *, spare: bool = False) -> None:
        self.served = Served()
        self.turns = Turns(workers, patience, spare=spare)
        self.killed: list[Channel] = []
        self.dashes = Dashes(self.turns, self.killed.append)
        self.workers = [Worker(self.served) for _ in range(workers + spare)]
        for each in self.workers:
            self.turns.give(each)

    def ask(self, number: int = 1) -> list[Client]:
        clients = [Client() for _ in range(number)]
        for each in clients:
            self.dashes.send(job("ASK {}"), each)
        return clients

    def lines(self) -> list[int]:
        return sorted(len(each.line) for each in self.workers)


def over(hall: Hall, work: Callable[[], Awaitable[None]], *, go_on: int = 0) -> None:
    """Do something in a hall, and see that it is left as it was found.

    But for so many dashes that `go_on`: their workers are busy until `Pool.run` is done with them.
    """
    within(work)
    assert (hall.dashes.active, hall.served.busy) == (0, go_on)
    assert not hall.turns.queue


def quick(monkeypatch: pytest.MonkeyPatch, near: float = 1.0, far: float = 1.0) -> None:
    """Have lines grow whatever queries took of late."""
    monkeypatch.setattr(kg.dashes, "_NEAR", near)
    monkeypatch.setattr(kg.dashes, "_FAR", far)


def finish(hall: Hall) -> None:
    while any(each.line for each in hall.workers):
        for each in hall.workers:
            if each.line:
                each.answer()


def test_what_is_quick_stands_in_one_line_and_is_answered_in_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    hall = Hall()

    async def work() -> None:
        clients = hall.ask(5)
        assert hall.lines() == [0, 5]
        worker = next(each for each in hall.workers if each.line)
        for number, client in enumerate(clients):
            worker.answer(USUAL, b"%d" % number)
            reply = client.outcome[0]
            assert reply == Reply(b"%d" % number, truncated=False, coding="identity",
                                  fingerprint="f", worker=1)  # fmt: skip
        assert [len(each.outcome) for each in clients] == [1] * 5
        assert len(hall.turns.free) == 2

    over(hall, work)


def test_a_free_worker_is_woken_where_a_line_would_take_longer() -> None:
    """At a millisecond for each query, two are at work before anybody stands in a line."""
    hall = Hall()

    async def work() -> None:
        hall.ask(2)
        assert hall.lines() == [1, 1]
        hall.ask(10)
        assert hall.lines() == [4, 4]  # five milliseconds with the next one: no more
        assert len(hall.turns.queue) == 4
        finish(hall)

    over(hall, work)


def test_what_queries_took_of_late_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    hall, clock = Hall(1), [1.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])

    async def work() -> None:
        for _ in range(50):
            hall.ask(2)
            for _ in range(2):
                clock[0] += 0.004
                hall.workers[0].answer()
        hall.ask(2)
        assert (hall.lines(), len(hall.turns.queue)) == ([1], 1)
        finish(hall)
        for _ in range(100):
            hall.ask()
            clock[0] += 0.0001
            hall.workers[0].answer()
        hall.ask(40)
        assert (hall.lines(), len(hall.turns.queue)) == ([32], 8)
        finish(hall)

    over(hall, work)


def test_nobody_joins_a_line_while_another_waits_for_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    hall = Hall(1)

    async def work() -> None:
        hall.ask(2)
        whole = asyncio.ensure_future(hall.turns.take())
        await asyncio.sleep(0)
        hall.ask(3)
        worker = hall.workers[0]
        worker.answer()
        assert not whole.done()
        worker.answer()
        assert (await whole).channel is worker
        assert hall.lines() == [0]
        hall.turns.give(worker)
        assert hall.lines() == [1]
        worker.answer()  # the others come behind it, or after it
        finish(hall)

    over(hall, work)


def test_the_queue_moves_into_a_line_that_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    monkeypatch.setattr(kg.dashes, "_LONGEST", 3)
    hall = Hall(1)

    async def work() -> None:
        clients = hall.ask(7)
        for answered in range(7):
            waiting = max(0, 4 - answered)
            assert (hall.lines(), len(hall.turns.queue)) == ([min(3, 7 - answered)], waiting)
            hall.workers[0].answer()
            assert [len(each.outcome) for each in clients] == [1] * (answered + 1) + [0] * (
                6 - answered
            )

    over(hall, work)


def test_of_a_line_that_stops_the_first_goes_on_and_the_others_get_another_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    hall = Hall(2)

    async def work() -> None:
        clients = hall.ask(4)
        worker = next(each for each in hall.workers if each.line)
        other = next(each for each in hall.workers if each is not worker)
        first, *others = list(worker.line)
        await until(lambda: bool(clients[0].outcome))
        assert clients[0].outcome == [first]
        assert len(other.line) == 1  # each of them is the first of its line
        for each in clients[1:]:
            assert each.outcome == []
        for each in others:
            each.answered(USUAL, b"too late")  # was withdrawn
        for _ in range(3):
            other.answer(USUAL, b"x")
        assert [each.outcome[0].body for each in clients[1:]] == [b"x"] * 3
        assert worker not in hall.turns.free
        assert worker.times[1:] == [worker.times[0]] * 3

    over(hall, work, go_on=1)


def test_a_worker_at_what_nobody_wants_is_ended() -> None:
    hall = Hall(1)

    async def work() -> None:
        (client,) = hall.ask()
        client.wanted = False
        await until(lambda: bool(client.outcome))
        assert client.outcome == [None]
        assert hall.killed == hall.workers

    over(hall, work)


def test_what_was_passed_over_is_the_first_to_get_a_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    monkeypatch.setattr(kg.dashes, "_LONGEST", 2)
    hall = Hall(1)

    async def work() -> None:
        one, two, three = hall.ask(3)
        worker = hall.workers[0]
        worker.answer()
        worker.answer({LATE: True})
        assert (len(one.outcome), two.outcome, three.outcome) == (1, [], [])
        worker.answer(USUAL, b"three")  # was in the line already
        worker.answer(USUAL, b"two")
        assert [each.outcome[0].body for each in (two, three)] == [b"two", b"three"]

    over(hall, work)


def test_of_a_lost_worker_only_what_it_was_at_counts_as_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick(monkeypatch)
    hall = Hall(2)

    async def work() -> None:
        clients = hall.ask(3)
        worker = next(each for each in hall.workers if each.line)
        line, worker.line, worker.closed = list(worker.line), deque(), True
        for number, each in enumerate(line):
            each.lost(begun=number == 0)
        assert clients[0].outcome == [line[0]]
        with pytest.raises(WorkerLostError):
            await line[0].outcome()
        finish(hall)
        assert [each.outcome[0].body for each in clients[1:]] == [b"", b""]

    over(hall, work, go_on=1)


def test_a_worker_that_makes_room_is_given_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    hall = Hall(1)

    async def work() -> None:
        one, two = hall.ask(2)
        worker = hall.workers[0]
        worker.answer({**USUAL, "last": True})
        assert worker.closed
        (three,) = hall.ask()
        line, worker.line = list(worker.line), deque()
        hall.turns.withdraw(worker)
        for each in line:
            each.lost(begun=False)
        hall.workers[0] = Worker(hall.served)
        hall.turns.give(hall.workers[0])
        finish(hall)
        assert [len(each.outcome) for each in (one, two, three)] == [1, 1, 1]

    over(hall, work)


def test_a_worker_of_other_data_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    hall = Hall(1)

    async def work() -> None:
        hall.ask()
        before = hall.workers[0]
        before.generation.retired = True
        hall.served = Served()
        hall.workers.append(Worker(hall.served))
        hall.turns.begin(hall.workers[1:])
        hall.ask()
        assert [len(each.line) for each in hall.workers] == [1, 1]
        finish(hall)
        assert list(hall.turns.free) == hall.workers[1:]
        assert before.generation.busy == 0

    over(hall, work)


def test_an_error_is_passed_on() -> None:
    hall = Hall(1)

    async def work() -> None:
        (client,) = hall.ask()
        hall.workers[0].answer({**pack_error(QueryError("It is wrong.")), "last": False})
        (error,) = client.outcome
        assert isinstance(error, KgError)
        assert str(error) == "It is wrong."

    over(hall, work)


def test_who_waits_for_too_long_is_refused_and_who_left_is_forgotten() -> None:
    hall = Hall(1, patience=0.05)

    async def work() -> None:
        turn = await hall.turns.take()
        waiting, left = hall.ask(2)
        left.wanted = False
        await until(lambda: bool(left.outcome))
        assert waiting.outcome == []
        await until(lambda: bool(waiting.outcome))
        assert isinstance(waiting.outcome[0], BusyError)
        hall.turns.give(turn.channel)

    over(hall, work)


def test_who_is_refused_may_ask_again_at_once() -> None:
    """As the next request of a connection does, which may have come already."""
    hall = Hall(1, patience=0.05)
    failed: list[dict[str, object]] = []

    class Eager(Client):
        def take(self, outcome: object) -> None:
            super().take(outcome)
            hall.ask()
            if hall.workers[0] not in hall.turns.free and hall.lines() == [0]:
                hall.turns.give(hall.workers[0])

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failed.append(context))
        await hall.turns.take()
        eager = [Eager(), Eager()]
        for each in eager:
            hall.dashes.send(job("ASK {}"), each)
        await until(lambda: all(each.outcome for each in eager) or bool(failed))
        timers = [each for each in loop._scheduled if "Dashes._look" in repr(each)]  # type: ignore[attr-defined]
        assert (failed, len(timers)) == ([], 1)
        finish(hall)

    over(hall, work)


def test_a_brief_turn_is_brief_for_all_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    monkeypatch.setattr("kg.turns.LONG", 0.0)
    hall = Hall(1, spare=True)

    async def work() -> None:
        await hall.turns.take()
        (one,) = hall.ask()
        (spare,) = [each for each in hall.workers if each.line]
        (two,) = hall.ask()
        assert len(spare.line) == 2
        spare.answer()
        await until(lambda: bool(two.outcome))
        assert two.outcome[0].turn.seconds == kg.turns.BRIEF
        assert len(one.outcome) == 1

    over(hall, work, go_on=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq"
    path.write_text(quads(2000), "utf-8")
    return path


def count(reply: object) -> str:
    assert isinstance(reply, Reply)
    return json.loads(reply.body)["results"]["bindings"][0]["n"]["value"]


def numbered(number: int) -> str:
    return f"SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER(?o < '{number}' && '0' <= ?o) }}"


def test_each_gets_its_own_answer(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch, 10.0, 10.0)

    async def work() -> None:
        async with running(data, workers=2) as pool:
            for _ in range(20):
                clients = [Client() for _ in range(12)]
                for number, each in enumerate(clients):
                    assert pool.dash(job(f"SELECT ({number} AS ?n) {{}}"), each)
                await until(lambda: all(each.outcome for each in clients))  # noqa: B023
                said = [each.outcome[0] for each in clients]
                # What was held up goes on as others do: on a slow machine all may.
                for number, each in enumerate(said):
                    if isinstance(each, Dash):
                        each = await pool.run(job(f"SELECT ({number} AS ?n) {{}}"), each)  # noqa: PLW2901
                    assert count(each) == str(number)
            assert pool.active == 0

    within(work)


def test_nobody_waits_behind_a_runaway(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch, 10.0, 10.0)

    async def work() -> None:
        async with running(data, workers=2) as pool:
            await until(lambda: len(pool.turns.free) == 2)
            runaway, *others = clients = [Client() for _ in range(4)]
            pool.dash(job(RUNAWAY, 1.0), runaway)
            (held,) = [each for each in pool.current.workers if each.line]
            for each in others:
                pool.dash(job("SELECT (7 AS ?n) {}"), each)
            assert len(held.line) == 4
            await until(lambda: all(each.outcome for each in clients))
            dash = runaway.outcome[0]
            assert isinstance(dash, Dash)
            for each in others:
                reply = each.outcome[0]
                if isinstance(reply, Dash):
                    reply = await pool.run(job("SELECT (7 AS ?n) {}"), reply)
                assert count(reply) == "7"
                assert reply.worker != held.pid
            begun = time.monotonic()
            with pytest.raises(TimeLimitError):
                await pool.run(job(RUNAWAY, 1.0), dash)
            assert time.monotonic() - begun < 30
            assert pool.killed == 1

    within(work)


def test_a_dash_that_goes_on_holds_the_data_it_is_at_when_they_are_replaced(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            client, before = Client(), pool.current
            await until(lambda: bool(pool.turns.free))
            pool.dash(job(RUNAWAY, 1.0), client)
            (worker,) = [each for each in before.workers if each.line]
            before.retire()
            await until(lambda: bool(client.outcome))
            assert not worker.transport.is_closing()
            with pytest.raises(TimeLimitError):
                await pool.run(job(RUNAWAY, 1.0), client.outcome[0])
            assert before.busy == 0
            assert worker.transport.is_closing()

    within(work)


def test_a_query_whose_worker_is_killed_in_a_dash_is_tried_once_more(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            client = Client()
            await until(lambda: bool(pool.turns.free))
            pool.dash(job(RUNAWAY), client)
            os.kill(next(iter(pool.current.workers)).pid, signal.SIGKILL)
            await until(lambda: bool(client.outcome))
            again = asyncio.ensure_future(pool.run(job(RUNAWAY), client.outcome[0]))
            await until(lambda: any(each.line for each in pool.current.workers))
            await asyncio.sleep(0.1)
            os.kill(next(each.pid for each in pool.current.workers if each.line), signal.SIGKILL)
            with pytest.raises(BusyError, match="ended twice"):
                await again

    within(work)


def test_a_worker_passes_over_what_comes_too_late(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            channel = await free(pool)
            late, next_ = Asked(), Asked()
            channel.send(job(RUNAWAY).to_bytes(), late, before=time.monotonic() - 1)
            channel.send(job("SELECT (1 AS ?n) {}").to_bytes(), next_)
            assert (await channel.outcome(late, 60))[0] == {LATE: True}
            about, body = await channel.outcome(next_, 60)
            assert count(channel.reply(about, body)) == "1"
            channel.send(job("ASK {}").to_bytes(), in_time := Asked(), time.monotonic() + 60)
            assert LATE not in (await channel.outcome(in_time, 60))[0]

    within(work)


async def free(pool: Pool) -> Channel:
    """Wait for a free worker and take it."""
    await until(lambda: bool(pool.turns.free))
    return pool.turns.take_now()


async def let_go(pool: Pool, second: str) -> tuple[Channel, Dash]:
    """Have a worker at a query for longer than a moment, with a second one behind it."""
    channel = await free(pool)
    dash = Dash(pool.dashes, b"", Client(), time.monotonic())
    dash.turn, dash.asker = Turn(channel), None
    channel.generation.busy += 1
    channel.send(job(numbered(5) + " # first").to_bytes(), dash)
    channel.send(job(second).to_bytes(), Asked())
    return channel, dash


@pytest.mark.parametrize("second", ["ASK {}", RUNAWAY])
def test_a_worker_comes_back_when_it_has_passed_over_what_was_withdrawn(
    data: Path, second: str
) -> None:
    """And one that has begun it is ended, for nobody waits for its answer."""

    async def work() -> None:
        async with running(data, workers=1) as pool:
            channel, dash = await let_go(pool, second)
            reply = await pool.run(job(numbered(5)), dash)
            assert int(count(reply)) > 0
            assert count(await pool.run(job("SELECT (3 AS ?n) {}"))) == "3"
            if second == RUNAWAY:
                assert (channel.closed, pool.killed) == (True, 1)

    within(work)


def test_a_dash_that_was_not_begun_is_asked_for_again(data: Path) -> None:
    async def work() -> None:
        async with running(data, workers=1) as pool:
            channel = await free(pool)
            dash = Dash(pool.dashes, b"", Client(), time.monotonic())
            dash.turn, dash.asker = Turn(channel), None
            channel.generation.busy += 1
            channel.send(job("ASK {}").to_bytes(), dash, before=time.monotonic() - MOMENT)
            assert count(await pool.run(job("SELECT (4 AS ?n) {}"), dash)) == "4"

    within(work)


def test_no_more_are_taken_than_may_wait(data: Path) -> None:
    async def work() -> None:
        async with running(data, 3, workers=1) as pool:
            clients = [Client() for _ in range(4)]
            assert [pool.dash(job("ASK {}"), each) for each in clients] == [True] * 3 + [False]
            with pytest.raises(BusyError, match="3 queries"):
                await pool.run(job("ASK {}"))
            await until(lambda: all(each.outcome for each in clients[:3]))
            pool.closing = True
            assert not pool.dash(job("ASK {}"), clients[3])
            pool.closing = False

    within(work)
