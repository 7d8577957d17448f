"""Candidates in a file for a person to judge, and the rows that the person has accepted.

The file is a table in TSV whose columns are slots of SSSOM (Simple Standard for Sharing
Ontological Mappings) where there is one. A person accepts a row by writing skos:exactMatch or
skos:closeMatch under `predicate_id`, how sure it is under `confidence` (0 to 1), and under
`comment` what was compared. All other rows stay candidates, and are never links.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kg.errors import DataError, InputError
from kg.files import read_text, replace_text
from kg.sssom import read_table

_COLUMNS = (
    "subject_id", "subject_label", "object_id", "object_label", "description", "types", "score",
    "match", "predicate_id", "confidence", "comment",
)  # fmt: skip
#: The columns of a new file of mappings, and its head (SSSOM/TSV: metadata in YAML after `#`).
_MAPPING_COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label",
    "mapping_justification", "confidence", "author_label", "mapping_date", "mapping_tool",
    "comment",
)  # fmt: skip
HEAD = """\
#mapping_set_id: https://w3id.org/contested-kg/graph/links
#license: https://creativecommons.org/publicdomain/zero/1.0/
#curie_map:
#  id: https://w3id.org/contested-kg/id/
#  semapv: https://w3id.org/semapv/vocab/
#  skos: http://www.w3.org/2004/02/skos/core#
#  wikidata: http://www.wikidata.org/entity/
"""
_EXACT = "skos:exactMatch"
_PREDICATES = (_EXACT, "skos:closeMatch")
_ITEM = re.compile(r"wikidata:Q[1-9]\d*")

Row = Mapping[str, str]


def write_candidates(rows: Iterable[Row]) -> str:
    """Return the table of candidates as TSV."""
    return _tsv(_COLUMNS, rows)


def read_accepted(path: Path, known: Iterable[str], author: str, day: str) -> list[Row]:
    """Return the rows of a judged table that were accepted, as SSSOM mappings.

    `known` are the identifiers of the graph's things, `day` is when it was judged (ISO 8601).
    Raises NotFoundError without the file, InputError with the line of a row that lacks
    something or contradicts another.
    """
    subjects = {f"id:{each}" for each in known}
    accepted: list[Row] = []
    for row in read_table(path, _COLUMNS)[0]:
        if row.cells["predicate_id"].strip():
            try:
                accepted.append(_mapping(row.cells, subjects, accepted, (author, day)))
            except InputError as error:
                raise InputError(f"{path.name}, line {row.line}: {error}") from None
    return accepted


def add_mappings(path: Path, new: Sequence[Row]) -> int:
    """Add mappings to a file in SSSOM/TSV, made if need be; return how many were not there yet.

    Rows that are there stay as they are. Raises DataError where a mapping contradicts the file.
    """
    text = read_text(path) if path.is_file() else HEAD + _tsv(_MAPPING_COLUMNS, [])
    found = read_table(path, _MAPPING_COLUMNS[:4])[0] if path.is_file() else []
    before = [row.cells for row in found]
    columns = next(line for line in text.splitlines() if not line.startswith("#")).split("\t")
    fresh = []
    for row in new:
        same = [each for each in before if _pair(each) == _pair(row)]
        if same and same[0]["predicate_id"] != row["predicate_id"]:
            raise DataError(
                f"{path.name} has {row['subject_id']} {same[0]['predicate_id']}"
                f" {row['object_id']} already; change that row by hand."
            )
        if clash := _clash(row, before):
            raise DataError(f"{path.name}: {clash}")
        if not same:
            fresh.append(row)
    path.parent.mkdir(exist_ok=True)
    replace_text(path, text + _tsv(columns, fresh).split("\n", 1)[1])
    return len(fresh)


def _mapping(row: Row, subjects: set[str], accepted: Sequence[Row], judged: tuple[str, str]) -> Row:
    if row["predicate_id"] not in _PREDICATES:
        raise InputError(
            f"predicate_id is {row['predicate_id']!r}; write {' or '.join(_PREDICATES)}."
        )
    if row["subject_id"] not in subjects:
        raise InputError(f"the graph has no {row['subject_id']!r}.")
    if not _ITEM.fullmatch(row["object_id"]):
        raise InputError(f"{row['object_id']!r} is no item such as wikidata:Q42.")
    if not row["comment"].strip():
        raise InputError("comment is empty; write what was compared.")
    if clash := _clash(row, accepted):
        raise InputError(clash)
    author, day = judged
    return {
        **{name: row[name].strip() for name in _MAPPING_COLUMNS if name in row},
        "mapping_justification": "semapv:ManualMappingCuration",
        "confidence": _confidence(row["confidence"]),
        "author_label": author,
        "mapping_date": day,
        "mapping_tool": "kg link",
    }


def _confidence(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise InputError(f"confidence is {text!r}; write a number from 0 to 1.")
    return text.strip()


def _clash(row: Row, others: Iterable[Row]) -> str:
    """Return why two exact matches cannot both hold, or an empty text."""
    for each in others:
        if each["predicate_id"] == row["predicate_id"] == _EXACT and _pair(each) != _pair(row):
            for side, what in (("subject_id", "two items"), ("object_id", "two things")):
                if each[side] == row[side]:
                    return f"{row[side]} would be an exact match of {what}."
    return ""


def _pair(row: Row) -> tuple[str, str]:
    return row["subject_id"], row["object_id"]


def _tsv(columns: Sequence[str], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    out.write("\t".join(columns) + "\n")
    for row in rows:
        # A tab or line break would end the cell; SSSOM/TSV has no way to quote one.
        out.write("\t".join(" ".join(row.get(each, "").split()) for each in columns) + "\n")
    return out.getvalue()
