"""The bridge to rdflib, for what a library asks for in its terms: the one place that knows both.

Apart from `kg/rdf.py`, for rdflib takes a tenth of a second to import, and who loads or queries a
graph can do without.
"""

from collections.abc import Iterable, Mapping

import rdflib

from kg.errors import DataError
from kg.rdf import BlankNode, NamedNode, Quad, Term, Triple


def to_rdflib(node: Term) -> rdflib.URIRef | rdflib.BNode | rdflib.Literal:
    """Return the rdflib term for a pyoxigraph term; a literal keeps its lexical form."""
    if isinstance(node, NamedNode):
        return rdflib.URIRef(node.value)
    if isinstance(node, BlankNode):
        return rdflib.BNode(node.value)
    if node.language:
        return rdflib.Literal(node.value, lang=node.language)
    if node.datatype.value == str(rdflib.XSD.string):
        return rdflib.Literal(node.value)
    return rdflib.Literal(node.value, datatype=to_rdflib(node.datatype), normalize=False)


def to_rdflib_graph(quads: Iterable[Quad], prefixes: Mapping[str, str]) -> rdflib.Graph:
    """Return one rdflib graph of all statements, whatever their graph, with these prefixes."""
    graph = rdflib.Graph(bind_namespaces="none")
    for prefix, namespace in prefixes.items():
        graph.bind(prefix, namespace, override=True, replace=True)
    for quad in quads:
        nodes = (quad.subject, quad.predicate, quad.object)
        if any(isinstance(node, Triple) for node in nodes):
            raise DataError(f"{quad} uses a quoted triple, which RDF 1.1 does not have.")
        graph.add(tuple(to_rdflib(node) for node in nodes))  # type: ignore[arg-type]
    return graph
