"""Who gets a worker: who waits longest; and beside long queries, for a moment, what is new.

Long queries may keep all workers busy for as long as a query may take. So there can be a spare
one. When all others have been at work for longer, it takes each new query for a short time: most
are done by then, and the others wait for a whole turn like everybody.
"""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from kg.channel import Channel
from kg.errors import BusyError

#: Seconds after which a worker's query is a long one.
LONG = 0.5
#: Seconds for which the spare worker tries a query, and the fewest where many others are new.
BRIEF, BRIEFEST = 0.25, 0.05
_LOOK_AGAIN = 0.1

NONE_FREE = "No worker became free; try again in a few seconds."


@dataclass(frozen=True)
class Turn:
    """A worker for one query: until it is done, or for so many `seconds`."""

    channel: Channel
    seconds: float | None = None


class Waiting(Protocol):
    """Who waits in the queue."""

    @property
    def new(self) -> bool:
        """Whether a brief turn may do."""

    @property
    def over(self) -> bool:
        """Whether it waits no more."""

    def begin(self, turn: Turn) -> None:
        """Take the turn."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    turn: asyncio.Future[Turn]
    new: bool

    @property
    def over(self) -> bool:
        return self.turn.done()

    def begin(self, turn: Turn) -> None:
        self.turn.set_result(turn)


class Turns:
    """Hands out workers: so many `whole` turns at one time, and a brief one if there is a `spare`.

    A query waits at most `patience` seconds.
    """

    def __init__(self, whole: int, patience: float, *, spare: bool = False) -> None:
        self.whole, self.patience, self.spare = whole, patience, spare
        self.free: deque[Channel] = deque()
        self.queue: deque[Waiting] = deque()
        self._at_work: dict[Channel, float] = {}
        self._again: asyncio.TimerHandle | None = None

    def take_now(self) -> Channel | None:
        """Return a worker for a whole turn, if one is free and nobody waits."""
        if self.free and not self.queue and len(self._at_work) < self.whole:
            channel = self.free.pop()
            if not channel.closed:
                self._at_work[channel] = time.monotonic()
                return channel
        return None

    async def take(self, *, new: bool = True) -> Turn:
        """Wait for a worker; who is not `new` has had a brief turn, and wants a whole one.

        Raises BusyError when none became free in time.
        """
        if channel := self.take_now():
            return Turn(channel)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), new)
        self.queue.append(waiting)
        self.serve()
        if waiting.turn.done():
            return waiting.turn.result()
        # A timer takes a fifth of the time of `asyncio.timeout`, and a query may take no more.
        timer = loop.call_later(self.patience, _expire, waiting.turn)
        try:
            return await waiting.turn
        except asyncio.CancelledError:
            if waiting.turn.done() and not waiting.turn.cancelled():
                self.give(waiting.turn.result().channel)
            raise
        finally:
            timer.cancel()
            # Asked first: the error of a failed removal describes the queue, which takes long.
            if waiting in self.queue:
                self.queue.remove(waiting)

    def give(self, channel: Channel) -> None:
        """Take a worker that is free, be it new or back from a query."""
        self._at_work.pop(channel, None)
        if not channel.closed and not channel.generation.retired:
            self.free.append(channel)
        self.serve()

    def renew(self, channel: Channel) -> None:
        """Note that a worker is at another query from now on."""
        if channel in self._at_work:
            self._at_work[channel] = time.monotonic()

    def withdraw(self, channel: Channel) -> None:
        """Forget a worker that is gone."""
        self._at_work.pop(channel, None)
        with contextlib.suppress(ValueError):
            self.free.remove(channel)
        self.serve()

    def begin(self, free: list[Channel]) -> None:
        """Hand out these workers from now on; what others are at work on counts no more."""
        self.free, self._at_work = deque(free), {}
        self.serve()

    def serve(self) -> None:
        """Give free workers to those in the queue who may have them."""
        while self.free and self.queue:
            whole = len(self._at_work) < self.whole
            if not (waiting := self._next(whole=whole)):
                break
            self.queue.remove(waiting)
            if waiting.over:
                continue
            channel = self.free.pop()
            if channel.closed:
                self.queue.appendleft(waiting)
                continue
            if whole:
                self._at_work[channel] = time.monotonic()
            waiting.begin(Turn(channel, None if whole else self._brief()))
        if self.free and self.queue and not self._again:
            self._again = asyncio.get_running_loop().call_later(_LOOK_AGAIN, self._look_again)

    def _next(self, *, whole: bool) -> Waiting | None:
        if whole:
            return self.queue[0]
        long_ago = time.monotonic() - LONG
        if not self.spare or any(begun > long_ago for begun in self._at_work.values()):
            return None
        return next((each for each in self.queue if each.new), None)

    def _brief(self) -> float:
        others = sum(each.new for each in self.queue)
        return max(BRIEF / (1 + others), BRIEFEST)

    def _look_again(self) -> None:
        self._again = None
        self.serve()


def _expire(turn: asyncio.Future[Turn]) -> None:
    if not turn.done():
        turn.set_exception(BusyError(NONE_FREE))
