"""One loader process with its workers, as the server's event loop sees them.

A `Generation` starts the loader (`kg/loader.py`), takes the sockets of the workers that it
forks, and tells its owner (`kg/pool.py`) which are free and which are gone.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from typing import Protocol

from kg.assets import environment
from kg.channel import Channel
from kg.errors import BusyError, InternalError, KgError, unpack_error
from kg.loader import NOTE
from kg.worker import LENGTH, LoaderConfig, read_exactly


class Owner(Protocol):
    """What a generation tells its owner."""

    def offer(self, channel: Channel) -> None:
        """Take a worker that is free."""

    def withdraw(self, channel: Channel) -> None:
        """Forget a worker that is gone."""

    def loader_lost(self, generation: "Generation") -> None:
        """Replace a loader that ended by itself."""


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
