"""SERVICE clauses in texts: where they are, what is asked, and what stands in their place."""

import contextlib
import json
import time

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_protocol import SERVICE

from kg.errors import ForbiddenError, KgError, QueryError, ServiceError, TooLargeError
from kg.federation import asked_here, calls, filled, refuse_strangers, remote_queries
from kg.protocol import operation
from kg.rdf import BASE
from kg.scan import scan

A = "http://a/"
CALL = f"SERVICE <{A}> {{ ?s ?p ?o }}"


def table(names: list[str], *rows: dict) -> bytes:
    return json.dumps({"head": {"vars": names}, "results": {"bindings": rows}}).encode()


def one(term: dict) -> bytes:
    return table(["x"], {"x": term})


def solutions(text: str) -> list[dict[str, str]]:
    results = ox.Store().query(text)
    names = [variable.value for variable in results.variables]
    return [{name: row[name].value for name in names if row[name] is not None} for row in results]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("ASK { SERVICE <http://a/> { ?s ?p ?o } }", "{ ?s ?p ?o }"),
        ("ASK{service silent<http://a/>{?s ?p '}'}}", "{?s ?p '}'}"),
        ("ASK { # SERVICE <u:x> {\n SERVICE#}\n<http://a/> # {\n { { ?s ?p '''}'''} # }\n } }",
         "{ { ?s ?p '''}'''} # }\n }"),
        ("ASK { ?SERVICE <SERVICE> 'SERVICE' . SERVICE <http://a/> {} }", "{}"),
        ("ASK{?s ?p 1.0e2SERVICE<http://a/>{?s ?p ?o}}", "{?s ?p ?o}"),
        ("PREFIX x: <http://a/> ASK{?s ?p x:.SERVICE<http://a/>{ ?s x:} ?o}}", "{ ?s x:}"),
    ],
)  # fmt: skip
def test_where_a_call_stands(text: str, pattern: str) -> None:
    (call,) = calls(text)
    assert (call.server, text[call.opening : call.end]) == (A, pattern)
    assert text[call.start :].upper().startswith("SERVICE")
    assert len(asked_here(text, [call])) == len(text)
    assert operation([("query", text)], [A]).federated


@pytest.mark.parametrize("text", SERVICE[1:-1])
def test_what_is_not_plain_stays_refused(text: str) -> None:
    assert all(operation([("query", SERVICE[place])], [A]).federated for place in (0, -1))
    with pytest.raises(ForbiddenError):
        operation([("query", text.replace("<http://a>", "<http://b/>"))], [A])


@pytest.mark.parametrize("address", ["http://a", "http://a/?", "HTTP://a/", "http://\\u0061/", "/"])
def test_another_spelling_is_another_server(address: str) -> None:
    with pytest.raises(ForbiddenError, match="does not ask"):
        refuse_strangers(f"BASE <http://a/> ASK {{ SERVICE <{address}> {{ ?s ?p ?o }} }}", [A])


def test_without_a_list_nobody_is_asked() -> None:
    with pytest.raises(ForbiddenError, match="asks no other server"):
        operation([("query", SERVICE[0])])


def test_the_question_has_the_prologue() -> None:
    text = "PREFIX e: <#>\nSELECT DISTINCT ?s { SERVICE <http://a/> { ?s e:p ?o } } LIMIT 1"
    (asked,) = remote_queries(text, calls(text))
    assert asked == f"BASE <{BASE}>\nPREFIX e: <#>\nSELECT * WHERE {{ ?s e:p ?o }}"


ONE = "SELECT * { VALUES ?y { 1 } SERVICE <http://a/> { ?s ?p ?x } }"
SILENT = ONE.replace("SERVICE", "SERVICE SILENT")


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (table(["x"]), []),
        (table([], {}, {}), [{"y": "1"}] * 2),
        (table(["x", "s"], {"x": {"type": "uri", "value": "u:a"}}, {}),
         [{"y": "1", "x": "u:a"}, {"y": "1"}]),
        (one({"type": "literal", "value": "e", "xml:lang": "en-GB"}), [{"y": "1", "x": "e"}]),
        (None, [{"y": "1"}]),
    ],
)  # fmt: skip
def test_answers_in_place(body: bytes | None, rows: list) -> None:
    assert solutions(filled(SILENT, [body], 9)) == rows


NO_TABLES = [
    one({"type": "uri", "value": "http://a> } INSERT"}),
    one({"type": "uri", "value": "relative"}),
    one({"type": "literal", "value": "x", "xml:lang": "en } INSERT"}),
    one({"type": "literal", "value": "x", "datatype": "u:x> }"}),
    table(["x) { } }"]),
    table(["y"], {"y": {"type": "literal", "value": "2"}}),
    one({"type": "literal", "value": "x"})[:-2],
    b'{"head":{},"boolean":true}',
    b"[" * 100_000,
    b"",
]


@pytest.mark.parametrize("body", NO_TABLES)
def test_what_is_no_table(body: bytes) -> None:
    with pytest.raises(ServiceError, match="<http://a/> does not answer with a table"):
        filled(ONE, [body], 9)
    assert solutions(filled(SILENT, [body], 9)) == [{"y": "1"}]


@pytest.mark.parametrize("text", [ONE, SILENT])
def test_our_own_limits_hold_with_silent_too(text: str) -> None:
    term = {"type": "literal", "value": "x"}
    assert len(solutions(filled(text, [table(["x"], *[{"x": term}] * 2)], 2))) == 2
    with pytest.raises(TooLargeError, match="LIMIT"):
        filled(text, [table(["x"], *[{"x": term}] * 3)], 2)
    with pytest.raises(QueryError, match="blank nodes"):
        filled(text, [one({"type": "bnode", "value": "b"})], 2)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_literal_stays_a_literal(value: str) -> None:
    text = filled(ONE, [one({"type": "literal", "value": value})], 9)
    assert solutions(text) == [{"y": "1", "x": value}]


PIECES = st.lists(
    st.sampled_from(
        ["SERVICE ", "SERVICE", "silent", "<http://127.0.0.1:9/>", "<u:a>", "{", "{", "}", "}", " ",
         "'", '"""', "#", "\n", "\\", "?x", "a:", "FILTER EXISTS", "true", "1.", "@en", "ASK", "."]
    ), max_size=25,
)  # fmt: skip


@given(PIECES.map("".join))
def test_no_call_is_left(pieces: str) -> None:
    """Whatever is accepted has no call any more when the answers are in it."""
    text = f"ASK {{ SERVICE <http://127.0.0.1:9/> {{ ?s ?p ?o }} {pieces} }}"
    try:
        found = calls(text)
    except KgError:
        return
    done = filled(text, [None] * len(found), 9)
    assert not scan(done).has_service
    with contextlib.suppress(SyntaxError):
        ox.Store().query(done)  # would fail if the engine read a call: there is no such server


def test_a_call_that_is_left_would_be_seen() -> None:
    with pytest.raises(OSError, match="port"):
        ox.Store().query("ASK { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }")


@pytest.mark.parametrize(
    ("text", "like"),
    [("{" * 20_000 + "}" * 20_000, "{}" * 20_000), (CALL * 4_000, "{ ?s ?p ?o ?s ?p ?o }" * 4_000)],
    ids=["brackets within brackets", "many clauses"],
)
def test_no_text_takes_much_longer_than_others(text: str, like: str) -> None:
    def seconds(text: str) -> float:
        # Not steps of Python: what would take long is copied, or matched, within the interpreter.
        begun = time.process_time()
        with contextlib.suppress(TooLargeError):
            calls(f"SELECT * {{ {CALL} {text} }}")
        return time.process_time() - begun

    assert min(seconds(text) for _ in range(3)) < 4 * min(seconds(like) for _ in range(3))
