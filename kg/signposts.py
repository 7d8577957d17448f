"""Signposting: what links in the header of an answer tell programs about a thing.

Source: FAIR Signposting Profile (https://signposting.org/FAIR/), RFC 8288 (Web Linking),
RFC 8574 (cite-as). Pure: strings in, one header value out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kg.addresses import FORMS, document_path
from kg.media import HTML, Format
from kg.metadata import LICENSE
from kg.protocol import IRI

_ABOUT_PAGE = "https://schema.org/AboutPage"


class Link(NamedTuple):
    """One link of a header: target, relation, and the media type of the target if known."""

    target: str
    relation: str
    media_type: str = ""

    def __str__(self) -> str:
        """Return the link as RFC 8288 writes it."""
        kind = f'; type="{self.media_type}"' if self.media_type else ""
        return f'<{self.target}>; rel="{self.relation}"{kind}'


def link_header(links: Iterable[Link]) -> str:
    """Return a `Link` header; a target that is no IRI, or not of ASCII, is left out.

    >>> link_header([Link("http://e/x", "cite-as"), Link("no iri", "item")])
    '<http://e/x>; rel="cite-as"'
    """
    fit = (each for each in links if each.target.isascii()
           and (IRI.match(each.target) or each.target.startswith("/")))  # fmt: skip
    return ", ".join(map(str, fit))


def signposts(
    node: str,
    types: Iterable[str],
    root: str,
    form: Format | None = None,
    collection: str = "",
) -> Iterator[Link]:
    """Yield the links of an answer about a thing; `form` is that of a document about it.

    Without a form the answer is a redirect. `collection` is the address of what it is part of.
    """
    addresses = {row: root + document_path(node, row) for row in FORMS}
    yield Link(node, "cite-as")
    yield Link(LICENSE, "license")
    if form is HTML or form is None:
        yield Link(_ABOUT_PAGE, "type")
        yield from (Link(each, "type") for each in types)
        for row, address in addresses.items():
            if row is not HTML:
                yield Link(address, "describedby", row.media_type)
    else:
        yield Link(addresses[HTML], "describes", HTML.media_type)
    for row, address in addresses.items():
        if row is not form:
            yield Link(address, "alternate", row.media_type)
    if collection:
        yield Link(collection, "collection", HTML.media_type)
