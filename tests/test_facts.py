"""Statements by subject and predicate: each once, in a fixed order."""

import pytest

from kg.assets import Assets
from kg.facts import NAMESPACES, Facts, quad
from kg.rdf import BASE, Literal, NamedNode, Prefixes

ADA, BERT = BASE + "id/ada", BASE + "id/bert"
PERSON = NamedNode(BASE + "ontology/Person")


def test_namespaces_are_those_of_the_prefix_list(root):
    listed = set(Prefixes.read(Assets(root).prefixes).items())
    assert {name for name, _ in NAMESPACES.items() - listed} == {"sd", "spdx"}


def test_a_statement_in_two_graphs_counts_once():
    one, other = (quad(ADA, "rdf:type", PERSON, f"u:{name}") for name in "ab")
    facts = Facts([one, other])
    assert facts.all(ADA, "rdf:type") == [PERSON]
    assert facts.instances("Person") == [ADA]


def test_instances_are_sorted():
    facts = Facts([quad(node, "rdf:type", PERSON, "u:g") for node in (BERT, ADA)])
    assert facts.instances("Person") == [ADA, BERT]


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("1", True), ("false", False), ("0", False)]
)
def test_truth_has_two_spellings(text, expected):
    facts = Facts([quad(ADA, "unnamed", Literal(text), "u:g")])
    assert facts.true(ADA, "unnamed") is expected


def test_what_has_no_label_is_called_by_the_end_of_its_name():
    facts = Facts([quad(ADA, "rdfs:label", Literal("Ada Stone"), "u:g")])
    names = [ADA, BERT, BASE + "ontology/", "http://e/terms#one"]
    assert [facts.label(each) for each in names] == ["Ada Stone", "bert", "ontology", "one"]
