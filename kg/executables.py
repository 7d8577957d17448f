"""The named questions as data, so that the graph can be asked for its own example queries.

Each is a `sh:SPARQLExecutable` (SHACL 1.2 SPARQL Extensions; the pattern is that of the SIB's
sparql-examples): the question as `rdfs:comment`, the whole query as `sh:select`, the prefixes that
`ontology/prefixes.ttl` declares, and the endpoint that it is for. They stand in a graph of their
own, `graph/examples`.
"""

from collections.abc import Iterable, Iterator

from kg.facts import quad
from kg.queries import Question
from kg.rdf import BASE, EXAMPLE_GRAPH, SHACL, TERMS, Literal, NamedNode, Quad
from kg.scan import scan

_EXAMPLES = BASE + "example/"
_ENDPOINT = BASE + "sparql"

_FORMS = {"SELECT": "select", "CONSTRUCT": "construct", "ASK": "ask"}


def describe_examples(questions: Iterable[Question]) -> Iterator[Quad]:
    """Yield the description of each question; one of another form than SPARQL's is a defect."""
    for each in questions:
        node, form = _EXAMPLES + each.name, _FORMS[str(scan(each.text).form)]
        classes = ("SPARQLExecutable", f"SPARQL{form.capitalize()}Executable")
        for name in classes:
            yield quad(node, "rdf:type", NamedNode(SHACL + name), EXAMPLE_GRAPH)
        yield quad(node, "rdfs:label", Literal(each.title), EXAMPLE_GRAPH)
        comment = Literal(f"{each.title}. {each.description}", language="en")
        yield quad(node, "rdfs:comment", comment, EXAMPLE_GRAPH)
        yield quad(node, SHACL + "prefixes", NamedNode(TERMS + "prefixes"), EXAMPLE_GRAPH)
        yield quad(node, SHACL + form, Literal(each.text), EXAMPLE_GRAPH)
        yield quad(node, "schema:target", NamedNode(_ENDPOINT), EXAMPLE_GRAPH)
