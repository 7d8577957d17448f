"""How much of each document and section has claims, as nodes of the metadata graph.

One `:Coverage` for each document, and one for each section of it that has passages of its
own. The question `coverage` counts the same from the passages themselves.
"""

from collections.abc import Iterable, Iterator

from kg.facts import Facts, quad, typed
from kg.rdf import BASE, DOCUMENTS, METADATA_GRAPH, Literal, NamedNode, Quad

_COVERAGES = BASE + "coverage/"


def describe_coverage(facts: Facts) -> Iterator[Quad]:
    """Yield the coverage of each document and of each of its sections, in order."""
    claims: dict[str, set[str]] = {}
    for claim in facts.standing_claims():
        for passage in facts.texts(claim, "evidence"):
            claims.setdefault(passage, set()).add(claim)
    for document, passages in _by(facts, facts.instances("Passage"), "document").items():
        node = _COVERAGES + document.removeprefix(DOCUMENTS)
        yield from _counts(facts, (node, document), passages, claims)
        sections = _by(facts, passages, "section")
        for number, (section, own) in enumerate(sections.items(), start=1):
            part = f"{node}/{number:02d}"
            yield quad(part, "section", Literal(section), METADATA_GRAPH)
            yield from _counts(facts, (part, document), own, claims)


def _by(facts: Facts, passages: Iterable[str], part: str) -> dict[str, list[str]]:
    """Return passages by their document or section, in the order of the text."""
    groups: dict[str, list[str]] = {}
    for each in passages:
        groups.setdefault(facts.text(each, part), []).append(each)
    return groups


def _counts(
    facts: Facts, names: tuple[str, str], passages: list[str], claims: dict[str, set[str]]
) -> Iterator[Quad]:
    node, document = names
    factual = [each for each in passages if facts.true(each, "factual")]
    resting = {claim for each in passages for claim in claims.get(each, ())}
    yield quad(node, "rdf:type", "Coverage", METADATA_GRAPH)
    yield quad(node, "coverageOf", NamedNode(document), METADATA_GRAPH)
    for name, number in (
        ("passageCount", len(passages)),
        ("factualPassageCount", len(factual)),
        ("coveredPassageCount", sum(each in claims for each in factual)),
        ("claimCount", len(resting)),
    ):
        yield quad(node, name, typed(number, "integer"), METADATA_GRAPH)
