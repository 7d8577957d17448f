"""The HTTP parser of the server, which knows what came before.

What was asked before, byte for byte, is answered before it is parsed (`kg/repeats.py`), and so is
what differs from that in its query alone (`kg/similar.py`).
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

from kg.bounded import LONGEST_HEAD, BoundedProtocol
from kg.repeats import REQUEST, Repeats


class Work(Protocol):
    """An answer in the making."""

    def cancel(self) -> None:
        """Give it up: nobody waits for it any more."""


#: Begins to answer a request that is like an earlier one, if it is (`kg/similar.py`), and sends
#: head and body later.
Begin = Callable[
    [bytes, Iterable[tuple[bytes, bytes]], Callable[[bytes, bytes], None]], Work | None
]
#: Seconds for which an answer is worked on that nobody waits for any more.
_SOON = 0.25
#: Bytes of a part that is not copied to be joined with others.
_LARGE = 64 * 1024


class RepeatProtocol(BoundedProtocol):
    """Answers a request that came before, or one like it, when those before it are done with."""

    def __init__(self, *args: Any, repeats: Repeats, begin: Begin, **named: Any) -> None:
        super().__init__(*args, **named)
        self._repeats, self._begin = repeats, begin
        self._work: Work | None = None
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
        headers = self.server_state.default_headers
        if alone and (work := self._begin(data, headers, self._worked)):
            self._stop_keepalive()
            self._work = work
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

    def _worked(self, head: bytes, body: bytes) -> None:
        """Send what has been worked out, and go on with what came in the meantime."""
        self._work = None
        if self.transport.is_closing():
            return
        if not head:
            self.transport.close()
            return
        self._send((head, body))
        self.flow.resume_reading()
        later, self._later = self._later, b""
        if later:
            self.data_received(later)
        if self._last:
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up an answer that nobody waits for, unless it is ready soon (asyncio's hook)."""
        if self._work:
            self.loop.call_later(0 if self._last else _SOON, self._give_up)
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self._work:
            self._work.cancel()

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
        return self.cycle.keep_alive and not self.expect_100_continue

    def on_message_begin(self) -> None:
        """Note the first byte of a request (the parser's hook)."""
        self._open = True
        self._begun += 1
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note the last byte of a request (the parser's hook)."""
        self._open = False
        super().on_message_complete()


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
