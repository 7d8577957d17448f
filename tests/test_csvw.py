"""The tables: valid by their own metadata as another library reads them, and complete."""

import contextlib
import csv
import json
import shutil
from collections import Counter

import csvw
import pyoxigraph as ox
import pytest

from kg.assets import EXPORTS, PROBES, QUERIES
from kg.csvw import METADATA, table_rows
from kg.errors import DataError
from kg.export import write_export
from kg.snapshots import DATA, current_snapshot

TERMS = "https://w3id.org/contested-kg/ontology/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TABLES = ("entities", "claims", "evidence", "disputes", "casualties", "commands")
SCHEMA = {
    "url": "made-up.csv",
    "tableSchema": {
        "columns": [{"name": "claim"}, {"name": "whom", "separator": " "}, {"name": "low"}],
        "primaryKey": ["claim"],
    },
}


@pytest.fixture(scope="module")
def tables(real, tmp_path_factory):
    """Return the folder of the tables of the real graph."""
    folder = tmp_path_factory.mktemp("tables") / "csv"
    write_export(real, "csv", folder)
    return folder


def rows(folder, name):
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def is_valid(folder):
    """Tell whether the tables are valid as the library has it unasked: no foreign key is empty."""
    return csvw.CSVW(str(folder / METADATA), validate=True).is_valid


def test_valid_by_their_metadata(tables):
    assert is_valid(tables)
    assert {path.name for path in tables.iterdir()} == {METADATA, *(f"{n}.csv" for n in TABLES)}


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("evidence", "/053-01,", "/953-01,"),  # a claim that is not in the table of claims
        ("claims", ",1994-05-19,1994-05-19,", ",1994-05-39,1994-05-19,"),  # no day
        ("claims", f",{TERMS}asserted,", ",,"),  # no stance
        ("commands", "/id/benazir-bhutto,", "/id/nobody,"),  # no entity
        ("entities", ",true,", ",perhaps,"),  # no boolean
        ("entities", "id/altaf-hussain,Altaf", "id/imran-farooq,Altaf"),  # one key twice
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:csvw.*")
def test_faults_are_found(tables, tmp_path, table, old, new):
    folder = tmp_path / "csv"
    shutil.copytree(tables, folder)
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    # What is so broken that it cannot be read is found as well.
    with contextlib.suppress(ValueError):
        assert not is_valid(folder)


def test_complete(real, tables):
    """As many rows as the graph has claims, passages of claims, entities, positions, figures."""
    facts = list(ox.parse(path=str(current_snapshot(real) / DATA), format=ox.RdfFormat.N_QUADS))
    triples = {(quad.subject.value, quad.predicate.value, quad.object) for quad in facts}
    claims = {s for s, p, o in triples if p == RDF + "type" and str(o) == f"<{TERMS}Claim>"}
    used = Counter(p for s, p, _ in triples if s in claims)
    assert {row["claim"] for row in rows(tables, "claims")} == claims
    assert len(rows(tables, "evidence")) == used[TERMS + "evidence"]
    named = {
        s for s, p, _ in triples
        if "/contested-kg/id/" in s and p == "http://www.w3.org/2000/01/rdf-schema#label"
    }  # fmt: skip
    assert {row["entity"] for row in rows(tables, "entities")} == named
    held = {(s, o.value) for s, p, o in triples if p == TERMS + "claim"}
    disputes = rows(tables, "disputes")
    assert {(row["position"], row["claim"]) for row in disputes} == {
        pair for pair in held if pair[0].count("/") == disputes[0]["position"].count("/")
    }
    commanding = {
        s for s, p, o in triples if p == TERMS + "family" and o.value == TERMS + "commanded"
    }
    objects = {s for s, p, o in triples if p == RDF + "object"}
    assert {row["claim"] for row in rows(tables, "commands")} <= commanding & objects
    assert len(rows(tables, "commands")) > 150
    assert len(rows(tables, "casualties")) > 50


def test_a_subject_is_an_entity_or_missing(tables):
    """No foreign key says so, since the texts have lost some subjects."""
    entities = {row["entity"] for row in rows(tables, "entities")}
    claims = rows(tables, "claims")
    assert {row["subject"] for row in claims} - entities == {""}
    assert all(row["missing"] for row in claims if not row["subject"])


def test_several_values_in_one_cell(tables):
    """Every value of a property stands in its cell, whatever the order of the query."""
    several = [row for row in rows(tables, "claims") if " " in row["repliesTo"]]
    assert max(len(row["repliesTo"].split()) for row in several) > 2
    for row in several:
        assert row["repliesTo"].split() == sorted(set(row["repliesTo"].split()))


@pytest.mark.parametrize(
    ("table", "number", "cells"),
    [
        # "They" organised them: the professional armed members, or the MQM.
        ("commands", "062-09", {"alternative": "mqm-militancy/062-10", "wording": "organized"}),
        # The 800 may be all killed in the violence, or those of the targeted killings.
        ("casualties", "057-04", {"alternative": "mqm-militancy/057-05"}),
    ],
)
def test_readings_stand_in_the_tables_of_questions(tables, table, number, cells):
    (row,) = [each for each in rows(tables, table) if each["claim"].endswith(f"militancy/{number}")]
    assert {name: row[name] for name in cells} == cells
    assert row["note"]


def test_former_holders_and_what_the_words_imply_are_told(tables):
    commands = rows(tables, "commands")
    assert {row["tenure"].rpartition("/")[2] for row in commands} >= {"", "former"}
    assert f"{TERMS}inference" in {row["readFrom"] for row in commands}
    assert "".join(row["whomWording"] for row in rows(tables, "claims"))


def test_rows_of_one_key_become_one():
    def term(text):
        return ox.NamedNode(f"urn:{text}")

    found = [
        {"claim": term("a"), "whom": term("y"), "low": ox.Literal("1")},
        {"claim": term("a"), "whom": term("x"), "low": ox.Literal("1")},
        {"claim": term("b")},
    ]
    assert list(table_rows(SCHEMA, found)) == [
        ["claim", "whom", "low"],
        ["urn:a", "urn:x urn:y", "1"],
        ["urn:b", "", ""],
    ]


def test_values_that_have_no_room_are_refused():
    found = [{"claim": ox.Literal("a"), "low": ox.Literal(low)} for low in "12"]
    with pytest.raises(DataError, match="2 values for the column low of made-up"):
        list(table_rows(SCHEMA, found))


def test_columns_are_variables_of_the_queries():
    metadata = json.loads((EXPORTS / METADATA).read_text(encoding="utf-8"))
    assert [table["url"] for table in metadata["tables"]] == [f"{name}.csv" for name in TABLES]
    questions = {"casualties": "casualties", "commands": "who-commanded"}
    for table, name in zip(metadata["tables"], TABLES, strict=True):
        path = (
            QUERIES / f"{questions[name]}.rq" if name in questions else PROBES / f"table-{name}.rq"
        )
        selected = ox.Store().query(path.read_text(encoding="utf-8"))
        variables = {variable.value for variable in selected.variables}
        columns = [column["name"] for column in table["tableSchema"]["columns"]]
        assert set(columns) <= variables, name
        if name not in questions:
            assert set(columns) == variables, name
