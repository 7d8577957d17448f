"""From one query to one HTTP answer: format, cache, evaluation, entity tag, compression.

What the SPARQL endpoint (`kg/endpoint.py`) and the Graph Store Protocol (`kg/graphstore.py`)
have in common.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from kg.assets import probe
from kg.cache import Cache, Entry
from kg.calls import Calls
from kg.channel import Reply
from kg.codings import IDENTITY, PLAIN, Coding, choose
from kg.dashes import Dash
from kg.errors import KgError, MemoryLimitError, NotAcceptableError, TimeLimitError
from kg.flights import Flights
from kg.incoming import Incoming, unless_gone
from kg.media import Choice, named, negotiate, offered
from kg.monitor import QUERY, WORKER
from kg.once import Once, of_one_graph
from kg.pool import Pool
from kg.protocol import Limits, Operation
from kg.repeats import REPEATABLE
from kg.responses import CORS, entity_tag, not_modified
from kg.rows import read_rows
from kg.service_description import Contents
from kg.worker import Job

#: Key of a request's scope: the operation, format and coding of an answer made for it.
PLAINLY = "kg.plainly"

#: Bytes of an answer that takes some milliseconds to read.
_LONG = 4 << 20


@dataclass(frozen=True)
class Service:
    """What the endpoint works with: evaluation, kept answers, limits, and how it is called.

    `seconds` is the longest time that a query may take.
    """

    pool: Pool
    cache: Cache
    limits: Limits
    seconds: float
    title: str
    description: str
    version: str
    incoming: Incoming = field(default_factory=Incoming)


#: The data's fingerprint, the query, the format's name, the coding.
Key = tuple[str, Operation, str, Coding]


class Recipient(Protocol):
    """Who waits for a dash; `left` where that is nobody any more."""

    left: bool

    def take(self, outcome: Entry | KgError | None) -> None:
        """Take the answer or error; None where the query takes longer: see `Answers.shared`."""


@dataclass
class _Dashing:
    """An `Asker` (`kg/dashes.py`): all who wait for one dash."""

    waiting: list[Recipient]
    take: Callable[[Reply | KgError | Dash | None], None]

    @property
    def wanted(self) -> bool:
        return not all(each.left for each in self.waiting)


class Answers:
    """Answers operations over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._calls = Calls(service.pool)
        self._graphs = Once(service.pool, self._counted)
        self._contents = Once(service.pool, self._surveyed)
        self._flights: Flights[Entry] = Flights()
        self._asked: Flights[tuple[str, bytes]] = Flights()
        self._dashes: dict[Key, _Dashing] = {}

    async def respond(self, request: Request, asked: Operation) -> Response:
        """Return the answer to a query; raises whatever KgError it deserves."""
        choice = _choice(request, asked)
        coding = choose(request.headers.get("accept-encoding"))
        entry = await self.entry(request, asked, choice, coding)
        more = {}
        if entry.truncated:
            more["x-truncated-to"] = str(asked.maxrows)
        if asked.format:
            more["content-disposition"] = f'inline; filename="answer.{choice.format.extension}"'
        return finished(request, entry, choice, more)

    async def ask(self, text: str, form: str) -> tuple[str, bytes]:
        """Return the answer to a query of ours, kept or new, after the data's fingerprint.

        `form` names the format. Raises whatever KgError the query meets. As in `entry`, equal
        queries at one time are one.
        """
        cache, pool = self.service.cache, self.service.pool
        asked = Operation(text, "CONSTRUCT" if named(form).kind == "graph" else "SELECT")
        key = (pool.fingerprint, asked, form, PLAIN)
        if kept := cache.get(key):
            return pool.fingerprint, kept.body

        async def evaluated() -> tuple[str, bytes]:
            reply = await pool.run(Job(asked, form, seconds=self.service.seconds))
            cache.put((reply.fingerprint, *key[1:]), Entry(reply.body, entity_tag(reply.body)))
            return reply.fingerprint, reply.body

        return await self._asked.join(key, evaluated)

    async def entry(
        self, request: Request, asked: Operation, choice: Choice, coding: Coding
    ) -> Entry:
        """Return the answer, kept or new; who asks what is being answered waits for that answer."""
        request.scope[QUERY] = asked.query
        key: Key = (self.service.pool.fingerprint, asked, choice.format.name, coding)
        if not asked.repeatable:
            return _noted(request, await unless_gone(request, self._evaluated(key)))
        if kept := self.service.cache.get(key):
            request.scope[REPEATABLE] = key[0]
            return kept
        request.scope[PLAINLY] = asked, choice.format.name, coding
        return _noted(request, await unless_gone(request, self.shared(key)))

    async def shared(self, key: Key) -> Entry:
        """Return a new answer; who asks what is being answered waits for that answer."""
        return await self._flights.join(key, partial(self._evaluated, key))

    def dash(self, key: Key, waiting: Recipient) -> bool:
        """Begin a plain query that may be a short one (`kg/dashes.py`), if there is a place for it.

        Who asks what is being answered waits for that answer, here too.
        """
        if others := self._dashes.get(key):
            others.waiting.append(waiting)
            return True
        if key in self._flights:
            return False
        dashing = self._dashes[key] = _Dashing([waiting], partial(self._dashed, key))
        begun = self.service.pool.dash(self._job(key), dashing)
        if not begun:
            del self._dashes[key]
        return begun

    def _dashed(self, key: Key, outcome: Reply | KgError | Dash | None) -> None:
        """Tell those who wait what became of a dash."""
        dashing = self._dashes.pop(key)
        said: Entry | KgError | None = None
        if isinstance(outcome, Reply):
            said = self._kept(key, outcome, entity_tag(outcome.body))
        elif isinstance(outcome, KgError):
            said = outcome
        elif outcome:
            self._flights.begin(key, partial(self._evaluated, key, outcome))
        for each in dashing.waiting:
            if not each.left:
                each.take(said)

    def _job(self, key: Key) -> Job:
        _, asked, form, coding = key
        seconds = min(asked.timeout or self.service.seconds, self.service.seconds)
        return Job(asked, form, coding, seconds)

    async def _evaluated(self, key: Key, dash: Dash | None = None) -> Entry:
        """Return the answer of a worker, perhaps at it already; keep it if it stays the same."""
        if key[1].federated:
            reply = await self._calls.run(self._job(key))
        else:
            reply = await self.service.pool.run(self._job(key), dash)
        # What other servers say may change at any time: such an answer has no tag.
        return self._kept(key, reply, "" if key[1].federated else await _tag(reply.body))

    def _kept(self, key: Key, reply: Reply, tag: str) -> Entry:
        entry = Entry(reply.body, tag, reply.truncated, reply.coding, reply.worker)
        if key[1].repeatable:
            self.service.cache.put((reply.fingerprint, *key[1:]), entry)
        return entry

    async def graphs(self) -> dict[str, int]:
        """Return the named graphs with their numbers of triples."""
        return (await self._graphs.get())[1]

    async def contents(self) -> Contents:
        """Return graphs and sizes of the data being served.

        Raises BusyError where these were replaced in the meantime.
        """
        return (await self._contents.get())[1]

    async def _counted(self) -> tuple[str, dict[str, int]]:
        fingerprint, found = await self._probe("graphs")
        return fingerprint, {row["graph"]: int(row["triples"]) for row in found}

    async def _surveyed(self) -> tuple[str, Contents]:
        fingerprint, graphs = await self._graphs.get()
        sizes: tuple[tuple[str, int], ...] = ()
        # A size that takes too long to count is left out rather than guessed.
        with contextlib.suppress(TimeLimitError, MemoryLimitError):
            measured, (counts,) = await self._probe("sizes")
            fingerprint = of_one_graph(fingerprint, measured)
            sizes = tuple((name, int(number)) for name, number in counts.items())
        return fingerprint, Contents(fingerprint, tuple(graphs.items()), sizes)

    async def _probe(self, name: str) -> tuple[str, list[dict[str, str]]]:
        """Ask a question of ours; return the data's fingerprint and the rows."""
        fingerprint, body = await self.ask(probe(name), "json")
        return fingerprint, read_rows(body)


def finished(
    request: Request,
    entry: Entry,
    choice: Choice,
    more: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """Return an entry as the answer to a request: whole, `304`, or headers alone for HEAD."""
    headers = {
        **CORS,
        "content-type": choice.content_type,
        "vary": "Accept, Accept-Encoding",
        "cache-control": "public, no-cache" if entry.etag else "no-store",
        **({"etag": entry.etag} if entry.etag else {}),
        **(more or {}),
    }
    if entry.coding != IDENTITY:
        headers["content-encoding"] = entry.coding
    if status == 200 and entry.etag and not_modified(request, entry.etag):
        return Response(status_code=304, headers=headers)
    response = Response(b"" if request.method == "HEAD" else entry.body, status, headers)
    response.headers["content-length"] = str(len(entry.body))
    return response


async def _tag(body: bytes) -> str:
    """Return the entity tag of a body, made beside the event loop if that takes a while."""
    return await asyncio.to_thread(entity_tag, body) if len(body) > _LONG else entity_tag(body)


def _noted(request: Request, entry: Entry) -> Entry:
    """Note for the log which worker has just evaluated an answer."""
    request.scope[WORKER] = entry.worker
    return entry


def _choice(request: Request, asked: Operation) -> Choice:
    """Return the format of an answer: by the parameter `as`, else by `Accept`."""
    rows = offered("graph" if asked.is_graph else "results")
    if not asked.format:
        return negotiate(request.headers.get("accept"), rows)
    row = named(asked.format)
    if row not in rows:
        what = "graph" if asked.is_graph else "table or a yes or no"
        names = ", ".join(each.name for each in rows)
        raise NotAcceptableError(f"This query makes a {what}; set `as` to one of: {names}.")
    return Choice(row, row.media_type)
