"""Whether two engines gave the same answer: rows without order, numbers by value.

What may differ and is levelled: the order of rows that no ORDER BY decides, how a number or a
plain string writes its datatype, and the order of triples.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import pyoxigraph as ox

_XSD = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS = tuple(_XSD + each for each in ("integer", "int", "long", "decimal", "double"))

Row = tuple[str, ...]


def rows_of(body: bytes) -> list[Row]:
    """Return the rows of an answer in SPARQL JSON, levelled and sorted."""
    answer = json.loads(body)
    if "boolean" in answer:
        return [(str(answer["boolean"]),)]
    names = answer["head"]["vars"]
    rows = answer["results"]["bindings"]
    return sorted(tuple(_value(row.get(name)) for name in names) for row in rows)


def triples_of(body: bytes, media_type: str) -> list[Row]:
    """Return the triples of an answer in N-Triples or Turtle, levelled and sorted."""
    kind = ox.RdfFormat.from_media_type(media_type) or ox.RdfFormat.TURTLE
    found = {
        (f"<{quad.subject.value}>", f"<{quad.predicate.value}>", _term(quad.object))
        for quad in ox.parse(body, format=kind)
    }
    return sorted(found)


def _term(term: Any) -> str:
    if isinstance(term, ox.NamedNode):
        return f"<{term.value}>"
    return _literal(term.value, term.datatype.value, term.language or "")


def _value(term: dict[str, str] | None) -> str:
    if term is None:
        return ""
    if term["type"] == "uri":
        return f"<{term['value']}>"
    return _literal(term["value"], term.get("datatype", ""), term.get("xml:lang", ""))


def _literal(text: str, datatype: str, language: str) -> str:
    if datatype in _NUMBERS:
        try:
            return f"{Decimal(text).normalize():f}"
        except InvalidOperation:
            return f"{text}^^{datatype}"
    if datatype in ("", _XSD + "string"):
        return f'"{text}"@{language}' if language else f'"{text}"'
    return f'"{text}"^^{datatype}'


def difference(expected: list[Row], found: list[Row]) -> str:
    """Return one line on how two answers differ; empty where they do not.

    >>> difference([("1",)], [("1",), ("2",)])
    "1 rows expected, 2 found; only found: ('2',)"
    """
    if expected == found:
        return ""
    said = f"{len(expected)} rows expected, {len(found)} found"
    for name, one, other in (("missing", expected, found), ("only found", found, expected)):
        extra = [row for row in one if row not in other]
        if extra:
            said += f"; {name}: {extra[0]}"
    return said
