"""A request that differs from an earlier one in its query alone is answered as that one was."""

import asyncio
import gzip
import itertools
import json
import re
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from serving import Server
from talking import RUNAWAY, TWO, Talk, ended_early, get

from kg.answers import PLAINLY
from kg.cache import Cache, Entry
from kg.codings import PLAIN
from kg.errors import QueryError
from kg.monitor import Figures
from kg.protocol import Limits, Operation
from kg.repeats import REQUEST
from kg.similar import Similar

NUMBERS = itertools.count()
RANGES = [f"VALUES ?{name} {{ {' '.join(map(str, range(100)))} }}" for name in "abc"]
SLOW = f"SELECT (COUNT(*) AS ?n) {{ {' '.join(RANGES)} }}"  # a twentieth of a second


def new(form="SELECT (1 AS ?n) {{}}", more="", **named):
    """Return a request that never was: the number in its query is new."""
    return get(f"{form.format()} # {next(NUMBERS)}", more, **named)


def is_short(answer):
    """Whether an answer was made without the framework, which puts the date first."""
    return next(iter(answer[1])) != "date"


def test_a_similar_request_has_the_same_headers(talk):
    usual, short = talk.ask(new(more="X-A: 1\r\n")), talk.ask(new(more="X-A: 1\r\n"))
    assert (is_short(usual), is_short(short)) == (False, True)
    assert usual[2] == short[2] == "n\r\n1\r\n"
    assert usual[1].pop("x-request-id") != short[1].pop("x-request-id")
    assert usual[1].pop("date")
    assert short[1].pop("date")
    assert usual[1] == short[1]


def test_tables_and_graphs_are_told_apart(talk):
    graph = "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}"
    wide = lambda form: talk.ask(new(form).replace(b"text/csv", b"*/*"))  # noqa: E731
    answers = [wide(form) for form in ("ASK {{}}", graph) * 2]
    assert [is_short(each) for each in answers] == [False, False, True, True]
    types = [each[1]["content-type"] for each in answers]
    assert (
        types[:2] == types[2:] == ["application/sparql-results+json", "text/turtle; charset=utf-8"]
    )
    assert answers[3][2].count("<u:p>") == 1


@pytest.mark.parametrize(
    "other",
    [
        new("ASK {{}}", target="/sparql/"),
        new("ASK {{}}").replace(b"?query", b"?as=csv&query"),
        new("ASK {{}}").replace(b"GET", b"HEAD"),
        new("ASK {{}}", "X-B: 1\r\n"),
        new("ASK {{}}", "If-None-Match: *\r\n"),
        new("SELECT (STRUUID() AS ?u) {{}}"),
        new("ASK {{ SERVICE <u:x> {{}} }}"),
        new("ASK {{}}").replace(b"?query", b"?update"),
        new("ASK {{}}").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_another_request_goes_the_usual_way(two, other):
    talk = Talk(two)
    talk.ask(new())
    assert is_short(talk.ask(new()))
    if other.startswith(b"HEAD"):
        talk.say(other)
        assert talk.socket.recv(65536).startswith(b"HTTP/1.1 200 OK\r\ndate: ")
    else:
        for _ in range(1 if b"HTTP/1.0" in other else 2):
            assert not is_short(talk.ask(other))
    talk.socket.close()


def test_conditions_are_never_remembered(talk):
    tag = talk.ask(new("ASK {{}}"))[1]["etag"]
    condition = f"If-None-Match: {tag}\r\n"
    assert [talk.ask(new("ASK {{}}", condition))[0] for _ in range(3)] == [304] * 3
    assert talk.ask(new(more=condition))[0] == 200
    assert not is_short(talk.ask(new(more=condition)))


def test_a_query_that_cannot_be_read_is_a_problem_with_all_headers(talk):
    talk.ask(new())
    short, usual = talk.ask(new("SELECT")), talk.ask(new("SELECT", "X-C: 1\r\n"))
    assert is_short(short) is True
    assert is_short(usual) is False
    assert short[0] == usual[0] == 400
    assert json.loads(short[2])["detail"] == json.loads(usual[2])["detail"]
    assert set(short[1]) == set(usual[1])


def test_answers_are_packed_as_the_client_wants(talk):
    rows = "SELECT ?n {{ VALUES ?n {{ " + "1 " * 2000 + "}} }}"
    talk.ask(new(more="Accept-Encoding: gzip\r\n"))
    talk.say(new(rows, "Accept-Encoding: gzip\r\n"))
    head, _, body = talk.socket.recv(65536).partition(b"\r\n\r\n")
    assert b"\r\ncontent-encoding: gzip\r\n" in head
    assert gzip.decompress(body).count(b"\r\n") == 2001
    small = talk.ask(new(more="Accept-Encoding: gzip\r\n"))
    assert is_short(small)
    assert "content-encoding" not in small[1]


def test_pieces_and_pairs_are_answered_each_once_and_in_order(talk):
    def numbered(number):
        return new(f"SELECT ({number} AS ?n) {{{{}}}}")

    talk.ask(numbered(0))
    one, two, three, four, five = map(numbered, range(1, 6))
    talk.say(one)
    talk.say(two + three, four[:30], four[30:])
    talk.say(five)
    assert [talk.answer()[2] for _ in range(5)] == [f"n\r\n{n}\r\n" for n in range(1, 6)]


def test_much_that_comes_too_early_waits(talk):
    """The rest of what is sent stays with the client, and is answered in its turn."""
    talk.ask(new())
    ahead = b"".join(new() for _ in range(2000))
    sender = threading.Thread(target=talk.say, args=(new(), ahead))
    sender.start()
    assert {talk.answer()[2] for _ in range(2001)} == {"n\r\n1\r\n"}
    sender.join(10)


def test_a_long_head_that_comes_too_early_is_refused_in_its_turn(talk):
    talk.ask(new())
    talk.say(get(SLOW + " # early"))
    time.sleep(0.01)
    talk.say(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 70_000)
    assert talk.answer()[2] == "n\r\n1000000\r\n"
    assert talk.answer()[0] == 431


def test_a_runaway_is_ended_when_its_client_leaves_and_keeps_nobody_waiting(two, talk):
    talk.ask(new())
    other = Talk(two)
    with ended_early(talk):
        other.say(get(RUNAWAY + " # similar"))
        time.sleep(0.1)
        assert talk.ask(new())[2] == "n\r\n1\r\n"
        other.socket.close()


def test_a_query_in_flight_is_answered_before_the_server_ends(tmp_path):
    path = tmp_path / "data.nq"
    path.write_text(TWO)
    server = Server(path)
    talk = Talk(server)
    talk.ask(new())
    talk.say(get(SLOW))
    time.sleep(0.05)
    errors = server.stop(signal.SIGTERM)
    answer = talk.answer()
    assert answer[2] == "n\r\n1000000\r\n"
    assert is_short(answer)
    assert talk.answer() is None
    talk.socket.close()
    assert "Traceback" not in errors


class Answers:
    """What `Similar` needs of the real one; evaluation is a defect, if it is one, or an entry.

    One that is `quick` is there in a dash.
    """

    def __init__(self, made, *, quick=False):
        self.made, self.quick = made, quick
        pool = SimpleNamespace(fingerprint="f", watch=SimpleNamespace(due=False))
        self.service = SimpleNamespace(pool=pool, cache=Cache(0), limits=Limits())

    def dash(self, _, waiting):
        if self.quick:
            asyncio.get_running_loop().call_soon(waiting.take, self.made)
        return self.quick

    async def shared(self, _):
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


def learned(made, *rests, quick=False):
    similar = Similar(Answers(made, quick=quick), Figures())
    for rest in rests:
        data = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\n" + rest
        scope = {REQUEST: data, "headers": [], PLAINLY: (Operation("ASK{}"), "json", PLAIN)}
        similar.keep(scope, [(b"etag", b"x"), (b"vary", b"y")], b"")
    return similar


def asked(similar, rest, query="ASK%20%7B%20%7D"):
    data = f"GET /sparql?query={query} HTTP/1.1\r\n".encode() + rest

    async def said():
        sent = asyncio.get_running_loop().create_future()
        work = similar.begin(data, [(b"date", b"now")], lambda *parts: sent.set_result(parts))
        return work and b"".join(await sent)

    return asyncio.run(said())


@pytest.mark.parametrize("quick", [False, True])
def test_the_head_of_an_answer_is_that_of_the_first_but_for_what_is_its_own(quick):
    similar = learned(Entry(b"true", '"t"'), b"A: 1\r\n\r\n", quick=quick)
    said = asked(similar, b"A: 1\r\n\r\n")
    assert re.sub(rb"(x-request-id: )[^\r]+", rb"\1-", said) == (
        b'HTTP/1.1 200 OK\r\nvary: y\r\ndate: now\r\netag: "t"\r\ncontent-length: 4\r\n'
        b"x-request-id: -\r\n\r\ntrue"
    )
    assert similar.answers.service.cache.misses == 1
    assert similar.figures.requests == {200: 1}


def test_of_two_headers_of_one_name_the_first_counts():
    similar = Similar(Answers(Entry(b"", "")), Figures())
    twice = [(b"accept", b"text/csv"), (b"accept", b"text/plain")]
    data = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\n\r\n"
    scope = {REQUEST: data, "headers": twice, PLAINLY: (Operation("ASK{}"), "json", PLAIN)}
    similar.keep(scope, [], b"")
    assert [each.accept for each in similar.rests.values()] == ["text/csv"]


def test_a_defect_is_a_problem():
    said = asked(learned(ValueError("secret"), b"\r\n"), b"\r\n")
    assert said.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"content-security-policy" in said
    assert b"secret" not in said


def test_an_error_in_a_dash_is_a_problem():
    said = asked(learned(QueryError("It is wrong."), b"\r\n", quick=True), b"\r\n")
    assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"It is wrong." in said


def test_what_is_kept_goes_the_usual_way():
    similar = learned(Entry(b"true", '"t"'), b"\r\n")
    similar.answers.service.cache = {("f", Operation("ASK { }", "ASK"), "json", PLAIN)}
    assert asked(similar, b"\r\n") is None


def test_where_a_look_at_the_store_is_due_a_request_goes_the_usual_way():
    similar = learned(Entry(b"true", '"t"'), b"\r\n")
    similar.answers.service.pool.watch.due = True
    assert asked(similar, b"\r\n") is None


@pytest.mark.parametrize("query", ["a b", "%zz", "x\r\n", "", "a&maxrows=1", "é", "a#b"])
def test_only_a_plain_line_is_read(query):
    assert asked(learned(Entry(b"", ""), b"\r\n"), b"\r\n", query) is None


def test_what_is_remembered_is_bounded():
    similar = learned(Entry(b"", ""), *(b"%d\r\n\r\n" % number for number in range(300)))
    assert len(similar.rests) == 256
    assert asked(similar, b"299\r\n\r\n")
    assert asked(similar, b"0\r\n\r\n") is None
    long = b"A: " + b"x" * 2048 + b"\r\n\r\n"
    assert asked(learned(Entry(b"", ""), long), long) is None
