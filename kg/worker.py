"""One query in a process that can be killed: the job, the limits, the answer.

The engine cannot be told to stop, so a query with a deadline runs in a process of its own: a
worker, forked by the loader (`kg/loader.py`) that holds the graph. It answers one query at a
time over a socket pair, reaches no file and no network, and may take so much memory.

Frames: to a worker `JOB` and a job; from it `ANSWER`, JSON about the answer (nothing for `USUAL`),
its bytes. Several jobs may be sent ahead; one whose time to begin is over is passed over, and
`LATE` is said of it.
"""

import json
import marshal
import resource
import socket
import struct
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from kg.codings import IDENTITY, PLAIN, Coding
from kg.errors import InternalError, KgError, MemoryLimitError, StoreLostError, pack_error
from kg.federation import filled
from kg.media import named
from kg.protocol import Operation
from kg.results import Caps
from kg.store import Store

T = TypeVar("T")

LENGTH = struct.Struct("!I")
JOB = struct.Struct("!Id")  # length of the job, time (CLOCK_MONOTONIC) to begin it until, or 0
ANSWER = struct.Struct("!II")  # length of the JSON, length of the body

LATE = "late"

TOO_MUCH_MEMORY = (
    "The query was stopped: it needs more memory than one query may take. Make it more specific,"
    " or have it sort, group and join less."
)

#: What is said of most answers, and sent as nothing.
USUAL: dict[str, Any] = {"truncated": False, "coding": IDENTITY, "last": False}

_SPARE_SECONDS = 5
_SMALL = 1 << 16


@dataclass(frozen=True)
class LoaderConfig:
    """What a loader loads and how many workers it keeps, with their limits.

    `digest` is the SHA-256 that the one file of a snapshot must have, and then names the data.
    `store` is `memory`, `disk` (built in the folder `stores`) or the URL of another
    server, with `user` and `password` if it wants them.
    `spare` is one more worker where long queries are not to hold up the others (`kg/turns.py`).
    `memory` is what a worker may allocate beyond the shared graph, in bytes; `caps` bound one
    answer; `about` is what pages say of the data: counts by name.
    """

    files: tuple[str, ...]
    digest: str | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    context: dict[str, Any] | None = None
    about: dict[str, int] = field(default_factory=dict)
    workers: int = 2
    spare: int = 0
    memory: int = 2 << 30
    caps: Caps = field(default_factory=Caps)
    store: str = "memory"
    stores: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    def to_json(self) -> bytes:
        """Return the configuration as the loader reads it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "LoaderConfig":
        """Return the inverse of `to_json`."""
        raw: dict[str, Any] = json.loads(data)
        return cls(**{**raw, "files": tuple(raw["files"]), "caps": Caps(**raw["caps"])})


@dataclass(frozen=True)
class Job:
    """One query for a worker: the operation, the format's name, the coding, seconds of CPU.

    `answers` are those of other servers to its SERVICE clauses, None for one that failed.
    """

    operation: Operation
    format: str
    coding: Coding = PLAIN
    seconds: float = 30.0
    answers: tuple[bytes | None, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the job as a worker reads it, which runs the same interpreter."""
        operation, coding = vars(self.operation), vars(self.coding)
        return marshal.dumps((operation, self.format, coding, self.seconds, self.answers))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Job":
        """Return the inverse of `to_bytes`."""
        operation, form, coding, *rest = marshal.loads(data)  # noqa: S302 - from the server
        return cls(_restored(Operation, operation), form, _restored(Coding, coding), *rest)


def _restored(kind: type[T], fields: dict[str, Any]) -> T:
    """Return an object as it was: without its initialiser, which takes several times as long."""
    made = kind.__new__(kind)
    vars(made).update(fields)
    return made


def read_exactly(sock: socket.socket, size: int) -> bytes:
    """`size` bytes from a blocking socket; EOFError when the other side is gone."""
    parts = bytearray()
    while len(parts) < size:
        part = sock.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def read_framed(sock: socket.socket) -> bytes:
    """One message with its length before it, and nothing after it; EOFError as `read_exactly`."""
    begun = sock.recv(_SMALL)  # most come whole
    begun += read_exactly(sock, max(LENGTH.size - len(begun), 0)) if begun else b""
    if not begun:
        raise EOFError
    size = LENGTH.size + LENGTH.unpack_from(begun)[0]
    return begun[LENGTH.size :] + read_exactly(sock, size - len(begun))


class Inbox:
    """The jobs that come over a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, bytearray()

    def take(self) -> tuple[bytes, float]:
        """Return the next job, and until when it is begun; EOFError as `read_exactly`."""
        held = self._held
        while len(held) < JOB.size or len(held) < JOB.size + JOB.unpack_from(held)[0]:
            part = self._sock.recv(_SMALL)
            if not part:
                raise EOFError
            held += part
        size, before = JOB.unpack_from(held)
        job = bytes(memoryview(held)[JOB.size : JOB.size + size])
        del held[: JOB.size + size]
        return job, before


def answer(store: Store, job: Job, caps: Caps) -> tuple[dict[str, Any], bytes]:
    """Evaluate a job: what is said about the answer, and its bytes (none after an error)."""
    operation = job.operation
    try:
        if job.answers:
            operation = replace(operation, query=filled(operation.query, job.answers, caps.rows))
        done = store.evaluate(operation, named(job.format), caps)
    except KgError as error:
        return pack_error(error), b""
    except MemoryError:
        return pack_error(MemoryLimitError(TOO_MUCH_MEMORY)), b""
    except Exception:  # noqa: BLE001 - a worker must say something, and nothing of its insides
        return pack_error(InternalError("The query could not be evaluated.")), b""
    coding, body = job.coding.pack(done.body)
    return {"truncated": done.truncated, "coding": coding}, body


def work(store: Store, sock: socket.socket, config: LoaderConfig) -> None:
    """Answer jobs until the server closes the socket, or one has taken much memory.

    The engine's memory goes back to the system in part only. A worker that took a quarter of
    its allowance makes room for a fresh one, so that the limit is the same for every query.
    """
    most = _peak() + config.memory // 4
    last, inbox = False, Inbox(sock)
    while not last:
        data, before = inbox.take()
        if before and time.monotonic() > before:
            _say(sock, {LATE: True}, b"")
            continue
        job = Job.from_bytes(data)
        _limit_cpu(job.seconds)
        about, body = answer(store, job, config.caps)
        lost = about.get("error") == StoreLostError.__name__  # the next worker may find it again
        about["last"] = last = lost or _peak() > most
        _say(sock, about, body)


def _say(sock: socket.socket, about: dict[str, Any], body: bytes) -> None:
    head = b"" if about == USUAL else json.dumps(about).encode()
    head = ANSWER.pack(len(head), len(body)) + head
    # In one piece where that copies little: each costs a system call, and wakes the server.
    for piece in (head + body,) if len(body) < _SMALL else (head, body):
        sock.sendall(piece)


def _peak() -> int:
    """Return the most bytes that this process has had in memory (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _limit_cpu(seconds: float) -> None:
    """Let the kernel end the worker should server and loader both be gone at the deadline."""
    used = time.process_time()
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + _SPARE_SECONDS, hard))
