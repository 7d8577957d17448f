"""Candidates in a file for a person to judge, and the rows that the person has accepted.

The file is a table in TSV whose columns are slots of SSSOM (Simple Standard for Sharing
Ontological Mappings) where there is one. A person accepts a row by writing skos:exactMatch or
skos:closeMatch under `predicate_id`, how sure it is under `confidence` (0 to 1), and under
`comment` what was compared. All other rows stay candidates, and are never links. Accepted rows are
judged by the rules of the build (`kg/links.py`) before they are written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kg.files import read_text, replace_text
from kg.links import MappingFile, check_mappings, read_mappings, unknown_subjects
from kg.rdf import ENTITIES
from kg.sources import stop
from kg.sssom import Row, curie_map, read_table

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

Cells = Mapping[str, str]


def write_candidates(rows: Iterable[Cells]) -> str:
    """Return the table of candidates as TSV."""
    return _tsv(_COLUMNS, rows)


def add_accepted(judged: Path, target: Path, known: Iterable[str], author: str, day: str) -> int:
    """Add the accepted rows of a judged table to a file of mappings; return how many are new.

    The file is made if need be, and its rows stay as they are. `known` are the identifiers of the
    graph's things, `day` is when the table was judged (ISO 8601). Raises NotFoundError without the
    table, `DataError` for rows that the build would refuse beside those of the target's folder.
    """
    rows, _ = read_table(judged, _COLUMNS, curie_map(HEAD.splitlines()))
    accepted = [_mapping(row, author, day) for row in rows if row.cells["predicate_id"].strip()]
    files = read_mappings(target.parent)
    there = {_content(row) for file in files for row in file.rows}
    fresh = MappingFile(target, tuple(row for row in accepted if _content(row) not in there))
    check_mappings([*files, fresh])
    stop(unknown_subjects([fresh], {ENTITIES + each for each in known}))
    text = read_text(target) if target.is_file() else HEAD + _tsv(_MAPPING_COLUMNS, [])
    columns = next(line for line in text.splitlines() if not line.startswith("#")).split("\t")
    target.parent.mkdir(exist_ok=True)
    new = _tsv(columns, (row.cells for row in fresh.rows))
    replace_text(target, text.removesuffix("\n") + "\n" + new.partition("\n")[2])
    return len(fresh.rows)


def _mapping(row: Row, author: str, day: str) -> Row:
    """Return an accepted row as a mapping, which has other columns."""
    cells = {name: row.cells[name].strip() for name in _MAPPING_COLUMNS if name in row.cells}
    made = {
        "mapping_justification": "semapv:ManualMappingCuration",
        "author_label": author,
        "mapping_date": day,
        "mapping_tool": "kg link",
    }
    return replace(row, cells={**cells, **made})


def _content(row: Row) -> tuple[str | None, ...]:
    return tuple(row.iris.get(each) for each in ("subject_id", "predicate_id", "object_id"))


def _tsv(columns: Sequence[str], rows: Iterable[Cells]) -> str:
    # A tab or line break would end the cell; SSSOM/TSV has no way to quote one.
    cells = ([" ".join(row.get(each, "").split()) for each in columns] for row in rows)
    return "".join("\t".join(line) + "\n" for line in (columns, *cells))
