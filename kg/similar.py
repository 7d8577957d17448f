"""Requests that differ from an earlier one in their query alone, answered without reading more.

Clients repeat their headers to the byte. To read these, to route the request and to write the
headers of its answer takes longer than a simple query. So what came of them is remembered by all
that follows the request line, and the parser of the server (`kg/wire.py`) asks here before it
parses. What is not plain goes the usual way: other parameters than the query, one that cannot be
read, an answer that is kept, for `kg/repeats.py` to remember.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from kg.answers import PLAINLY, Answers, Key
from kg.cache import Entry
from kg.codings import IDENTITY, Coding
from kg.errors import KgError
from kg.monitor import QUERY, WORKER, Figures, failed, log_request, surrounded
from kg.protocol import read_request
from kg.repeats import LONGEST, REQUEST
from kg.responses import problem

Headers = Iterable[tuple[bytes, bytes]]
#: Takes head and body of an answer; both empty where it was given up.
Send = Callable[[bytes, bytes], None]

_PATH = "/sparql"
_LINE = re.compile(rb"GET /sparql\?(query=[\w%+.\-~*'()!:/,;=@?]+) HTTP/1\.1\r\n", re.ASCII)
#: Headers that an answer has of its own.
_OWN = (b"etag", b"content-length", b"content-encoding", b"x-request-id", b"date")
_MOST = 256
_LONGEST_REST = 2048


@dataclass(frozen=True)
class Rest:
    """What follows a request line: the types that it accepts, and what came of it.

    That is, for tables and for graphs, the format, the coding, and the headers of the answer.
    """

    accept: str | None
    forms: dict[bool, tuple[str, Coding, bytes]] = field(default_factory=dict)


class Similar:
    """What requests had in common that were answered from one service."""

    def __init__(self, answers: Answers, figures: Figures) -> None:
        self.answers, self.figures = answers, figures
        self.rests: OrderedDict[bytes, Rest] = OrderedDict()

    def keep(self, scope: dict[str, Any], headers: Headers, _: bytes) -> None:
        """Remember what a request was answered with, beside its body, if the scope allows it."""
        data: bytes = scope.get(REQUEST, b"")
        line, given = _LINE.match(data), dict(reversed(scope["headers"]))  # the first counts
        if line is None or PLAINLY not in scope or b"if-none-match" in given:
            return
        rest = data[line.end() :]
        if len(rest) > _LONGEST_REST:
            return
        asked, form, coding = scope[PLAINLY]
        accept = given[b"accept"].decode("latin-1") if b"accept" in given else None
        head = _lines(each for each in headers if each[0] not in _OWN)
        self.rests.setdefault(rest, Rest(accept)).forms[asked.is_graph] = form, coding, head
        if len(self.rests) > _MOST:
            self.rests.popitem(last=False)

    def begin(self, data: bytes, headers: Headers, send: Send) -> "Begun | None":
        """Begin to answer a request like an earlier one; returns None for others.

        `headers` are those that the server adds to every answer; `send` is called once, later.
        """
        line = _LINE.match(data) if len(data) <= LONGEST else None
        rest = self.rests.get(data[line.end() :]) if line else None
        if line is None or rest is None:
            return None
        service = self.answers.service
        if service.pool.watch.due:
            return None
        try:
            asked = read_request("GET", line[1].decode("ascii"), {}, b"", service.limits)
        except KgError:
            return None
        if asked is None or not asked.repeatable or asked.is_graph not in rest.forms:
            return None
        form, coding, head = rest.forms[asked.is_graph]
        key: Key = (service.pool.fingerprint, asked, form, coding)
        if key in service.cache:
            return None
        service.cache.misses += 1
        begun = Begun(self, key, rest.accept, (head, _lines(headers)), send)
        if not self.answers.dash(key, begun):
            begun.take(None)
        return begun


class Begun:
    """An answer in the making to one request; `left` when nobody waits for it any more."""

    __slots__ = (
        "_accept",
        "_begun",
        "_heads",
        "_key",
        "_name",
        "_send",
        "_similar",
        "_task",
        "left",
    )

    def __init__(
        self, similar: Similar, key: Key, accept: str | None, heads: tuple[bytes, bytes], send: Send
    ) -> None:
        self._similar, self._key, self._accept = similar, key, accept
        self._heads, self._send = heads, send
        self._begun, self._name = time.perf_counter(), similar.figures.name()
        self._task: asyncio.Task[None] | None = None
        self.left = False

    def cancel(self) -> None:
        """Give the answer up: nobody waits for it any more."""
        self.left = True
        if self._task:
            # Once it has begun: else nobody would ever leave what it was to wait for.
            asyncio.get_running_loop().call_soon(self._task.cancel)
        else:
            self._give_up()

    def take(self, outcome: Entry | KgError | None) -> None:
        """Take the answer or error and send it; without one, ask for it in the usual way."""
        if outcome is None:
            self._task = asyncio.get_running_loop().create_task(self._usual())
        elif isinstance(outcome, Entry):
            self._send_entry(outcome)
        else:
            self._send_problem(outcome)

    async def _usual(self) -> None:
        try:
            entry = await self._similar.answers.shared(self._key)
        except asyncio.CancelledError:
            self._give_up()
            raise
        except Exception as error:  # noqa: BLE001 - as in `Surround`
            self._send_problem(error)
        else:
            self._send_entry(entry)

    def _give_up(self) -> None:
        self._note(503, 0)
        self._send(b"", b"")

    def _send_entry(self, entry: Entry) -> None:
        head, own = self._heads
        own += b"etag: %s\r\ncontent-length: %d\r\n" % (entry.etag.encode(), len(entry.body))
        if entry.coding != IDENTITY:
            own += b"content-encoding: %s\r\n" % entry.coding.encode()
        self._finish(200, head + own, entry.body, entry.worker)

    def _send_problem(self, error: Exception) -> None:
        said = problem(error, self._accept) if isinstance(error, KgError) else failed(self._name)
        head = _lines(surrounded(said.raw_headers)) + self._heads[1]
        self._finish(said.status_code, head, bytes(said.body))

    def _finish(self, status: int, head: bytes, body: bytes, worker: int | None = None) -> None:
        self._note(status, len(body), worker)
        line = b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())
        self._send(b"%s%sx-request-id: %s\r\n\r\n" % (line, head, self._name.encode()), body)

    def _note(self, status: int, size: int, worker: int | None = None) -> None:
        """Count an answer, and log it."""
        seconds = time.perf_counter() - self._begun
        self._similar.figures.add(status, seconds)
        scope: dict[str, Any] = {"method": "GET", "path": _PATH, QUERY: self._key[1].query}
        if worker is not None:
            scope[WORKER] = worker
        log_request(self._name, scope, status, size, seconds)


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%s: %s\r\n" % each for each in headers])
