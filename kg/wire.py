"""The HTTP parser of the server: bounds a request, and knows what came before.

uvicorn's fast parser collects headers and trailers without end, and waits without end for the
rest of a request, or for a client to take its answer; one could fill the memory or take all
connections.
Sources: RFC 6585, 5 (status 431); RFC 9110, 6.5.1 (trailers). What was asked before, byte for
byte, is answered before it is parsed (`kg/repeats.py`), and so is what differs from that in its
query alone (`kg/similar.py`).
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kg.repeats import REQUEST, Repeats

#: Bytes of request line and headers: more than any client or proxy sends.
LONGEST_HEAD = 64 * 1024
#: Seconds in which a request must have come whole, its body included, and something of its answer
#: must have been taken.
PATIENCE = 60.0

_SENTENCE = b"The headers of the request are too long.\n"
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)
#: Begins to answer a request that is like an earlier one, if it is (`kg/similar.py`).
Begin = Callable[
    [bytes, Iterable[tuple[bytes, bytes]]], Coroutine[Any, Any, tuple[bytes, bytes]] | None
]
#: Seconds for which an answer is worked on that nobody waits for any more.
_SOON = 0.25
#: Bytes of a part that is not copied to be joined with others.
_LARGE = 64 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose request is too long or too slow."""

    patience = PATIENCE
    _received = 0
    _in_head = True
    _timer: asyncio.TimerHandle | None = None
    _reading: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await the first request (asyncio's hook)."""
        super().connection_made(transport)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Await nothing any more (asyncio's hook)."""
        self._stop_waiting()
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Watch a client that does not take its answer as fast as it is sent (asyncio's hook)."""
        super().pause_writing()
        # Soon, for this is called in the midst of writing.
        self._reading = self.loop.call_soon(self._watch, sys.maxsize)

    def resume_writing(self) -> None:
        """Watch the client no more (asyncio's hook)."""
        self._stop_watching()
        super().resume_writing()

    def _watch(self, before: int) -> None:
        """Close the connection of a client that has taken nothing; its answer fills the memory."""
        left = self.transport.get_write_buffer_size()
        if left < before:
            self._reading = self.loop.call_later(self.patience, self._watch, left)
        else:
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._reading:
            self._reading.cancel()
            self._reading = None

    def data_received(self, data: bytes) -> None:
        """Take what came in, unless a head or trailer is too long already (asyncio's hook)."""
        if self._received > LONGEST_HEAD:
            self.transport.write(_REFUSAL)
            self.transport.close()
            return
        # The first part of a body may come with the head: what comes now counts the next time.
        self._received += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Await the rest of the request (the parser's hook)."""
        self._await_request()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows a body is none (the parser's hook)."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Count anew what follows the head (the parser's hook)."""
        self._in_head, self._received = False, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, whose length is bounded elsewhere (the parser's hook)."""
        self._received = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count the next request of the connection anew (the parser's hook)."""
        self._in_head, self._received = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def _await_request(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.patience, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self.transport.close()


class Gathered:
    """A transport that sends in one piece what is written in one turn of the event loop.

    uvicorn writes head and body apart, and each would cost the server a system call and wake
    the client.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon (asyncio's method)."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)
        if len(data) > _LARGE:
            self._send()

    def close(self) -> None:
        """Send what there is, and close (asyncio's method)."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if not parts or self._transport.is_closing():
            return
        if sum(map(len, parts)) <= 2 * _LARGE:
            parts = [b"".join(parts)]
        for part in parts:
            self._transport.write(part)


class RepeatProtocol(BoundedProtocol):
    """Answers a request that came before, or one like it, when those before it are done with."""

    def __init__(self, *args: Any, repeats: Repeats, begin: Begin, **named: Any) -> None:
        super().__init__(*args, **named)
        self._repeats, self._begin = repeats, begin
        self._work: asyncio.Task[tuple[bytes, bytes]] | None = None
        self._later = b""
        self._last = False
        self._open = False
        self._begun = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin (asyncio's hook)."""
        super().connection_made(cast(asyncio.Transport, Gathered(transport, self.loop)))

    def data_received(self, data: bytes) -> None:
        """Take what came in (asyncio's hook)."""
        if self._work:
            self._later += data
            if len(self._later) > LONGEST_HEAD:
                self.flow.pause_reading()  # the client keeps the rest until this is answered
            return
        alone = self._is_between_requests()
        if alone and (answer := self._repeats.answer(data, self.server_state.default_headers)):
            self._stop_keepalive()
            self._send((answer,))
            return
        if alone and (work := self._begin(data, self.server_state.default_headers)):
            self._stop_keepalive()
            self._work = self.loop.create_task(work)
            self.tasks.add(cast(asyncio.Task[None], self._work))
            self._work.add_done_callback(self._worked)
            return
        self._begun = 0
        super().data_received(data)
        # Just this one, whole: nothing of it came before, nothing of another one came with it.
        if alone and self._begun == 1 and not self._open and self._is_plain():
            self.scope[REQUEST] = data  # type: ignore[literal-required]

    def _stop_keepalive(self) -> None:
        self._unset_keepalive_if_required()
        self._stop_waiting()

    def _send(self, answer: Iterable[bytes]) -> None:
        for part in answer:
            self.transport.write(part)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _worked(self, work: asyncio.Task[tuple[bytes, bytes]]) -> None:
        """Send what has been worked out, and go on with what came in the meantime."""
        self._work = None
        self.tasks.discard(cast(asyncio.Task[None], work))
        if self.transport.is_closing():
            return
        if not work.cancelled():
            self._send(work.result())
        if work.cancelled() or self._last:
            self.transport.close()
            return
        self.flow.resume_reading()
        later, self._later = self._later, b""
        if later:
            self.data_received(later)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up an answer that nobody waits for, unless it is ready soon (asyncio's hook)."""
        if self._work:
            self.loop.call_later(_SOON, self._work.cancel)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection when its request is answered (uvicorn's hook)."""
        self._last = True
        if self._work is None:
            super().shutdown()

    def _is_between_requests(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        free = not self.flow.write_paused and not self.transport.is_closing()
        return answered and not self._open and free

    def _is_plain(self) -> bool:
        upgrade = self.expect_100_continue or self.parser.should_upgrade()
        return self.cycle.keep_alive and not upgrade

    def on_message_begin(self) -> None:
        """Note the first byte of a request (the parser's hook)."""
        self._open = True
        self._begun += 1
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note the last byte of a request (the parser's hook)."""
        self._open = False
        super().on_message_complete()
