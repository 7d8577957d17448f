"""The formats of answers, one row a format, and the choice among them by `Accept`.

Sources: SPARQL 1.1 Protocol 2.1.6 (accepted response formats), RFC 9110 12.5.1
(`Accept`: quality values, `q=0`, wildcards, the most specific range decides).
Pure: no engine, no server. A new format is one row in `FORMATS`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from kg.errors import NotAcceptableError

Kind = Literal["results", "graph", "page"]


@dataclass(frozen=True, eq=False)
class Format:
    """One way to write an answer; there is one of each, so that looking for it takes no time.

    `name` is the key that the rest of the program uses, `media_type` the registered type,
    `aliases` further types that clients ask for, `iri` its W3C format identifier.
    """

    name: str
    kind: Kind
    media_type: str
    extension: str
    iri: str
    aliases: tuple[str, ...] = ()


class Choice(NamedTuple):
    """A negotiated format, and the media type under which the client asked for it."""

    format: Format
    media_type: str

    @property
    def content_type(self) -> str:
        """The `Content-Type` value: text types say their character set (RFC 2046 4.1.2)."""
        text = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if text else self.media_type


_IRI = "http://www.w3.org/ns/formats/"

FORMATS: tuple[Format, ...] = (
    Format("json", "results", "application/sparql-results+json", "srj",
           _IRI + "SPARQL_Results_JSON", ("application/json", "text/json")),
    Format("xml", "results", "application/sparql-results+xml", "srx",
           _IRI + "SPARQL_Results_XML", ("application/xml", "text/xml")),
    Format("csv", "results", "text/csv", "csv", _IRI + "SPARQL_Results_CSV"),
    Format("tsv", "results", "text/tab-separated-values", "tsv", _IRI + "SPARQL_Results_TSV"),
    Format("turtle", "graph", "text/turtle", "ttl", _IRI + "Turtle", ("application/x-turtle",)),
    Format("ntriples", "graph", "application/n-triples", "nt", _IRI + "N-Triples",
           ("text/plain",)),
    Format("jsonld", "graph", "application/ld+json", "jsonld", _IRI + "JSON-LD",
           ("application/json",)),
    Format("trig", "graph", "application/trig", "trig", _IRI + "TriG"),
    Format("nquads", "graph", "application/n-quads", "nq", _IRI + "N-Quads"),
    Format("rdfxml", "graph", "application/rdf+xml", "rdf", _IRI + "RDF_XML",
           ("application/xml", "text/xml")),
)  # fmt: skip

#: A page for people: no answer to a query, so no row of `FORMATS`.
HTML = Format("html", "page", "text/html", "html", "http://www.w3.org/1999/xhtml")

_NAMED = {row.name: row for row in FORMATS}
#: More than any client sends; a header may have thousands, of which each is matched many times.
_MOST_RANGES = 100
_RANGE = re.compile(r"([\w!#$&^.+*-]+)/([\w!#$&^.+*-]+)\s*(;.*)?")
_QUALITY = re.compile(r";\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)")


def named(name: str) -> Format:
    """Return the format called `name`; KeyError for an unknown one (a defect of the caller)."""
    return _NAMED[name]


def find(name: str, rows: Iterable[Format]) -> Format | None:
    """Return the one of some formats with this name or file ending, or None.

    >>> find("nt", FORMATS).name
    'ntriples'
    """
    return next((row for row in rows if name in (row.name, row.extension)), None)


def offered(kind: Kind) -> tuple[Format, ...]:
    """Return the formats of one kind, in the order that the server prefers."""
    return tuple(row for row in FORMATS if row.kind == kind)


class _Range(NamedTuple):
    type: str
    subtype: str
    quality: float
    position: int

    def specificity(self, media_type: str) -> int:
        """0: does not match, 1: `*/*`, 2: `type/*`, 3: the type itself."""
        main, _, sub = media_type.partition("/")
        if (self.type, self.subtype) == (main, sub):
            return 3
        if (self.type, self.subtype) == (main, "*"):
            return 2
        return 1 if (self.type, self.subtype) == ("*", "*") else 0


def _ranges(accept: str) -> list[_Range]:
    """Return the media ranges of an `Accept` value, the first hundred; unreadable ones not."""
    found = []
    for position, part in enumerate(accept.split(",", _MOST_RANGES)[:_MOST_RANGES]):
        match = _RANGE.fullmatch(part.strip())
        if match:
            main, sub, parameters = (group.lower() for group in match.groups(""))
            quality = _QUALITY.search(parameters)
            found.append(_Range(main, sub, float(quality[1]) if quality else 1.0, position))
    return found


def quality(accept: str | None, media_type: str) -> float:
    """How much a client wants `media_type`, 0 to 1 (RFC 9110: the most specific range decides).

    An `Accept` without any readable range counts as none.

    >>> quality("text/*;q=0.3, text/csv;q=0.7", "text/csv")
    0.7
    """
    ranges = _ranges(accept or "")
    best = _best(ranges, media_type)
    return best.quality if best else (0.0 if ranges else 1.0)


def _best(ranges: list[_Range], media_type: str) -> _Range | None:
    matching = [r for r in ranges if r.specificity(media_type)]
    return max(matching, key=lambda r: r.specificity(media_type), default=None)


def negotiate(accept: str | None, formats: tuple[Format, ...]) -> Choice:
    """Choose the format that the client wants most; without `Accept`, the first.

    Among equals the more specific range wins, then the client's order, then the server's.
    Raises NotAcceptableError when nothing offered is wanted (an `Accept` without any readable
    range counts as none).

    >>> negotiate("text/csv;q=0.5, */*;q=0.1", offered("results")).format.name
    'csv'
    >>> negotiate("application/sparql-results+json;q=0, */*", offered("results")).format.name
    'xml'
    """
    return _remembered(accept, formats) if len(accept or "") < 256 else _chosen(accept, formats)


def _chosen(accept: str | None, formats: tuple[Format, ...]) -> Choice:
    ranges = _ranges(accept or "")
    if not ranges:
        return Choice(formats[0], formats[0].media_type)
    ranked = []
    for order, row in enumerate(formats):
        for rank, media_type in enumerate((row.media_type, *row.aliases)):
            best = _best(ranges, media_type)
            # An alias is served only to those who name it: `text/*` must not turn into it.
            if best and best.quality > 0 and (rank == 0 or best.specificity(media_type) == 3):
                key = (best.quality, best.specificity(media_type), -best.position, -order, -rank)
                ranked.append((key, Choice(row, media_type)))
    if not ranked:
        types = ", ".join(row.media_type for row in formats)
        raise NotAcceptableError(
            f"None of the accepted media types can be sent here; ask for one of: {types}."
        )
    return max(ranked, key=lambda pair: pair[0])[1]


#: Clients send few different headers; longer ones are not kept, so that this takes little room.
_remembered = lru_cache(maxsize=512)(_chosen)
