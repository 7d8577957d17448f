"""What several ask for at one time is made once: who asks for what is being made waits for it.

Elsewhere this is called single flight, or request coalescing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiting: int = 0


class Flights(Generic[T]):
    """Work under way, by what it is for."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    def __len__(self) -> int:
        """Return how much is under way."""
        return len(self._flights)

    def __contains__(self, key: Hashable) -> bool:
        """Whether work for this key is under way."""
        return key in self._flights

    def begin(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        """Begin work that nobody waits for yet, but somebody will at once."""
        self._flights[key] = _Flight(asyncio.create_task(make()))

    async def join(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `make` makes, or what is being made for this key already.

        Raises what the work raises, for all who wait. It is given up when the last has left.
        """
        flight = self._flights.get(key)
        if flight is None:
            self.begin(key, make)
            flight = self._flights[key]
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:  # the last one who asked has it, or has left
                flight.task.cancel()
                if self._flights.get(key) is flight:
                    del self._flights[key]
            del flight  # with its error, which holds this frame
