"""Answers kept in memory, bounded by bytes; the least recently used go first.

A key names the data by its fingerprint, so nothing in here ever becomes wrong: a new snapshot
has new keys, and the old ones fall out.
"""

import sys
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from kg.codings import IDENTITY

#: What an entry costs beside its body and key: headers and the dictionary's own room.
_OVERHEAD = 1024
_LARGEST_SHARE = 8

#: What an answer is kept under; a query in it may be far longer than the answer.
Key = tuple[Hashable, ...]


@dataclass(frozen=True)
class Entry:
    """A finished answer: bytes, strong entity tag (or none), cut short or not, coding, worker."""

    body: bytes
    etag: str
    truncated: bool = False
    coding: str = IDENTITY
    worker: int = 0

    @property
    def cost(self) -> int:
        """The bytes that keeping it takes beside its key, about."""
        return len(self.body) + _OVERHEAD


class Cache:
    """The most recently used answers, of at most `limit` bytes together; 0 keeps nothing."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._entries: OrderedDict[Key, Entry] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of answers kept."""
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        """Whether an answer is kept; not counted as asking for it."""
        return key in self._entries

    def get(self, key: Key) -> Entry | None:
        """Return the kept answer, if any."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an answer, unless it alone would take an undue share of the room."""
        if not self.limit:
            return
        cost = _cost(key, entry)
        if cost * _LARGEST_SHARE > self.limit or key in self._entries:
            return
        self._entries[key] = entry
        self.size += cost
        while self.size > self.limit:
            self.size -= _cost(*self._entries.popitem(last=False))


def _cost(key: Key, entry: Entry) -> int:
    return entry.cost + sum(map(sys.getsizeof, key))
