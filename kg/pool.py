"""Run queries on workers: hand out jobs, kill at the deadline, try once more.

All of it runs in the server's event loop; nothing here blocks on a query. A new snapshot or a
lost loader means a new `Generation`, while queries on the old one finish.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from kg.channel import Asked, Channel, Reply, WorkerLostError
from kg.dashes import MOMENT, Asker, Dash, Dashes
from kg.errors import BusyError, KgError, StoreLostError, TimeLimitError
from kg.generation import Generation
from kg.turns import Turns
from kg.watch import LOOK_SECONDS, Watch
from kg.worker import LATE, Job, LoaderConfig

_ENDED = "The query's worker ended twice, perhaps for want of memory; ask for less."
_TRIES = 2
#: Seconds that a query waits for a worker.
_PATIENCE = 10.0
_REPLACED = "The graph was replaced while the query ran; try again in a few seconds."


class _NotSoonError(Exception):
    """The query was not done in a brief turn, or not begun in a dash."""


class Pool:
    """Runs queries on workers, within limits of time and number.

    `concurrent` is the most queries running and waiting; one more is refused with BusyError.
    """

    def __init__(self, config: LoaderConfig, concurrent: int = 32) -> None:
        self.concurrent = concurrent
        self._running = 0
        self.killed = 0
        self.generations = 0
        self.turns = Turns(config.workers, _PATIENCE, spare=config.spare > 0)
        self.dashes = Dashes(self.turns, self._kill)
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

    @property
    def active(self) -> int:
        """How many queries are running and waiting."""
        return self._running + self.dashes.active

    def dash(self, job: Job, asker: Asker) -> bool:
        """Begin a query that may be a short one, if there is a place for it (`kg/dashes.py`)."""
        if self.watch.remote or self.closing or self.active >= self.concurrent:
            return False
        self.dashes.send(job, asker)
        return True

    async def run(self, job: Job, dash: Dash | None = None) -> Reply:
        """Evaluate a job, on a second worker if the first is lost; go on with a `dash` if begun.

        Raises the query's own KgError, TimeLimitError after `job.seconds`, BusyError when too
        many queries are waiting or two workers were lost, StoreLostError during a pause.
        """
        if dash is None and self.active >= self.concurrent:
            raise BusyError(
                f"{self.active} queries are waiting already; try again in a few seconds."
            )
        self._running += 1
        try:
            begun = dash.came if dash else time.monotonic()
            lost, new = 0, True
            while True:
                if self.closing:
                    raise BusyError("The server is stopping.")
                if self.paused:
                    raise StoreLostError(self.paused)
                left = max(job.seconds - (time.monotonic() - begun), 0.1)
                try:
                    return await self._once(job, left, new=new, dash=dash)
                except _NotSoonError:
                    new, dash = False, None
                except WorkerLostError as error:
                    lost, dash = lost + 1, None
                    if lost == _TRIES:
                        raise BusyError(str(error) or _ENDED) from None
        finally:
            self._running -= 1

    async def _once(self, job: Job, seconds: float, *, new: bool, dash: Dash | None) -> Reply:
        turn = dash.turn if dash else await self.turns.take(new=new)
        channel, asked = turn.channel, dash or Asked()
        generation = channel.generation
        allowed = seconds if turn.seconds is None else min(seconds, turn.seconds)
        if asked is not dash:
            generation.busy += 1  # by a dash it is already
        try:
            if asked is not dash:
                channel.send(job.to_bytes(), asked)
            about, body = await channel.outcome(asked, allowed)
            sure = await self.watch.look(LOOK_SECONDS)
        except TimeoutError:
            if allowed < seconds:
                channel.kill()
                raise _NotSoonError from None
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
        channel.closed = channel.closed or about.get("last", False)
        self.offer(channel)
        if LATE in about:
            raise _NotSoonError
        if self.watch.remote and (self.paused or generation.retired):
            raise WorkerLostError(_REPLACED)  # the answer may be of both
        reply = channel.reply(about, body)
        if not sure:
            raise StoreLostError(
                "The server of the store does not say if its graph is still the same; try again."
            )
        return reply

    def _kill(self, channel: Channel) -> None:
        self.killed += 1
        channel.kill()

    def offer(self, channel: Channel) -> None:
        """Give a free worker to the query that waits longest, or keep it."""
        if channel.line:
            channel.line[-1].outcome()  # is there before it is awaited
            self._later(self._drained(channel, channel.line[-1]))
        else:
            self.turns.give(channel)

    async def _drained(self, channel: Channel, last: Asked) -> None:
        """Give a worker back when it has passed over what was withdrawn from it."""
        try:
            await channel.outcome(last, MOMENT)
        except TimeoutError:  # it had begun one before it was withdrawn
            self._kill(channel)
        except (WorkerLostError, KgError):
            return
        self.turns.give(channel)

    def withdraw(self, channel: Channel) -> None:
        """Forget a worker that is gone."""
        self.turns.withdraw(channel)

    def loader_lost(self, generation: Generation) -> None:
        """Replace a loader that ended by itself; called by its generation."""
        if self.open and not self.closing and generation is self.current:
            self._later(self._replace(generation))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
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
            turn = self.generations = self.generations + 1
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
        self.turns.begin([each for each in self.turns.free if each.generation is following])
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
