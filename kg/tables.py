"""Answers as tables for people: labels instead of IRIs, nothing that every row lacks.

The other formats of an answer come from the engine as they are; here only what is shown on
a terminal is made, from the JSON form of the SPARQL results (SPARQL 1.1 Query Results JSON).
"""

import json
from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from kg.entities import Names, local_name
from kg.queries import Question
from kg.rdf import ENTITIES
from kg.rows import read_rows

Row = Mapping[str, Mapping[str, str]]


def answer_table(body: bytes, names: Names) -> Table | str:
    """Return an answer in SPARQL JSON as a table, or `yes` or `no` for an ASK query.

    A column without any value is left out, and so is `xName` beside a shown `x`: the table
    has labels anyway. The column of claims is left out where document and passage are shown.
    """
    answer: dict[str, Any] = json.loads(body)
    if "boolean" in answer:
        return "yes" if answer["boolean"] else "no"
    rows: list[Row] = answer["results"]["bindings"]
    columns = _columns(answer["head"]["vars"], rows)
    table = Table(*columns, caption=f"{len(rows)} row{'s' * (len(rows) != 1)}")
    for row in rows:
        table.add_row(*(_cell(row, column, names) for column in columns))
    return table


def question_list(questions: list[Question]) -> Table:
    """Return the table of the named questions with what each takes."""
    table = Table("question", "what it answers", "parameters (! needed)")
    for each in questions:
        takes = [f"--{p.name}{'!' if p.required else ''}" for p in each.parameters]
        table.add_row(each.name, each.title, " ".join(takes))
    return table


def question_help(question: Question) -> str:
    """Return what `kg query NAME --help` prints."""
    lines = [f"kg query {question.name}: {question.title}", "", question.description, ""]
    for each in question.parameters:
        needed = " (needed)" if each.required else ""
        lines.append(f"  --{each.name:<12}{each.kind:<10}{each.help}{needed}")
    forms = "table, csv, tsv, json, xml; turtle for the claims found"
    lines.append(f"  --{'format':<12}{'':<10}{forms}")
    return "\n".join(lines)


def coverage_line(body: bytes) -> str:
    """Return one sentence that sums an answer of the question `coverage` up."""
    rows = read_rows(body)

    def total(name: str) -> int:
        return sum(int(row[name]) for row in rows)

    stating, covered = total("stating"), total("covered")
    return (
        f"{covered} of {stating} passages that state something have claims;"
        f" {total('passages') - stating} state nothing (kg query uncovered tells why);"
        f" {total('claims')} claims."
    )


def _columns(variables: list[str], rows: list[Row]) -> list[str]:
    used = [name for name in variables if any(row.get(name, {}).get("value") for row in rows)]
    hidden = {f"{name}Name" for name in used}
    if "document" in used and "passage" in used:
        hidden.add("claim")
    return [name for name in used if name not in hidden] or variables


def _cell(row: Row, column: str, names: Names) -> str:
    """Return a value as text, in which brackets are no markup of the table's."""
    term = row.get(column)
    if term is None:
        return ""
    text = term["value"]
    if term["type"] == "uri":
        spoken = column != "document" and row.get("document", {}).get("value") == text
        text = "the document" if spoken else _shown(text, names)
    return escape(text)


def _shown(iri: str, names: Names) -> str:
    local = local_name(iri).rpartition("#")[2]
    return (names.label(iri) or local) if iri.startswith(ENTITIES) else local
