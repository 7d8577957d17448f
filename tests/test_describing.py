"""What is asked of the graph about a thing, and how much of the answer comes at once."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest

from kg import describing, once
from kg.addresses import readings
from kg.assets import probe
from kg.describing import MOST, Describer, Found
from kg.errors import BusyError, KgError
from kg.media import named
from kg.rdf import BASE, TERMS
from kg.rows import read_rows
from kg.scan import scan

NODE = BASE + "id/mqm"


class Graph:
    """Stands for the workers: gives the same rows to every question and keeps the questions."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self.rows, self.asked = rows, []
        self.service = SimpleNamespace(pool=SimpleNamespace(fingerprint="print"))

    async def ask(self, text: str, form: str) -> tuple[str, bytes]:
        self.asked.append(text)
        bindings = [{name: {"value": value} for name, value in row.items()} for row in self.rows]
        return self.service.pool.fingerprint, json.dumps(
            {"results": {"bindings": bindings}}
        ).encode()


def found(*types: str, node: str = NODE) -> Found:
    (reading, *_) = readings(node.removeprefix(BASE))
    return Found(reading, node, tuple(TERMS + each for each in types))


def claims(number: int) -> list[dict[str, str]]:
    return [
        {"member": f"{BASE}claim/book/{each:05d}", "role": "claim"} for each in range(number)
    ]  # fmt: skip


def test_identifiers_are_read_once_per_data(monkeypatch) -> None:
    graph = Graph({"node": NODE, "label": "MQM"})
    describer, read = Describer(graph), []
    monkeypatch.setattr(describing, "read_rows", lambda body: read.append(body) or read_rows(body))
    first = asyncio.run(describer.identifiers(BASE + "id/"))
    assert first == ({NODE: "MQM"}, {NODE: "mqm"})
    assert asyncio.run(describer.identifiers(BASE + "id/")) is first
    assert len(read) == 1
    graph.service.pool.fingerprint, graph.rows = "another", ()
    assert asyncio.run(describer.identifiers(BASE + "id/")) == ({}, {})
    # Nothing is kept of what nobody knows: anybody may ask for any beginning.
    for number in range(3):
        asyncio.run(describer.identifiers(f"{BASE}no{number}/"))
    assert list(describer._identifiers) == [BASE + "id/"]


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
    answer = asyncio.run(Describer(graph).find(readings("/id/mqm.ttl")))
    assert (answer.node, answer.reading.form.name) == (NODE, "turtle")
    assert answer.types == (TERMS + "Faction", TERMS + "Actor")
    assert not answer.withdrawn


def test_nothing_is_asked_about_what_can_be_no_iri() -> None:
    graph = Graph()
    assert asyncio.run(Describer(graph).find(readings("/a b"))) is None
    assert graph.asked == []


class Slow(Graph):
    """Answers when it is told to, or fails; knows which questions were given up."""

    def __init__(self, error: KgError | None = None) -> None:
        super().__init__()
        self.error, self.go, self.cancelled = error, asyncio.Event(), 0

    async def ask(self, text: str, form: str) -> tuple[str, bytes]:
        if self.error:
            self.asked.append(text)
            raise self.error
        try:
            answer = await super().ask(text, form)
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return answer


def test_a_slow_graph_is_asked_once_about_its_ontology_and_waited_for_once(monkeypatch) -> None:
    monkeypatch.setattr(once, "_SOON", 0.2)

    async def pages() -> None:
        graph = Slow()
        describer = Describer(graph)
        begun = time.monotonic()
        assert [await describer.has_ontology() for _ in range(20)] == [True] * 20
        assert 0.19 < time.monotonic() - begun < 2  # and not 4
        assert (len(graph.asked), graph.cancelled) == (1, 0)
        graph.go.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await describer.has_ontology() is False
        graph.service.pool.fingerprint = "other"
        assert await describer.has_ontology() is False
        assert len(graph.asked) == 2

    asyncio.run(pages())


def test_an_error_about_the_ontology_is_remembered_for_a_while(monkeypatch) -> None:
    async def pages() -> None:
        graph = Slow(BusyError("Too many."))
        describer = Describer(graph)
        assert [await describer.has_ontology() for _ in range(3)] == [True] * 3
        assert len(graph.asked) == 1
        monkeypatch.setattr(once, "_AGAIN", 0)
        graph.error = None
        graph.go.set()
        assert await describer.has_ontology() is False

    asyncio.run(pages())


def test_a_withdrawn_claim_is_known() -> None:
    graph = Graph({"asked": NODE, "node": NODE, "withdrawn": "true"})
    assert asyncio.run(Describer(graph).find(readings("/id/mqm"))).withdrawn


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
        text = probe(name)
        assert scan(text).form in ("CONSTRUCT", "SELECT")
        assert "GRAPH" not in text
