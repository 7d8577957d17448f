"""The benchmark's generator is true to our build, and its arithmetic to its definitions."""

import json
import math
import re
from collections import Counter

import pyoxigraph as ox
import pytest
from benchmarks.client import Outcome
from benchmarks.graph import DERIVED, LABEL, Graph, statements, write_graph
from benchmarks.measure import Facts, Measured, percentile, questions_of, requests_of, summed
from benchmarks.questions import Question, read_questions
from benchmarks.report import GOALS, ON, Goal, Run, goal_rows, markdown, write
from benchmarks.same import difference, rows_of, triples_of
from benchmarks.world import World

from kg import build
from kg.assets import Assets
from kg.rdf import BASE, TERMS
from kg.validate import validate_snapshot

WORLD = World(600)
QUESTIONS = {each.name: each for each in read_questions()}


@pytest.fixture(scope="module")
def file(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "graph.nq"
    write_graph(WORLD, root / "ontology", path)
    return path


@pytest.fixture(scope="module")
def quads(file):
    return list(ox.parse(path=file, format=ox.RdfFormat.N_QUADS))


@pytest.fixture(scope="module")
def store(quads):
    store = ox.Store()
    store.extend(quads)
    return store


# The generator ----------------------------------------------------------------------------


def test_a_seed_gives_one_graph_and_another_seed_another(root):
    lines = list(Graph(World(300), root / "ontology").lines())
    assert lines == list(Graph(World(300), root / "ontology").lines())
    other = list(Graph(World(300, seed=2), root / "ontology").lines())
    assert lines != other
    assert len(lines) == len(set(lines))


def test_a_graph_has_the_claims_asked_for(quads):
    types = Counter(
        q.object.value for q in quads if q.predicate.value.endswith("#type") and
        isinstance(q.object, ox.NamedNode)
    )  # fmt: skip
    assert types[TERMS + "Claim"] == 600
    assert types[TERMS + "Proposition"] == WORLD.propositions == 360
    assert types[TERMS + "Dispute"] == types[TERMS + "Position"] / 2 == 23


def test_lines_are_written_as_they_come(root):
    lines = statements(World(10**9), root / "ontology")
    assert next(lines).startswith("<")


def test_a_generated_graph_conforms_to_every_shape(root, file):
    assert validate_snapshot(file, Assets(root)).results == ()


def test_the_build_derives_the_same(root, quads):
    store = ox.Store()
    store.extend(quad for quad in quads if quad.graph_name.value != DERIVED)
    for step in build._steps():
        store.extend(list(step(store, root / "ontology" / "rules")))
    assert derived(quads) == derived(list(store))


def test_a_wrong_derivation_is_found(quads):
    missing = next(q for q in quads if q.predicate.value == TERMS + "latestStart")
    assert derived(quads) - derived([q for q in quads if q != missing])


def derived(quads):
    """Return what is derived, without words and dates of curators; hashes by what they stand for.

    A proposition is named by the claims that state it, a position by those that it rests on.
    """
    claims = {}
    for quad in quads:
        if quad.predicate.value == TERMS + "states":
            claims.setdefault(quad.object.value, set()).add(quad.subject.value)
        elif quad.predicate.value == TERMS + "claim":
            claims.setdefault(quad.subject.value, set()).add(quad.object.value)
    names = {iri: " ".join(sorted(those)) for iri, those in claims.items()}
    left_out = {LABEL, TERMS + "curatedBy", TERMS + "curatedOn"}
    return {
        tuple(names.get(each.value, each.value) for each in (q.subject, q.predicate, q.object))
        for q in quads
        if q.graph_name.value == DERIVED and q.predicate.value not in left_out
    }


# The questions ----------------------------------------------------------------------------


def test_there_are_twelve_kinds_with_parameters():
    assert len(questions_of("mixed", QUESTIONS.values())) == 12
    assert all(each.parameters for each in questions_of("mixed", QUESTIONS.values()))
    assert {each.group for each in QUESTIONS.values()} == {"mixed", "aggregate", "derived"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_finds_something(store, name):
    found = [answers(store, QUESTIONS[name].drawn(WORLD, number)) for number in range(20)]
    assert any(found)


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_ordered_wherever_it_is_cut(name):
    text = QUESTIONS[name].text
    assert "LIMIT" not in text or "ORDER BY" in text


@pytest.mark.parametrize("name", ["all-disputes", "casualties-a-year", "top-k"])
def test_what_the_build_has_counted_is_what_is_counted_from_the_claims(store, name):
    counted, derived = (
        [[str(value) for value in row] for row in answers(store, QUESTIONS[each].text)]
        for each in (name, f"{name}-derived")
    )
    assert counted == derived


def answers(store, text):
    return list(store.query(text, use_default_graph_as_union=True))


def test_a_parameter_that_the_query_lacks_is_a_fault():
    question = Question("q", "Q", "mixed", "ASK {}", (("event", "id:event-0"),))
    with pytest.raises(ValueError, match="id:event-0 does not stand in the query"):
        question.drawn(WORLD, 0)


def test_every_stretch_of_requests_has_every_question_once():
    engine = type("E", (), {"url": "http://127.0.0.1:1/sparql"})
    asked = questions_of("mixed", QUESTIONS.values())
    requests, kinds = requests_of(engine, asked, WORLD, 5)
    assert len(requests) == 60
    assert all(sorted(kinds[i : i + 12]) == list(range(12)) for i in range(0, 60, 12))
    assert all(re.match(r"GET /sparql\?query=\S+ HTTP/1.1\r\n", each) for each in requests)


# Equal answers ----------------------------------------------------------------------------


def results(*rows):
    return json.dumps({"head": {"vars": ["a"]}, "results": {"bindings": rows}}).encode()


def typed(text, name):
    return {"a": {"type": "typed-literal", "value": text, "datatype": name}}


XSD = "http://www.w3.org/2001/XMLSchema#"


def test_the_order_of_rows_and_the_writing_of_numbers_do_not_count():
    one = results(typed("10", XSD + "integer"), typed("2", XSD + "integer"))
    other = results(typed("2.0", XSD + "decimal"), typed("10", XSD + "int"))
    assert difference(rows_of(one), rows_of(other)) == ""


@pytest.mark.parametrize(
    "other",
    [
        results(typed("2", XSD + "integer")),
        results(typed("3", XSD + "integer"), typed("10", XSD + "integer")),
        results(typed("2", "urn:other"), typed("10", XSD + "integer")),
        results(*[typed("2", XSD + "integer")] * 2, typed("10", XSD + "integer")),
    ],
    ids=["row-missing", "value-differs", "datatype-differs", "row-twice"],
)
def test_another_answer_is_a_deviation(other):
    one = results(typed("10", XSD + "integer"), typed("2", XSD + "integer"))
    assert difference(rows_of(one), rows_of(other)) != ""


def test_graphs_are_compared_as_sets_of_triples():
    one = b'<u:a> <u:p> <u:b> .\n<u:a> <u:p> "x" .\n'
    other = b"<u:a> <u:p> 'x' , <u:b> , <u:b> ."
    assert triples_of(one, "application/n-triples") == triples_of(other, "text/turtle")
    assert triples_of(one, "text/turtle") != triples_of(b"<u:a> <u:p> 'x' .", "text/turtle")


# Figures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([5.0], 95, 5.0), ([1.0, 2.0, 3.0], 50, 2.0), (range(1, 101), 95, 95), (range(1, 11), 95, 10)],
)
def test_percentile_is_the_nearest_rank(values, share, expected):
    assert percentile(list(values), share) == expected


def test_a_percentile_of_nothing_is_no_number():
    assert math.isnan(percentile([], 50))


def test_rounds_are_summed_by_their_median():
    rounds = [
        (Outcome([[1.0] * 10, [3.0] * 10], elapsed=2.0, cpu=0.5, statuses={"503": 1}), 1.0),
        (Outcome([[1.0] * 30, [3.0] * 10], elapsed=2.0, cpu=1.0, statuses={"503": 2}), 1.4),
        (Outcome([[1.0] * 90, [3.0] * 10], elapsed=2.0, cpu=1.5), 1.8),
    ]
    found = summed("e", "mixed", 8, ["one", "two"], rounds)
    assert (found.rate, found.median, found.p95) == (20.0, 1.0, 3.0)
    assert (found.client, found.server, found.failed) == (0.5, 1.4, {"503": 3})
    assert found.kinds == {"one": (1.0, 1.0), "two": (3.0, 3.0)}


def measured(engine, load, rate, p95=1.0, connections=8):
    return Measured(engine, load, connections, rate, 0.5, p95, 0.1, 1.0, kinds={"q": (1.0, 2.0)})


GOAL = Goal(ON, "oxigraph", "mixed", 8.0)
LOWEST = Goal(ON, "oxigraph", "mixed", 1.0, figure="p95", only=32)


@pytest.mark.parametrize(("rate", "verdict"), [(80.0, "met"), (79.0, "missed")])
def test_a_goal_is_met_from_its_ratio_on(rate, verdict):
    run = Run({}, {"large": [measured(ON, "mixed", rate), measured("oxigraph", "mixed", 10.0)]}, [])
    assert [row[-1] for row in goal_rows(run, [GOAL])] == [verdict]


@pytest.mark.parametrize(("p95", "verdict"), [(2.0, "met"), (2.1, "missed")])
def test_a_goal_on_p95_wants_the_lower_one(p95, verdict):
    both = [measured(ON, "mixed", 1.0, p95, 32), measured("oxigraph", "mixed", 9.0, 2.0, 32)]
    assert [row[-1] for row in goal_rows(Run({}, {"large": both}, []), [LOWEST])] == [verdict]


def test_a_goal_without_a_measurement_has_no_row():
    run = Run({}, {"large": [measured(ON, "mixed", 10.0)]}, [])
    assert goal_rows(run, GOALS) == []


def test_the_record_names_every_deviation(tmp_path):
    facts = [Facts(ON, 10, 0.1, 0.2, 1 << 20, 2 << 20, ["top-k: 1 rows expected, 2 found"])]
    run = Run({"large": facts}, {"large": [measured(ON, "mixed", 10.0)]}, ["- a note"])
    assert "- ours, cache on: top-k: 1 rows expected, 2 found" in markdown(run)
    names = {path.name for path in write(run, tmp_path)} - {"run.png"}
    assert names == {"loads.csv", "engines.csv", "goals.csv", "run.md"}
    assert 'large,mixed,"ours, cache on",8,10.0' in (tmp_path / "loads.csv").read_text()


def test_names_of_things_are_shared_by_none():
    kinds = ("person", "unit", "place", "post", "operation")
    labels = [WORLD.label(kind, number) for kind in kinds for number in range(2000)]
    assert len(set(labels)) == len(labels)


def test_everything_named_is_ours(quads):
    named = {q.subject.value for q in quads if "/id/" in q.subject.value}
    assert named
    assert all(each.startswith(BASE) for each in named)
