"""Tables of mappings in SSSOM/TSV (Simple Standard for Sharing Ontological Mappings), as read.

Lines that begin with `#` are metadata in YAML, of which only `curie_map` is read; then comes a
table whose cells have no quotes. What may stand in the cells is for `kg/links.py` to say.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kg.errors import DataError, NotFoundError
from kg.files import read_text

REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification", "mapping_date",
            "comment")  # fmt: skip
_CURIE = re.compile(r"#\s+(\w+):\s+(\S+)")


@dataclass(frozen=True)
class Row:
    """One row: where it stands, its cells, and the prefixes that they are written with."""

    path: Path
    line: int
    cells: Mapping[str, str]
    prefixes: Mapping[str, str]

    @cached_property
    def iris(self) -> dict[str, str]:
        """The cells that are not empty; those with a known prefix as IRIs."""
        return {name: _iri(text, self.prefixes) for name, text in self.cells.items() if text}

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


def curie_map(lines: Iterable[str]) -> dict[str, str]:
    """Return the prefixes that lines of metadata declare."""
    return {found[1]: found[2] for line in lines if (found := _CURIE.fullmatch(line))}


def read_table(
    path: Path, needed: Sequence[str] = REQUIRED, prefixes: Mapping[str, str] | None = None
) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of a file and its prefixes, which go before those given.

    Raises NotFoundError without the file, `DataError` where it is no table with the columns needed.
    """
    if not path.exists():
        raise NotFoundError(f"There is no file {path}.")
    lines = read_text(path).removeprefix("\ufeff").splitlines()
    head = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    own = {**(prefixes or {}), **curie_map(lines[:head])}
    reader = csv.DictReader(lines[head:], delimiter="\t", restval="", quoting=csv.QUOTE_NONE)
    columns = reader.fieldnames or ()
    if missing := [each for each in needed if each not in columns]:
        raise DataError(f"{path}, line {head + 1}: the column {missing[0]} is missing.")
    rows = []
    for cells in reader:
        number = head + reader.line_num
        if None in cells:
            raise DataError(f"{path}, line {number}: the row has more cells than the header.")
        rows.append(Row(path, number, cells, own))
    return rows, own


def _iri(curie: str, prefixes: Mapping[str, str]) -> str:
    prefix, colon, local = curie.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else curie
