"""Questions over the real graph, asked of the running endpoint, with answers found by hand.

A file `tests/questions/<question>.<case>.csv` has the rows and columns that matter of a named
question. A file `qNNN-<what>.toml` is one question of a list of questions with answers: which
named question (or which `.rq` beside it) is asked with which parameters, which of its rows
count (`where`: a column and the values that it may have), and the set of rows that the wanted
columns must show. Names there are found as a person's are, by any spelling. Where nothing is
to be found, `control` asks the same with other parameters and does find something, so that a
question that is asked wrongly cannot pass.
"""

import csv
import io
import re
import tomllib
from pathlib import Path

import pytest

from kg.entities import THING, local_name
from kg.errors import KgError
from kg.queries import bind, find_question, names_in
from kg.rdf import TERMS

HERE = Path(__file__).parent / "questions"
LISTED = {path.stem: path for path in sorted(HERE.glob("q*.toml"))}
OWN = {path.name for path in HERE.glob("*.rq")}
NUMBER_LISTED = 76
README = (Path(__file__).parent.parent / "ontology" / "README.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```sparql\n(.*?)```", README, re.DOTALL)
NUMBER_RECIPES = 12
NUMBER_VOCABULARIES = 11
ARTICLE = {"document": "operation-clean-up-2"}
CASES = {
    "who-held-post.day-of-meeting": {"post": "interior-minister", "on": "1994-05-19"},
    "who-held-post.that-january": {"post": "interior-minister", "on": "1994-01-15"},
    "who-held-post.long-before": {"post": "interior-minister", "on": "1970-01-01"},
    "who-commanded.chaired": {"predicate": "chaired"},
    "who-commanded.assisted": {"predicate": "assisted"},
    "participants.executed": {"event": "operation-clean-up", "as": "executed"},
}


def rows(endpoint, text):
    answer = endpoint.post("/sparql", data={"query": text}, headers={"accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    assert "x-truncated-to" not in answer.headers
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture(scope="module")
def names(endpoint):
    found = rows(endpoint, find_question("spellings").text)
    return names_in(found)


@pytest.mark.parametrize("case", CASES)
def test_answer(endpoint, names, case):
    with (HERE / f"{case}.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        columns, wanted = reader.fieldnames, list(reader)
    values = {name: [value] for name, value in (CASES[case] | ARTICLE).items()}
    found = rows(endpoint, bind(find_question(case.partition(".")[0]), values, names))
    assert [{name: local_name(row[name]) for name in columns} for row in found] == wanted


def answers(endpoint, names, asked, parameters):
    """Return the answers to a listed question: a set of rows, each a tuple of IRIs and words."""
    if asked["query"] in OWN:
        text = (HERE / asked["query"]).read_text()
    else:
        text = bind(find_question(asked["query"]), parameters, names)
    counted = [
        row
        for row in rows(endpoint, text)
        if all(local_name(row[name]) in may for name, may in asked.get("where", {}).items())
    ]
    found = {tuple(row[column] for column in asked["columns"]) for row in counted}
    return {row for row in found if any(row)}


def meant(expected, found, names):
    """Return the expected rows, with names read as things in columns that hold things."""
    things = {place for row in found for place, cell in enumerate(row) if "://" in cell}
    return {
        tuple(
            names.find(cell, THING) if place in things and cell else cell
            for place, cell in enumerate(row)
        )
        for row in expected
    }


@pytest.mark.parametrize("recipe", RECIPES, ids=range(len(RECIPES)))
def test_recipe_of_the_documentation_finds_something(endpoint, recipe):
    assert len(RECIPES) == NUMBER_RECIPES
    (first, *_) = rows(endpoint, recipe)
    assert set(first.values()) - {"", "0"}


def test_vocabularies_of_the_documentation_are_whole(endpoint):
    """The table of small vocabularies names every concept of its classes, and no other."""
    table = README.partition("### The small vocabularies")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `:(\w+)` \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    assert len(told) == NUMBER_VOCABULARIES
    for kind, cell in told:
        found = rows(endpoint, f"SELECT ?value {{ ?value a <{TERMS}{kind}> }}")
        told_values = set(re.sub(r"\(.*?\)", "", cell).split())
        assert {local_name(row["value"]) for row in found} == told_values, kind


@pytest.mark.parametrize("listed", LISTED)
def test_listed_question(endpoint, names, listed):
    asked = tomllib.loads(LISTED[listed].read_text())
    parameters = asked.get("parameters", {})
    found = answers(endpoint, names, asked, parameters)
    assert found == meant(asked["expected"], found, names)
    if control := asked.get("control"):
        other = answers(endpoint, names, asked, parameters | control["parameters"])
        assert other == meant(control["expected"], other, names)


def test_corroboration_lists_what_it_counts(endpoint):
    """Every claim that a proposition's count holds is a row of its own, and no other is."""
    behind: dict[str, set[str]] = {}
    counted = {}
    for row in rows(endpoint, find_question("corroboration").text):
        counted[row["proposition"]] = int(row["claims"])
        found = behind.setdefault(row["proposition"], set())
        if local_name(row["polarity"]) == "affirmed":
            found.add(row["claim"])
    assert {each: len(found) for each, found in behind.items()} == counted
    assert max(counted.values()) > 8


def test_expected_rows_are_told_apart(names):
    """What a listed question compares is not equal to fewer, more or other rows."""
    farooq, imran = (names.find(name) for name in ("Farooq Dada", "Imran Farooq"))
    found = {(farooq, "1994")}
    assert meant([["Farooq Patni", "1994"]], found, names) == found
    assert meant([["Imran Farooq", "1994"]], found, names) == {(imran, "1994")} != found
    assert meant([["Farooq Dada", "1995"]], found, names) != found
    assert meant([], found, names) != found
    with pytest.raises(KgError):
        meant([["Nobody At All", "1994"]], found, names)


def test_the_list_is_whole():
    numbers = {name.partition("-")[0] for name in LISTED}
    assert len(LISTED) == len(numbers) == NUMBER_LISTED
    listed = [tomllib.loads(path.read_text()) for path in LISTED.values()]
    assert {asked["query"] for asked in listed if asked["query"].endswith(".rq")} == OWN
    assert all(asked["expected"] or asked["control"]["expected"] for asked in listed)


def test_every_file_is_used():
    assert {path.stem for path in HERE.glob("*.csv")} == set(CASES)
