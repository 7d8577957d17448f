"""The connections of one server: for which it waits, and how much of all together it bears."""

import resource
import sys
from dataclasses import dataclass, field
from typing import Any

_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
#: Workers and files need descriptors, too.
_MOST = sys.maxsize if _FILES == resource.RLIM_INFINITY else max(_FILES - 100, _FILES // 2)


@dataclass
class Clients:
    """The connections of one server that it waits for, and what it bears of all together.

    `behind` do not take an answer as fast as it is sent, `awaited` have yet to send the rest of a
    request; the first one stands first. `patience` are the seconds in which a request must have
    come whole, its body included, and something of its answer must have been taken; `room` are the
    bytes of answers that may wait for slow clients, `most` the connections at one time.
    """

    patience: float = 60.0
    room: int = 1 << 30
    most: int = _MOST
    behind: dict[Any, None] = field(default_factory=dict)
    awaited: dict[Any, None] = field(default_factory=dict)
