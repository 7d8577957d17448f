"""A transport that sends together what is written together."""

import asyncio
from typing import Any

#: Bytes of a part that is not copied to be joined with others.
_LARGE = 64 * 1024


class Gathered:
    """A transport that sends in one piece what is written in one turn of the event loop.

    uvicorn writes head and body apart, and each would cost the server a system call and wake
    the client.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport does."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon (asyncio's method)."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)
        if len(data) > _LARGE:
            self._send()

    def close(self) -> None:
        """Send what there is, and close (asyncio's method)."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        parts, self._parts = self._parts, []
        if not parts or self._transport.is_closing():
            return
        if sum(map(len, parts)) <= 2 * _LARGE:
            parts = [b"".join(parts)]
        for part in parts:
            self._transport.write(part)
