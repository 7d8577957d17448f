"""A query in parts: the cases in which a word is not what it seems."""

import pytest

from kg.errors import QueryError
from kg.rewrite import Asked, split_graph, split_prologue, without_dataset


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


@pytest.mark.parametrize("text", ["SELECT * FROM { }", "SELECT * FROM NAMED ?g { }", "ASK FROM"])
def test_a_dataset_that_cannot_be_read(text: str) -> None:
    with pytest.raises(QueryError, match="Write FROM"):
        without_dataset(text)


def test_brackets_in_strings_and_nested_ones_close_no_template() -> None:
    asked = split_graph("CONSTRUCT { ?s <u:p> '}' ; <u:q> [ <u:r> ?o ] } { { ?s ?p ?o } } LIMIT 1")
    assert asked.template == "{ ?s <u:p> '}' ; <u:q> [ <u:r> ?o ] }"
    assert asked.select == "SELECT ?s ?o { { ?s ?p ?o } } LIMIT 1"


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
