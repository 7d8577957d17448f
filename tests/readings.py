"""What was found by reading the texts, and the same asked of the real graph."""

import csv
import io
from functools import lru_cache
from pathlib import Path

from kg.media import named
from kg.queries import ask, bind, find_question, read_names
from kg.snapshots import current_snapshot
from kg.store import EngineStore

FOLDER = Path(__file__).parent / "readings"


def local(iri):
    """Return the last part of an IRI; other text as it is."""
    return iri.rpartition("#" if "#" in iri else "/")[2] if "://" in iri else iri


def expected(name):
    """Return the columns of a list of readings, and its rows as a set."""
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    return columns, {tuple(row) for row in rows}


@lru_cache(maxsize=1)
def _graph(folder):
    store = EngineStore()
    store.load(folder / "data.nq")
    return store, read_names(store)


def ask_real(settings, question="", values=None, text="", form="csv"):
    """Return the answer of the real graph to a named question, or to a SPARQL text."""
    store, names = _graph(current_snapshot(settings))
    if question:
        given = {name: [value] for name, value in (values or {}).items()}
        text = bind(find_question(question), given, names)
    return ask(store, text, named(form)).decode()


def rows_of(answer):
    """Return the rows of an answer in CSV, with the last parts of IRIs."""
    rows = csv.DictReader(io.StringIO(answer, newline=""))
    return [{name: local(value).strip() for name, value in row.items()} for row in rows]
