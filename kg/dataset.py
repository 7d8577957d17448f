"""What is served, for catalogues, crawlers and search engines: VoID, DCAT 3 and schema.org.

The counts are those that the graph records of itself (`kg/metadata.py`), the rest is what a
release says too (`kg/catalogue.py`), with this server's addresses for its files and services.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kg.catalogue import CREATOR, DESCRIPTION, Edition, dataset_facts, distribution
from kg.facts import NAMESPACES, quad
from kg.jsonld import compact_dataset
from kg.media import Format
from kg.metadata import DATASET, LICENSE, TITLE
from kg.rdf import RDF_FORMATS, Literal, Quad, Triple, rdf_bytes
from kg.service_description import DESCRIPTION_FORMATS

#: The document about the dataset.
DOCUMENT = "/dataset"


def describe_served(
    recorded: Iterable[Triple], fingerprint: str, edition: Edition, origin: str
) -> list[Triple]:
    """Return the description of the dataset as this server offers it.

    `recorded` is what the graph says of its size, `origin` the address of the server's root
    without a slash at its end.
    """
    facts = dataset_facts(fingerprint, edition, f"{DATASET}#contributors")
    dumps = (each for row in DESCRIPTION_FORMATS for each in _dump(origin, row))
    quads = (*facts, *_services(origin), *dumps)
    triples = {*recorded, *(each.triple for each in quads)}
    return sorted(triples, key=str)


def write(triples: Iterable[Triple], form: Format, prefixes: Mapping[str, str],
          context: Mapping[str, Any] | None) -> bytes:  # fmt: skip
    """Return a description in one of `DESCRIPTION_FORMATS`, the same bytes each time."""
    if form.name == "jsonld":
        return compact_dataset((Quad(*each) for each in triples), context or {})
    return rdf_bytes(triples, RDF_FORMATS[form.name], prefixes)


def search_block(fingerprint: str, edition: Edition, counts: Mapping[str, int], origin: str) -> str:
    """Return the dataset as schema.org has it, in JSON-LD for the start page.

    `counts` are the sizes that a snapshot records, `origin` is as in `describe_served`. The block
    stands in a script element, so that no `<` may be in it.
    """
    block = {
        "@context": NAMESPACES["schema"],
        "@type": "Dataset",
        "@id": DATASET,
        "name": TITLE,
        "description": DESCRIPTION,
        "url": f"{origin}/",
        "license": LICENSE,
        "identifier": f"sha256:{fingerprint}",
        "inLanguage": "en",
        "isAccessibleForFree": True,
        "keywords": list(edition.keywords),
        "creator": {"@type": "Organization", "name": CREATOR},
        "size": ", ".join(f"{number:,} {name}" for name, number in counts.items()),
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": row.media_type,
             "contentUrl": _address(origin, row)}
            for row in DESCRIPTION_FORMATS
        ],
    }  # fmt: skip
    return json.dumps(block, ensure_ascii=False).replace("<", "\\u003c")


def _address(origin: str, row: Format) -> str:
    return f"{origin}/rdf-graph-store?default&as={row.name}"


def _services(origin: str) -> Iterator[Quad]:
    """Yield the SPARQL endpoint as a service of the dataset."""
    service, endpoint = f"{origin}/sparql#service", f"{origin}/sparql"
    yield quad(service, "rdf:type", "dcat:DataService")
    yield quad(service, "dcterms:title", Literal("SPARQL endpoint", language="en"))
    yield quad(service, "dcat:endpointURL", endpoint)
    yield quad(service, "dcat:endpointDescription", f"{endpoint}?as=turtle")
    yield quad(service, "dcat:servesDataset", DATASET)
    yield quad(service, "dcterms:conformsTo", "http://www.w3.org/TR/sparql11-protocol/")
    yield quad(DATASET, "void:sparqlEndpoint", endpoint)
    yield quad(DATASET, "dcat:landingPage", f"{origin}/")


def _dump(origin: str, row: Format) -> Iterator[Quad]:
    node, address = f"{origin}{DOCUMENT}#{row.name}", _address(origin, row)
    yield from distribution(
        node, f"The union of all graphs, {row.media_type}", address, row.media_type
    )
    yield quad(DATASET, "void:dataDump", address)
