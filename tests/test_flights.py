"""What is under way, asked for by several at one time."""

import asyncio
import gc
import weakref

from kg.flights import Flights


class KnownError(Exception):
    """An error to which a reference may be weak."""


def test_an_error_is_let_go_by_who_was_told():
    """It holds the frames that it went through, and so the query, which may be very long."""
    seen = []

    async def fail():
        error = KnownError()
        seen.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    async def told():
        try:
            await Flights().join("key", fail)
        except KnownError:
            return

    gc.disable()
    try:
        asyncio.run(told())
    finally:
        gc.enable()
    assert [each() for each in seen] == [None]
