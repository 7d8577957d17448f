"""What is asked of the graph about a thing, and how much of the answer comes at once."""

import asyncio
import json

import pytest

from kg import describing
from kg.addresses import readings
from kg.describing import MOST, Describer, Found
from kg.media import named
from kg.rdf import BASE, TERMS
from kg.scan import scan

NODE = BASE + "id/mqm"


class Graph:
    """Stands for the workers: gives the same rows to every question and keeps the questions."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self.rows, self.asked = rows, []

    async def ask(self, text: str, form: str) -> tuple[str, bytes]:
        self.asked.append(text)
        bindings = [{name: {"value": value} for name, value in row.items()} for row in self.rows]
        return "print", json.dumps({"results": {"bindings": bindings}}).encode()


def found(*types: str, node: str = NODE) -> Found:
    (reading, *_) = readings(node.removeprefix(BASE), BASE)
    return Found(reading, node, tuple(TERMS + each for each in types))


def claims(number: int) -> list[dict[str, str]]:
    return [
        {"member": f"{BASE}claim/book/{each:05d}", "role": "claim"} for each in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (found("Person", "Actor"), "thing"),
        (found("Claim"), "claim"),
        (found("EditorialClaim"), "claim"),
        (found("SourceDocument", "Document"), "document"),
        (found(node=TERMS + "heldPost"), "term"),
        (found("SomethingNew"), "thing"),
    ],
)
def test_what_decides_how_a_thing_is_described(what, kind) -> None:
    assert what.kind == kind


def test_the_best_reading_that_names_anything_is_taken() -> None:
    graph = Graph({"asked": NODE, "node": NODE, "type": TERMS + "Faction"},
                  {"asked": NODE, "node": NODE, "type": TERMS + "Actor"})  # fmt: skip
    answer = asyncio.run(Describer(graph).find(readings("/id/mqm.ttl", BASE)))
    assert (answer.node, answer.reading.form.name) == (NODE, "turtle")
    assert answer.types == (TERMS + "Faction", TERMS + "Actor")
    assert not answer.withdrawn


def test_nothing_is_asked_about_what_can_be_no_iri() -> None:
    graph = Graph()
    assert asyncio.run(Describer(graph).find(readings("/a b", BASE))) is None
    assert graph.asked == []


def test_a_withdrawn_claim_is_known() -> None:
    graph = Graph({"asked": NODE, "node": NODE, "withdrawn": "true"})
    assert asyncio.run(Describer(graph).find(readings("/id/mqm", BASE))).withdrawn


def test_many_claims_come_in_parts() -> None:
    describer = Describer(Graph(*claims(MOST + 3)))
    first = asyncio.run(describer.part(found("Person")))
    assert (len(first.claims), first.number, first.last) == (MOST, 1, 2)
    second = asyncio.run(describer.part(found("Person"), 2))
    assert [each[-5:] for each in second.claims] == ["00500", "00501", "00502"]
    assert asyncio.run(describer.part(found("Person"), 3)) is None


def test_a_thing_without_members_has_one_part() -> None:
    only = asyncio.run(Describer(Graph()).part(found("Person")))
    assert (only.claims, only.last) == ((), 1)


def test_every_form_asks_a_query_that_nothing_got_into() -> None:
    describer = Describer(Graph(*claims(3)))
    for what in (found("Person"), found("SourceDocument"), found(node=TERMS + "heldPost")):
        part = asyncio.run(describer.part(what))
        graph, table = (describer.question(part, named(name)) for name in ("turtle", "csv"))
        assert (scan(graph).form, scan(table).form) == ("CONSTRUCT", "SELECT")
        assert "UNDEF" not in graph
        assert not scan(graph).has_service


def test_only_portable_sparql_is_asked() -> None:
    """CONSTRUCT, never DESCRIBE: what DESCRIBE gives is another thing in every store."""
    for name in describing._QUESTIONS:
        text = (describing.PROBES / f"{name}.rq").read_text("utf-8")
        assert scan(text).form in ("CONSTRUCT", "SELECT")
        assert "GRAPH" not in text
