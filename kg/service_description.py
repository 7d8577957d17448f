"""The service description: what this endpoint is and does, as RDF, and only what is true.

Sources: SPARQL 1.1 Service Description; VoID for sizes. The endpoint's IRI is the one that the
request came to, so that clients which follow `sd:endpoint` come back to this server.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.facts import NAMESPACES, quad, typed
from kg.media import FORMATS, Format, named
from kg.rdf import RDF_FORMATS, Literal, Quad, rdf_bytes

_PREFIXES = {name: NAMESPACES[name] for name in ("dcterms", "rdfs", "sd", "void", "xsd")}

#: The formats in which a description itself is sent.
DESCRIPTION_FORMATS: tuple[Format, ...] = tuple(
    named(name) for name in ("turtle", "ntriples", "jsonld", "rdfxml")
)


@dataclass(frozen=True)
class Contents:
    """What is served: the data's fingerprint, and how large they are.

    `graphs` are the named graphs with their numbers of triples, `sizes` the figures of the
    union of all graphs by the local name of their VoID property.
    """

    fingerprint: str
    graphs: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()


def describe(
    endpoint: str, title: str, description: str, contents: Contents, *, federated: bool = False
) -> list[Quad]:
    """Return the description of the service at `endpoint` (an absolute IRI).

    A `federated` one asks other servers where SERVICE names them.
    """
    service, dataset = f"{endpoint}#service", f"{endpoint}#dataset"
    features = ["UnionDefaultGraph", *(["BasicFederatedQuery"] if federated else [])]
    return [
        quad(service, "rdf:type", "sd:Service"),
        quad(service, "sd:endpoint", endpoint),
        quad(service, "rdfs:label", Literal(title, language="en")),
        quad(service, "dcterms:description", Literal(description, language="en")),
        quad(service, "sd:supportedLanguage", "sd:SPARQL11Query"),
        *(quad(service, "sd:feature", f"sd:{each}") for each in features),
        *(quad(service, "sd:resultFormat", row.iri) for row in FORMATS),
        quad(service, "sd:defaultDataset", dataset),
        quad(dataset, "void:sparqlEndpoint", endpoint),
        *_dataset(dataset, contents),
    ]


def _dataset(dataset: str, contents: Contents) -> Iterator[Quad]:
    default = f"{dataset}-default"
    yield quad(dataset, "rdf:type", "sd:Dataset")
    yield quad(dataset, "rdf:type", "void:Dataset")
    yield quad(dataset, "dcterms:identifier", Literal(contents.fingerprint))
    yield quad(dataset, "sd:defaultGraph", default)
    yield quad(default, "rdf:type", "sd:Graph")
    for local, number in contents.sizes:
        yield quad(dataset, f"void:{local}", typed(number, "integer"))
        if local == "triples":
            yield quad(default, "void:triples", typed(number, "integer"))
    for number, (name, triples) in enumerate(contents.graphs, start=1):
        entry, content = f"{dataset}-{number}", f"{dataset}-{number}-graph"
        yield quad(dataset, "sd:namedGraph", entry)
        yield quad(entry, "rdf:type", "sd:NamedGraph")
        yield quad(entry, "sd:name", name)
        yield quad(entry, "sd:graph", content)
        yield quad(content, "rdf:type", "sd:Graph")
        yield quad(content, "void:triples", typed(triples, "integer"))


def serialize(description: Iterable[Quad], form: Format) -> bytes:
    """Return the description in one of `DESCRIPTION_FORMATS`, everywhere in the same bytes."""
    return rdf_bytes(description, RDF_FORMATS[form.name], _PREFIXES)
