"""What is there now is served when a signal asks for it: one load at a time.

Each load takes the memory of a whole graph. Who asks during one has one more after it, however
often it was asked for: that one reads what is there then.
"""

import asyncio
import sys
from collections.abc import Callable

from kg.errors import KgError
from kg.pool import Pool
from kg.worker import LoaderConfig


class Renewal:
    """Has a pool serve what `config` finds at the time, and says on standard error what came of it.

    `config` raises KgError where there is nothing to be served.
    """

    def __init__(self, pool: Pool, config: Callable[[], LoaderConfig]) -> None:
        self.pool, self.config = pool, config
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Load what is there now, soon (a handler of a signal)."""
        if self._next is None:  # else one waits for its turn, and has read nothing yet
            self._next = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        async with self._turn:
            # Kept, for the event loop alone does not keep a task alive.
            self._running, self._next = self._next, None
            try:
                await self.pool.reload(self.config())
                sys.stderr.write(f"Now serving {self.pool.fingerprint[:16]}.\n")
            except (KgError, OSError) as error:  # it may have as many files open as it may
                sys.stderr.write(f"Still serving {self.pool.fingerprint[:16]}: {error}\n")
