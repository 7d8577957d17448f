"""Run queries on workers: hand out jobs, kill at the deadline, try once more.

All of it runs in the server's event loop; nothing here blocks on a query. A new snapshot or a
lost loader means a new `Generation`, while queries on the old one finish.
"""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass

from kg.errors import BusyError, KgError, StoreLostError, TimeLimitError
from kg.generation import Channel, Generation, WorkerLostError, foreseen
from kg.watch import LOOK_SECONDS, Watch
from kg.worker import Job, LoaderConfig

_ENDED = "The query's worker ended twice, perhaps for want of memory; ask for less."
_REPLACED = "The graph was replaced while the query ran; try again in a few seconds."


@dataclass(frozen=True)
class Reply:
    """A worker's answer: its bytes, cut short or not, its coding, and the data it is about."""

    body: bytes
    truncated: bool
    coding: str
    fingerprint: str
    worker: int


class Pool:
    """Runs queries on workers, within limits of time and number.

    `concurrent` is the most queries running and waiting; one more is refused with BusyError.
    A query waits at most `patience` seconds for a worker.
    """

    def __init__(self, config: LoaderConfig, concurrent: int = 32, patience: float = 10.0) -> None:
        self.concurrent, self.patience = concurrent, patience
        self.active = 0
        self.killed = 0
        self.turns = 0
        self.free: deque[Channel] = deque()
        self.queue: deque[asyncio.Future[Channel]] = deque()
        self.closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        # Started here, before there is a loop, to load while the server is still importing.
        self.current = Generation(config)
        self.open = False
        self.watch = Watch(self, config)
        self.paused = ""

    async def start(self) -> None:
        """Wait until the graph is loaded, if it is not yet; raises KgError when it cannot be."""
        if self.open:
            return
        await self.current.opened(self)
        self.open = True

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the graph that new queries see."""
        return self.current.fingerprint

    async def run(self, job: Job) -> Reply:
        """Evaluate a job, on a second worker if the first is lost.

        Raises the query's own KgError, TimeLimitError after `job.seconds`, BusyError when too
        many queries are waiting or two workers were lost, StoreLostError during a pause.
        """
        if self.active >= self.concurrent:
            raise BusyError(
                f"{self.active} queries are waiting already; try again in a few seconds."
            )
        self.active += 1
        why = ""
        try:
            begun = time.monotonic()
            for _ in range(2):
                if self.closing:
                    raise BusyError("The server is stopping.")
                if self.paused:
                    raise StoreLostError(self.paused)
                left = max(job.seconds - (time.monotonic() - begun), 0.1)
                try:
                    return await self._once(job, left)
                except WorkerLostError as lost:
                    why = str(lost) or _ENDED
            raise BusyError(why)
        finally:
            self.active -= 1

    async def _once(self, job: Job, seconds: float) -> Reply:
        channel = await self._take()
        generation = channel.generation
        generation.busy += 1
        try:
            about, body = await channel.ask(job.to_bytes(), seconds)
            sure = await self.watch.look(LOOK_SECONDS)
        except TimeoutError:
            self._kill(channel)
            raise TimeLimitError(
                f"The query was stopped after {job.seconds:g} seconds; make it more specific."
            ) from None
        except asyncio.CancelledError:
            self._kill(channel)
            raise
        finally:
            generation.busy -= 1
            generation.end_if_idle()
        channel.closed = channel.closed or about["last"]
        self.offer(channel)
        if self.watch.remote and (self.paused or generation.retired):
            raise WorkerLostError(_REPLACED)  # the answer may be of both
        if "error" in about:
            raise foreseen(about)
        if not sure:
            raise StoreLostError(
                "The server of the store does not say if its graph is still the same; try again."
            )
        return Reply(body, about["truncated"], about["coding"], generation.fingerprint, channel.pid)

    def _kill(self, channel: Channel) -> None:
        self.killed += 1
        channel.kill()

    async def _take(self) -> Channel:
        while self.free:
            channel = self.free.pop()
            if not channel.closed:
                return channel
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Channel] = loop.create_future()
        self.queue.append(turn)
        # A timer takes a fifth of the time of `asyncio.timeout`, and a query may take no more.
        timer = loop.call_later(self.patience, _expire, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.offer(turn.result())
            raise
        finally:
            timer.cancel()
            if turn in self.queue:
                self.queue.remove(turn)

    def offer(self, channel: Channel) -> None:
        """Give a free worker to the query that waits longest, or keep it."""
        if channel.closed or channel.generation.retired:
            return
        while self.queue:
            turn = self.queue.popleft()
            if not turn.done():
                turn.set_result(channel)
                return
        self.free.append(channel)

    def withdraw(self, channel: Channel) -> None:
        """Forget a worker that is gone."""
        with contextlib.suppress(ValueError):
            self.free.remove(channel)

    def loader_lost(self, generation: Generation) -> None:
        """Replace a loader that ended by itself; called by its generation."""
        if self.open and not self.closing and generation is self.current:
            task = asyncio.get_running_loop().create_task(self._replace(generation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _replace(self, lost: Generation) -> None:
        delay = 0.1
        while not self.closing and self.current is lost:
            started = time.monotonic()
            try:
                await self.reload(lost.config, lost.turn)
            except KgError:
                delay = min(delay * 2, 30.0)
            else:
                return
            await asyncio.sleep(max(0.0, delay - (time.monotonic() - started)))

    async def reload(self, config: LoaderConfig, turn: int | None = None) -> None:
        """Serve another graph: new queries see it once it is loaded, old ones finish.

        What was asked for later is served in the end, however long each takes to load: `turn` is
        its place, which who replaces a lost loader has from that one. Raises KgError, and leaves
        everything as it was, when it cannot be loaded.
        """
        if turn is None:
            turn = self.turns = self.turns + 1
        following = Generation(config, turn)
        try:
            await following.opened(self)
        except KgError:
            following.retire()
            raise
        if turn < self.current.turn:
            following.retire()
            return
        before, self.current = self.current, following
        self.paused = ""
        self.free = deque(channel for channel in self.free if channel.generation is following)
        before.retire()

    async def close(self) -> None:
        """End all processes."""
        self.closing = True
        for channel in list(self.current.workers):
            if channel.generation.busy:
                channel.kill()
        self.current.busy = 0
        self.current.retire()
        await asyncio.get_running_loop().run_in_executor(None, self.current.process.wait)


def _expire(turn: asyncio.Future[Channel]) -> None:
    if not turn.done():
        turn.set_exception(BusyError("No worker became free; try again in a few seconds."))
