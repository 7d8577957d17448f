"""The HTTP parser bounds a request in length and time."""

import asyncio
import contextlib
import time

import pytest
import uvicorn
from uvicorn.server import ServerState

from kg.wire import LONGEST_HEAD, BoundedProtocol

CHUNKED = b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"


class Impatient(BoundedProtocol):
    patience = 0.3


@contextlib.asynccontextmanager
async def connected(app):
    """Run a server of an application, and yield a connection to it."""
    config = uvicorn.Config(app, http=Impatient, lifespan="off", log_level="critical")
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: Impatient(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()


async def told(*parts, wait=0.0):
    """Say the parts to a server and return what it answers until it closes the connection."""
    seen = []

    async def app(scope, receive, send):
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        seen.extend(scope["headers"])
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", b"2"), (b"connection", b"close")]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"ok"})

    async with connected(app) as (reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(wait)
        answer = await asyncio.wait_for(reader.read(), 5)
    return answer, dict(seen)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: a\r\n", CHUNKED + b"2\r\nab\r\n"],
    ids=["nothing", "a line", "a head", "a body"],
)
def test_a_request_that_does_not_end_is_given_up(begun):
    answer, _ = asyncio.run(told(begun))
    assert answer == b""


def test_a_request_that_ends_in_time_is_answered():
    answer, _ = asyncio.run(told(CHUNKED, b"2\r\nab\r\n", b"0\r\n\r\n", wait=0.05))
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_trailers_are_no_headers():
    answer, headers = asyncio.run(told(CHUNKED + b"2\r\nab\r\n0\r\nforged: yes\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"forged" not in headers
    assert headers[b"host"] == b"here"


def test_trailers_without_end_are_refused():
    lines = b"a: b\r\n" * (LONGEST_HEAD // 8)
    answer, _ = asyncio.run(told(CHUNKED + b"0\r\n", *[lines] * 4, wait=0.02))
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_long_body_is_no_head():
    part = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    answer, _ = asyncio.run(told(CHUNKED, *[part] * 8, b"0\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")


LONG = 32 << 20


async def taken(first, each):
    """Ask for a long answer, wait, and take it in parts, with so many seconds before each."""

    async def app(scope, receive, send):
        await receive()
        headers = [(b"content-length", b"%d" % LONG), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(LONG)})

    async with connected(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
        received = 0
        await asyncio.sleep(first)
        try:
            while True:
                await asyncio.sleep(each)
                part = await reader.read(LONG // 8)
                if not part:
                    return received
                received += len(part)
        except ConnectionError:
            return received


def test_an_answer_that_nobody_takes_is_given_up():
    assert asyncio.run(taken(1.5, 0.0)) < LONG


def test_an_answer_that_is_taken_slowly_is_whole():
    begun = time.monotonic()
    assert asyncio.run(taken(0.0, 0.005)) > LONG
    assert time.monotonic() - begun > 2 * Impatient.patience
