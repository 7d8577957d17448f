"""The HTTP parser of the server: bounds a request in length and time, and answers what is none.

uvicorn's fast parser collects headers, trailers and requests without end, and waits without end
for the rest of a request, or for a client to take its answer; one could fill the memory, hold up
all others or take all connections. What it cannot read it answers before what came earlier, and
with none of our headers; of a request that wishes for another protocol it loses the body.
Sources: RFC 6585, 5 (status 431); RFC 9110, 6.5.1 (trailers), 7.8 (Upgrade); RFC 9112, 3.2 (Host).
"""

import asyncio
import re
import sys
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from kg.clients import Clients
from kg.errors import AddressError, HeadError, InputError, KgError, MethodError
from kg.monitor import REFUSED
from kg.protocol import LONGEST_ADDRESS, METHODS

#: Bytes of request line and headers: more than any client or proxy sends.
LONGEST_HEAD = 64 * 1024
#: Headers of a request: short ones take twenty times their bytes of memory.
MOST_HEADERS = 500
#: Requests that wait on a connection above which no more are read, for each takes a hundred times
#: its bytes; bytes that are read at a time.
MOST_AHEAD, _AT_A_TIME = 50, 4096
#: Seconds in which a client that has closed its half of the connection is still answered.
SOON = 0.5

_METHODS = f"This server answers the methods {', '.join(METHODS)}."
#: A host with its port, be it empty (RFC 3986, 3.2.2).
_HOST = re.compile(rb"([\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(:\d*)?", re.ASCII)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose request is too long or too slow.

    What cannot be read is answered by the application, to which its scope tells the reason.
    """

    _received, _held = 0, b""
    _in_head = True
    _refused = False
    url = b""
    _answered: RequestResponseCycle | None = None
    _timer: asyncio.TimerHandle | None = None
    _reading: asyncio.Handle | None = None
    _postponed: tuple[RequestResponseCycle, Any] | None = None

    def __init__(self, *args: Any, clients: Clients, **named: Any) -> None:
        super().__init__(*args, **named)
        self.clients = clients

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await a request; of too many, give up the one awaited for longest (asyncio's hook)."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > self.clients.most:
            next(iter(self.clients.awaited)).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Await nothing any more (asyncio's hook)."""
        self._stop_waiting()
        self._stop_watching()
        # Others may have come behind what is being answered: uvicorn tells the last one alone.
        if self._answered and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.flow.write_paused:  # its answer would wait behind another that is not taken
            self._postponed = cycle, app
            return
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has closed its half, if that is soon (asyncio's hook).

        Whether it has closed all of the connection cannot be told, and most have.
        """
        self.shutdown()
        if self.transport.is_closing():
            return False
        self.loop.call_later(SOON, self.transport.close)
        return True

    def pause_writing(self) -> None:
        """Watch a client that does not take its answer as fast as it is sent (asyncio's hook)."""
        super().pause_writing()
        self.clients.behind[self] = None
        # Soon, for this is called in the midst of writing.
        self._reading = self.loop.call_soon(self._make_room)

    def resume_writing(self) -> None:
        """Watch the client no more, and go on with its next request (asyncio's hook)."""
        self._stop_watching()
        super().resume_writing()
        next_, self._postponed = self._postponed, None
        if next_:
            self._start_asgi_task(*next_)

    def _make_room(self) -> None:
        """Close other connections while too much waits, those first that are behind for longest."""
        sizes = {each: each.transport.get_write_buffer_size() for each in self.clients.behind}
        waiting = sum(sizes.values())
        for each, size in sizes.items():
            if waiting > self.clients.room and each is not self:
                waiting -= size
                each.transport.abort()
        self._watch(sys.maxsize)

    def _watch(self, before: int) -> None:
        """Close the connection of a client that has taken nothing; its answer fills the memory."""
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._reading = self.loop.call_later(self.clients.patience, self._watch, left)
        else:
            self.transport.abort()

    def _stop_watching(self) -> None:
        self.clients.behind.pop(self, None)
        if self._reading:
            self._reading.cancel()
            self._reading = None

    def data_received(self, data: bytes) -> None:
        """Take what came in (asyncio's hook)."""
        self._unset_keepalive_if_required()
        self._held += data
        self._take()

    def _take(self) -> None:
        """Read what is held, until enough requests wait, or a head or trailer is too long."""
        held = memoryview(self._held)
        while held and len(self.pipeline) < MOST_AHEAD and not self._refused:
            part, held = held[:_AT_A_TIME], held[_AT_A_TIME:]
            self._received += len(part)
            self._read(part)
            if self._received > LONGEST_HEAD and not self._refused:
                self._refuse(self._too_long())  # no end of a head or trailer
        self._held = b"" if self._refused else bytes(held)
        if self._held:  # the client keeps the rest
            self.flow.pause_reading()

    def on_response_complete(self) -> None:
        """Go on with what is held (uvicorn's hook)."""
        super().on_response_complete()
        if self._held and not self.transport.is_closing():
            self._take()

    def _read(self, data: memoryview) -> None:
        parts: list[bytes | memoryview] = [data]
        try:
            while parts:
                part = parts.pop()
                try:
                    self.parser.feed_data(part)
                except httptools.HttpParserUpgrade as wish:
                    parts = [memoryview(part)[wish.args[0] :], self._head_without_wish()]
        except httptools.HttpParserError as error:
            self._refuse(_reason(error))

    def _head_without_wish(self) -> bytes:
        """Return the head just read without its wish for another protocol, for a new parser.

        The old one takes the body for that protocol. A server may pass over the wish.
        """
        first = self.parser.get_method(), self.url, self.parser.get_http_version().encode()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        lines = [b"%s: %s\r\n" % each for each in self.headers if each[0] != b"upgrade"]
        return b"%s %s HTTP/%s\r\n%s\r\n" % (*first, b"".join(lines))

    def _refuse(self, error: KgError) -> None:
        """Have an error answered when all before it is, and the connection closed then."""
        self._refused = True
        self._stop_waiting()
        before, waits = self.cycle, False
        if self._in_head:
            waits = before is not None and not before.response_complete
        elif before.response_started:
            self.transport.close()
            return
        elif self.pipeline:
            self.pipeline.popleft()  # that is `before`, of which nobody has heard yet
            waits = True
        else:
            before.disconnected = True
            before.message_event.set()
        cycle = self.cycle = self._refusal(error)
        if waits:
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start_asgi_task(cycle, self.app)

    def _refusal(self, error: KgError) -> RequestResponseCycle:
        """Return what stands for the request: nothing is known of it."""
        super().on_message_begin()  # makes a new scope
        scope: Any = {**self.scope, "method": "-", "path": "-", "query_string": b"", REFUSED: error}
        return RequestResponseCycle(
            scope=scope, transport=self.transport, flow=self.flow,
            logger=self.logger, access_logger=self.access_logger, access_log=self.access_log,
            default_headers=self.server_state.default_headers, message_event=asyncio.Event(),
            expect_100_continue=False, keep_alive=False, on_response=self.on_response_complete,
        )  # fmt: skip

    def _too_long(self) -> KgError:
        if self._in_head and len(self.url) > LONGEST_ADDRESS:
            return AddressError("The address is too long; send the query by POST.")
        return HeadError("The headers of the request are too long.")

    def on_message_begin(self) -> None:
        """Await the rest of the request (the parser's hook)."""
        self._await_request()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows a body is none (the parser's hook)."""
        if self._in_head:
            if len(self.headers) >= MOST_HEADERS:
                raise HeadError(f"The request has more than {MOST_HEADERS} headers.")
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Judge the head, and count anew what follows it (the parser's hook)."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise MethodError(_METHODS)
            return  # it is read once more
        self._judge()
        if not self.url.startswith(b"/"):
            self._take_host()
        super().on_headers_complete()
        self._in_head, self._received = False, 0

    def _judge(self) -> None:
        """Raise the error that a head deserves (as RFC 9112 has it: 3.2 and 6.1)."""
        size = len(self.url) + sum([len(name) + len(value) for name, value in self.headers])
        if size > LONGEST_HEAD:
            raise self._too_long()
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            raise InputError(f"The request has {len(hosts)} Host headers; send one.")
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise InputError("The Host header names no host.")
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and [each.lower() for each in codings] != [b"chunked"]:
            raise InputError("The transfer coding is not `chunked`, the only one that is read.")

    def _take_host(self) -> None:
        """Have the host count that the target names, if it does (RFC 9112, 3.2.2)."""
        target = httptools.parse_url(self.url)
        if target.host:
            port = b":%d" % target.port if target.port else b""
            host = b"[%s]" % target.host if b":" in target.host else target.host
            others = [each for each in self.headers if each[0] != b"host"]
            self.headers[:] = [(b"host", host + port), *others]

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, whose length is bounded elsewhere (the parser's hook)."""
        self._received = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count the next request of the connection anew (the parser's hook)."""
        if self.parser.should_upgrade():
            return
        self._in_head, self._received = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def _await_request(self) -> None:
        if self._timer is None:
            self.clients.awaited[self] = None
            self._timer = self.loop.call_later(self.clients.patience, self.give_up)

    def _stop_waiting(self) -> None:
        self.clients.awaited.pop(self, None)
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def give_up(self) -> None:
        """Await no more of a request: close the connection."""
        self._stop_waiting()
        self.transport.close()


def _reason(error: httptools.HttpParserError) -> KgError:
    """Return why a request cannot be read: what one of the hooks has raised, or the parser."""
    if isinstance(error.__context__, KgError):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return MethodError(_METHODS)
    return InputError("The request is not HTTP/1.1, or has a forbidden character or length.")
