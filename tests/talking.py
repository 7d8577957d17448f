"""A connection to a server on which bytes are sent just so, and what is sent on it."""

import contextlib
import re
import socket
import time
from urllib.parse import quote

#: Two triples in one graph, which the server of the fixture `talk` has.
TWO = "<u:a> <u:p> <u:b> <u:g> .\n<u:a> <u:p> <u:c> <u:g> .\n"
NUMBERS = " ".join(map(str, range(200)))
_PRODUCT = " ".join(f"VALUES ?{name} {{ {NUMBERS} }}" for name in "abcde")
#: Takes an age over any data.
RUNAWAY = f"SELECT (COUNT(*) AS ?n) {{ {_PRODUCT} }}"


def get(query, more="", target="/sparql"):
    """Return the bytes of a request for a query; `more` are further header lines."""
    head = f"GET {target}?query={quote(query)} HTTP/1.1\r\nHost: here\r\nAccept: text/csv\r\n"
    return f"{head}{more}\r\n".encode()


class Talk:
    """A connection on which bytes are sent just so."""

    def __init__(self, server):
        host, port = re.match(r"http://(.+):(\d+)", server.url).groups()
        self.socket = socket.create_connection((host, int(port)), 10)
        self.rest = b""

    def say(self, *parts):
        """Send parts of requests, each by itself."""
        for part in parts:
            self.socket.sendall(part)

    def answer(self):
        """Return status, headers and body of the next answer; None at the end of all."""
        while b"\r\n\r\n" not in self.rest:
            part = self.socket.recv(65536)
            if not part:
                return None
            self.rest += part
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = int(headers.get("content-length", 0))
        while len(self.rest) < size:
            self.rest += self.socket.recv(65536)
        body, self.rest = self.rest[:size], self.rest[size:]
        return int(status.split()[1]), headers, body.decode()

    def ask(self, *parts):
        """Send parts of one request; return its answer."""
        self.say(*parts)
        return self.answer()


def metric(talk, name):
    """Return a figure of the server, 0 where it tells none of that name."""
    talk.say(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n")
    found = re.search(rf"^{re.escape(name)} (\d+)", talk.answer()[2], re.MULTILINE)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def ended_early(talk):
    """See to it that what is done in here has one query ended, and not by its time limit."""
    killed, late = "kg_queries_killed_total", 'kg_requests_total{status="504"}'
    before = metric(talk, killed), metric(talk, late)
    yield
    end = time.monotonic() + 10
    while metric(talk, killed) == before[0] and time.monotonic() < end:
        time.sleep(0.05)
    assert (metric(talk, killed), metric(talk, late)) == (before[0] + 1, before[1])
    assert metric(talk, "kg_queries_active") == 0
