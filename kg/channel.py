"""One worker's socket, as the server's event loop sees it: jobs out, answers back, in their order.

A worker has one job at a time, or several one after the other (`kg/dashes.py`).
"""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol, cast

from kg.errors import KgError, MemoryLimitError, QueryError, unpack_error
from kg.worker import ANSWER, JOB, TOO_MUCH_MEMORY, USUAL


class Home(Protocol):
    """Where a worker comes from (`kg/generation.py`): what it serves, and whether it still does."""

    fingerprint: str
    retired: bool
    busy: int

    def ready(self, channel: "Channel") -> None:
        """Take a worker that is free."""

    def lost(self, channel: "Channel") -> None:
        """Forget a worker whose socket has closed."""

    def end_if_idle(self) -> None:
        """End loader and workers of a retired generation without queries."""


class WorkerLostError(Exception):
    """The worker's process ended with a query in flight, and we did not end it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A worker's answer: its bytes, cut short or not, its coding, and the data it is about."""

    body: bytes
    truncated: bool
    coding: str
    fingerprint: str
    worker: int


class Asked:
    """A job that a worker was sent, and what comes of it."""

    __slots__ = ("_outcome",)

    def __init__(self) -> None:
        self._outcome: asyncio.Future[tuple[dict[str, Any], bytes]] | None = None

    def outcome(self) -> asyncio.Future[tuple[dict[str, Any], bytes]]:
        """Return what is said about the answer, and its bytes, to be awaited."""
        if self._outcome is None:
            self._outcome = asyncio.get_running_loop().create_future()
        return self._outcome

    def answered(self, about: dict[str, Any], body: bytes) -> None:
        """Take the answer."""
        outcome = self.outcome()
        if not outcome.done():
            outcome.set_result((about, body))

    def lost(self, *, begun: bool) -> None:  # noqa: ARG002 - of use to others of its kind
        """Take the worker's end; `begun` tells if this job was at work, or only waited."""
        if self._outcome and not self._outcome.done():
            self._outcome.set_exception(WorkerLostError())


#: What a query did that ended its worker by this signal: asking again would end the next one.
_FATAL: dict[int, tuple[type[KgError] | None, str]] = {
    signal.SIGABRT: (MemoryLimitError, TOO_MUCH_MEMORY),  # the engine could not allocate
    signal.SIGSEGV: (QueryError, "The query is nested too deeply; write it with fewer brackets."),
}
_CAUSE_SECONDS = 1.0


class Channel(asyncio.Protocol):
    """One worker's socket; `line` is what it has been sent and has not answered."""

    def __init__(self, generation: Home, pid: int) -> None:
        self.generation, self.pid = generation, pid
        self.line: deque[Asked] = deque()
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Report a new worker (asyncio's hook)."""
        self.transport = cast(asyncio.Transport, transport)
        self.generation.ready(self)

    def data_received(self, data: bytes) -> None:
        """Gather answers (asyncio's hook)."""
        held = self._buffer
        held += data
        start = 0
        while len(held) - start >= ANSWER.size:
            about, body = ANSWER.unpack_from(held, start)
            middle = start + ANSWER.size + about
            end = middle + body
            if len(held) < end:
                break
            with memoryview(held) as view:  # copied once: it may be very long
                said = json.loads(bytes(view[start + ANSWER.size : middle])) if about else USUAL
                content = bytes(view[middle:end])
            start = end
            if self.line:
                self.line.popleft().answered(said, content)
        del held[:start]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Report a lost worker (asyncio's hook)."""
        line, self.line = self.line, deque()
        begun, self.closed = not self.closed, True
        self.generation.lost(self)
        for asked in line:
            asked.lost(begun=begun)
            begun = False

    def send(self, job: bytes, asked: Asked, before: float = 0.0) -> None:
        """Send a job, which is not begun after the time `before`; raises WorkerLostError."""
        if self.closed or self.transport is None:
            raise WorkerLostError
        self.line.append(asked)
        self.transport.write(JOB.pack(len(job), before) + job)

    async def outcome(self, asked: Asked, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Wait for an answer: what is said about it, and its bytes.

        Raises TimeoutError after so many seconds, WorkerLostError, or the KgError that a worker
        deserves who was ended by its query.
        """
        outcome = asked.outcome()
        timer = asyncio.get_running_loop().call_later(seconds, _expire, outcome)
        try:
            return await outcome
        except WorkerLostError:
            kind, sentence = _FATAL.get(await self._cause(), (None, ""))
            if kind:
                raise kind(sentence) from None
            raise
        finally:
            timer.cancel()

    def reply(self, about: dict[str, Any], body: bytes) -> Reply:
        """Return an answer of this worker; raises the query's own KgError."""
        if "error" in about:
            raise unpack_error(about)
        fingerprint = self.generation.fingerprint
        return Reply(body, about["truncated"], about["coding"], fingerprint, self.pid)

    async def _cause(self) -> int:
        """Return the signal that ended the worker; 0 if there is none or it is not told in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CAUSE_SECONDS):
                return await asyncio.shield(self.ended)
        return 0

    def end(self, number: int) -> None:
        """Take the loader's word on how the worker's process ended: by which signal, or 0."""
        if not self.ended.done():
            self.ended.set_result(number)

    def kill(self) -> None:
        """End the worker's process at once; its loader forks another."""
        self.closed = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def _expire(outcome: asyncio.Future[tuple[dict[str, Any], bytes]]) -> None:
    if not outcome.done():
        outcome.set_exception(TimeoutError())
