"""Sees to it that what is served from another server is what stands there now.

`kg publish` takes the fingerprint out of the record (`kg/record.py`) before it changes anything,
and waits for longer than `NOTICED`. Whoever serves looks at the record when a question comes or
an answer is ready, and the last look is so long ago: from then on nothing is evaluated until the
record is whole again, and then the new graph is served. So no answer mixes two snapshots.
"""

import asyncio
import contextlib
import sys
import threading
import time
from typing import Protocol

from kg.connection import Access
from kg.errors import KgError
from kg.record import NOTICED, Record, read_record
from kg.remote_service import RemoteService
from kg.settings import is_remote
from kg.worker import LoaderConfig

#: Seconds that a request waits for a look before it is answered; its answer waits for all of it.
_PATIENCE = 1.0
#: Seconds after which a look that has no answer is given up.
LOOK_SECONDS = 5.0


class Served(Protocol):
    """What is served at the moment: from where, and whether its server has a record."""

    config: LoaderConfig
    said: str


class Owner(Protocol):
    """What is watched: `paused` is why nothing is evaluated at the moment, or empty."""

    paused: str

    @property
    def current(self) -> Served:
        """What is served."""

    @property
    def fingerprint(self) -> str:
        """Its fingerprint."""

    async def reload(self, config: LoaderConfig) -> None:
        """Serve what is there now, and end the pause; raises KgError when it cannot be."""


class Watch:
    """Looks at the record of the server that `config` names; has nothing to do for other stores."""

    def __init__(self, owner: Owner, config: LoaderConfig) -> None:
        self.owner = owner
        self.remote = is_remote(config.store)
        self._looked = time.monotonic()
        self._look: asyncio.Task[None] | None = None
        self._complaint = ""

    @property
    def due(self) -> bool:
        """Whether the last look is too long ago."""
        return self.remote and time.monotonic() - self._looked >= NOTICED

    async def look(self, patience: float | None = None) -> bool:
        """Wait for a look, if one is due, one for all who wait; return whether it succeeded."""
        if not self.due:
            return not self._complaint
        look = self._look
        if look is None or look.done():
            look = self._look = asyncio.create_task(self._compare())
        wait = _PATIENCE if patience is None else patience
        await asyncio.wait([look], timeout=wait)
        # A look that ends by a defect of ours, or for want of a thread, has seen nothing either.
        return look.done() and look.exception() is None and not self._complaint

    async def _compare(self) -> None:
        """Compare the record with what is served; pause, go on, or serve what is there now."""
        begun, owner = time.monotonic(), self.owner
        try:
            record = await asyncio.to_thread(_published, owner.current.config)
            if record is None or record.fingerprint == owner.fingerprint:
                # Without a record only a signal tells of a change, as is said at the start.
                owner.paused = ""
            elif not record.fingerprint:
                owner.paused = "A graph is being published on the server of the store; try later."
            else:
                owner.paused = "The graph has just been replaced; try again in a few seconds."
                await owner.reload(owner.current.config)
                sys.stderr.write(f"Now serving {owner.fingerprint[:16]}.\n")
            self._looked, self._complaint = begun, ""
        except KgError as error:
            # Questions meet the same fault and tell it to those who ask; the reason is for us.
            if str(error) != self._complaint:
                sys.stderr.write(f"Still serving {owner.fingerprint[:16]}: {error}\n")
            self._complaint = str(error)
            self._looked = time.monotonic()


def _published(config: LoaderConfig) -> Record | None:
    access = Access(config.store, config.user, config.password, LOOK_SECONDS)
    service = RemoteService(access)
    # Bytes may come one by one, or without end.
    late = threading.Timer(LOOK_SECONDS, service.connection.cut)
    late.start()
    try:
        with contextlib.closing(service.connection):
            return read_record(service)
    except KgError as error:
        alone = type(error)(str(error))
    finally:
        late.cancel()
    raise alone  # what the engine had begun to read may be dropped in this thread only
