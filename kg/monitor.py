"""Around every request: an id, the security headers, a line in the log, and figures.

Plain ASGI, so that nothing of it depends on the web framework. The log is written where
`KG_LOG` asks for it, and holds queries only where it asks for them.
"""

import itertools
import json
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TextIO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.cache import Cache
from kg.errors import InternalError
from kg.pool import Pool
from kg.responses import SECURITY, Handler, problem

#: Called with the scope of a request, and the headers and body of its answer when it is whole.
Keep = Callable[[Any, Iterable[tuple[bytes, bytes]], bytes], None]

#: Waits for a look at whether the data have changed, if one is due.
Look = Callable[[], Awaitable[object]]

#: The path of the one question that must be answered at once, whatever the store does.
ALIVE = "/healthz"

#: Keys of a request's scope: the process of the worker that answered it; its query; the error
#: that is the answer to what is no request.
WORKER, QUERY, REFUSED = "kg.worker", "kg.query", "kg.refused"

_LOG = logging.getLogger("kg.access")
#: What JSON lets be, and a reader takes for the end of a line, or a terminal for an order.
_UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_QUERIES = logging.getLogger("kg.queries")


def start_log(what: str, stream: TextIO) -> None:
    """Write a line to `stream` for each request: `what` is none, requests or queries."""
    for logger, wanted in ((_LOG, what != "none"), (_QUERIES, what == "queries")):
        logger.setLevel(logging.INFO if wanted else logging.WARNING)
        logger.propagate = False
        logger.handlers[:] = [logging.StreamHandler(stream)]
        logger.handlers[0].setFormatter(logging.Formatter("%(asctime)s %(message)s"))


def log_request(
    name: str, scope: Mapping[str, Any], status: int, size: int, seconds: float
) -> None:
    """Log one answered request, if that is wanted: its id, bytes of its answer, seconds."""
    if _LOG.isEnabledFor(logging.INFO):
        said = scope["method"], quote(scope["path"]), status, size, seconds * 1000
        worker = scope.get(WORKER, "-")
        _LOG.info("%s %s %s %d %d bytes %.1f ms worker %s", name, *said, worker)
    if QUERY in scope and _QUERIES.isEnabledFor(logging.INFO):
        text = json.dumps(scope[QUERY], ensure_ascii=False)
        _QUERIES.info("%s %s", name, _UNSEEN.sub(lambda each: f"\\u{ord(each[0]):04x}", text))


class Surround:
    """Around every request: an id, the security headers, one line in the log, figures.

    Requests for the paths in `direct` go to their handlers past the routes of the application,
    which take as long as a simple query. Before, `look` sees whether the data are still the same.
    """

    def __init__(
        self, app: ASGIApp, keep: Iterable[Keep], direct: Mapping[str, Handler], look: Look
    ) -> None:
        self.app, self.keep, self.direct, self.look = app, tuple(keep), direct, look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        figures: Figures = scope["app"].state.figures
        begun, name = time.perf_counter(), figures.name()
        status, size = 0, 0
        headers: list[tuple[bytes, bytes]] = []

        async def sending(message: Message) -> None:
            nonlocal status, size, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*surrounded(message["headers"]), (b"x-request-id", name.encode())]
                message["headers"] = headers
            else:
                body = message.get("body", b"")
                if size == 0 and status == 200 and not message.get("more_body"):
                    for keep in self.keep:
                        keep(scope, headers, body)
                size += len(body)
            await send(message)

        try:
            await self._pass_on(scope, receive, sending)
        except Exception:  # noqa: BLE001 - the last place where a defect of ours can be caught
            said = failed(name)
            if status == 0:
                await said(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - begun
            figures.add(status, seconds)
            log_request(name, scope, status, size, seconds)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if REFUSED in scope:
            await problem(scope[REFUSED], None)(scope, receive, send)
            return
        if scope["path"] != ALIVE:
            await self.look()
        if handler := self.direct.get(scope["path"]):
            response = await handler(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self.app(scope, receive, send)


_SURROUNDING = [(name.encode(), value.encode()) for name, value in SECURITY.items()]


def failed(name: str) -> Response:
    """Log the defect of ours that is being caught; return the answer to that request."""
    _LOG.exception("request %s failed", name)
    return problem(InternalError("The server failed to answer; the fault is ours."), None)


def surrounded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers with those of security, where they are not among them."""
    given = list(headers)
    own = {header for header, _ in given}
    # An answer may have a policy of its own: a preview may be framed.
    return [*given, *(each for each in _SURROUNDING if each[0] not in own)]


class Figures:
    """Counts for `/metrics`: requests by status, and their seconds; and each one's id."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.start = f"{os.getpid():x}{int(time.time()):x}"
        self.requests: dict[int, int] = {}
        self.seconds = 0.0

    def name(self) -> str:
        """Return the id of a new request."""
        return f"{self.start}-{next(self.numbers)}"

    def add(self, status: int, seconds: float) -> None:
        """Count one answered request."""
        self.requests[status] = self.requests.get(status, 0) + 1
        self.seconds += seconds


def metrics(pool: Pool, cache: Cache, figures: Figures) -> str:
    """Return the figures in the Prometheus text format."""
    lines = [
        f'kg_requests_total{{status="{status}"}} {count}'
        for status, count in sorted(figures.requests.items())
    ]
    values = {
        "kg_request_seconds_total": round(figures.seconds, 6),
        "kg_queries_active": pool.active,
        "kg_queries_killed_total": pool.killed,
        "kg_workers": len(pool.current.workers),
        "kg_cache_bytes": cache.size,
        "kg_cache_entries": len(cache),
        "kg_cache_hits_total": cache.hits,
        "kg_cache_misses_total": cache.misses,
    }
    return "\n".join([*lines, *(f"{name} {value}" for name, value in values.items())]) + "\n"
