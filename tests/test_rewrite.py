"""A query in parts: the cases in which a word is not what it seems."""

import pyoxigraph as ox
import pytest

from kg.errors import QueryError
from kg.queries import questions
from kg.rewrite import Asked, split_graph, split_prologue, without_dataset, without_undef


@pytest.mark.parametrize(
    "text",
    ["SELECT * { ?s ?p 'FROM <u:a>' }", "SELECT ?from { ?s ?p ?o } # FROM <u:a>",
     "PREFIX from: <u:> SELECT * { ?s from:x ?o }"],
)  # fmt: skip
def test_no_dataset(text: str) -> None:
    assert without_dataset(text) == Asked(text)


def test_a_dataset_in_all_its_forms() -> None:
    dataset = "FROM a:one # FROM <u:no>\nFROM NAMED<u:two>FROM <u:three>"
    text = f"PREFIX a: <u:> SELECT * {dataset}{{ ?s ?p ?o }}"
    found = without_dataset(text)
    assert (found.default, found.named) == (("a:one", "<u:three>"), ("<u:two>",))
    assert "FROM" not in found.text.partition("{")[0]


@pytest.mark.parametrize(
    "text",
    ["CONSTRUCT { ?s ?p ?o } FROM <u:a> WHERE { ?s ?p ?o }",
     "SELECT (EXISTS { ?s ?p 'FROM' } AS ?x) FROM <u:a> { ?s ?p ?o }"],
)  # fmt: skip
def test_a_dataset_after_a_bracket(text: str) -> None:
    assert without_dataset(text) == Asked(text.replace("FROM <u:a> ", ""), ("<u:a>",))


@pytest.mark.parametrize(
    "text",
    ["SELECT * FROM { }", "SELECT * FROM NAMED ?g { }", "ASK FROM", "PREFIX : <u:> ASK FROM:g {}"],
)
def test_a_dataset_that_cannot_be_read(text: str) -> None:
    with pytest.raises(QueryError, match="Write FROM"):
        without_dataset(text)


def test_brackets_in_strings_and_nested_ones_close_no_template() -> None:
    asked = split_graph("CONSTRUCT { ?s <u:p> '}' ; <u:q> [ <u:r> ?o ] } { { ?s ?p ?o } } LIMIT 1")
    assert asked.template == "{ ?s <u:p> '}' ; <u:q> [ <u:r> ?o ] }"
    assert asked.select == "SELECT ?s ?o { { ?s ?p ?o } } LIMIT 1"


def test_a_variable_is_one_column() -> None:
    asked = split_graph("CONSTRUCT { ?s ?p ?o . ?o ?p $s } WHERE { ?s ?p ?o }")
    assert asked.variables == ("s", "p", "o")
    assert asked.select == "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"


def test_a_template_without_variables_is_made_once_a_row() -> None:
    asked = split_graph("CONSTRUCT { <u:a> <u:b> [] } WHERE { ?s ?p ?o }")
    assert asked.variables == ()
    assert asked.select.startswith("SELECT (1 AS ?row) WHERE")


def test_describe_without_a_pattern_asks_for_nothing() -> None:
    asked = split_graph("PREFIX a: <u:>\nDESCRIBE a:b <u:c>")
    assert (asked.select, asked.terms) == ("", ("a:b", "<u:c>"))
    assert split_graph("DESCRIBE * WHERE { ?s ?p ?o }").select == "SELECT * WHERE { ?s ?p ?o }"


def test_prologue() -> None:
    assert split_prologue("BASE <u:> PREFIX a: <b> SELECT * {}") == "BASE <u:> PREFIX a: <b> "


@pytest.mark.parametrize("text", ["CONSTRUCTWHERE { ?s ?p ?o }", "DESCRIBEx { }"])
def test_a_keyword_that_runs_on(text: str) -> None:
    with pytest.raises(QueryError, match="a space after"):
        split_graph(text)


DATA = "".join(f"<u:s{n}> <u:p{n % 3}> {n} .\n<u:s{n}> <u:q> <u:s{n + 1}> .\n" for n in range(9))
TAKEN_OUT = [
    "SELECT ?x ?o { VALUES ?x { UNDEF } ?x <u:q> ?o }",
    "SELECT ?x ?o { values $x{undef}VALUES ?o { UNDEF } ?x <u:q>* ?o FILTER(STR(?x) > 'u:s3') }",
    "SELECT ?x { ?x <u:q> ?o . VALUES ?y { UNDEF } # UNDEF }\n ?o <u:q> ?z }",
    "SELECT ?x { ?x <u:q> ?o } VALUES ?y { UNDEF }",
    "SELECT ?x (COUNT(*) AS ?n) { VALUES ?x { UNDEF } ?x ?p ?o } GROUP BY ?x",
    "SELECT ?x { ?x ?p ?o OPTIONAL { VALUES ?o { UNDEF } ?o <u:q> ?z } }",
    "SELECT ?x { ?x ?p ?o VALUES ?z { UNDEF } MINUS { VALUES ?p { UNDEF } ?x ?p 4 } }",
    "SELECT ?x { ?x ?p ?o FILTER(?o > 3) VALUES ?z { UNDEF } OPTIONAL { ?x <u:q> ?z } }",
    "SELECT ?x { ?x ?p ?o BIND(1 AS ?one) VALUES ?z { UNDEF } }",
]
LEFT = [
    "SELECT * { VALUES ?y { UNDEF } ?x <u:q> ?o }",
    "SELECT DISTINCT * { VALUES ?y { UNDEF } ?x <u:q> ?o }",
    "SELECT ?x { ?x <u:q> ?o VALUES ?y { UNDEF } ?o <u:q> ?z }",
    "SELECT ?x { ?x <u:q> ?o . GRAPH ?g { VALUES ?y { UNDEF } } }",
    "SELECT ?x { ?x <u:q> ?o . { ?o <u:q> ?z } VALUES ?y { UNDEF } . ?z <u:q> ?w }",
    "SELECT ?x { VALUES ?x { <u:s1> UNDEF } ?x <u:q> ?o }",
    "SELECT ?x { VALUES (?x ?y) { (UNDEF UNDEF) } ?x <u:q> ?o }",
    "SELECT (' VALUES ?x { UNDEF } ' AS ?t) { ?x <u:q> ?o }",
]


def solutions(text: str) -> list[tuple[str, ...]]:
    store = ox.Store()
    store.load(input=DATA, format=ox.RdfFormat.TURTLE)
    found = store.query(text)
    return [(str(found.variables),), *sorted(tuple(map(str, row)) for row in found)]


@pytest.mark.parametrize("text", TAKEN_OUT)
def test_what_restricts_nothing_is_taken_out(text: str) -> None:
    found = without_undef(text)
    assert "VALUES" not in found.upper()
    assert solutions(found) == solutions(text)


@pytest.mark.parametrize("text", LEFT)
def test_what_may_be_needed_is_left(text: str) -> None:
    assert without_undef(text) == text
    assert solutions(text)


def test_no_named_question_keeps_what_restricts_nothing() -> None:
    texts = [each.text for each in questions() if "{ UNDEF }" in each.text]
    assert len(texts) > 30
    assert [text for text in texts if "{ UNDEF }" in without_undef(text)] == []
