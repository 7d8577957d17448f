"""A request that came before is answered from memory, and nothing else is taken for one."""

import asyncio
import time
from urllib.parse import quote

import pytest
from serving import Server, snapshot
from talking import NUMBERS, RUNAWAY, TWO, Talk, get, metric

from kg.cache import Cache
from kg.monitor import Figures
from kg.repeats import LONGEST, REPEATABLE, REQUEST, Repeats
from kg.watch import Watch
from kg.wire import Gathered
from kg.worker import LoaderConfig

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
THREE = TWO + "<u:a> <u:p> <u:d> <u:g> .\n"


def test_a_repeated_request_has_the_same_answer_but_for_id_and_time(talk):
    first, second, third = (talk.ask(get(COUNT)) for _ in range(3))
    assert first[0] == 200
    assert first[2] == third[2] == "n\r\n2\r\n"
    for name in ("date", "x-request-id"):
        assert first[1].pop(name)
        assert second[1].pop(name)
        assert third[1].pop(name)
    assert first == second == third


def test_every_repeat_has_an_id_of_its_own_and_is_counted(talk):
    talk.ask(get("ASK {}"))
    before = metric(talk, 'kg_requests_total{status="200"}'), metric(talk, "kg_cache_hits_total")
    names = {talk.ask(get("ASK {}"))[1]["x-request-id"] for _ in range(4)}
    after = metric(talk, 'kg_requests_total{status="200"}'), metric(talk, "kg_cache_hits_total")
    assert len(names) == 4
    assert (after[0] - before[0], after[1] - before[1]) == (6, 4)  # two for the metrics


@pytest.mark.parametrize(
    "other",
    [
        get(COUNT).replace(b"text/csv", b"text/tab-separated-values"),
        get(COUNT, "Accept-Encoding: gzip\r\n"),
        get(COUNT, target="/sparql/"),
        get(COUNT.replace("COUNT", "count")),
        get(COUNT).replace(b"GET", b"HEAD"),
    ],
)
def test_another_request_is_not_taken_for_it(talk, other):
    kept = talk.ask(get(COUNT))
    assert talk.ask(get(COUNT))[2] == kept[2]
    if other.startswith(b"HEAD"):
        talk.say(other)
        head = talk.socket.recv(65536)
        assert head.startswith(b"HTTP/1.1 200")
        assert head.endswith(b"\r\n\r\n")
        return
    answer = talk.ask(other)
    assert answer[0] == 200
    assert answer[1]["content-type"].startswith("text/")


def test_pieces_and_pairs_are_answered_each_once_and_in_order(talk):
    known, other = get(COUNT), get("ASK {}")
    talk.ask(known)
    talk.ask(known)
    talk.say(known[:20], known[20:])
    talk.say(other + known)
    talk.say(known + known[:30], known[30:] + other)
    bodies = [talk.answer()[2] for _ in range(6)]
    count, true = "n\r\n2\r\n", "true"
    assert bodies == [count, true, count, count, count, true]


def test_a_body_that_looks_like_a_known_request_is_a_body(talk):
    known = get(COUNT)
    talk.ask(known)
    talk.ask(known)
    head = (
        f"POST /sparql HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(known)}\r\n\r\n"
    ).encode()
    talk.say(head)
    assert talk.ask(known)[0] == 415
    assert talk.ask(known)[2] == "n\r\n2\r\n"


def test_behind_a_part_of_the_next_head_nothing_is_known(talk):
    known = get(COUNT)
    talk.ask(known)
    # The second head begins with the first request, and its first line ends with the third's.
    talk.say(known + b"GET /healthz HTTP/1.1\r\nX-Rest: ")
    assert talk.answer()[2] == "n\r\n2\r\n"
    assert talk.ask(known)[2] == "alive\n"


def test_a_known_request_waits_for_the_answer_before_it(talk):
    known = get(COUNT)
    talk.ask(known)
    talk.ask(known)
    talk.say(get(RUNAWAY).replace(b"?query", b"?timeout=0.5&query"))
    time.sleep(0.2)
    assert talk.ask(known)[0] == 504
    assert talk.answer()[2] == "n\r\n2\r\n"


def test_a_wish_to_close_is_granted_each_time(two):
    for _ in range(3):
        talk = Talk(two)
        assert talk.ask(get(COUNT, "Connection: close\r\n"))[2] == "n\r\n2\r\n"
        assert talk.answer() is None
        talk.socket.close()


def test_a_request_with_a_body_is_known_with_its_body(talk):
    def post(query):
        body = f"query={quote(query)}"
        return (
            "POST /sparql HTTP/1.1\r\nHost: here\r\nAccept: text/csv\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    one, other = "SELECT (1 AS ?n) {}", "SELECT (2 AS ?n) {}"
    assert [talk.ask(post(one))[2] for _ in range(3)] == ["n\r\n1\r\n"] * 3
    assert talk.ask(post(other))[2] == "n\r\n2\r\n"


def test_what_differs_from_call_to_call_is_asked_anew(talk):
    bodies = {talk.ask(get("SELECT (STRUUID() AS ?u) {}"))[2] for _ in range(4)}
    assert len(bodies) == 4


def test_new_data_have_new_answers(tmp_path):
    snapshot(tmp_path, TWO)
    server = Server(snapshots=str(tmp_path))
    try:
        talk = Talk(server)
        assert [talk.ask(get(COUNT))[2] for _ in range(3)] == ["n\r\n2\r\n"] * 3
        snapshot(tmp_path, THREE)
        assert "Now serving" in server.reload()
        assert [talk.ask(get(COUNT))[2] for _ in range(3)] == ["n\r\n3\r\n"] * 3
        talk.socket.close()
    finally:
        server.stop()


class Sink:
    """What a transport was told to do."""

    def __init__(self):
        self.said = []

    def write(self, data):
        self.said.append(data)

    def close(self):
        self.said.append("close")

    def is_closing(self):
        return "close" in self.said


def test_what_is_written_in_one_turn_is_sent_in_one_piece():
    async def work():
        sink = Sink()
        gathered = Gathered(sink, asyncio.get_running_loop())
        gathered.write(b"head ")
        gathered.write(b"body")
        assert sink.said == []
        await asyncio.sleep(0)
        assert sink.said == [b"head body"]
        gathered.write(b"more")
        gathered.close()
        await asyncio.sleep(0)
        assert sink.said == [b"head body", b"more", "close"]
        assert gathered.is_closing()

    asyncio.run(work())


def test_a_long_part_is_sent_at_once_and_uncopied():
    async def work():
        sink, long = Sink(), b"x" * (1 << 20)
        gathered = Gathered(sink, asyncio.get_running_loop())
        gathered.write(b"head")
        gathered.write(long)
        assert [sink.said[0], sink.said[1] is long] == [b"head", True]
        await asyncio.sleep(0)
        assert len(sink.said) == 2

    asyncio.run(work())


def test_a_long_answer_comes_whole_each_time(talk):
    pairs = " ".join(f"VALUES ?{name} {{ {NUMBERS} }}" for name in "ab")
    wide = f"('{'x' * 60}' AS ?x)"
    bodies = [talk.ask(get(f"SELECT ?a {wide} {{ {pairs} }} LIMIT 4999"))[2] for _ in range(3)]
    assert len(bodies[0]) > 256 * 1024
    assert bodies[0].count("\r\n") == 5000
    assert bodies[0] == bodies[1] == bodies[2]
    assert talk.ask(get(COUNT))[2] == "n\r\n2\r\n"


class Served:
    fingerprint = "f"
    watch = Watch(None, LoaderConfig(()))


def repeats(limit=1 << 20):
    return Repeats(Served(), Cache(limit), Figures())


def keep(made, data, **more):
    scope = {REQUEST: data, REPEATABLE: "f", "method": "GET", "path": "/sparql", **more}
    made.keep(scope, [(b"a", b"b"), (b"x-request-id", b"1")], b"body")


def test_what_is_kept_is_given_again():
    made = repeats()
    keep(made, b"request")
    answer = made.answer(b"request", [(b"date", b"today")])
    assert answer.startswith(b"HTTP/1.1 200 OK\r\na: b\r\ndate: today\r\nx-request-id: ")
    assert answer.endswith(b"\r\n\r\nbody")
    assert made.answer(b"other", []) is None


@pytest.mark.parametrize(
    ("data", "more"),
    [
        (b"request", {REPEATABLE: None}),
        (b"request", {REPEATABLE: "another graph"}),
        (b"x" * (LONGEST + 1), {}),
        (None, {}),
    ],
    ids=["not-repeatable", "other-data", "too-long", "not-whole"],
)
def test_what_may_not_be_kept_is_not(data, more):
    made = repeats()
    keep(made, data, **more)
    assert made.answer(data or b"", []) is None


def test_kept_requests_count_towards_the_room():
    made = repeats(64 * 1024)
    for number in range(100):
        keep(made, b"%d" % number + b"x" * 4096)
    assert made.cache.size <= made.cache.limit
    assert len(made.cache) < 100 * 1024 // 4096


def test_without_a_cache_nothing_is_kept():
    made = repeats(0)
    keep(made, b"request")
    assert made.answer(b"request", []) is None
