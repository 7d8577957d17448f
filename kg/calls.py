"""Queries with SERVICE: other servers are asked here, for a worker has no network.

Only servers of the setting `KG_SERVICE` get here (`kg/protocol.py`). They have half of the time
that the query has left, and together the bytes of one answer. Of what they send, this process
reads HTTP alone: a table goes as it came to the worker, which has its bounds, and makes it a part
of the query there (`kg/federation.py`).

Sources: SPARQL 1.1 Protocol 2.1.3 (query by POST with a form), RFC 9110. No redirect is followed,
no coding is taken, and a proxy of the environment is not used.
"""

import asyncio
from dataclasses import replace
from urllib.parse import SplitResult, urlencode, urlsplit

import httptools

from kg.channel import Reply
from kg.connection import tls_context
from kg.errors import BusyError, KgError, ServiceError, TimeLimitError
from kg.federation import Call, asked_here, calls, remote_queries, too_long
from kg.media import named
from kg.pool import Pool
from kg.protocol import FORM_TYPE, Operation
from kg.remote_service import NO_GRAPH
from kg.rewrite import refuse_own_functions
from kg.worker import Job

_AGENT = "contested-kg (SPARQL 1.1 Federated Query)"
_PART = 1 << 16
#: Bytes that may come without any of the body: the head, or what stands between its parts.
_LONGEST_HEAD = 1 << 16
_JSON = named("json").media_type

#: A call, and the query that its server is asked.
Asked = tuple[Call, str]


class Calls:
    """Runs queries with SERVICE over a pool: as many at one time as the pool has workers."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._turn = asyncio.Semaphore(pool.current.config.workers)
        self._here = 0

    async def run(self, job: Job) -> Reply:
        """Evaluate a job; raises as `Pool.run`, and ServiceError for another server's failure."""
        if self._here >= self.pool.concurrent:
            raise BusyError(f"{self._here} queries with SERVICE are waiting; try again later.")
        self._here += 1
        try:
            async with asyncio.timeout(job.seconds) as limit, self._turn:
                return await self._run(job, limit.when() or 0.0)
        except TimeoutError:
            raise TimeLimitError(
                f"The query was stopped after {job.seconds:g} seconds; make it more specific."
            ) from None
        finally:
            self._here -= 1

    async def _run(self, job: Job, end: float) -> Reply:
        # A long query takes a while.
        asked, read = await asyncio.to_thread(_prepared, job.operation)
        # The engine reads all of it, over no data, before anybody is asked.
        await self.pool.run(replace(job, operation=read))
        seconds = (end - asyncio.get_running_loop().time()) / 2
        most = self.pool.current.config.caps.bytes // len(asked)
        answers = await _answers(asked, most, seconds)
        return await self.pool.run(replace(job, answers=answers))


def _prepared(operation: Operation) -> tuple[list[Asked], Operation]:
    """Return who is asked for what, and the query as it is read by the engine first."""
    text = operation.query
    refuse_own_functions(text)
    found = calls(text)
    graphs = (NO_GRAPH,)
    read = replace(
        operation,
        query=asked_here(text, found),
        default_graphs=graphs,
        named_graphs=graphs,
        union=False,
    )
    return list(zip(found, remote_queries(text, found), strict=True)), read


async def _answers(asked: list[Asked], most: int, seconds: float) -> tuple[bytes | None, ...]:
    """Return the answer to each call, None for a failure that is to be passed over."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_answer(*each, most, seconds)) for each in asked]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _answer(call: Call, text: str, most: int, seconds: float) -> bytes | None:
    try:
        return await fetch(call.server, text, most, seconds)
    except (ServiceError, TimeLimitError):
        if call.silent:
            return None
        raise


async def fetch(server: str, text: str, most: int, seconds: float) -> bytes:
    """Return the answer of a server to a query, of at most `most` bytes, as it came.

    Raises ServiceError where it does not answer with JSON, TimeLimitError after so many seconds,
    TooLargeError for an answer that is too long or not whole.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _fetched(server, text, most)
    except TimeoutError:
        raise TimeLimitError(
            f"The server <{server}> took longer than {seconds:.3g} seconds, half of what the"
            " query had left."
        ) from None
    except (OSError, ValueError, httptools.HttpParserError, httptools.HttpParserUpgrade):
        raise ServiceError(f"The server <{server}> does not answer.") from None


async def _fetched(server: str, text: str, most: int) -> bytes:
    parts = urlsplit(server)
    tls = tls_context() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    answer = _Answer(server)
    try:
        writer.write(_request(parts, text))
        received = head = 0
        while not answer.whole and (data := await reader.read(_PART)):
            received += len(data)
            before = len(answer.body)
            answer.parser.feed_data(data)
            head = head + len(data) if len(answer.body) == before else 0
            if answer.error:
                raise answer.error
            if received > most:
                raise too_long(server, f"{most} bytes")
            if head > _LONGEST_HEAD:
                break
        if not answer.begun or head > _LONGEST_HEAD:
            raise ServiceError(f"The server <{server}> does not answer.")
        return bytes(answer.body)
    finally:
        writer.transport.abort()
        answer.body.clear()  # parser and answer hold each other, perhaps for long


def _request(parts: SplitResult, text: str) -> bytes:
    body = urlencode({"query": text}).encode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {target} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: {_JSON}\r\n"
        f"accept-encoding: identity\r\ncontent-type: {FORM_TYPE}\r\n"
        f"content-length: {len(body)}\r\nuser-agent: {_AGENT}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


class _Answer:
    """What the parser of HTTP reads; `error` is why it is of no use."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.begun = self.whole = False
        self.error: KgError | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").lower()

    def on_headers_complete(self) -> None:
        self.begun = True
        status, said = self.parser.get_status_code(), self.headers
        if status == 206 or "x-sql-state" in said or "x-sparql-maxrows" in said:
            self.error = too_long(self.server, "it sends")
        elif status != 200:
            self.error = ServiceError(f"The server <{self.server}> answers with status {status}.")
        elif "json" not in said.get("content-type", "") or (
            said.get("content-encoding", "identity") != "identity"
        ):
            self.error = ServiceError(f"The server <{self.server}> does not answer in plain JSON.")

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.whole = True
