"""Between the IRIs of the graph and the addresses under which the server answers them.

An IRI answers under its own path: what stands after the base (`/id/mqm`). The documents about it
have the same path with an extension (`/id/mqm.html`, `/id/mqm.ttl`). An IRI that ends in a slash
has the documents of the path without it (`/ontology/` has `/ontology.ttl`).

Pure: nothing here knows what is in the graph.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from kg.media import HTML, Format, named
from kg.rdf import BASE

#: The forms in which a thing is described, in the order that the server prefers.
FORMS: tuple[Format, ...] = (
    HTML,
    *(named(name) for name in ("turtle", "jsonld", "ntriples", "rdfxml", "csv")),
)
#: The most characters of a path that can be an identifier.
LONGEST = 400

_BY_EXTENSION = {row.extension: row for row in FORMS}
# What the path of an IRI is made of (RFC 3987, 2.2: ipchar of the first plane, and the slash).
_LOCAL = re.compile(
    r"(?:[A-Za-z0-9._~:@!$&'()*+,;=/\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef-]|%[0-9A-Fa-f]{2})+"
)
# What stays as it is in an address (RFC 3986, 3.3: pchar, and the slash).
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"


@dataclass(frozen=True)
class Reading:
    """One way to read an address: the IRI that it is about, and the form that it names, if any."""

    iri: str
    form: Format | None = None


def readings(path: str) -> list[Reading]:
    """Return how a decoded path can be read, best first; nothing for what can be no identifier.

    A path that is an IRI in full goes before one that is an IRI with an extension, since
    identifiers may contain dots.

    >>> [each.iri.removeprefix(BASE) for each in readings("/id/a.ttl")]
    ['id/a.ttl', 'id/a.ttl/', 'id/a', 'id/a/']
    """
    local = path.removeprefix("/")
    if len(local) > LONGEST or not _LOCAL.fullmatch(local) or _elsewhere(local):
        return []
    found = [Reading(BASE + local)]
    if not local.endswith("/"):
        found.append(Reading(f"{BASE}{local}/"))
    stem, dot, extension = local.rpartition(".")
    if dot and extension in _BY_EXTENSION and stem and not stem.endswith("/"):
        form = _BY_EXTENSION[extension]
        found += [Reading(BASE + stem, form), Reading(f"{BASE}{stem}/", form)]
    return found


def _elsewhere(local: str) -> bool:
    """Tell whether a link to this path would lead elsewhere (RFC 3986, 5.2.4 and 4.2).

    So does one with a part that is `.` or `..`, or with two slashes at its beginning.
    """
    return local.startswith("/") or any(part in (".", "..") for part in local.split("/"))


def plain_path(iri: str) -> str:
    """Return the path of an IRI of ours, percent-encoded, without the server's own root path.

    >>> plain_path(BASE + "id/a b")
    '/id/a%20b'
    """
    return "/" + quote(iri.removeprefix(BASE), safe=_PATH_CHARACTERS)


def document_path(iri: str, form: Format) -> str:
    """Return the path of the document about an IRI in one form.

    >>> document_path(BASE + "ontology/", named("turtle"))
    '/ontology.ttl'
    """
    return f"{plain_path(iri).rstrip('/')}.{form.extension}"
