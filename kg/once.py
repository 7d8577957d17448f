"""What is made of the graph being served: once for each fingerprint, for all who ask.

Whoever needs it asks for it each time. A new snapshot has another fingerprint, so that what was
made of the old one is made anew with the first request after it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from kg.errors import BusyError, KgError
from kg.flights import Flights
from kg.pool import Pool

T = TypeVar("T")

#: Seconds that a page waits for what it can do without.
_SOON = 1.0
#: Seconds after which that is made again where it met an error.
_AGAIN = 60.0


class Once(Generic[T]):
    """One such thing: `make` returns it after the fingerprint of the data that it is made of."""

    def __init__(self, pool: Pool, make: Callable[[], Coroutine[Any, Any, tuple[str, T]]]) -> None:
        self._pool, self._make = pool, make
        self._made: tuple[str, T] | None = None
        self._flights: Flights[tuple[str, T]] = Flights()

    async def get(self) -> tuple[str, T]:
        """Return it after the fingerprint of its data, made now if that has not been done.

        Raises what `make` raises, for all who wait for it.
        """
        made, served = self._made, self._pool.fingerprint
        if made is None or made[0] != served:
            made = self._made = await self._flights.join(served, self._make)
        return made


class Soon(Generic[T]):
    """The same for pages that can do without: where it is not there soon they get `otherwise`.

    Made in the background: a client that leaves must not end the worker that answers for all.
    """

    def __init__(
        self, pool: Pool, make: Callable[[], Coroutine[Any, Any, T]], otherwise: T
    ) -> None:
        self._pool, self._make, self._otherwise = pool, make, otherwise
        self._served, self._begun = "", 0.0
        self._task: asyncio.Task[T | None] | None = None

    async def get(self) -> T:
        """Return it, or `otherwise` where it is not made yet or meets a KgError."""
        task = self._task
        if task is None or self._is_outdated(task):
            self._served, self._begun = self._pool.fingerprint, time.monotonic()
            task = self._task = asyncio.create_task(self._made())
        if not task.done():
            left = self._begun + _SOON - time.monotonic()
            await asyncio.wait([task], timeout=max(0, left))
        made = task.result() if task.done() else None
        return self._otherwise if made is None else made

    async def _made(self) -> T | None:
        try:
            return await self._make()
        except KgError:
            return None

    def _is_outdated(self, task: asyncio.Task[T | None]) -> bool:
        if self._served != self._pool.fingerprint or (task.done() and task.cancelled()):
            return True
        failed = task.done() and task.result() is None
        return failed and time.monotonic() - self._begun > _AGAIN


def of_one_graph(*fingerprints: str) -> str:
    """Return what all these fingerprints are; raises BusyError where a new graph came between."""
    if len(set(fingerprints)) != 1:
        raise BusyError("The graph has just been replaced; ask again.")
    return fingerprints[0]
