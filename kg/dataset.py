"""What is served, for catalogues, crawlers and search engines: VoID, DCAT 3 and schema.org.

The counts are those that the graph records of itself (`kg/metadata.py`), the rest is what a
release says too (`kg/catalogue.py`), with this server's addresses for its files and services.
"""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kg.catalogue import CREATOR, DESCRIPTION, KEYWORDS, dataset_facts
from kg.compact import compact_dataset
from kg.describe import DESCRIPTION_FORMATS
from kg.media import Format, named
from kg.metadata import DATASET, LICENSE
from kg.rdf import Literal, NamedNode, Quad, RdfFormat, Triple, serialize_rdf

#: The document about the dataset, and the forms that it has.
DOCUMENT = "/dataset"
FORMS = DESCRIPTION_FORMATS

_DUMPS = tuple(named(name) for name in ("turtle", "ntriples", "jsonld", "rdfxml"))
_DCAT = "http://www.w3.org/ns/dcat#"
_DCTERMS = "http://purl.org/dc/terms/"
_IANA = "https://www.iana.org/assignments/media-types/"
_RDF_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_SCHEMA = "https://schema.org/"
_VOID = "http://rdfs.org/ns/void#"
_WRITERS = {
    "turtle": RdfFormat.TURTLE,
    "ntriples": RdfFormat.N_TRIPLES,
    "rdfxml": RdfFormat.RDF_XML,
}


def describe_served(
    recorded: Iterable[Triple], fingerprint: str, edition: Mapping[str, str], origin: str
) -> list[Triple]:
    """Return the description of the dataset as this server offers it.

    `recorded` is what the graph says of itself, `edition` its `version` and `day`, `origin` the
    address of the server's root without a slash at its end.
    """
    facts = dataset_facts(
        fingerprint,
        edition.get("version", ""),
        edition.get("day", ""),
        f"{DATASET}#contributors",
    )
    triples = {Triple(each.subject, each.predicate, each.object) for each in facts}
    triples.update(recorded, _services(origin))
    for row in _DUMPS:
        triples.update(_dump(origin, row))
    return sorted(triples, key=str)


def write(triples: Iterable[Triple], form: Format, prefixes: Mapping[str, str],
          context: Mapping[str, Any] | None) -> bytes:  # fmt: skip
    """Return a description in one of `FORMS`, the same bytes each time."""
    if form.name == "jsonld":
        return compact_dataset((Quad(*each) for each in triples), context or {})
    # The engine writes prefixes in another order each time: those of Turtle can be sorted.
    used = dict(prefixes) if form.name == "turtle" else {}
    out = io.BytesIO()
    serialize_rdf(triples, out, _WRITERS[form.name], prefixes=used)
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join([*sorted(lines[: len(used)]), *lines[len(used) :]])


def search_block(fingerprint: str, counts: Mapping[str, int], origin: str) -> str:
    """Return the dataset as schema.org has it, in JSON-LD for the start page.

    It stands in a script element, so that no `<` may be in it.
    """
    block = {
        "@context": _SCHEMA,
        "@type": "Dataset",
        "@id": DATASET,
        "name": "Contested",
        "description": DESCRIPTION,
        "url": f"{origin}/",
        "license": LICENSE,
        "identifier": f"sha256:{fingerprint}",
        "inLanguage": "en",
        "isAccessibleForFree": True,
        "keywords": list(KEYWORDS),
        "creator": {"@type": "Organization", "name": CREATOR},
        "size": ", ".join(f"{number:,} {name}" for name, number in counts.items()),
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": row.media_type,
             "contentUrl": _address(origin, row)}
            for row in _DUMPS
        ],
    }  # fmt: skip
    return json.dumps(block, ensure_ascii=False).replace("<", "\\u003c")


def _address(origin: str, row: Format) -> str:
    return f"{origin}/rdf-graph-store?default&as={row.name}"


def _services(origin: str) -> Iterator[Triple]:
    """Yield the SPARQL endpoint as a service of the dataset."""
    service, endpoint = f"{origin}/sparql#service", f"{origin}/sparql"
    yield _say(service, _RDF_TYPE.value, _DCAT + "DataService")
    yield _say(service, _DCTERMS + "title", Literal("SPARQL endpoint", language="en"))
    yield _say(service, _DCAT + "endpointURL", endpoint)
    yield _say(service, _DCAT + "endpointDescription", f"{endpoint}?as=turtle")
    yield _say(service, _DCAT + "servesDataset", DATASET)
    yield _say(service, _DCTERMS + "conformsTo", "http://www.w3.org/TR/sparql11-protocol/")
    yield _say(DATASET, _VOID + "sparqlEndpoint", endpoint)
    yield _say(DATASET, _DCAT + "landingPage", f"{origin}/")


def _dump(origin: str, row: Format) -> Iterator[Triple]:
    node, address = f"{origin}{DOCUMENT}#{row.name}", _address(origin, row)
    title = Literal(f"The union of all graphs, {row.media_type}", language="en")
    yield _say(DATASET, _DCAT + "distribution", node)
    yield _say(DATASET, _SCHEMA + "distribution", node)
    yield _say(DATASET, _VOID + "dataDump", address)
    yield _say(node, _RDF_TYPE.value, _DCAT + "Distribution")
    yield _say(node, _RDF_TYPE.value, _SCHEMA + "DataDownload")
    yield _say(node, _DCTERMS + "title", title)
    yield _say(node, _DCTERMS + "license", LICENSE)
    yield _say(node, _DCAT + "accessURL", address)
    yield _say(node, _DCAT + "downloadURL", address)
    yield _say(node, _SCHEMA + "contentUrl", address)
    yield _say(node, _DCAT + "mediaType", _IANA + row.media_type)
    yield _say(node, _SCHEMA + "encodingFormat", Literal(row.media_type))


def _say(subject: str, predicate: str, value: str | Literal) -> Triple:
    thing = NamedNode(value) if isinstance(value, str) else value
    return Triple(NamedNode(subject), NamedNode(predicate), thing)
