"""SPARQL 1.1 Protocol without a server: parts of a request in, operation or refusal out."""

import re
import time
from unittest.mock import patch
from urllib.parse import quote, unquote_plus, unquote_to_bytes, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import Store

from kg.errors import (
    AddressError,
    ForbiddenError,
    InputError,
    KgError,
    MediaTypeError,
    MethodError,
    TooLargeError,
)
from kg.protocol import (
    FORM_TYPE,
    QUERY_TYPE,
    UPDATE_TYPE,
    Limits,
    Operation,
    read_fields,
    read_request,
)
from kg.scan import _BEGINNING, _STRINGS, _token, scan, scan_tokens, tokens_of, undeclared_prefixes

ASK = "ASK {}"


def get(**fields: object) -> Operation | None:
    return read_request("GET", urlencode(fields, doseq=True), {}, b"")


def post(body: bytes, content_type: str, query_string: str = "") -> Operation | None:
    return read_request("POST", query_string, {"content-type": content_type}, body)


def test_three_ways_to_ask() -> None:
    assert get(query=ASK) == post(b"query=ASK%20%7B%7D", FORM_TYPE) == post(b"ASK {}", QUERY_TYPE)
    assert get(query=ASK) == Operation(query=ASK, form="ASK")


def test_get_without_parameters_asks_for_the_description() -> None:
    assert read_request("GET", "", {}, b"") is None
    assert read_request("HEAD", "", {}, b"") is None


def test_percent_decoding_happens_once() -> None:
    text = 'ASK { ?s ?p "100%25 + é" }'
    assert get(query=text).query == text
    assert post(f"query={quote(text)}".encode(), FORM_TYPE).query == text
    assert post(b"query=ASK+%7B%7D", FORM_TYPE).query == ASK


def test_dataset() -> None:
    asked = get(query=ASK, **{"default-graph-uri": ["u:a", "u:b"], "named-graph-uri": "u:c"})
    assert (asked.default_graphs, asked.named_graphs, asked.union) == (
        ("u:a", "u:b"),
        ("u:c",),
        False,
    )
    direct = post(ASK.encode(), QUERY_TYPE, "default-graph-uri=u:a")
    assert direct.default_graphs == ("u:a",)
    assert post(b"query=ASK+%7B%7D", FORM_TYPE, "default-graph-uri=u:a") == direct
    assert get(query=ASK).union
    assert not get(query="ASK FROM <u:a> {}").union


def test_own_parameters() -> None:
    assert get(query=ASK, timeout=".5e1").timeout == 5
    asked = get(query=ASK, timeout="2.5", maxrows="10")
    assert (asked.timeout, asked.maxrows) == (2.5, 10)


@pytest.mark.parametrize(
    "fields",
    [
        {"query": [ASK, ASK]},
        {"other": "x"},
        {"default-graph-uri": "u:a"},
        {"query": ASK, "update": "CLEAR ALL"},
        {"query": ASK, "timeout": "0"},
        {"query": ASK, "timeout": "nan"},
        {"query": ASK, "timeout": "soon"},
        {"query": ASK, "timeout": "1_0"},
        {"query": ASK, "timeout": "\u0663"},
        {"query": ASK, "timeout": "1e400"},
        {"query": ASK, "timeout": ["1", "2"]},
        {"query": ASK, "maxrows": "-1"},
        {"query": ASK, "maxrows": "²"},
        {"query": ASK, "maxrows": "1" * 16},
        {"query": ASK, "default-graph-uri": "no iri"},
        {"query": ASK, "named-graph-uri": "relative"},
    ],
)
def test_bad_request(fields: dict[str, object]) -> None:
    with pytest.raises(InputError):
        get(**fields)


@pytest.mark.parametrize("encoded", ["query=%", "query=%4", "query=%zz", "query=%ff"])
def test_bad_encoding(encoded: str) -> None:
    with pytest.raises(InputError):
        read_request("GET", encoded, {}, b"")
    with pytest.raises(InputError):
        post(encoded.encode(), FORM_TYPE)


def test_body_that_is_not_utf8() -> None:
    with pytest.raises(InputError, match="byte 5"):
        post(b'ASK "\xff"', QUERY_TYPE)
    with pytest.raises(MediaTypeError):
        post(b"ASK {}", QUERY_TYPE + "; charset=utf-16")


def test_two_queries_in_body_and_url() -> None:
    with pytest.raises(InputError, match="2 queries"):
        post(b"ASK {}", QUERY_TYPE, "query=ASK%7B%7D")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/json", "multipart/form-data"]
)
def test_wrong_media_type(content_type: str) -> None:
    with pytest.raises(MediaTypeError):
        post(b"query=ASK%20%7B%7D", content_type)


def test_a_body_in_a_coding_is_refused() -> None:
    headers = {"content-type": QUERY_TYPE, "content-encoding": "gzip"}
    with pytest.raises(MediaTypeError, match="without a content encoding"):
        read_request("POST", "", headers, b"ASK {}")
    assert read_request("POST", "", {**headers, "content-encoding": "Identity"}, b"ASK {}")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "get"])
def test_wrong_method(method: str) -> None:
    with pytest.raises(MethodError):
        read_request(method, "query=ASK%7B%7D", {}, b"")


def test_too_long() -> None:
    with pytest.raises(TooLargeError):
        read_request("POST", "", {"content-type": QUERY_TYPE}, b"x" * 101, Limits(100))


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <u:a> <u:b> <u:c> }",
        "# comment\nPREFIX select: <u:x> DELETE WHERE { ?s ?p ?o }",
        "BASE <u:x> LOAD <file:///etc/passwd>",
        "WITH <u:g> DELETE { ?s ?p ?o } WHERE {}",
        "CLEAR ALL", "DROP ALL", "CREATE GRAPH <u:g>", "COPY <u:a> TO <u:b>", "ADD <u:a> TO <u:b>",
    ],
)  # fmt: skip
def test_updates_are_refused(text: str) -> None:
    with pytest.raises(ForbiddenError):
        get(query=text)
    with pytest.raises(ForbiddenError):
        get(update=text)
    with pytest.raises(ForbiddenError):
        post(text.encode(), UPDATE_TYPE)


# The engine reads each of these as a federated call, however it is spelt.
SERVICE = [
    "ASK { SERVICE <http://a/> { ?s ?p ?o } }",
    "ASK { service silent ?x { ?s ?p ?o } }",
    "ASK{FILTER(?a<?b)SERVICE<http://a>{}}",
    "PREFIX x: <http://a/> ASK{?s ?p x:.SERVICE<http://a>{}}",
    "ASK{?s ?p 1.0e2SERVICE<http://a>{}}",
    "ASK{?s ?p trueSERVICE<http://a>{}}",
    "PREFIX : <http://a/> ASK {SERVICE:foo{?s ?p ?o}}",
    "PREFIX x: <http://a/> ASK {SERVICEx:foo{?s ?p ?o}}",
    "ASK {SERVICESILENT<http://a/>{?s ?p ?o}}",
    "PREFIX : <http://a/> ASK {?s ?p trueSERVICE:a #x\n {?s ?p ?o}}",
    "ASK { ?s ?p '#' SERVICE <http://a/> {} }",
]


@pytest.mark.parametrize("text", SERVICE)
def test_service_is_refused(text: str) -> None:
    with pytest.raises(ForbiddenError):
        get(query=text)


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?SERVICE <SERVICE> 'SERVICE' } # SERVICE",
        'ASK { ?s ?p """ " SERVICE <u:x> {} " """ }',
        "ASK { ?s ?p 'it\\'s SERVICE' , \"INSERT DATA\" }",
        "PREFIX service: <u:x> ASK { GRAPH service:a { ?s service:b ex:SERVICE } }",
        "ASK { ?s ?p _:SERVICE , 'x'@en-service }",
    ],
)
def test_words_that_are_no_calls(text: str) -> None:
    assert get(query=text).form == "ASK"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", "SELECT"),
        ("SELECTDISTINCT?s{}", "SELECT"),
        ("base <ASK> prefix ask: <u:x> construct where {}", "CONSTRUCT"),
        ("#SELECT\nDESCRIBE <u:x>", "DESCRIBE"),
        ("foo", None),
        ("", None),
    ],
)
def test_form(text: str, form: str | None) -> None:
    assert scan(text).form == form


@pytest.mark.parametrize(
    ("text", "dataset"),
    [
        ("SELECT * FROM <u:g> {}", True),
        ("PREFIX : <u:> SELECT*FROM:g{}", True),
        ("PREFIX from: <u:> SELECT * { ?s from:g ?from }", False),
        ("SELECT * { ?s ?p 'FROM' } # FROM", False),
    ],
)
def test_dataset_in_the_text(text: str, dataset: bool) -> None:
    assert scan(text).has_dataset is dataset
    assert get(query=text).union is not dataset


@pytest.mark.parametrize(
    "text",
    ["ASK FROM <file:///x> {}", "ASK FROM<FILE:x>{}", "ASK FROM NAMED <file:///x> { GRAPH ?g {} }"],
)
def test_files_are_refused(text: str) -> None:
    with pytest.raises(ForbiddenError, match="reads no files"):
        get(query=text)
    with pytest.raises(ForbiddenError, match="reads no files"):
        get(query="ASK {}", **{"named-graph-uri": "FILE:///x"})
    assert get(query="ASK { ?s ?p <file:///x> }")


CALL = "SERVICE<http://127.0.0.1:1/>{}"


@pytest.mark.parametrize(
    "text",
    [
        f"ASK {{ FILTER(1<'>'||true){CALL}FILTER('a'='a') }}",
        "PREFIX a: <http://127.0.0.1:1/> ASK { FILTER(1<1)SERVICE:a#>\n{} }",
        f"ASK {{ FILTER(1<1#>'''\n){CALL}#'''\n }}",
        f"ASK {{ FILTER(COUNT(DISTINCTtrue<'>'){CALL}FILTER('a'='a') }}",
        f"ASK {{ VALUES ?x {{ 1 }} FILTER(?x<'>'||true){CALL}FILTER('a'='a') }}",
        f"ASK {{ FILTER(EXISTS {{}}<'>'||true){CALL}FILTER('a'='a') }}",
        "SELECT (1<'>' AS ?x) FROM <u:g> { ?s ?p '>' }",
        "ASK { FILTER(1<'>'||RAND()<1||'a'='a') }",
        "ASK { FILTER(1<'>'||<bif:exec>('x')||'a'='a') }",
        r"ASK { FILTER(1<'>'||<\u0062if:exec>('x')||'a'='a') }",
    ],
)
def test_what_may_be_an_iri_or_a_comparison_hides_nothing(text: str) -> None:
    """`<'>` is an IRI, or the beginning of a comparison with a string."""
    with pytest.raises(InputError, match="Write a space after the `<`"):
        get(query=text)


@pytest.mark.parametrize(
    "text",
    [
        "ASK { VALUES (?a ?b) { (<u:x#a> <u:y#b>) (<u:x'> UNDEF) } ?s ?p 'SERVICE' }",
        "ASK { ?a ?b ?c FILTER(?a<?b&&?c>?b) ?s ?p 'SERVICE' }",
        "ASK { FILTER(?a IN (<u:x#a>, <u:y#b>) || ?a = <u:x#c>) ?a ?p 'FROM' }",
        "ASK { ?s (<u:a#b>|!<u:c#d>)/^<u:e#f> ?o # FROM\n }",
        "SELECT (COUNT(DISTINCT <u:a#b>) AS ?n) { ?s ?p 'SERVICE' }",
        "ASK { ?s <u:a#b> <u:c#d> ; <u:e'> ?o FILTER(?o < '>') ?o ?p 'SERVICE' }",
    ],
)
def test_what_can_be_read_in_one_way_is_not_refused(text: str) -> None:
    assert not get(query=text).federated


EXPRESSION = (
    "1", "?x", "true", "<", ">", "'", "'''", "#", "\n", "(", ")", "||", "<u:a>", ":a", '"', "\\",
    "=", "'a'='a'", CALL, f"){CALL}FILTER(", f"){CALL}#", "SERVICE:a", "{}", "EXISTS{", "}", " ",
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(EXPRESSION), max_size=9).map("".join))
@example("1<'>'||true)SERVICE<http://127.0.0.1:1/>{}FILTER('a'='a'")
def test_the_engine_calls_nobody_whom_the_scan_has_not_seen(text: str) -> None:
    query = f"PREFIX : <u:> PREFIX SERVICE: <u:> ASK {{ FILTER({text}) }}"
    try:
        get(query=query)
    except KgError:
        return
    try:
        Store().query(query)
    except (SyntaxError, ValueError, RuntimeError):
        return
    except OSError as called:  # the port is refused before anything is sent
        pytest.fail(f"{query}: {called}")


def test_format() -> None:
    assert get(query="ASK {}", **{"as": "csv"}).format == "csv"
    assert get(query="ASK {}", **{"as": ""}).format is None
    assert get(query="CONSTRUCT {} {}", **{"as": "nt"}).format == "ntriples"
    with pytest.raises(InputError, match="as must be one of"):
        get(query="ASK {}", **{"as": "pdf"})


def test_long_address() -> None:
    with pytest.raises(AddressError, match="by POST"):
        get(query="ASK {} #" + "a" * 33_000)
    with pytest.raises(AddressError, match="by POST"):
        read_request("GET", "query=ASK%7B%7D", {}, b"", Limits(14))
    assert read_request("GET", "query=ASK%7B%7D", {}, b"", Limits(15))


def test_many_parameters() -> None:
    assert len(read_fields("&".join(["a=b"] * 1000))) == 1000
    with pytest.raises(InputError, match="more than 1000"):
        read_fields("&".join(["a=b"] * 1001))


def test_volatile_functions_are_not_repeatable() -> None:
    assert not get(query="SELECT (NOW() AS ?now) {}").repeatable
    assert not get(query="SELECT * { ?s ?p ?o } ORDER BYRAND()").repeatable
    called = urlencode({"query": "ASK { SERVICE <http://a/> { ?s ?p ?o } }"})
    asked = read_request("GET", called, {}, b"", Limits(servers=["http://a/"]))
    assert (asked.federated, asked.repeatable) == (True, False)
    assert get(query="ASK { ?now ?p 'RAND()' }").repeatable


def test_undeclared_prefixes() -> None:
    assert undeclared_prefixes("PREFIX a: <u:> ASK { a:x b:y 'c:z' ; :d <e:f> }") == {
        "b": 25,
        "": 37,
    }
    assert undeclared_prefixes("PREFIX a: <u:> ASK { ?s ?p 1a:x }") == {}


PIECES = (
    "SELECT", "select ", "ASK{", "CONSTRUCT ", "DESCRIBE<", "PREFIX ", "prefix a:", "BASE", "<u:x>",
    "<u:\\u0041>", "# SELECT\n", "#ASK", "'SELECT'", "a:b ", ":", "\u017felect ", "INSERT ", "\\#",
    "SERVICE ", "FROM ", "<file:x>", "NOW()", " ", "\n", "\x1c", "\u00e9", "?x", "{", "}", "*",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("PREFIX a: <u:x> SELECT * { ?s a:b '# SERVICE' }")
@example("SELECT:x INSERT ")
@example("#ASK")
def test_a_glance_tells_what_the_tokens_tell(text: str) -> None:
    assert scan(text) == scan_tokens(text)


def test_a_glance_is_enough_for_common_queries() -> None:
    """What is scanned by tokens takes a tenth of a simple query's time."""
    with patch("kg.scan.scan_tokens", side_effect=AssertionError):
        assert scan("# why\nPREFIX a: <u:x>\nSELECT * { ?s a:b 'c' }").form == "SELECT"


@pytest.mark.parametrize(
    "token",
    [":" * 9, "'" + "x" * 9 + "'", '"' * 3 + "x" * 9 + '"' * 3, "a:" + "%41" * 9,
     "'" + "\\x" * 9 + "'", "@a" + "-a" * 9],
)  # fmt: skip
def test_a_long_token_is_read_in_one_go(token: str) -> None:
    assert [(value, place) for _, value, place in tokens_of(token)] == [(token, 0)]


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("unit", ["\\Q", "Q\\", "QQQ\\", "\\QQQaQ", "\\QQQ QQ", "Q\\\nQ"])
def test_strings_without_an_end_take_no_longer_than_others(quote: str, unit: str) -> None:
    """Else a short query would keep everybody waiting, and a long one a thread for an hour."""

    def seconds(text: str) -> float:
        begun = time.process_time()  # not steps of Python: one match may take all of it
        scan(f"{text} NOW")
        return time.process_time() - begun

    endless, ended = unit.replace("Q", quote) * (20_000 // len(unit)), "'' " * 7_000
    # It was a hundred times as much.
    assert min(seconds(endless) for _ in range(3)) < 10 * min(seconds(ended) for _ in range(3))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a """" b', "ab"),
        ("a '''' b", "ab"),
        ('"""a"b\\"""c', "bc"),
        ("a 'b\\'c \"d\"", "abc"),
        ("""a '''b' c '''d \"""e""", "ade"),
    ],
)
def test_what_stands_behind_an_open_string_is_seen(text: str, words: str) -> None:
    """Where a long one is not ended, two empty ones stand, or one."""
    assert "".join(value for kind, value, _ in tokens_of(text) if kind == "word") == words


@pytest.mark.parametrize("pattern", [_token(tuple(_STRINGS)), _token(()), _BEGINNING])
def test_nothing_is_read_twice(pattern: re.Pattern[str]) -> None:
    """One match keeps all other threads waiting: with a way back it takes 0.15 s and more."""
    without_classes = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", pattern.pattern)
    repeated = re.findall(r"[*+?}]\+|[*+]", without_classes)
    assert len(repeated) > 5
    assert [each for each in repeated if each not in ("*+", "++")] == []


@given(st.text("%=+0aF \n\r_&", max_size=12))
@example("%41%3D=%0D%0A= +\r\n\u00e9")
def test_escapes_are_decoded_as_the_standard_library_does(text: str) -> None:
    encoded = re.sub("%(?![0-9A-Fa-f]{2})|&", "", text)
    try:
        (found,) = [value for _, value in read_fields(f"query={encoded}")]
    except InputError:
        with pytest.raises(UnicodeDecodeError):
            unquote_to_bytes(encoded).decode()
    else:
        assert found == unquote_plus(encoded)


@given(st.text(max_size=60))
def test_scanning_and_reading_never_fail_otherwise(text: str) -> None:
    scan(text)
    undeclared_prefixes(text)
    for part in (lambda: get(query=text), lambda: post(text.encode("utf-8", "replace"), FORM_TYPE)):
        status = 200
        try:
            part()
        except KgError as refusal:
            status = refusal.status
        assert status in {200, 400, 403}
