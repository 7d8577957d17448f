"""One loader process with its workers, as the server's event loop sees them.

A `Generation` starts the loader (`kg/loader.py`), takes the sockets of the workers that it
forks, and tells its owner (`kg/pool.py`) which are free and which are gone.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any, Protocol, cast

from kg.assets import environment
from kg.errors import (
    BusyError,
    InternalError,
    KgError,
    MemoryLimitError,
    QueryError,
    unpack_error,
)
from kg.loader import NOTE
from kg.worker import ANSWER, LENGTH, TOO_MUCH_MEMORY, LoaderConfig, read_exactly


class Owner(Protocol):
    """What a generation tells its owner."""

    def offer(self, channel: "Channel") -> None:
        """Take a worker that is free."""

    def withdraw(self, channel: "Channel") -> None:
        """Forget a worker that is gone."""

    def loader_lost(self, generation: "Generation") -> None:
        """Replace a loader that ended by itself."""


class WorkerLostError(Exception):
    """The worker's process ended with a query in flight, and we did not end it."""


#: What a query did that ended its worker by this signal: asking again would end the next one.
_FATAL: dict[int, tuple[type[KgError] | None, str]] = {
    signal.SIGABRT: (MemoryLimitError, TOO_MUCH_MEMORY),  # the engine could not allocate
    signal.SIGSEGV: (QueryError, "The query is nested too deeply; write it with fewer brackets."),
}
_CAUSE_SECONDS = 1.0


class Channel(asyncio.Protocol):
    """One worker's socket: a job out, an answer back."""

    def __init__(self, generation: "Generation", pid: int) -> None:
        self.generation, self.pid = generation, pid
        self.buffer = bytearray()
        self.waiting: asyncio.Future[tuple[dict[str, Any], bytes]] | None = None
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Report a new worker (asyncio's hook)."""
        self.transport = cast(asyncio.Transport, transport)
        self.generation.ready(self)

    def data_received(self, data: bytes) -> None:
        """Gather an answer (asyncio's hook)."""
        self.buffer += data
        if len(self.buffer) < ANSWER.size:
            return
        about, body = ANSWER.unpack_from(self.buffer)
        start = ANSWER.size + about
        if len(self.buffer) < start + body:
            return
        if self.waiting and not self.waiting.done():
            said = json.loads(bytes(self.buffer[ANSWER.size : start]))
            with memoryview(self.buffer) as view:  # copied once: it may be very long
                self.waiting.set_result((said, bytes(view[start : start + body])))
        self.buffer.clear()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Report a lost worker (asyncio's hook)."""
        self.closed = True
        self.generation.lost(self)
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(WorkerLostError())

    async def ask(self, job: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Send a job and wait for its answer; raises TimeoutError after so many seconds."""
        if self.closed or self.transport is None:
            raise WorkerLostError
        loop = asyncio.get_running_loop()
        self.waiting = loop.create_future()
        timer = loop.call_later(seconds, self._late)
        self.transport.write(LENGTH.pack(len(job)) + job)
        try:
            return await self.waiting
        except WorkerLostError:
            kind, sentence = _FATAL.get(await self._cause(), (None, ""))
            if kind:
                raise kind(sentence) from None
            raise
        finally:
            timer.cancel()
            self.waiting = None  # it has the answer, which may be very long

    def _late(self) -> None:
        if self.waiting and not self.waiting.done():
            self.waiting.set_exception(TimeoutError())

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


class Generation:
    """One loader process, its workers, and the fingerprint of what it holds.

    `turn` is its place among what its owner was asked to serve.
    """

    def __init__(self, config: LoaderConfig, turn: int = 0) -> None:
        self.config, self.turn = config, turn
        self.pool: Owner | None = None
        self.fingerprint, self.quads, self.said = "", 0, ""
        self.workers: set[Channel] = set()
        self.busy = 0
        self.retired = False
        self.channels: dict[int, Channel] = {}
        try:
            self.control, self.process = _started(config.to_json())
        except OSError as error:
            # Clients may hold all the descriptors that there are: whoever asked tries again.
            raise BusyError(f"The loader cannot be started: {error.strerror}.") from None

    async def opened(self, pool: "Owner") -> None:
        """Wait until the graph is loaded; raises the loader's KgError."""
        self.pool = pool
        loop = asyncio.get_running_loop()
        self._loaded: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self.control.fileno(), self._read_note)
        await self._loaded

    def _read_note(self) -> None:
        """Take one note from the loader: ready, a worker with its socket, or an error."""
        try:
            head, descriptors, _, _ = socket.recv_fds(self.control, NOTE.size, 1)
            head += read_exactly(self.control, NOTE.size - len(head)) if head else b""
        except (OSError, EOFError):
            head, descriptors = b"", []
        if not head:
            self._gone()
            return
        kind, number, ended = NOTE.unpack(head)
        if kind == b"W":
            if descriptors:  # else none was free: the socket is closed, and the worker ends
                self._adopt(number, descriptors[0])
            return
        if kind == b"D":
            if channel := self.channels.pop(number, None):
                channel.end(ended)
            return
        about = json.loads(read_exactly(self.control, number))
        if kind == b"R":
            self.fingerprint, self.quads = about["fingerprint"], about["quads"]
            self.said = about["said"]
            self._settle(None)
        else:
            self._settle(unpack_error(about))

    def _settle(self, error: KgError | None) -> None:
        if not self._loaded.done():
            if error:
                self._loaded.set_exception(error)
            else:
                self._loaded.set_result(None)

    def _adopt(self, pid: int, descriptor: int) -> None:
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)  # noqa: FBT003 - positional only
        loop = asyncio.get_running_loop()
        channel = self.channels[pid] = Channel(self, pid)
        task = loop.create_task(_connected(loop, channel, sock))
        task.add_done_callback(lambda done: done.exception())

    def _gone(self) -> None:
        """Take note that the loader has ended; its workers answer on, but no new ones come."""
        asyncio.get_running_loop().remove_reader(self.control.fileno())
        self._settle(InternalError("The loader ended before the graph was loaded."))
        for channel in self.channels.values():
            channel.end(0)
        if not self.retired and self.pool:
            self.pool.loader_lost(self)

    def ready(self, channel: Channel) -> None:
        """Take a worker that is free for a query; one that comes after the end is sent away."""
        self.workers.add(channel)
        if self.control.fileno() < 0 and channel.transport:
            channel.transport.close()
        elif self.pool and not self.retired:
            self.pool.offer(channel)

    def lost(self, channel: Channel) -> None:
        """Forget a worker whose socket has closed."""
        self.workers.discard(channel)
        if self.pool:
            self.pool.withdraw(channel)

    def retire(self) -> None:
        """Take no more queries; end when those in flight are done."""
        self.retired = True
        self.end_if_idle()

    def end_if_idle(self) -> None:
        """End loader and workers of a retired generation without queries."""
        if not self.retired or self.busy or self.control.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self.control.fileno())
        self.control.close()
        for channel in list(self.workers):
            if channel.transport:
                channel.transport.close()
        asyncio.get_running_loop().run_in_executor(None, self.process.wait)


def _started(config: bytes) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Return a new loader with the socket to it; raises OSError."""
    ours, theirs = socket.socketpair()
    # A fresh process and not a fork: the server may have threads, a loader must have none.
    with contextlib.ExitStack() as unless_started, theirs:
        unless_started.push(ours)
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "kg.loader", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment(),
        )
        unless_started.pop_all()
    ours.sendall(LENGTH.pack(len(config)) + config)
    return ours, process


async def _connected(
    loop: asyncio.AbstractEventLoop, channel: Channel, sock: socket.socket
) -> None:
    await loop.create_unix_connection(lambda: channel, sock=sock)
