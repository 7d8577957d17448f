"""Questions over the real graph, with answers read off the documents by hand.

A file `tests/questions/<question>.<case>.csv` has the columns that matter, in our short
names; the questions are asked of one document, so that a new one does not change them.
"""

import csv
import io
from pathlib import Path

import pytest

from kg.assets import Assets
from kg.build import build_dataset
from kg.entities import local_name
from kg.media import named
from kg.queries import ask, bind, find_question, read_names
from kg.rdf import write_nquads
from kg.store import GraphStore

HERE = Path(__file__).parent / "questions"
ARTICLE = {"document": "operation-clean-up-2"}
CASES = {
    "who-held-post.day-of-meeting": {"post": "interior-minister", "on": "1994-05-19"},
    "who-held-post.that-january": {"post": "interior-minister", "on": "1994-01-15"},
    "who-held-post.long-before": {"post": "interior-minister", "on": "1970-01-01"},
    "who-commanded.chaired": {"predicate": "chaired"},
    "who-commanded.assisted": {"predicate": "assisted"},
    "participants.executed": {"event": "operation-clean-up", "as": "executed"},
}


@pytest.fixture(scope="module")
def graph(root, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "data.nq"
    write_nquads(build_dataset(Assets(root)), path)
    store = GraphStore()
    store.load(path)
    return store


@pytest.fixture(scope="module")
def names(graph):
    return read_names(graph)


@pytest.mark.parametrize("case", CASES)
def test_answer(graph, names, case):
    with (HERE / f"{case}.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        columns, wanted = reader.fieldnames, list(reader)
    values = {name: [value] for name, value in (CASES[case] | ARTICLE).items()}
    text = bind(find_question(case.partition(".")[0]), values, names)
    body = ask(graph, text, named("csv")).decode()
    found = csv.DictReader(io.StringIO(body, newline=""))
    assert [{name: local_name(row[name]) for name in columns} for row in found] == wanted


def test_every_file_is_used():
    assert {path.stem for path in HERE.glob("*.csv")} == set(CASES)
