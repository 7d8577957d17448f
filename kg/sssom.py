"""Tables of mappings in SSSOM/TSV (Simple Standard for Sharing Ontological Mappings), as read.

Lines that begin with `#` are metadata in YAML, of which only `curie_map` is read; then comes a
table whose cells have no quotes. What may stand in the cells is for `kg/links.py` to say.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.errors import DataError, NotFoundError
from kg.files import read_text

REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification", "mapping_date",
            "comment")  # fmt: skip
_CURIE = re.compile(r"#\s+(\w+):\s+(\S+)")


@dataclass(frozen=True)
class Row:
    """One row: its line, its cells, and the IRIs of its subject, predicate and object."""

    path: Path
    line: int
    cells: Mapping[str, str]
    iris: Mapping[str, str]

    @property
    def where(self) -> str:
        """Name file and line."""
        return f"{self.path}, line {self.line}"

    @property
    def pair(self) -> tuple[str, str]:
        """Subject and object."""
        return self.iris["subject_id"], self.iris["object_id"]

    @property
    def author(self) -> str:
        """Who made the mapping."""
        return self.cells.get("author_label") or self.cells.get("author_id", "")


def read_table(path: Path, needed: Sequence[str] = REQUIRED) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of a file and its prefixes.

    Raises NotFoundError without the file, `DataError` where it is no table with the columns needed.
    """
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    lines = read_text(path).removeprefix("\ufeff").splitlines()
    head = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    prefixes = {m[1]: m[2] for line in lines[:head] if (m := _CURIE.fullmatch(line))}
    reader = csv.DictReader(lines[head:], delimiter="\t", restval="", quoting=csv.QUOTE_NONE)
    columns = reader.fieldnames or ()
    if missing := [each for each in needed if each not in columns]:
        raise DataError(f"{path}, line {head + 1}: the column {missing[0]} is missing.")
    rows = []
    for cells in reader:
        number = head + reader.line_num
        if None in cells:
            raise DataError(f"{path}, line {number}: the row has more cells than the header.")
        iris = {name: _iri(value, prefixes) for name, value in cells.items() if value}
        rows.append(Row(path, number, cells, iris))
    return rows, prefixes


def _iri(curie: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = curie.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else curie
