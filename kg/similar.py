"""Requests that differ from an earlier one in their query alone, answered without reading more.

Clients repeat their headers to the byte. To read these, to route the request and to write the
headers of its answer takes longer than a simple query. So what came of them is remembered by all
that follows the request line, and the parser of the server (`kg/wire.py`) asks here before it
parses. What is not plain goes the usual way: other parameters than the query, one that cannot be
read, an answer that is kept, for `kg/repeats.py` to remember.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from kg.answers import PLAINLY, Answers, Key
from kg.codings import IDENTITY, Coding
from kg.errors import KgError
from kg.monitor import QUERY, WORKER, Figures, failed, log_request, surrounded
from kg.protocol import read_request
from kg.repeats import LONGEST, REQUEST
from kg.responses import problem

Headers = Iterable[tuple[bytes, bytes]]

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

    def begin(
        self, data: bytes, headers: Headers
    ) -> Coroutine[Any, Any, tuple[bytes, bytes]] | None:
        """Return what will answer a request like an earlier one: head and body; None for others.

        `headers` are those that the server adds to every answer.
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
        return self._answer(key, head, rest.accept, _lines(headers))

    async def _answer(
        self, key: Key, head: bytes, accept: str | None, own: bytes
    ) -> tuple[bytes, bytes]:
        """Return head and body of an answer, be it an error."""
        begun, name = time.perf_counter(), self.figures.name()
        status, body = 503, b""  # where the client leaves before there is an answer
        scope: dict[str, Any] = {"method": "GET", "path": _PATH, QUERY: key[1].query}
        try:
            entry = await self.answers.shared(key)
            status, body, scope[WORKER] = 200, entry.body, entry.worker
            own += b"etag: %s\r\ncontent-length: %d\r\n" % (entry.etag.encode(), len(body))
            if entry.coding != IDENTITY:
                own += b"content-encoding: %s\r\n" % entry.coding.encode()
        except Exception as error:  # noqa: BLE001 - as in `Surround`
            said = problem(error, accept) if isinstance(error, KgError) else failed(name)
            status, body, head = (
                said.status_code,
                bytes(said.body),
                _lines(surrounded(said.raw_headers)),
            )
        finally:
            seconds = time.perf_counter() - begun
            self.figures.add(status, seconds)
            log_request(name, scope, status, len(body), seconds)
        first = b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())
        return b"%s\r\n%s%sx-request-id: %s\r\n\r\n" % (first, head, own, name.encode()), body


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%s: %s\r\n" % each for each in headers])
