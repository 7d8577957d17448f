"""What a request brings beside its query: its body, our URL as it came, its client's leaving."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from starlette.requests import ClientDisconnect, Request

from kg.errors import BusyError, TooLargeError

T = TypeVar("T")

_HOST = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_WATCH_AFTER = 0.25
#: Bytes of all requests together above which none is read that has more than so many.
_MOST_HELD, _SHORT = 64 << 20, 64 << 10


@dataclass
class Incoming:
    """Bytes of all requests that are being read."""

    size: int = 0


def own_url(request: Request, path: str) -> str:
    """Return the absolute URL of a path of ours, as this request would reach it."""
    host = request.url.netloc
    if not _HOST.fullmatch(host):
        host = "localhost"
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '')}{path}"


async def read_body(request: Request, most: int, incoming: Incoming) -> bytes:
    """Return the body, read no further than `most` bytes; raises TooLargeError above.

    Raises BusyError where so many long ones come at one time that they would fill the memory.
    """
    body, held = bytearray(), 0
    try:
        async for part in request.stream():
            body += part
            held += len(part)
            incoming.size += len(part)
            if len(body) > most:
                raise TooLargeError(f"The request is longer than {most} bytes; shorten the query.")
            if len(body) > _SHORT and incoming.size > _MOST_HELD:
                raise BusyError("Too many long requests are being sent; try again later.")
    except ClientDisconnect:
        body.clear()
    finally:
        incoming.size -= held
    return bytes(body)


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`, which is given up when the client leaves in the meantime.

    Raises BusyError then.
    """
    watch = _Watch(request)
    # Most answers come sooner than a task for the watch is worth starting.
    timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, watch.begin)
    try:
        return await work
    except asyncio.CancelledError:
        if not watch.left:
            raise
        watch.asking.uncancel()
        raise BusyError("The client left before the answer was ready.") from None
    finally:
        timer.cancel()
        watch.end()


class _Watch:
    """Waits for the client to leave, and then cancels the task that answers it."""

    def __init__(self, request: Request) -> None:
        self.request, self.left = request, False
        self.asking = cast("asyncio.Task[Any]", asyncio.current_task())
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self._departure())

    def end(self) -> None:
        if self.task:
            self.task.cancel()

    async def _departure(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        self.left = True
        self.asking.cancel()
