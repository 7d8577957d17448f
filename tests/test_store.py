"""Loading and evaluation: formats, datasets, caps and complaints."""

import csv
import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from kg.errors import DataError, InputError, NotFoundError, QueryError, TooLargeError
from kg.media import FORMATS, named, offered
from kg.protocol import Operation, operation
from kg.results import Caps
from kg.rows import count_rows, first_rows
from kg.store import EngineStore, explain

TRIG = """
@prefix : <http://example.org/> .
:one { :a :p "x", "y\\"},{\\"\\n", "5"^^<http://www.w3.org/2001/XMLSchema#integer> . }
:two { :a :q :b , "z"@en . :b :p :c . }
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EngineStore:
    path = tmp_path_factory.mktemp("store") / "small.trig"
    path.write_text(TRIG, "utf-8")
    graph = EngineStore(prefixes={"ex": "http://example.org/"})
    graph.load(path)
    return graph


def ask(
    store: EngineStore, text: str, form: str = "tsv", caps: Caps | None = None, **more: str
) -> bytes:
    fields = [("query", text), *((key.replace("_", "-"), value) for key, value in more.items())]
    return store.evaluate(operation(fields), named(form), caps).body


ALL = "SELECT ?s ?p ?o { ?s ?p ?o }"


def rows(body: bytes) -> int:
    return count_rows(body, "tsv")


def test_default_graph_is_the_union(store: EngineStore) -> None:
    assert len(store) == 6
    assert rows(ask(store, ALL)) == 6


def test_dataset_of_the_protocol_wins(store: EngineStore) -> None:
    one, two = "http://example.org/one", "http://example.org/two"
    assert rows(ask(store, ALL, default_graph_uri=one)) == 3
    assert rows(ask(store, f"SELECT * FROM <{two}> {{ ?s ?p ?o }}", default_graph_uri=one)) == 3
    inside = "SELECT * { GRAPH ?g { ?s ?p ?o } }"
    assert rows(ask(store, inside)) == 6
    assert rows(ask(store, inside, named_graph_uri=two)) == 3
    assert rows(ask(store, inside, default_graph_uri=two)) == 0
    assert rows(ask(store, ALL, named_graph_uri=two)) == 0


def test_dataset_of_the_query(store: EngineStore) -> None:
    assert rows(ask(store, "SELECT * FROM <http://example.org/one> { ?s ?p ?o }")) == 3
    assert rows(ask(store, "SELECT * FROM NAMED <http://example.org/one> { ?s ?p ?o }")) == 0


@pytest.mark.parametrize("graph", ["file:///etc/passwd", "http://127.0.0.1:9/data.ttl"])
def test_from_reads_nothing_from_outside(store: EngineStore, graph: str) -> None:
    """The protocol refuses a file before; the engine would not read it either."""
    asked = Operation(f"SELECT * FROM <{graph}> {{ ?s ?p ?o }}", union=False)
    assert rows(store.evaluate(asked, named("tsv")).body) == 0
    asked = Operation(ALL, default_graphs=(graph,), union=False)
    assert rows(store.evaluate(asked, named("tsv")).body) == 0


OVERLAPPING = "<u:a> <u:p> 1 . GRAPH <u:g> { <u:a> <u:p> 1 , 2 } GRAPH <u:h> { <u:a> <u:p> 2 , 3 }"
FAR = OVERLAPPING.replace("<u:g>", "<http://x/y/g>").replace("<u:h>", "<http://x/y/h>")


def test_a_triple_of_two_graphs_stands_once_in_the_union(tmp_path: Path) -> None:
    (tmp_path / "a.trig").write_text(OVERLAPPING, "utf-8")
    graph = EngineStore()
    graph.load(tmp_path / "a.trig")
    bare = Operation(ALL, union=False)
    assert rows(graph.evaluate(bare, named("tsv")).body) == 1  # the default graph alone
    assert rows(ask(graph, ALL)) == 5  # the engine's own union
    graph.settle()
    assert rows(ask(graph, ALL)) == 3
    assert len(graph) == 5
    assert rows(ask(graph, "SELECT * { GRAPH ?g { ?s ?p ?o } }")) == 4
    assert rows(ask(graph, ALL, default_graph_uri="u:g")) == 2


FROM = "FROM <u:g> FROM <u:h>"


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (f"SELECT * {FROM} {{ ?s ?p ?o }}", 3),
        ("SELECT * FROM <u:g> FROM <u:g> { ?s ?p ?o }", 2),
        ("PREFIX a: <u:> SELECT * FROM a:g FROM a:h { ?s ?p ?o }", 3),
        ("BASE <http://x/y/> SELECT * FROM <g> FROM <../y/h> FROM <u:none> { ?s ?p ?o }", 3),
        (f"SELECT * {FROM} {{ ?s ?p ?o . ?s ?q ?r }}", 9),
        (f"SELECT * {FROM} {{ GRAPH ?g {{ ?s ?p ?o }} }}", 0),
        (f"SELECT * {FROM} FROM NAMED <u:h> FROM NAMED <u:h> {{ GRAPH ?g {{ ?s ?p ?o }} }}", 2),
        (f"SELECT * {FROM} FROM NAMED <u:h> {{ ?s ?p ?o GRAPH <u:h> {{ ?s ?p ?o }} }}", 2),
        ("SELECT * FROM NAMED <u:g> FROM NAMED <u:h> { ?s ?p ?o }", 0),
        ("SELECT * FROM NAMED <u:g> FROM NAMED <u:h> { GRAPH ?g { ?s ?p ?o } }", 4),
    ],
)
def test_a_triple_of_two_graphs_stands_once_in_their_merge(
    tmp_path: Path, query: str, wanted: int, settled: bool
) -> None:
    """SPARQL 1.1 Query, 13.2.1: the default graph is the merge of the graphs after FROM."""
    (tmp_path / "a.trig").write_text(FAR if "http:" in query else OVERLAPPING, "utf-8")
    graph = EngineStore()
    graph.load(tmp_path / "a.trig")
    if settled:
        graph.settle()
    assert rows(ask(graph, query)) == wanted
    assert rows(ask(graph, query)) == wanted


def test_the_protocols_graphs_are_merged_too(tmp_path: Path) -> None:
    (tmp_path / "a.trig").write_text(OVERLAPPING, "utf-8")
    graph = EngineStore()
    graph.load(tmp_path / "a.trig")
    for names, wanted in ((("u:g", "u:h"), 3), (("u:g", "u:g"), 2)):
        asked = Operation(ALL, default_graphs=names, union=False)
        assert rows(graph.evaluate(asked, named("tsv")).body) == wanted
    made = ask(graph, f"CONSTRUCT {{ ?s ?p ?o }} {FROM} {{ ?s ?p ?o }}", "ntriples")
    assert len(made.splitlines()) == 3


def test_an_error_in_a_query_with_a_dataset_has_its_place(store: EngineStore) -> None:
    for text in ("SELECT * FROM x:y { ?s ?p ?o }", "SELECT * FROM <u:g> FROM { ?s ?p ?o }"):
        with pytest.raises(QueryError, match=r"Line 1, column"):
            ask(store, text)


def test_a_union_without_overlap_is_not_copied(store: EngineStore) -> None:
    before = len(store)
    store.settle()
    assert len(store._store) == len(store) == before


def test_json_ld_with_a_context_is_compact(store: EngineStore) -> None:
    compact = EngineStore(context={"@vocab": "http://example.org/"})
    compact._store = store._store
    body = ask(compact, "CONSTRUCT WHERE { ?s <http://example.org/q> ?o }", "jsonld")
    assert json.loads(body)["@graph"][0]["q"]
    with pytest.raises(TooLargeError, match="LIMIT and OFFSET"):
        ask(compact, "CONSTRUCT WHERE { ?s ?p ?o }", "jsonld", Caps(bytes=20))


@pytest.mark.parametrize("form", [row.name for row in offered("graph")])
@pytest.mark.parametrize(
    "text",
    ["CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "DESCRIBE <http://example.org/a>"],
)
def test_graphs_parse_back(store: EngineStore, form: str, text: str) -> None:
    body = ask(store, text, form)
    wanted = {"turtle": "turtle", "ntriples": "nt", "jsonld": "json-ld", "trig": "trig",
              "nquads": "nquads", "rdfxml": "xml"}[form]  # fmt: skip
    graph = rdflib.Dataset(default_union=True)
    graph.parse(data=body, format=wanted)
    expected = rdflib.Graph().parse(data=ask(store, text, "ntriples"), format="nt")
    assert len(expected) in (5, 6)
    assert set(graph.triples((None, None, None))) == set(expected)


def test_turtle_uses_the_prefixes(store: EngineStore) -> None:
    assert b"ex:a" in ask(store, "DESCRIBE <http://example.org/a>", "turtle")


TABLES = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "tsv": ox.QueryResultsFormat.TSV,
}


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_rows_are_counted_and_cut(store: EngineStore, form: str) -> None:
    body = ask(store, ALL, form)
    assert count_rows(body, form) == 6
    for wanted in range(1, 6):
        cut = first_rows(body, form, wanted)
        assert count_rows(cut, form) == wanted
        if form == "csv":
            found = len(list(csv.reader(io.StringIO(cut.decode(), newline="")))) - 1
        else:
            found = len(list(ox.parse_query_results(cut, TABLES[form])))
        assert found == wanted


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
def test_rows_without_values_are_counted(store: EngineStore, form: str) -> None:
    assert count_rows(ask(store, "SELECT ?x { VALUES ?x { UNDEF UNDEF UNDEF } }", form), form) == 3
    assert count_rows(ask(store, "SELECT ?x { FILTER(false) }", form), form) == 0


def test_above_a_cap_is_an_error_that_names_limit_and_offset(store: EngineStore) -> None:
    for caps in (Caps(rows=5), Caps(bytes=20)):
        for form, text in (("json", ALL), ("turtle", "CONSTRUCT WHERE { ?s ?p ?o }")):
            with pytest.raises(TooLargeError, match="LIMIT and OFFSET"):
                ask(store, text, form, caps)
    assert rows(ask(store, ALL, caps=Caps(rows=6))) == 6


def test_maxrows_is_a_short_answer_that_says_so(store: EngineStore) -> None:
    for form, text in (("json", ALL), ("ntriples", "CONSTRUCT WHERE { ?s ?p ?o }")):
        for asked, truncated in ((2, True), (6, False), (7, False)):
            answer = store.evaluate(
                operation([("query", text), ("maxrows", str(asked))]), named(form)
            )
            assert answer.truncated is truncated
            found = (
                answer.body.count(b"\n") if form == "ntriples" else count_rows(answer.body, form)
            )
            assert found == min(asked, 6)


def test_maxrows_stops_a_long_answer_early(store: EngineStore) -> None:
    product = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o . ?p ?q ?r }"
    asked = operation([("query", product), ("maxrows", "10")])
    answer = store.evaluate(asked, named("json"), Caps(bytes=200_000))
    assert answer.truncated
    assert count_rows(answer.body, "json") == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * { ?s ex:p ?o }", "Line 1, column 15: the prefix ex: is not declared."),
        ("SELECT *\n{ ?s ?p ", "Line 2, column 9: the query ends too early"),
        ("ASK {} ASK {}", "Line 1, column 8: the query cannot be read from 'ASK {}' on."),
        ("ASK {}\r\n\u2028\nFOO", "Line 2, column 1: the query cannot be read from"),
        ("SELECT * { ?s ?p ?o }}", "column 21: the query cannot be read from '}}' on."),
        ("SELECT ?s WERE { ?s ?p ?o }", "column 11: the query cannot be read from 'WERE {"),
        ("ASK { ?s ?p 'a\nb' }", "Line 1, column 15: the query cannot be read from this line end"),
        ("SELECT (1 AS ?x) (2 AS ?x) {}", "column 30: Duplicated variable name in SELECT."),
        ("SELECT * {} LIMIT 99999999999999999999", "limit should be a non negative integer."),
        ("ASK { <http://[/> ?p ?o }", "Line 1, column"),
        ("SELECT ?x (COUNT(*) AS ?n) { ?x ?p ?o }", "neither in GROUP BY nor"),
        ("SELECT ?p { ?s ?p ?o } GROUP BY ?s", "a variable in SELECT stands neither"),
        ("ASK { ?s ?p ?o FILTER(<u:f>(?o)) }", "custom function <u:f>"),
    ],
)
def test_bad_query(store: EngineStore, text: str, said: str) -> None:
    with pytest.raises(QueryError) as error:
        ask(store, text, "json")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_engine_refuses_updates_too(store: EngineStore) -> None:
    with pytest.raises(QueryError):
        store.evaluate(Operation("INSERT DATA { <u:a> <u:b> <u:c> }"), named("json"))


def test_form_and_format_that_do_not_fit(store: EngineStore) -> None:
    for text, form in (("ASK {}", "turtle"), ("DESCRIBE <u:x>", "json")):
        with pytest.raises(QueryError):
            store.evaluate(Operation(text), named(form))


def test_explain_without_a_position() -> None:
    assert explain("", "odd\n  fault.") == "odd fault."


FILES = {
    "a.ttl": "<http://e/s> <http://e/p> 1 .",
    "a.nt": "<http://e/s> <http://e/p> <http://e/o> .",
    "a.nq": "<http://e/s> <http://e/p> <http://e/o> <http://e/g> .",
    "a.trig": "<http://e/g> { <http://e/s> <http://e/p> 1 }",
    "a.jsonld": '[{"@id": "http://e/s", "http://e/p": [{"@id": "http://e/o"}]}]',
    "a.rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
    '<rdf:Description rdf:about="http://e/s"><e:p>1</e:p></rdf:Description></rdf:RDF>',
}
FILES["a.owl"] = FILES["a.rdf"]


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], "utf-8")
    graph = EngineStore()
    graph.load(tmp_path / name)
    assert len(graph) == 1
    named_graph = b"true" if name in ("a.nq", "a.trig") else b"false"
    assert ask(graph, "ASK { GRAPH <http://e/g> { ?s ?p ?o } }", "csv") == named_graph


def test_blank_nodes_of_two_files_stay_apart(tmp_path: Path) -> None:
    graph = EngineStore()
    for name in ("a.nt", "b.nt"):
        (tmp_path / name).write_text("_:x <http://e/p> <http://e/o> .", "utf-8")
        graph.load(tmp_path / name)
    assert len(graph) == 2


def test_relative_iris_do_not_tell_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a b.ttl").write_text("<x> <http://e/p> <> .", "utf-8")
    graph = EngineStore()
    graph.load(tmp_path / "a b.ttl")
    assert b"file:///x" in ask(graph, ALL)
    assert tmp_path.name.encode() not in ask(graph, ALL)


@pytest.mark.parametrize(
    ("name", "text", "fault", "said"),
    [
        ("bad.ttl", "<http://e/s>\n<http://e/p> .", DataError, "bad.ttl, line 2, column"),
        ("bad.jsonld", '{"@context": "http://127.0.0.1:9/c", "@id": "u:a"}', DataError, "remote"),
        ("bad.docx", "", InputError, "no RDF extension"),
        ("none.ttl", None, NotFoundError, "none.ttl"),
    ],
)
def test_bad_file(tmp_path: Path, name: str, text: str | None, fault: type, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(fault, match=said):
        EngineStore().load(tmp_path / name)


def test_every_format_has_a_writer(store: EngineStore) -> None:
    for row in FORMATS:
        text = "ASK {}" if row.kind == "results" else "CONSTRUCT { <u:a> <u:b> 1 } WHERE {}"
        assert ask(store, text, row.name)
