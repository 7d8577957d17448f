"""The relations that claims state as GraphML 1.1, for programs that draw and measure networks.

A node is a thing, an edge is one claim, never a fact: whoever draws or counts edges finds on each
who says so, how, whether that is affirmed or denied, and whether it is one of several readings or
not said outright. Claims of a number, date or text have no second end and are left out.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import BinaryIO
from xml.sax.saxutils import escape, quoteattr

from kg.rdf import BASE, Literal, Prefixes
from kg.selection import Row, Selection, text_of
from kg.streams import Source

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns
 http://graphml.graphdrawing.org/xmlns/1.1/graphml.xsd">
"""
#: Attributes, each of which shows the variable of its name in the query.
_NODE = ("iri", "label", "types", "unnamed", "unasserted")
_EDGE = ("claim", "predicate", "sentence", "speaker", "stance", "polarity", "modality", "time",
         "timeKind", "cue", "role", "degree", "alternative", "readFrom", "note", "document",
         "passage", "disputes")  # fmt: skip
#: Where the variable has another name.
_VARIABLES = {"iri": "node", "time": "when", "timeKind": "whenKind"}
_BOOLEAN = ("unnamed", "unasserted")
_WHOLE = ("iri", "claim", "alternative")


def write_graphml(source: Source, output: BinaryIO) -> None:
    """Write the relations as one directed graph."""
    prefixes = Prefixes.read(source.assets.prefixes)
    selection = Selection(source)
    output.write(_HEAD.encode())
    for kind, attributes in (("node", _NODE), ("edge", _EDGE)):
        for name in attributes:
            datatype = "boolean" if name in _BOOLEAN else "string"
            output.write(
                f' <key id="{kind}-{name}" for="{kind}" attr.name="{name}"'
                f' attr.type="{datatype}"/>\n'.encode()
            )
    output.write(b' <graph id="contested" edgedefault="directed">\n')
    for iri, rows in _grouped(selection.rows("graph-nodes"), "node"):
        output.write(_element(f'node id="{_name(iri, prefixes)}"', _NODE, rows, prefixes))
        source.advance(1)
    for iri, rows in _grouped(selection.rows("graph-edges"), "claim"):
        ends = (_name(text_of(rows[0][end]), prefixes) for end in ("subject", "object"))
        start = 'edge id="{}" source="{}" target="{}"'.format(_name(iri, prefixes), *ends)
        output.write(_element(start, _EDGE, rows, prefixes))
        source.advance(1)
    output.write(b" </graph>\n</graphml>\n")


def _grouped(rows: Iterable[Row], name: str) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each thing together: where a property has two values there are two."""
    for term, group in groupby(rows, key=lambda row: row[name]):
        yield text_of(term), list(group)


def _element(start: str, attributes: Iterable[str], rows: list[Row], prefixes: Prefixes) -> bytes:
    kind = start.partition(" ")[0]
    lines = [f"  <{start}>"]
    for name in attributes:
        variable = _VARIABLES.get(name, name)
        terms = {row[variable] for row in rows if variable in row}
        text = " ".join(sorted(_shown(term, prefixes, whole=name in _WHOLE) for term in terms))
        if text:
            lines.append(f"   <data key={quoteattr(f'{kind}-{name}')}>{escape(text)}</data>")
    return "\n".join([*lines, f"  </{kind}>\n"]).encode()


def _shown(term: object, prefixes: Prefixes, *, whole: bool) -> str:
    """Return a value; an IRI in its short form, one of our own terms by its bare name."""
    text = text_of(term)
    if whole or isinstance(term, Literal):
        return text
    return prefixes.shorten(text).removeprefix(":").strip("<>")


def _name(iri: str, prefixes: Prefixes) -> str:
    """Return an identifier that XML takes as one (NMTOKEN): `id:mqm`, `claim.beta.001-01`."""
    short = prefixes.shorten(iri)
    return short.strip("<>").removeprefix(BASE).replace("/", ".")
