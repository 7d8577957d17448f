"""The tables of an export: CSV files with their CSVW metadata (W3C, Tabular Data on the Web).

`kg/exports/csvw-metadata.json` is the list of tables and columns; it goes out as it is. Each
table is the answer to one query, of which a row may come several times where a property has
several values: rows of one key become one row, and those values one cell, separated as the
metadata say.
"""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from kg.assets import EXPORTS
from kg.errors import DataError
from kg.selection import Row, Selection, text_of
from kg.streams import Source

METADATA = "csvw-metadata.json"
#: Tables that are the answers to named questions.
_QUESTIONS = {"casualties": "casualties", "commands": "who-commanded"}


def write_tables(source: Source, folder: Path) -> list[Path]:
    """Write every table and the metadata into a folder that exists; return the files."""
    metadata = json.loads((EXPORTS / METADATA).read_text(encoding="utf-8"))
    selection = Selection(source)
    written = [folder / METADATA]
    shutil.copyfile(EXPORTS / METADATA, written[0])
    for table in metadata["tables"]:
        name = table["url"].removesuffix(".csv")
        rows = selection.rows(_QUESTIONS.get(name, f"table-{name}"))
        written.append(folder / table["url"])
        with written[-1].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(_counted(table_rows(table, rows), source))
    return written


def table_rows(table: Mapping[str, Any], rows: Iterable[Row]) -> Iterator[list[str]]:
    """Yield the header and the rows of a table of the metadata.

    Raises `DataError` if rows of one key differ in a column that takes one value.
    """
    schema = table["tableSchema"]
    names: list[str] = [column["name"] for column in schema["columns"]]
    separators = {column["name"]: column.get("separator") for column in schema["columns"]}
    yield names
    for key, group in groupby(rows, key=lambda row: _key(row, schema)):
        found = list(group)
        values = {name: _values(found, name) for name in names}
        for name in names:
            if len(values[name]) > 1 and not separators[name]:
                raise DataError(
                    f"{key[0]} has {len(values[name])} values for the column {name} of"
                    f" {table['url']}; give it a separator in kg/exports/{METADATA}."
                )
        yield [(separators[name] or "").join(values[name]) for name in names]


def _key(row: Row, schema: Mapping[str, Any]) -> list[object]:
    return [row.get(name) for name in schema["primaryKey"]]


def _values(rows: Iterable[Row], name: str) -> list[str]:
    """Return the values of a column in some rows, each once, sorted, as CSV has them."""
    return sorted({text_of(row[name]) for row in rows if name in row} - {""})


def _counted(rows: Iterable[list[str]], source: Source) -> Iterator[list[str]]:
    for row in rows:
        source.advance(1)
        yield row
