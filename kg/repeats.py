"""Requests that came before, byte for byte, answered before they are parsed.

Over one graph the same request has the same answer. Clients repeat themselves to the byte, and
for a kept answer most of the time goes into parsing, routing and headers. So the parser of the
server (`kg/wire.py`) asks here first; what an answer depends on is in the bytes of its request.

Only requests are remembered that arrived whole and alone, want the connection kept, and were
answered 200 from the cache (`kg/cache.py`). They have a cache of their own, of an eighth of its
size: otherwise requests whose headers differ each time would push the answers out.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kg.cache import Cache, Entry
from kg.monitor import QUERY, Figures, log_request
from kg.pool import Pool

#: Keys of a request's scope: its bytes; the fingerprint of the graph over which its answer holds.
REQUEST, REPEATABLE = "kg.request", "kg.repeatable"

#: A longer request is not worth its room.
LONGEST = 8 * 1024
_SHARE = 8

_NEW_EACH_TIME = (b"x-request-id", b"date")


@dataclass(frozen=True)
class Repeat(Entry):
    """A kept answer to a whole request, with its status line and headers."""

    head: bytes = b""
    method: str = ""
    path: str = ""
    query: str = ""

    @property
    def cost(self) -> int:
        """The bytes that keeping it takes beside its key, about."""
        return super().cost + len(self.head) + len(self.query)


class Repeats:
    """The requests that were answered from one cache, over what a pool serves now."""

    def __init__(self, pool: Pool, cache: Cache, figures: Figures) -> None:
        self.pool, self.figures, self.answers = pool, figures, cache
        self.cache = Cache(cache.limit // _SHARE)

    def keep(
        self, scope: dict[str, Any], headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Remember the answer to a request, if the scope says that it may be."""
        data, fingerprint = scope.get(REQUEST), scope.get(REPEATABLE)
        if data and fingerprint and len(data) <= LONGEST:
            lines = [b"%s: %s\r\n" % each for each in headers if each[0] not in _NEW_EACH_TIME]
            head = b"HTTP/1.1 200 OK\r\n" + b"".join(lines)
            method, path = scope["method"], scope["path"]
            query = scope.get(QUERY, "")
            entry = Repeat(body, "", head=head, method=method, path=path, query=query)
            self.cache.put((fingerprint, data), entry)

    def answer(self, data: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
        """Return the whole answer to a request that came before; None for any other.

        `headers` are those that the server adds to every answer.
        """
        if len(data) > LONGEST or self.pool.watch.due:
            return None
        begun = time.perf_counter()
        entry = self.cache.get((self.pool.fingerprint, data))
        if not isinstance(entry, Repeat):
            return None
        self.answers.hits += 1
        name = self.figures.name()
        own = b"".join([b"%s: %s\r\n" % each for each in headers])
        answer = b"%s%sx-request-id: %s\r\n\r\n" % (entry.head, own, name.encode()) + entry.body
        seconds = time.perf_counter() - begun
        self.figures.add(200, seconds)
        scope = {"method": entry.method, "path": entry.path, QUERY: entry.query}
        log_request(name, scope, 200, len(entry.body), seconds)
        return answer
