"""From one query to one HTTP answer: format, cache, evaluation, entity tag, compression.

What the SPARQL endpoint (`kg/endpoint.py`) and the Graph Store Protocol (`kg/graphstore.py`)
have in common.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from kg.assets import probe
from kg.cache import Cache, Entry
from kg.calls import Calls
from kg.codings import IDENTITY, PLAIN, Coding, choose
from kg.errors import (
    BusyError,
    MemoryLimitError,
    NotAcceptableError,
    TimeLimitError,
    TooLargeError,
)
from kg.flights import Flights
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

_HOST = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_WATCH_AFTER = 0.25
#: Bytes of all requests together above which none is read that has more than so many.
_MOST_HELD, _SHORT = 64 << 20, 64 << 10
#: Bytes of an answer that takes some milliseconds to read.
_LONG = 4 << 20


@dataclass
class Incoming:
    """Bytes of all requests that are being read."""

    size: int = 0


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


class Answers:
    """Answers operations over one service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._calls = Calls(service.pool)
        self._graphs = Once(service.pool, self._counted)
        self._contents = Once(service.pool, self._surveyed)
        self._flights: Flights[Entry] = Flights()
        self._asked: Flights[tuple[str, bytes]] = Flights()

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
            return _noted(request, await _unless_gone(request, self._evaluated(key)))
        if kept := self.service.cache.get(key):
            request.scope[REPEATABLE] = key[0]
            return kept
        request.scope[PLAINLY] = asked, choice.format.name, coding
        return _noted(request, await _unless_gone(request, self.shared(key)))

    async def shared(self, key: Key) -> Entry:
        """Return a new answer; who asks what is being answered waits for that answer."""
        return await self._flights.join(key, partial(self._evaluated, key))

    async def _evaluated(self, key: Key) -> Entry:
        """Return the answer of a worker, and keep it if it stays the same."""
        _, asked, form, coding = key
        seconds = min(asked.timeout or self.service.seconds, self.service.seconds)
        run = self._calls.run if asked.federated else self.service.pool.run
        reply = await run(Job(asked, form, coding, seconds))
        # What other servers say may change at any time: such an answer has no tag.
        tag = "" if asked.federated else await _tag(reply.body)
        entry = Entry(reply.body, tag, reply.truncated, reply.coding, reply.worker)
        if asked.repeatable:
            self.service.cache.put((reply.fingerprint, asked, form, coding), entry)
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


def own_url(request: Request, path: str) -> str:
    """Return the absolute URL of a path of ours, as this request would reach it."""
    host = request.url.netloc
    if not _HOST.fullmatch(host):
        host = "localhost"
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}{path}"


async def read_body(request: Request, service: Service) -> bytes:
    """Return the body, read no further than the limit; raises TooLargeError above.

    Raises BusyError where so many long ones come at one time that they would fill the memory.
    """
    body, held, most = bytearray(), 0, service.limits.request_bytes
    try:
        async for part in request.stream():
            body += part
            held += len(part)
            service.incoming.size += len(part)
            if len(body) > most:
                raise TooLargeError(f"The request is longer than {most} bytes; shorten the query.")
            if len(body) > _SHORT and service.incoming.size > _MOST_HELD:
                raise BusyError("Too many long requests are being sent; try again later.")
    except ClientDisconnect:
        body.clear()
    finally:
        service.incoming.size -= held
    return bytes(body)


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


async def _unless_gone(request: Request, work: Awaitable[Entry]) -> Entry:
    """Return the result of `work`, which is given up when the client leaves in the meantime."""
    watch = _Watch(request)
    # Most answers come sooner than a task for the watch is worth starting.
    timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, watch.begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.left:
            raise
        watch.asking.uncancel()
        raise BusyError("The client left before the answer was ready.") from None
    finally:
        timer.cancel()
        watch.end()


class _Watch:
    """Waits for the client to leave, and then cancels the task that answers it."""

    def __init__(self, request: Request) -> None:
        self.request, self.left = request, False
        self.asking = cast("asyncio.Task[Any]", asyncio.current_task())
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self._departure())

    def end(self) -> None:
        if self.task:
            self.task.cancel()

    async def _departure(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.asking.cancel()
