"""The load: so many connections, each asking its next question as soon as it has an answer.

A process of its own, one thread, raw sockets that are kept open: a request costs it some tens
of microseconds, and it says how much processor time it took. It reads a job in JSON from
standard input and writes what it measured to standard output.
"""

import json
import resource
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Job:
    """What to send where: raw requests with the number of their question, in order, in a circle.

    The first `warm` seconds are not measured; the next `seconds` are, or fewer if `most` requests
    (none: any number) are answered before.
    """

    host: str
    port: int
    requests: list[str]
    kinds: list[int]
    connections: int
    warm: float
    seconds: float
    most: int = 0


@dataclass
class Outcome:
    """Milliseconds of each request by the number of its question, and what it took.

    `elapsed` and `cpu` (of this process) are seconds; `statuses` counts answers that are no 200.
    """

    times: list[list[float]]
    elapsed: float = 0.0
    cpu: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    received: int = 0

    def is_enough(self, most: int) -> bool:
        """Whether so many requests have been answered."""
        return bool(most) and sum(map(len, self.times)) + sum(self.statuses.values()) >= most


class Connection:
    """One socket: what it waits for, and the bytes of the answer so far."""

    def __init__(self, job: Job) -> None:
        self.address = (job.host, job.port)
        self.kind, self.sent = 0, 0.0
        self.buffer = bytearray()
        self.needed, self.chunked = -1, False
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        sock = socket.create_connection(self.address, 60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def ask(self, request: bytes, kind: int) -> None:
        """Send a request; a connection that the server has closed is opened anew."""
        self.kind, self.sent = kind, time.perf_counter()
        self.buffer.clear()
        self.needed, self.chunked = -1, False
        self.socket.sendall(request)

    def reopen(self) -> None:
        """Connect again."""
        self.socket.close()
        self.socket = self._connected()

    def take(self) -> int | None:
        """Read what has come; return the status when the answer is complete.

        Raises ConnectionError when the server closes before that.
        """
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError
        self.buffer += part
        if self.needed < 0 and not self.chunked:
            end = self.buffer.find(_END)
            if end < 0:
                return None
            self._head(bytes(self.buffer[:end]).lower(), end + len(_END))
        if self.chunked:
            done = self.buffer.endswith(b"0\r\n\r\n")
        else:
            done = len(self.buffer) >= self.needed
        return int(self.buffer[9:12]) if done else None

    def _head(self, head: bytes, length: int) -> None:
        if b"transfer-encoding: chunked" in head:
            self.chunked = True
            return
        _, _, rest = head.partition(b"content-length:")
        self.needed = length + int(rest.partition(b"\r\n")[0] or 0)


def run(job: Job) -> Outcome:
    """Ask for the time of the job, and return what was measured."""
    requests = [each.encode("ascii") for each in job.requests]
    outcome = Outcome([[] for _ in range(max(job.kinds) + 1)])
    turns = _circle(len(requests))
    begun = time.perf_counter() + job.warm
    end = begun + job.seconds
    cpu = 0.0
    with selectors.EpollSelector() as selector:
        for _ in range(job.connections):
            connection = Connection(job)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            turn = next(turns)
            connection.ask(requests[turn], job.kinds[turn])
        while (now := time.perf_counter()) < end and not outcome.is_enough(job.most):
            if not cpu and now >= begun:
                cpu, begun = time.process_time(), now
            for key, _ in selector.select(max(end - now, 0)):
                connection = key.data
                try:
                    status = connection.take()
                except OSError:
                    selector.unregister(connection.socket)
                    connection.reopen()
                    selector.register(connection.socket, selectors.EVENT_READ, connection)
                    status = 0
                if status is None:
                    continue
                if cpu:
                    _note(outcome, connection, status)
                turn = next(turns)
                connection.ask(requests[turn], job.kinds[turn])
    outcome.elapsed = time.perf_counter() - begun
    outcome.cpu = time.process_time() - cpu
    return outcome


def _note(outcome: Outcome, connection: Connection, status: int) -> None:
    if status == 200:
        spent = (time.perf_counter() - connection.sent) * 1000
        outcome.times[connection.kind].append(round(spent, 4))
        outcome.received += len(connection.buffer)
    else:
        name = str(status or "closed")
        outcome.statuses[name] = outcome.statuses.get(name, 0) + 1


def _circle(size: int) -> Iterator[int]:
    while True:
        yield from range(size)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.stdout.write(json.dumps(asdict(run(Job(**json.loads(sys.stdin.read()))))))
