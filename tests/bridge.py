"""From rdflib to the program's terms, to compare what another library has read."""

from collections.abc import Iterator

import pyoxigraph as ox
import rdflib
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID


def from_rdflib(node: rdflib.term.Node) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """Return the pyoxigraph term for an rdflib term; raises `TypeError` for any other."""
    if isinstance(node, rdflib.Literal):
        if node.language:
            return ox.Literal(str(node), language=node.language)
        datatype = ox.NamedNode(str(node.datatype)) if node.datatype else None
        return ox.Literal(str(node), datatype=datatype)
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, rdflib.BNode):
        return ox.BlankNode(str(node))
    raise TypeError(f"{type(node).__name__} is no term of RDF 1.1")


def from_rdflib_dataset(dataset: rdflib.Dataset) -> Iterator[ox.Quad]:
    """Yield the quads of an rdflib dataset; its default graph becomes the default graph."""
    for *nodes, name in dataset.quads():
        default = name is None or name == DATASET_DEFAULT_GRAPH_ID
        graph = ox.DefaultGraph() if default else from_rdflib(name)
        yield ox.Quad(*(from_rdflib(node) for node in nodes), graph)
