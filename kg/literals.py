"""Dates, numbers and lengths of time: typed as their place asks, and written so that they are read.

What a property or a claim's predicate takes is its `schema:rangeIncludes`.
"""

from collections.abc import Iterator

from kg import counts, dates
from kg.errors import DataError
from kg.facts import Facts, Value, expand
from kg.sources import SourceFile

EDTF = expand("edtf:EDTF")
COUNT = expand("count")

# What is typed by hand, as it is called and as it is written.
_TYPED = {
    EDTF: ("a date", "edtf:EDTF"),
    COUNT: ("a number", ":count"),
    expand("xsd:duration"): ("a length of time", "xsd:duration"),
}
_DATING_KINDS = {"startedOn": "point", "endedOn": "point", "happenedOn": "point",
                 "lasted": "period"}  # fmt: skip


def dating_kind(predicate: str) -> str:
    """Return the kind of time that the object of a dating predicate is, or an empty text.

    >>> dating_kind(expand("lasted")), dating_kind(expand("led"))
    ('period', '')
    """
    return _DATING_KINDS.get(predicate.removeprefix(expand("")), "")


def misread_literals(file: SourceFile, facts: Facts) -> Iterator[str]:
    """Yield each date, number or length of time that is not typed, or that cannot be read.

    `facts` are those of the sources.
    """
    own = Facts(file.quads)
    for subject in own.subjects():
        for predicate, values in own.predicates(subject).items():
            for value in values:
                said, kind = predicate, own.text(subject, "whenKind").removeprefix(expand(""))
                if predicate == expand("rdf:object"):
                    said = own.text(subject, "rdf:predicate")
                    kind = dating_kind(said)
                if fault := _unread(value, kind):
                    yield f"{file.where(subject, value.value)}: {fault}"
                elif fault := _untyped(value, facts.texts(said, "schema:rangeIncludes"), kind):
                    yield f"{file.where(subject, predicate)}: {fault}"


def _unread(value: Value, kind: str) -> str:
    return _misread(value.value, value.datatype.value, kind) if hasattr(value, "datatype") else ""


def _untyped(value: Value, ranges: list[str], kind: str) -> str:
    """Say how a value is typed where dates, numbers or lengths of time are wanted."""
    for datatype in ranges:
        if datatype in _TYPED and hasattr(value, "datatype") and value.datatype.value != datatype:
            what, written = _TYPED[datatype]
            return _misread(value.value, datatype, kind) or (
                f'{value.value!r} is not typed as {what}; write "{value.value}"^^{written}.'
            )
    return ""


def _misread(text: str, datatype: str, kind: str) -> str:
    try:
        if datatype == EDTF:
            dates.parse(text, kind) if kind else dates.normalise(text)
        elif datatype == COUNT:
            counts.parse(text)
    except DataError as error:
        return str(error)
    return ""
