"""The named questions as examples: as data in the graph, and in groups on the start page.

In the graph each is a `sh:SPARQLExecutable` (SHACL 1.2 SPARQL Extensions; the pattern is that of
the SIB's sparql-examples), so that the graph can be asked for its own example queries: the question
as `rdfs:comment`, the whole query as `sh:select`, the prefixes that `ontology/prefixes.ttl`
declares, and the endpoint that it is for. They stand in a graph of their own, `graph/examples`.
On the start page they are ready for its editor.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from kg.facts import quad
from kg.queries import Question
from kg.rdf import BASE, EXAMPLE_GRAPH, SHACL, Literal, Quad
from kg.scan import scan

_EXAMPLES = BASE + "example/"
_ENDPOINT = BASE + "sparql"
_FORMS = {"SELECT": "select", "CONSTRUCT": "construct", "ASK": "ask"}

#: Groups and their questions in the order of the page. What is in none stands in the last.
GROUPS = (
    (
        "People and command",
        ("who-commanded", "who-held-post", "posts-of", "chain-of-command", "membership",
         "side-lists", "what-became-of", "who-gave"),
    ),
    (
        "Events",
        ("timeline", "events-in", "when-was", "where-was", "participants", "why",
         "consequences", "days-between", "part-of"),
    ),
    ("Figures", ("casualties", "figures", "figures-compared")),
    (
        "Who says what",
        ("claims-about", "who-says", "stances-on", "replies", "disputes", "corroboration",
         "agreement", "account"),
    ),
    (
        "The texts",
        ("documents", "mentions", "names-of", "what-changed", "coverage", "uncovered",
         "infobox", "spellings", "links"),
    ),
)  # fmt: skip
REST = "More questions"


@dataclass(frozen=True)
class Example:
    """A question of the start page.

    `query` is its text without the header, `parameters` what narrows it, as JSON for the page;
    `fields` has the query as an address has it.
    """

    name: str
    title: str
    description: str
    query: str
    parameters: str
    fields: str


@dataclass(frozen=True)
class Group:
    """Questions that belong together."""

    title: str
    examples: tuple[Example, ...]


def describe_examples(questions: Iterable[Question]) -> Iterator[Quad]:
    """Yield the description of each question; one of another form than SPARQL's is a defect."""
    for each in questions:
        node, form = _EXAMPLES + each.name, _FORMS[str(scan(each.text).form)]
        classes = ("SPARQLExecutable", f"SPARQL{form.capitalize()}Executable")
        for name in classes:
            yield quad(node, "rdf:type", SHACL + name, EXAMPLE_GRAPH)
        yield quad(node, "rdfs:label", Literal(each.title), EXAMPLE_GRAPH)
        comment = Literal(f"{each.title}. {each.description}", language="en")
        yield quad(node, "rdfs:comment", comment, EXAMPLE_GRAPH)
        yield quad(node, SHACL + "prefixes", "prefixes", EXAMPLE_GRAPH)
        yield quad(node, SHACL + form, Literal(each.text), EXAMPLE_GRAPH)
        yield quad(node, "schema:target", _ENDPOINT, EXAMPLE_GRAPH)


def grouped(questions: Iterable[Question]) -> list[Group]:
    """Return the questions in the page's groups; a question in no group is offered last."""
    left = {each.name: _example(each) for each in questions}
    groups = [
        Group(title, tuple(left.pop(name) for name in names if name in left))
        for title, names in GROUPS
    ]
    return [each for each in (*groups, Group(REST, tuple(left.values()))) if each.examples]


def without_header(text: str) -> str:
    """Return the text of a question without the comments that it begins with."""
    lines = text.splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "".join(lines).strip()


def _example(question: Question) -> Example:
    parameters = [
        {"name": p.name, "variable": p.variable, "kind": p.kind, "among": p.among, "help": p.help}
        for p in question.parameters
    ]
    query = without_header(question.text)
    return Example(
        question.name,
        question.title,
        question.description,
        query,
        json.dumps(parameters, ensure_ascii=False),
        # Here, for it is most of the work of making the page.
        urlencode({"query": query}),
    )
