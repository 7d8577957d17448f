"""Equal queries in flight are evaluated once, whoever of those who ask leaves; so are pages."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from kg.addresses import Reading
from kg.answers import Answers, Service
from kg.cache import Cache
from kg.channel import Reply
from kg.codings import PLAIN
from kg.dashes import Asker
from kg.describing import Describer, Found, Part
from kg.errors import BusyError, QueryError
from kg.incoming import read_body
from kg.media import HTML
from kg.monitor import Figures
from kg.pages import Pages
from kg.protocol import Limits, operation
from kg.repeats import REPEATABLE
from kg.resources import Resources
from kg.responses import entity_tag
from kg.similar import Begun, Similar
from kg.worker import LoaderConfig


class SlowPool:
    """Answers when it is told to; counts what it evaluates and what is given up."""

    fingerprint = "f"
    current = SimpleNamespace(config=LoaderConfig(()))

    def __init__(self) -> None:
        self.gate, self.runs, self.left = asyncio.Event(), 0, 0
        self.error: Exception | None = None
        self.body = b"answer"
        self.askers: list[Asker] = []
        self.room = True

    def dash(self, _, asker) -> bool:
        self.askers.append(asker)
        return self.room

    async def run(self, job, dash=None) -> Reply:
        self.runs += 1
        self.dash_gone_on = dash
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.error:
            raise self.error
        return Reply(self.body, truncated=False, coding="identity", fingerprint="f", worker=1)


class Client:
    """One request, whose client may leave."""

    def __init__(self, answers: Answers, query: str = "ASK {}", accept: str = "text/csv") -> None:
        self.gone = asyncio.Event()
        scope = {"type": "http", "method": "GET", "headers": [(b"accept", accept.encode())]}
        asked = operation([("query", query)])
        self.task = asyncio.ensure_future(answers.respond(Request(scope, self.receive), asked))

    async def receive(self) -> dict:
        await self.gone.wait()
        return {"type": "http.disconnect"}


def within(work: Callable[[Answers, SlowPool], Awaitable[None]]) -> None:
    async def bounded() -> None:
        pool = SlowPool()
        service = Service(pool, Cache(1 << 20), Limits(), 5.0, "t", "d", "0")
        async with asyncio.timeout(10):
            await work(Answers(service), pool)

    asyncio.run(bounded())


def test_equal_queries_are_evaluated_once() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        clients = [Client(answers) for _ in range(5)]
        await asyncio.sleep(0.05)
        pool.gate.set()
        assert {(await each.task).body for each in clients} == {b"answer"}
        assert pool.runs == 1
        assert (await Client(answers).task).body == b"answer"
        assert pool.runs == 1
        assert len(answers._flights) == 0

    within(work)


@pytest.mark.parametrize(("size", "beside"), [(1000, False), (5 << 20, True)])
def test_the_tag_of_a_long_answer_is_made_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, size: int, beside: bool
) -> None:
    makers: list[int] = []

    def tag(body: bytes) -> str:
        makers.append(threading.get_ident())
        return entity_tag(body)

    async def work(answers: Answers, pool: SlowPool) -> None:
        pool.body = b"x" * size
        pool.gate.set()
        answer = await Client(answers).task
        assert answer.headers["etag"] == entity_tag(pool.body)
        assert [each != threading.get_ident() for each in makers] == [beside]

    monkeypatch.setattr("kg.answers.entity_tag", tag)
    within(work)


def test_equal_questions_of_ours_are_evaluated_once() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        asked = [asyncio.ensure_future(answers.ask("ASK {}", "json")) for _ in range(5)]
        other = asyncio.ensure_future(answers.ask("ASK { }", "json"))
        await asyncio.sleep(0.05)
        assert pool.runs == 2
        pool.gate.set()
        assert await asyncio.gather(*asked, other) == [("f", b"answer")] * 6
        assert await answers.ask("ASK {}", "json") == ("f", b"answer")
        assert (pool.runs, len(answers._asked)) == (2, 0)

    within(work)


def test_equal_pages_are_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page takes longer to render than the queries below it."""
    rendered: list[int] = []

    async def work(answers: Answers, pool: SlowPool) -> None:
        async def page(self: Resources, part: Part, root: str) -> bytes:
            rendered.append(part.number)
            await pool.gate.wait()
            return b"page %d" % part.number

        monkeypatch.setattr(Resources, "_page", page)
        resources = Resources(Describer(answers), Pages(), lambda *_: None)
        found = Found(Reading("u:id/ada"), "u:id/ada", (), fingerprint="f")
        requests = [Request({"type": "http", "headers": []}) for _ in range(6)]
        tasks = [
            asyncio.ensure_future(resources._entry(request, Part(found, {}, 1 + n // 5), HTML))
            for n, request in enumerate(requests)
        ]
        await asyncio.sleep(0.05)
        assert rendered == [1, 2]
        pool.gate.set()
        bodies = [each.body for each in await asyncio.gather(*tasks)]
        assert bodies == [b"page 1"] * 5 + [b"page 2"]
        assert all(REPEATABLE in request.scope for request in requests)

    within(work)


def test_other_queries_and_formats_are_not_shared() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        Client(answers), Client(answers, "ASK { }"), Client(answers, accept="application/json")
        volatile = [Client(answers, "SELECT (RAND() AS ?x) {}") for _ in range(2)]
        await asyncio.sleep(0.05)
        assert pool.runs == 5
        pool.gate.set()
        await asyncio.gather(*(each.task for each in volatile))

    within(work)


def test_the_first_may_leave() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        first, second = Client(answers), Client(answers)
        await asyncio.sleep(0.3)  # until departures are watched for
        first.gone.set()
        with pytest.raises(BusyError, match="client left"):
            await first.task
        assert pool.left == 0
        pool.gate.set()
        assert (await second.task).body == b"answer"
        assert pool.runs == 1

    within(work)


def test_when_all_have_left_it_is_given_up() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        clients = [Client(answers) for _ in range(3)]
        await asyncio.sleep(0.3)
        for each in clients:
            each.gone.set()
        await asyncio.gather(*(each.task for each in clients), return_exceptions=True)
        await asyncio.sleep(0)
        assert (pool.runs, pool.left) == (1, 1)
        pool.gate.set()
        assert (await Client(answers).task).body == b"answer"
        assert pool.runs == 2

    within(work)


class Recipient:
    """Who waits for a dash; `said` has what it was told."""

    def __init__(self, *, left: bool = False) -> None:
        self.left, self.said = left, []

    def take(self, outcome: object) -> None:
        self.said.append(outcome)


KEY = ("f", operation([("query", "ASK {}")]), "csv", PLAIN)


def test_equal_queries_are_one_dash() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        waiting = [Recipient(), Recipient(left=True), Recipient()]
        assert [answers.dash(KEY, each) for each in waiting] == [True] * 3
        (asker,) = pool.askers
        assert asker.wanted
        asker.take(Reply(b"yes", truncated=False, coding="identity", fingerprint="f", worker=1))
        assert [[each.body for each in one.said] for one in waiting] == [[b"yes"], [], [b"yes"]]
        assert answers.service.cache.get(KEY).body == b"yes"
        assert answers.dash(KEY, waiting[1])
        assert not pool.askers[1].wanted
        pool.askers[1].take(error := QueryError("no"))
        answers.dash(KEY, waiting[0])
        pool.askers[2].take(error)
        assert waiting[0].said[1:] == [error]

    within(work)


def test_what_is_at_work_in_a_dash_is_what_all_wait_for() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        waiting = Recipient()
        answers.dash(KEY, waiting)
        dash = SimpleNamespace()
        pool.askers[0].take(dash)
        assert waiting.said == [None]
        both = asyncio.gather(answers.shared(KEY), answers.shared(KEY))
        await asyncio.sleep(0)
        pool.gate.set()
        entries = await both
        assert (pool.runs, pool.dash_gone_on) == (1, dash)
        assert [each.body for each in entries] == [b"answer"] * 2

    within(work)


def test_who_leaves_in_or_after_a_dash_is_counted_and_leaves_nothing_behind() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        similar, sent = Similar(answers, Figures()), []
        one, two = [
            Begun(similar, KEY, None, (b"", b""), lambda *parts: sent.append(parts))
            for _ in range(2)
        ]
        answers.dash(KEY, one)
        answers.dash(KEY, two)
        one.cancel()
        assert (sent, similar.figures.requests) == ([(b"", b"")], {503: 1})
        pool.askers[0].take(SimpleNamespace())
        two.cancel()
        await asyncio.sleep(0.05)
        assert (sent, similar.figures.requests) == ([(b"", b"")] * 2, {503: 2})
        assert (len(answers._flights), pool.left) == (0, 1)

    within(work)


def test_what_is_being_answered_or_has_no_place_is_no_dash() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        pool.room = False
        assert not answers.dash(KEY, Recipient())
        pool.room = True
        flight = asyncio.ensure_future(answers.shared(KEY))
        await asyncio.sleep(0)
        assert not answers.dash(KEY, Recipient())
        pool.gate.set()
        await flight
        assert answers.dash(KEY, Recipient())

    within(work)


def test_an_error_is_told_to_all_and_not_kept() -> None:
    async def work(answers: Answers, pool: SlowPool) -> None:
        pool.error = QueryError("No.")
        clients = [Client(answers) for _ in range(3)]
        await asyncio.sleep(0.05)
        pool.gate.set()
        for each in clients:
            with pytest.raises(QueryError):
                await each.task
        assert pool.runs == 1
        pool.error = None
        assert (await Client(answers).task).body == b"answer"

    within(work)


def test_long_requests_that_do_not_end_leave_room_for_short_ones(monkeypatch) -> None:
    monkeypatch.setattr("kg.incoming._MOST_HELD", 150_000)
    never = asyncio.Event()
    service = Service(None, Cache(0), Limits(), 5.0, "t", "d", "0")

    def reading(*sizes: int, whole: bool = True) -> asyncio.Task:
        parts = [{"type": "http.request", "body": bytes(size), "more_body": True} for size in sizes]
        if whole:
            parts[-1]["more_body"] = False

        async def receive() -> dict:
            return parts.pop(0) if parts else await never.wait()

        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        return asyncio.ensure_future(
            read_body(request, service.limits.request_bytes, service.incoming)
        )

    async def read() -> None:
        begun = reading(50_000, 50_000, whole=False)
        await asyncio.sleep(0)
        with pytest.raises(BusyError, match="long requests"):
            await reading(60_000, 30_000)
        assert len(await reading(60_000)) == 60_000
        begun.cancel()
        await asyncio.wait([begun])
        assert len(await reading(60_000, 30_000)) == 90_000

    asyncio.run(read())
    assert service.incoming.size == 0
