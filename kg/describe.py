"""The service description: what this endpoint is and does, as RDF, and only what is true.

Sources: SPARQL 1.1 Service Description; VoID for sizes. The endpoint's IRI is the one that the
request came to, so that clients which follow `sd:endpoint` come back to this server.
"""

from dataclasses import dataclass

from rdflib import RDF, RDFS, VOID, XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS

from kg.facts import NAMESPACES
from kg.media import FORMATS, Format, named
from kg.rdf import RDF_FORMATS, RdfFormat, parse_rdf, serialize_rdf

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")

_PREFIXES = {"sd": str(SD)} | {
    prefix: NAMESPACES[prefix] for prefix in ("void", "dcterms", "rdfs", "xsd")
}

#: The formats in which a description itself is sent.
DESCRIPTION_FORMATS: tuple[Format, ...] = tuple(
    named(name) for name in ("turtle", "ntriples", "jsonld", "rdfxml")
)


@dataclass(frozen=True)
class Catalogue:
    """What is served: the data's fingerprint, and how large they are.

    `graphs` are the named graphs with their numbers of triples, `sizes` the figures of the
    union of all graphs by the local name of their VoID property.
    """

    fingerprint: str
    graphs: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()


def describe(
    endpoint: str, title: str, description: str, catalogue: Catalogue, *, federated: bool = False
) -> Graph:
    """Return the description of the service at `endpoint` (an absolute IRI).

    A `federated` one asks other servers where SERVICE names them.
    """
    graph = Graph()
    service, dataset = URIRef(f"{endpoint}#service"), URIRef(f"{endpoint}#dataset")
    graph.add((service, RDF.type, SD.Service))
    graph.add((service, SD.endpoint, URIRef(endpoint)))
    graph.add((service, RDFS.label, Literal(title, lang="en")))
    graph.add((service, DCTERMS.description, Literal(description, lang="en")))
    graph.add((service, SD.supportedLanguage, SD.SPARQL11Query))
    graph.add((service, SD.feature, SD.UnionDefaultGraph))
    if federated:
        graph.add((service, SD.feature, SD.BasicFederatedQuery))
    for row in FORMATS:
        graph.add((service, SD.resultFormat, URIRef(row.iri)))
    graph.add((service, SD.defaultDataset, dataset))
    graph.add((dataset, VOID.sparqlEndpoint, URIRef(endpoint)))
    _add_dataset(graph, dataset, catalogue)
    return graph


def _add_dataset(graph: Graph, dataset: URIRef, catalogue: Catalogue) -> None:
    graph.add((dataset, RDF.type, SD.Dataset))
    graph.add((dataset, RDF.type, VOID.Dataset))
    graph.add((dataset, DCTERMS.identifier, Literal(catalogue.fingerprint)))
    default = URIRef(f"{dataset}-default")
    graph.add((dataset, SD.defaultGraph, default))
    graph.add((default, RDF.type, SD.Graph))
    for local, number in catalogue.sizes:
        graph.add((dataset, VOID[local], Literal(number, datatype=XSD.integer)))
        if local == "triples":
            graph.add((default, VOID.triples, Literal(number, datatype=XSD.integer)))
    for number, (name, triples) in enumerate(catalogue.graphs, start=1):
        entry, content = URIRef(f"{dataset}-{number}"), URIRef(f"{dataset}-{number}-graph")
        graph.add((dataset, SD.namedGraph, entry))
        graph.add((entry, RDF.type, SD.NamedGraph))
        graph.add((entry, SD.name, URIRef(name)))
        graph.add((entry, SD.graph, content))
        graph.add((content, RDF.type, SD.Graph))
        graph.add((content, VOID.triples, Literal(triples, datatype=XSD.integer)))


def serialize(description: Graph, form: Format) -> bytes:
    """Return the description in one of `DESCRIPTION_FORMATS`, everywhere in the same bytes.

    Most of rdflib's writers have another order each time that a server is started.
    """
    lines = sorted(description.serialize(format="nt", encoding="utf-8").splitlines(keepends=True))
    triples = parse_rdf(b"".join(lines), format=RdfFormat.N_TRIPLES)
    return serialize_rdf(triples, format=RDF_FORMATS[form.name], prefixes=_PREFIXES) or b""
