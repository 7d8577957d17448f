"""The HTTP parser bounds a request in length and time."""

import asyncio
import contextlib
import gc
import itertools
import json
import socket
import time
from functools import partial

import pytest
import uvicorn
from talking import RUNAWAY, Talk, ended_early, get
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from kg.bounded import LONGEST_HEAD, MOST_AHEAD, MOST_HEADERS, SOON, BoundedProtocol
from kg.clients import Clients
from kg.monitor import REFUSED

NUMBERS = itertools.count()
FEW = " ".join(f"VALUES ?{name} {{ {' '.join(map(str, range(20)))} }}" for name in "abc")
CHUNKED = b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"


LONG = 32 << 20


def impatient():
    return Clients(patience=0.3)


def narrow():
    return Clients(room=LONG, most=3)


@contextlib.asynccontextmanager
async def serving(app, clients):
    """Run a server of an application, and yield its address."""
    protocol = partial(BoundedProtocol, clients=clients)
    config = uvicorn.Config(app, http=protocol, lifespan="off", log_level="critical")
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()


@contextlib.asynccontextmanager
async def connected(app, clients=None):
    """Run a server of an application, and yield a connection to it."""
    async with serving(app, clients or impatient()) as address:
        reader, writer = await asyncio.open_connection(*address)
        try:
            yield reader, writer
        finally:
            writer.close()


async def told(*parts, wait=0.0):
    """Say the parts to a server and return what it answers until it closes the connection."""
    seen = []

    async def app(scope, receive, send):
        more = REFUSED not in scope
        while more:
            more = (await receive()).get("more_body", False)
        seen.extend(scope["headers"])
        status = scope[REFUSED].status if REFUSED in scope else 200
        await send({"type": "http.response.start", "status": status,
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
    answer, _ = asyncio.run(told(CHUNKED + b"0\r\n", *[lines] * 2, wait=0.02))
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_long_body_is_no_head():
    part = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    answer, _ = asyncio.run(told(CHUNKED, *[part] * 8, b"0\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 ")


ASKED = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def answering_long(scope, receive, send):
    await receive()
    headers = [(b"content-length", b"%d" % LONG)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(LONG)})


async def taken(first, each):
    """Ask for a long answer, wait, and take it in parts, with so many seconds before each."""
    async with connected(answering_long) as (reader, writer):
        writer.write(ASKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
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
    assert time.monotonic() - begun > 2 * impatient().patience


async def left_of(reader):
    """Return how many bytes come of one long answer."""
    try:
        return len(await asyncio.wait_for(reader.readexactly(LONG), 10))
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0


def test_who_has_been_slow_for_longest_makes_room_for_others():
    clients = narrow()

    async def work():
        async with contextlib.AsyncExitStack() as stack:
            both = []
            for _ in range(2):
                made = connected(answering_long, clients)
                reader, writer = await stack.enter_async_context(made)
                writer.write(ASKED)
                await reader.readuntil(b"\r\n\r\n")
                both.append(reader)
                await asyncio.sleep(0.2)
            return [await left_of(each) for each in both]

    assert asyncio.run(work()) == [0, LONG]
    assert not clients.behind


@pytest.mark.parametrize("begun", [b"", ASKED[:20]], ids=["nothing", "a part"])
def test_who_has_yet_to_ask_makes_room_for_others(begun):
    clients = narrow()

    async def work():
        async with serving(answering_long, clients) as address:
            idle = [await asyncio.open_connection(*address) for _ in range(clients.most)]
            for _, writer in idle:
                writer.write(begun)
            reader, writer = await asyncio.open_connection(*address)
            writer.write(ASKED)
            await reader.readuntil(b"\r\n\r\n")
            taken = await left_of(reader)
            closed = [await asyncio.wait_for(each.read(1), 5) == b"" for each, _ in idle[:1]]
            still = [writer.is_closing() or each.at_eof() for each, writer in idle[1:]]
            for _, each in [*idle, (reader, writer)]:
                each.close()
            return taken, closed, still

    assert asyncio.run(work()) == (LONG, [True], [False, False])
    assert not clients.awaited


def test_the_next_request_is_not_begun_before_the_answer_is_taken():
    begun = []

    async def app(scope, receive, send):
        begun.append(scope["path"])
        await answering_long(scope, receive, send)

    async def work():
        async with connected(app, narrow()) as (reader, writer):
            writer.write(ASKED * 2)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2)
            before = len(begun)
            taken = await left_of(reader)
            await reader.readuntil(b"\r\n\r\n")
            return before, taken, await left_of(reader)

    assert asyncio.run(work()) == (1, LONG, LONG)
    assert len(begun) == 2


def test_requests_ahead_of_their_answers_are_read_when_there_is_room():
    many, kept, asked = 5000, [], []

    async def app(scope, receive, send):
        if not asked:
            await asyncio.sleep(0.3)  # all of them have come
            kept.extend(each for each in gc.get_objects() if type(each) is RequestResponseCycle)
        asked.append(scope["path"])
        headers = [(b"content-length", b"%d" % len(scope["path"]))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    async def work():
        async with connected(app, Clients()) as (reader, writer):
            writer.write(b"".join(ASKED.replace(b"/ ", b"/%d " % each) for each in range(many)))
            for number in range(many):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
                assert await reader.readexactly(len(f"/{number}")) == f"/{number}".encode(), head

    asyncio.run(work())
    assert asked == [f"/{each}" for each in range(many)]
    assert MOST_AHEAD <= len(kept) < 6 * MOST_AHEAD


GET = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: here\r\n"
POST = b"POST /sparql HTTP/1.1\r\nHost: here\r\nContent-Type: application/sparql-query\r\n"
TWICE = b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"
WISH = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
OF_EVERY_ANSWER = ("content-security-policy", "x-content-type-options", "x-request-id", "vary")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"FOO /sparql HTTP/1.1\r\nHost: here\r\n\r\n", 405),
        (b"CONNECT here:443 HTTP/1.1\r\nHost: here\r\n\r\n", 405),
        (b"GET /sparql?query=" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n", 414),
        (GET + b"X-Long: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (GET + b"X-Long: " + b"a" * 100_000, 431),
        (GET + b"No colon\r\n\r\n", 400),
        (b"GET /sparql HTTP/1.1\r\n\r\n", 400),
        (GET + b"Host: there\r\n\r\n", 400),
        (GET.replace(b"here", b"he re") + b"\r\n", 400),
        (GET.replace(b"here", b"here/x") + b"\r\n", 400),
        (GET.replace(b"here", b'"><script>') + b"\r\n", 400),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nASK{}", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nASK{}\r\n0\r\n\r\n", 400),
        (POST + TWICE + b"\r\n5\r\nASK{}\r\n0\r\n\r\n", 400),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_all_headers(talk, request_, status):
    found, headers, body = talk.ask(request_)
    assert (found, json.loads(body)["status"], headers["connection"]) == (status, status, "close")
    assert headers.keys() >= {*OF_EVERY_ANSWER, *(["allow"] if status == 405 else [])}
    assert talk.answer() is None


def test_what_cannot_be_read_is_answered_after_what_came_before_it(talk):
    slow = get("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }")
    talk.say(slow + GET + b"\r\n" + b"garbage\r\n\r\n")
    assert [talk.answer()[0] for _ in range(3)] == [200, 200, 405]
    assert talk.answer() is None


def test_a_long_address_behind_other_requests_is_refused_in_its_turn(talk):
    talk.say((GET + b"\r\n") * 2 + b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n")
    assert [talk.answer()[0] for _ in range(3)] == [200, 200, 414]


def test_a_long_head_that_begins_behind_another_request_is_refused(talk):
    assert talk.ask(GET + b"\r\n" + GET + b"X-Long: " + b"a" * 60_000)[0] == 200
    assert talk.ask(b"a" * 40_000 + b"\r\n\r\n")[0] == 431


@pytest.mark.parametrize("end", [b"\r\n", b"B:"], ids=["whole", "begun"])
def test_more_headers_than_anybody_sends_are_refused(talk, end):
    lines = [b"A%d: b\r\n" % number for number in range(MOST_HEADERS - 1)]
    assert talk.ask(GET, *lines, b"\r\n")[0] == 200
    assert talk.ask(GET, *lines, b"One: more\r\n", end)[0] == 431


def test_a_body_that_breaks_off_is_answered_in_its_turn(talk):
    talk.say(GET + b"\r\n" + POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nASK{}\r\nx\r\n")
    assert [talk.answer()[0] for _ in range(2)] == [200, 400]
    assert talk.answer() is None


@pytest.mark.parametrize(
    "parts",
    [
        [POST + WISH + b"Content-Length: 5\r\n\r\nASK{}"],
        [POST + WISH + b"Content-Length: 5\r\n\r\n", b"ASK{}"],
        [POST + WISH + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nASK{}\r\n0\r\n\r\n"],
        [GET + WISH + b"\r\n"],
    ],
)
def test_who_wishes_for_another_protocol_is_answered_in_this_one(talk, parts):
    for part in parts:
        talk.say(part)
        time.sleep(0.05)
    talk.say((GET + WISH + b"\r\n") * 3)
    for _ in range(4):
        status, _, body = talk.answer()
        assert (status, json.loads(body)["boolean"]) == (200, True)


def test_a_request_without_a_host_is_answered_in_http_1_0(talk):
    assert talk.ask(b"GET /healthz HTTP/1.0\r\n\r\n")[2] == "alive\n"


@pytest.mark.parametrize("host", [b"", b"here:80", b"[::1]:80", b"a-b.c_d:", b"%C3%A9"])
def test_any_host_may_be_named(talk, host):
    assert talk.ask(GET.replace(b"here", host) + b"\r\n")[0] == 200


@pytest.mark.parametrize(
    ("named", "host"),
    [(b"there", "there"), (b"there:81", "there:81"), (b"a:b@[::1]:81", "[::1]:81")],
)
def test_the_host_in_the_target_counts(talk, named, host):
    talk.say(b"GET http://" + named + b"/sparql?as=nt HTTP/1.1\r\nHost: here\r\n\r\n")
    assert f"<http://{host}/sparql>" in talk.answer()[2]


def distinct(more=""):
    """Return a request that never was, of those that have these headers."""
    return get(f"ASK {{}} # {next(NUMBERS)}", more)


@pytest.mark.parametrize("before", [0, 1, 2], ids=["usual", "similar", "several"])
def test_who_closes_its_half_of_the_connection_is_answered(talk, before):
    headers = f"X-Half: {before}\r\n"
    if before:
        talk.ask(distinct(headers))
    talk.say(distinct(headers) + b"".join(GET + b"\r\n" for _ in range(before - 1)))
    talk.socket.shutdown(socket.SHUT_WR)
    for _ in range(max(before, 1)):
        assert talk.answer()[0] == 200
    begun = time.monotonic()
    assert talk.answer() is None
    assert time.monotonic() - begun < SOON / 2


def test_what_came_ahead_of_the_end_is_answered_in_its_turn(talk):
    talk.ask(distinct())
    talk.say(get(f"SELECT (COUNT(*) AS ?n) {{ {FEW} }} # ahead"))
    time.sleep(0.02)
    talk.say(distinct() + distinct())
    talk.socket.shutdown(socket.SHUT_WR)
    assert [talk.answer()[2] for _ in range(3)] == ["n\r\n8000\r\n", "true", "true"]
    assert talk.answer() is None


@pytest.mark.parametrize("rest", [b"", b"GET /", POST + b"Content-Length: 9\r\n\r\nASK"])
def test_who_closes_its_half_too_early_is_not_waited_for(talk, rest):
    talk.say(rest)
    talk.socket.shutdown(socket.SHUT_WR)
    begun = time.monotonic()
    assert talk.answer() is None
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("more", [b"", GET + b"\r\n", (GET + b"\r\n") * 3 + b"GET /"])
def test_the_query_of_a_client_that_leaves_is_ended(two, talk, more):
    other = Talk(two)
    with ended_early(talk):
        other.say(get(f"{RUNAWAY} # {next(NUMBERS)}", "X-Leaves: 1\r\n") + more)
        time.sleep(0.1)
        other.socket.close()
