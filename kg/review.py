"""What Wikidata could state, as a table for an editor to read and judge; never an upload format.

One row is one proposition of ours whose subject, property and value Wikidata has, with the
qualifiers that its dates give, and beside it who says so, who says otherwise, and where. It is no
batch of edits: the documents are copies of encyclopedia articles, which are no source there, and
who is said to have done what is for people to weigh. What nobody affirms is left out. Disputed by
somebody (P1310) is what he denies or what his own statement excludes; each rival value is named,
for one without an item in Wikidata has no row of its own.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import BinaryIO

from kg.selection import Row, Selection
from kg.streams import Source
from kg.wording import bracketed, marks

#: The first line of the table.
WARNING = (
    "# To read and judge, not to upload: the documents are copies of encyclopedia articles, which"
    " are no source for Wikidata; find the work behind each claim, and weigh the disputes."
)
COLUMNS = (
    "subject", "subject label", "subject match", "property", "property fit",
    "value", "value label", "value match",
    "point in time (P585)", "start time (P580)", "end time (P582)",
    "earliest date (P1319)", "latest start date (P8555)", "earliest end date (P8554)",
    "latest date (P1326)", "sourcing circumstances (P1480)", "nature of statement (P5102)",
    "object has role (P3831)", "counted", "stated in (P248)", "statement disputed by (P1310)",
    "rival values", "our predicate", "affirmed by", "denied by", "claims", "passages", "disputes",
)  # fmt: skip
_PLAIN = re.compile(r"(\d{4}(?:-\d{2}){0,2})[~?%]?")
_BOUNDS = {
    "earliestStart": "earliest date (P1319)",
    "latestStart": "latest start date (P8555)",
    "earliestEnd": "earliest end date (P8554)",
    "latestEnd": "latest date (P1326)",
}


def write_review(source: Source, output: BinaryIO) -> None:
    """Write the table as CSV: the warning, the header, one row a statement."""
    text = io.TextIOWrapper(output, encoding="utf-8", newline="", write_through=True)
    text.write(WARNING + "\r\n")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(_review_rows(Selection(source).rows("wikidata-review")))
    text.detach()


def _review_rows(rows: Iterable[Row]) -> Iterator[dict[str, str]]:
    """Yield one row of the table for each proposition and property.

    `rows` are those of `kg/probes/wikidata-review.rq`, in its order: a claim has several where
    it has several passages, disputes or opponents.
    """
    for _, group in groupby(rows, key=lambda row: (_text(row, "proposition"), *_items(row))):
        found = list(group)
        affirming = [row for row in found if _local(row, "polarity") == "affirmed"]
        if affirming:
            yield {**_statement(affirming[0]), **_qualifiers(affirming), **_accounts(found)}


def date_qualifiers(text: str, kind: str) -> dict[str, str]:
    """Return the qualifiers of Wikidata that an EDTF date of this kind gives by itself.

    >>> date_qualifiers("1994-05", "attestation")
    {'point in time (P585)': '1994-05'}
    >>> date_qualifiers("1992~/", "period")
    {'start time (P580)': '1992', 'sourcing circumstances (P1480)': 'circa'}
    """
    start, slash, end = text.partition("/")
    named = {"start time (P580)": start, "end time (P582)": end}
    if not slash:
        named = {} if kind == "period" else {"point in time (P585)": text}
    found = {name: match[1] for name, part in named.items() if (match := _PLAIN.fullmatch(part))}
    if re.search("[~%]", text):
        found["sourcing circumstances (P1480)"] = "circa"
    elif "?" in text:
        found["sourcing circumstances (P1480)"] = "presumably"
    return found


def _items(row: Row) -> tuple[str, ...]:
    return tuple(_text(row, name) for name in ("property", "subjectItem", "objectItem"))


def _statement(row: Row) -> dict[str, str]:
    """Return subject, property and value, in the direction that Wikidata has them."""
    ends = [("subject", "subjectName"), ("object", "objectName")]
    turned = _local(row, "relation") == "relatedMatch"
    (subject, subject_name), (value, value_name) = reversed(ends) if turned else ends
    return {
        "subject": _local(row, f"{subject}Item"),
        "subject label": _text(row, subject_name),
        "subject match": _local(row, f"{subject}Match"),
        "property": _local(row, "property"),
        "property fit": "the other way round" if turned else _local(row, "relation"),
        "value": _local(row, f"{value}Item") or _text(row, value),
        "value label": _text(row, value_name),
        "value match": _local(row, f"{value}Match"),
        "our predicate": _local(row, "predicate"),
        "object has role (P3831)": _text(row, "roleName"),
        "counted": _text(row, "whomName"),
    }


def _qualifiers(affirming: Sequence[Row]) -> dict[str, str]:
    """Return the qualifiers of time and doubt; bounds where no plain date says as much."""
    row, kind = affirming[0], _local(affirming[0], "whenKind")
    found = date_qualifiers(_text(row, "when"), kind) if "when" in row else {}
    said = set()
    if "point in time (P585)" in found:
        # An attestation knows besides that it had begun by then, and had not ended.
        said = {"earliestStart", "latestEnd"}
        said |= set() if kind == "attestation" else {"latestStart", "earliestEnd"}
    if "start time (P580)" in found:
        said |= {"earliestStart", "latestStart"}
    if "end time (P582)" in found:
        said |= {"earliestEnd", "latestEnd"}
    if "when" in row:
        found |= {column: _text(row, name) for name, column in _BOUNDS.items() if name not in said}
    if all(_local(each, "stance") in ("alleged", "doubted") for each in affirming):
        found["nature of statement (P5102)"] = "allegedly"
    return found


def _accounts(rows: Sequence[Row]) -> dict[str, str]:
    """Return who affirms and who denies it, where, and what it clashes with."""
    sides: dict[str, list[str]] = {"affirmed": [], "denied": []}
    for row in rows:
        sides[_local(row, "polarity")].append(f"{_text(row, 'speakerName')}: {_manner(row)}")
    deniers = [_text(row, "speakerName") for row in rows if _local(row, "polarity") == "denied"]
    affirming = [row for row in rows if _local(row, "polarity") == "affirmed"]
    return {
        "affirmed by": _joined(sides["affirmed"]),
        "denied by": _joined(sides["denied"]),
        "stated in (P248)": _joined(_text(row, "documentName") for row in rows),
        "statement disputed by (P1310)": _joined(
            [*deniers, *(_text(row, "opponentName") for row in affirming)]
        ),
        "rival values": _joined(map(_rival, affirming)),
        "claims": _joined("/".join(_text(row, "claim").split("/")[-2:]) for row in rows),
        "passages": _joined(f"{_text(row, 'documentName')}, {_text(row, 'passage')}"
                            for row in rows),
        "disputes": _joined(_text(row, "disputeName") for row in rows),
    }  # fmt: skip


def _manner(row: Row) -> str:
    cue, read = (_text(row, name) for name in ("cue", "readFrom"))
    found = (
        _local(row, "stance"),
        f"({cue})" if cue else "",
        bracketed(marks([read] if read else [], _text(row, "alternative"))),
    )
    return " ".join(filter(None, found))


def _rival(row: Row) -> str:
    """Return what somebody has instead whose claim excludes this one; empty for a denial."""
    if _local(row, "rivalPolarity") != "affirmed":
        return ""
    differing = [
        end for end in ("Subject", "Object")
        if _text(row, f"rival{end}") not in ("", _text(row, end.lower()))
    ]  # fmt: skip
    if len(differing) != 1:
        return f"rival statement: {_text(row, 'rivalName')}"
    rival = f"rival{differing[0]}"
    name = _text(row, f"{rival}Name")
    unknown = name and "wikidata.org/entity/Q" not in _text(row, f"{rival}Item")
    return f"rival value: {name or _text(row, rival)}" + " (no Wikidata item)" * bool(unknown)


def _joined(parts: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(filter(None, parts)))


def _text(row: Row, name: str) -> str:
    return row[name].value if name in row else ""


def _local(row: Row, name: str) -> str:
    return re.split("[/#]", _text(row, name))[-1]
