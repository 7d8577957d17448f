"""What the graph says about one of its things, asked in questions that any SPARQL server answers.

Three steps: what the address names (`probes/resource-find.rq`), what stands about it
(`probes/resource-members*.rq`), and the description (`probes/resource.rq`), which is a part of
the graph: a claim in it has its speaker, stance, polarity, modality and passage, and nothing is
made flat. A thing with more than `MOST` members is described in parts.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from kg.addresses import Reading, readings
from kg.answers import Answers
from kg.assets import probe
from kg.facts import expand
from kg.media import Format, named
from kg.names import normalize
from kg.once import Once, Soon
from kg.queries import restrict
from kg.rdf import TERMS
from kg.rows import read_rows

#: The most claims, passages and other members in one part of a description.
MOST = 500

#: The address of the page about the ontology.
ONTOLOGY_PAGE = "/ontology.html"

_ONTOLOGY = expand("owl:Ontology")
_QUESTIONS = (
    "ontology",
    "ontology-table",
    "resource",
    "resource-find",
    "resource-members",
    "resource-members-document",
    "resource-members-term",
    "resource-near",
    "resource-passages",
    "resource-rows",
    "resource-table",
    "subjects",
    "term-uses",
)
_CLAIMS = (TERMS + "Claim", TERMS + "EditorialClaim")


@dataclass(frozen=True)
class Found:
    """What an address names: how it was read, the node, its classes, whether it is withdrawn.

    `fingerprint` is that of the data in which it was found.
    """

    reading: Reading
    node: str
    types: tuple[str, ...]
    withdrawn: bool = False
    fingerprint: str = ""

    @property
    def kind(self) -> str:
        """How it is described: claim, document, ontology, term or thing."""
        if _ONTOLOGY in self.types:
            return "ontology"
        if self.node.startswith(TERMS):
            return "term"
        if any(each in _CLAIMS for each in self.types):
            return "claim"
        return "document" if TERMS + "SourceDocument" in self.types else "thing"


@dataclass(frozen=True)
class Part:
    """One part of a description: the node, and its members in this part, by role.

    `number` counts from 1 up to `last`.
    """

    found: Found
    members: Mapping[str, tuple[str, ...]]
    number: int = 1
    last: int = 1

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims, the described one first if it is one."""
        own = (self.found.node,) if self.found.kind == "claim" else ()
        return tuple(dict.fromkeys((*own, *self.members.get("claim", ()))))


class Identifiers(NamedTuple):
    """IRIs of one kind: their labels (empty without one), and their ends in normal form."""

    labels: dict[str, str]
    ends: dict[str, str]


class Describer:
    """Asks the graph through the same workers, limits and kept answers as everyone's queries."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._texts = {name: probe(name) for name in _QUESTIONS}
        self._ontology = Soon(answers.service.pool, self._leads, otherwise=True)
        self._subjects: Soon[tuple[str, ...]] = Soon(
            answers.service.pool, self.named_most, otherwise=()
        )
        self._identifiers: dict[str, Once[Identifiers]] = {}

    async def find(self, readings: Iterable[Reading]) -> Found | None:
        """Return what the best reading names that names anything; raises the query's KgError."""
        wanted = list(readings)
        if not wanted:
            return None
        asked = restrict(self._texts["resource-find"], "asked", (each.iri for each in wanted))
        fingerprint, body = await self.answers.ask(asked, "json")
        table = read_rows(body)
        for each in wanted:
            own = [row for row in table if row["asked"] == each.iri]
            if own:
                types = tuple(dict.fromkeys(row["type"] for row in own if "type" in row))
                gone = any(row.get("withdrawn") in ("true", "1") for row in own)
                return Found(each, own[0]["node"], types, gone, fingerprint)
        return None

    async def has_ontology(self) -> bool:
        """Tell whether `ONTOLOGY_PAGE` leads anywhere, for the graph may be anybody's.

        Until the graph answers it is taken to be ours.
        """
        return await self._ontology.get()

    async def _leads(self) -> bool:
        return await self.find(readings(ONTOLOGY_PAGE)) is not None

    async def subjects(self) -> tuple[str, ...]:
        """Return what `named_most` does; nothing until the graph answers."""
        return await self._subjects.get()

    async def named_most(self) -> tuple[str, ...]:
        """Return the labels of what the documents name most; raises the query's KgError."""
        return tuple(row["label"] for row in await self._rows(self._texts["subjects"]))

    async def part(self, found: Found, number: int = 1) -> Part | None:
        """Return one part of what stands about a thing; None above the last."""
        members: dict[str, list[str]] = {}
        if found.kind != "ontology":
            name = {"document": "-document", "term": "-term"}.get(found.kind, "")
            text = restrict(self._texts[f"resource-members{name}"], "node", [found.node])
            for row in await self._rows(text):
                if row["member"] != found.node:
                    members.setdefault(row["role"], []).append(row["member"])
        last = max((-(-len(each) // MOST) for each in members.values()), default=1)
        if not 1 <= number <= last:
            return None
        span = slice((number - 1) * MOST, number * MOST)
        return Part(
            found, {role: tuple(all_[span]) for role, all_ in members.items()}, number, last
        )

    def question(self, part: Part, form: Format) -> str:
        """Return the query for a part: a graph, or for CSV a table of what it is mostly about."""
        node, claims = part.found.node, part.claims
        if form.kind == "results":
            return self._table(part)
        if part.found.kind == "ontology":
            return self._texts["ontology"]
        passages = part.members.get("passage", ())
        lists = {
            "node": (node, *claims),
            "claim": claims,
            "part": part.members.get("part", ()),
            "whole": (node,),
            "passage": passages,
            "told": passages if part.found.kind == "document" else (),
        }
        text = self._texts["resource"]
        for variable, iris in lists.items():
            text = restrict(text, variable, iris)
        return text

    def _table(self, part: Part) -> str:
        if part.found.kind == "ontology":
            return self._texts["ontology-table"]
        if part.claims:
            return restrict(self._texts["resource-table"], "claim", part.claims)
        if part.found.kind == "document":
            passages = part.members.get("passage", ())
            return restrict(self._texts["resource-passages"], "passage", passages)
        more = part.members.get("part", ()) if part.found.kind == "term" else ()
        nodes = (part.found.node, *more)
        return restrict(self._texts["resource-rows"], "node", nodes)

    async def graph(self, part: Part) -> bytes:
        """Return the description as N-Triples, for a page."""
        return (await self.answers.ask(self.question(part, named("ntriples")), "ntriples"))[1]

    async def uses(self) -> dict[str, int]:
        """Return how often each term of the ontology is used."""
        return {row["term"]: int(row["uses"]) for row in await self._rows(self._texts["term-uses"])}

    async def identifiers(self, start: str) -> Identifiers:
        """Return the IRIs that begin with `start`; read once for each snapshot, in a thread."""
        once = self._identifiers.get(start) or Once(
            self.answers.service.pool, partial(self._read_identifiers, start)
        )
        _, found = await once.get()
        if found.labels:  # what anybody may ask for is not kept
            self._identifiers[start] = once
        return found

    async def _read_identifiers(self, start: str) -> tuple[str, Identifiers]:
        text = restrict(self._texts["resource-near"], "start", [start])
        fingerprint, body = await self.answers.ask(text, "json")
        return fingerprint, await asyncio.to_thread(_identifiers, body, start)

    async def _rows(self, text: str) -> list[dict[str, str]]:
        return read_rows((await self.answers.ask(text, "json"))[1])


def _identifiers(body: bytes, start: str) -> Identifiers:
    labels = {row["node"]: row.get("label", "") for row in read_rows(body)}
    return Identifiers(labels, {iri: normalize(iri.removeprefix(start)) for iri in labels})
