"""Short queries in a row: several sent ahead to one worker, while each is done at once.

A worker that sleeps between two queries, and a server that waits for each of its answers, take
longer over waking each other than over a simple query. So for its first moments a query may stand
in a line before one worker. A dash is such a query. When the first of a line is not done in
`MOMENT`, it goes on as any other query does (`kg/pool.py`), and keeps its worker; those behind it
are withdrawn, for the worker passes over what it cannot begin in time, and wait for a worker of
their own. So nobody is held up by another for longer than that, and every limit holds as for
other queries.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from kg.channel import Asked, Channel, Reply
from kg.errors import BusyError, KgError
from kg.turns import NONE_FREE, Turn, Turns, Waiting
from kg.worker import LATE, Job

#: Seconds that the first of a line may take.
MOMENT = 0.01
#: Seconds of work, by what queries took of late, for which it is not worth to wake another worker;
#: those up to which a line may grow, and its longest.
_NEAR, _FAR, _LONGEST = 0.002, 0.005, 32
#: How much the latest query counts in what queries took of late.
_WEIGHT = 0.1


class Asker(Protocol):
    """Who wants the answer to a query."""

    @property
    def wanted(self) -> bool:
        """Whether anybody still wants it."""

    def take(self, outcome: "Reply | KgError | Dash | None") -> None:
        """Take what becomes of a dash, once.

        That is its answer or error; the dash itself if a worker is at it still, or was when it
        was lost (`Pool.run` goes on with it); None where nobody wants it.
        """


class Dash(Asked):
    """A query that waits for a worker, or in its line: `came` then, `sent` then, 0 if it is not.

    One that is `alone` joins no line, but others may join it. Without an `asker` it was withdrawn,
    or goes on as another query.
    """

    new = True

    def __init__(self, dashes: "Dashes", job: bytes, asker: Asker, came: float) -> None:
        super().__init__()
        self.dashes, self.job, self.came = dashes, job, came
        self.asker: Asker | None = asker
        #: There once it is sent.
        self.turn: Turn
        self.sent, self.alone = 0.0, False

    @property
    def over(self) -> bool:
        """Whether it waits no more."""
        return self.asker is None

    def begin(self, turn: Turn) -> None:
        """Take a worker."""
        self.dashes.begin(self, turn)

    def answered(self, about: dict[str, Any], body: bytes) -> None:
        """Take the answer."""
        if self.asker:
            self.dashes.arrived(self, about, body)
        else:
            super().answered(about, body)

    def lost(self, *, begun: bool) -> None:
        """Take the worker's end."""
        if self.asker:
            self.dashes.lost(self, begun=begun)
        else:
            super().lost(begun=begun)


class Dashes:
    """Hands short queries to workers that are free, or at work on others; `kill` ends a worker."""

    def __init__(self, turns: Turns, kill: Callable[[Channel], None]) -> None:
        self.turns, self._kill = turns, kill
        self.active = 0
        #: Seconds that a query took of late.
        self._pace = 0.001
        #: Workers that are at dashes, and since when at the first of their line.
        self._at_work: dict[Channel, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def send(self, job: Job, asker: Asker) -> None:
        """Send a query to a worker, or have it wait for one."""
        dash = Dash(self, job.to_bytes(), asker, time.monotonic())
        self.active += 1
        if channel := self._found():
            self.begin(dash, Turn(channel))
        else:
            self.turns.queue.append(dash)
            self.turns.serve()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MOMENT, self._look)

    def _found(self) -> Channel | None:
        """Return a worker whose line may grow, or who is free, if nobody waits."""
        if self.turns.queue:
            return None
        shortest = min(self._at_work, key=_length, default=None)
        if shortest and self._has_room(shortest, _NEAR):
            return shortest
        if channel := self.turns.take_now():
            return channel
        return shortest if shortest and self._has_room(shortest, _FAR) else None

    def _has_room(self, channel: Channel, seconds: float) -> bool:
        length = len(channel.line)
        open_ = not channel.closed and not channel.generation.retired
        return open_ and 0 < length < _LONGEST and (length + 1) * self._pace < seconds

    def begin(self, dash: Dash, turn: Turn) -> None:
        """Send a query to a worker that is free, or has nothing but dashes in its line."""
        channel, now = turn.channel, time.monotonic()
        dash.sent = now
        if channel.line:
            first = cast(Dash, channel.line[0])
            dash.turn, before = first.turn, first.sent + MOMENT
        else:
            self._at_work[channel] = now
            dash.turn, before = turn, now + MOMENT
        channel.send(dash.job, dash, before)
        channel.generation.busy += 1

    def arrived(self, dash: Dash, about: dict[str, Any], body: bytes) -> None:
        """Take an answer; and the worker back, if that was the last of its line."""
        channel, now = dash.turn.channel, time.monotonic()
        begun, self._at_work[channel] = self._at_work[channel], now
        if LATE in about:
            self._again(dash)
        else:
            self._learn(now - begun)
            channel.closed = channel.closed or about["last"]
        if channel.line:
            self.turns.renew(channel)
        else:
            del self._at_work[channel]
            self.turns.give(channel)
        queue = self.turns.queue
        while queue and _may_join(queue[0]) and self._has_room(channel, _FAR):
            self.begin(cast(Dash, queue.popleft()), dash.turn)
        if LATE not in about:
            try:
                outcome: Reply | KgError = channel.reply(about, body)
            except KgError as error:
                outcome = error
            self.settle(dash, outcome)

    def lost(self, dash: Dash, *, begun: bool) -> None:
        """Take the end of the worker; `begun` tells if it was at work on this query."""
        self._at_work.pop(dash.turn.channel, None)
        if not begun:
            self._again(dash)
            self.turns.serve()
        else:
            self._go_on(dash)
            dash.lost(begun=begun)

    def _look(self) -> None:
        """Let go of the workers whose query takes longer, and refuse who waits for too long."""
        self._timer = None
        now = time.monotonic()
        for channel in [each for each in self._at_work if _begun(each) + MOMENT <= now]:
            self._let_go(channel)
        waiting = [each for each in self.turns.queue if isinstance(each, Dash)]
        refused = [each for each in waiting if self._is_refused(each, now)]
        for dash in refused:
            self.turns.queue.remove(dash)
        if self.active:
            left = min(map(_begun, self._at_work), default=now) + MOMENT - now
            self._timer = asyncio.get_running_loop().call_later(left, self._look)
        for dash in refused:  # last of all: who is told may ask for more at once
            self.settle(dash, BusyError(NONE_FREE))

    def _is_refused(self, dash: Dash, now: float) -> bool:
        late = dash.came + self.turns.patience <= now
        return late or not cast(Asker, dash.asker).wanted

    def _let_go(self, channel: Channel) -> None:
        self._learn(MOMENT)
        del self._at_work[channel]
        first, *others = cast("list[Dash]", list(channel.line))
        for each in reversed(others):
            self._again(each)
        if not self._go_on(first):
            self._kill(channel)
        self.turns.serve()

    def _again(self, dash: Dash) -> None:
        """Have a query that was not begun wait for a worker of its own, before all others."""
        again = Dash(self, dash.job, self._leave(dash), dash.came)
        again.alone = True
        self.turns.queue.appendleft(again)

    def _go_on(self, dash: Dash) -> bool:
        """Have a query at work go on as others do, if it is wanted; return whether it is."""
        wanted = cast(Asker, dash.asker).wanted
        if wanted:
            dash.outcome()  # is there before it is awaited, should the worker end first
        self.settle(dash, dash if wanted else None)
        return wanted

    def settle(self, dash: Dash, outcome: Reply | KgError | Dash | None) -> None:
        """Tell what became of a dash."""
        self.active -= 1
        self._leave(dash, stays=outcome is dash).take(outcome)

    def _leave(self, dash: Dash, *, stays: bool = False) -> Asker:
        """Have nothing to do any more with a dash, which `stays` at its worker; returns who asks.

        A worker's generation ends when it is retired and not busy, so `Pool.run` takes that over.
        """
        asker, dash.asker = cast(Asker, dash.asker), None
        if dash.sent and not stays:
            generation = dash.turn.channel.generation
            generation.busy -= 1
            generation.end_if_idle()
        return asker

    def _learn(self, seconds: float) -> None:
        self._pace += _WEIGHT * (seconds - self._pace)


def _may_join(waiting: Waiting) -> bool:
    return isinstance(waiting, Dash) and not waiting.alone


def _begun(channel: Channel) -> float:
    return cast(Dash, channel.line[0]).sent


def _length(channel: Channel) -> int:
    return len(channel.line)
