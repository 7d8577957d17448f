"""Look for things of the graph on Wikidata: candidates for a person to accept, never links.

Asked are the things that have a name and no link yet, in batches of one class and the same
properties. Class and properties are those that the ontology maps to Wikidata's; a property's
value is the item that it is linked to, or else its name. Only plain values are sent. What has
no candidate under its label is asked for once more by other spellings that name it in full.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from kg.accepting import Cells, add_accepted, write_candidates
from kg.asking import open_store
from kg.assets import locate, probe
from kg.entities import ENTITY, local_name
from kg.errors import InputError
from kg.names import normalize
from kg.progress import progress
from kg.queries import ask_rows, read_names
from kg.rdf import TERMS
from kg.reconciliation_client import BATCH, Json, KeptAnswers, Reconciler
from kg.settings import Settings
from kg.things import LINK, Thing, Things, things_in

ANSWERS = "reconciliation-answers.jsonl"
_MAPPINGS = Path("links") / "wikidata.sssom.tsv"
_CANDIDATES = 5
_SPELLINGS = 3

Terms = Mapping[str, str]


@dataclass(frozen=True)
class Search:
    """What to look for: names (else all that have no link), or the things of one class."""

    names: Sequence[str] = ()
    type: str = ""
    answers: Path | None = None
    offline: bool = False


@dataclass(frozen=True)
class Outcome:
    """Candidates as rows of a table, things without any, and things that were not asked for."""

    rows: Sequence[Cells]
    without: list[str]
    unasked: list[str]

    def table(self) -> Table:
        """Return the candidates as a table to print."""
        found = len({row["subject_id"] for row in self.rows})
        table = Table(
            "thing", "candidate", "name", "description", "score", "sure?",
            caption=f"{found} things with candidates, {len(self.without)} without,"
            f" {len(self.unasked)} not asked",
        )  # fmt: skip
        for row in self.rows:
            item = row["object_id"].removeprefix("wikidata:")
            shown = row["subject_label"], item, row["object_label"], row["description"]
            sure = "yes" if row["match"] == "true" else ""
            table.add_row(*map(escape, shown), row["score"], sure)
        return table

    def tsv(self) -> str:
        """Return the candidates as the table that a person judges (`kg/accepting.py`)."""
        return write_candidates(self.rows)


def find(settings: Settings, search: Search) -> Outcome:
    """Ask the service in the settings for candidates, with a progress bar.

    Raises NotFoundError for an unknown name, and what `Reconciler.ask` raises.
    """
    store = open_store(settings)
    things, names = things_in(store), read_names(store)
    terms = {
        row["term"].removeprefix(TERMS): row["item"]
        for row in ask_rows(store, probe("wikidata-terms"))
    }
    chosen = _chosen(
        things, search, [local_name(names.find(each, ENTITY)) for each in search.names]
    )
    if search.answers is None:  # who serves the bundled snapshot has built none yet
        settings.snapshots.mkdir(parents=True, exist_ok=True)
    kept = KeptAnswers(search.answers or settings.snapshots / ANSWERS)
    client = Reconciler(settings.reconciliation, kept, offline=search.offline)
    with progress("Asking for candidates", lambda: len(chosen)) as advance:
        found = _candidates(chosen, things, terms, client, advance)
    return _outcome(chosen, found)


def accept(settings: Settings, path: Path, author: str, day: str) -> tuple[int, Path]:
    """Write the accepted rows of a judged table to data/links; return how many, and the file.

    Raises InputError without an author, and as `add_accepted`.
    """
    if not author.strip():
        raise InputError("Name who has judged the candidates: --author NAME.")
    things = things_in(open_store(settings))
    target = locate(settings).data / _MAPPINGS
    return add_accepted(path, target, things.things, author.strip(), day), target


def _chosen(things: Things, search: Search, named: Sequence[str]) -> list[Thing]:
    if named:
        if absent := [each for each in named if each not in things.things]:
            raise InputError(f"{absent[0]} is no entity that can be looked for; leave it out.")
        return [things.things[each] for each in dict.fromkeys(named)]
    kind = things.type(search.type) if search.type else None
    return [
        each
        for each in things.things.values()
        if not each.unnamed and LINK not in each.values and (kind is None or kind in each.types)
    ]


def _candidates(
    chosen: Sequence[Thing],
    things: Things,
    terms: Terms,
    client: Reconciler,
    advance: Callable[[int], None],
) -> dict[str, list[Json] | None]:
    """Return the candidates of each thing by its identifier; None if it was not asked for."""
    found: dict[str, list[Json] | None] = {}
    queries = {each.id: query(each, things, terms) for each in chosen}
    for group in _batches(queries):
        asked = client.ask([queries[name] for name in group])
        found.update(zip(group, asked, strict=True))
        advance(len(group))
    again = {
        (each.id, spelling): {**queries[each.id], "query": spelling}
        for each in chosen
        if found[each.id] == []
        for spelling in _others(each)
    }
    for pairs in _batches(again):
        for (name, _), more in zip(pairs, client.ask([again[each] for each in pairs]), strict=True):
            found[name] = _joined(found[name] or [], more or [])
    return found


def _others(thing: Thing) -> list[str]:
    """Return further spellings that name a thing by themselves, as a surname does not."""
    sure = [each for each in thing.spellings if thing.keys.get(normalize(each))]
    return [each for each in sure if each != thing.label][:_SPELLINGS]


def query(thing: Thing, things: Things, terms: Terms) -> Json:
    """Return the reconciliation query for a thing, with class and properties of Wikidata."""
    asked: Json = {"query": thing.label, "limit": _CANDIDATES}
    if kind := next((terms[each] for each in thing.types if each in terms), ""):
        asked |= {"type": kind, "type_strict": "should"}
    hints = [
        {"pid": terms[name], "v": [_sent(each.id, each.text, things) for each in values]}
        for name, values in sorted(thing.values.items())
        if name in terms
    ]
    return {**asked, "properties": hints} if hints else asked


def _sent(name: str, text: str, things: Things) -> Json | str:
    links = things.things[name].values.get(LINK, ()) if name in things.things else ()
    return {"id": links[0].id, "name": text} if links else text


def _batches(queries: Mapping[Any, Json]) -> Iterable[list[Any]]:
    """Yield the keys of queries with one class and the same properties, a batch at a time."""

    def alike(key: Any) -> tuple[str, str]:
        asked = queries[key]
        return asked.get("type", ""), " ".join(each["pid"] for each in asked.get("properties", ()))

    for _, group in groupby(sorted(queries, key=alike), key=alike):
        members = list(group)
        for start in range(0, len(members), BATCH):
            yield members[start : start + BATCH]


def _joined(first: Sequence[Json], second: Sequence[Json]) -> list[Json]:
    """Return the candidates of both, each once with its best score, best first."""
    best: dict[str, Json] = {}
    for each in (*first, *second):
        if each["id"] not in best or each["score"] > best[each["id"]]["score"]:
            best[each["id"]] = each
    return sorted(best.values(), key=lambda each: -each["score"])[:_CANDIDATES]


def _outcome(chosen: Sequence[Thing], found: Mapping[str, list[Json] | None]) -> Outcome:
    rows = [
        {
            "subject_id": f"id:{thing.id}",
            "subject_label": thing.label,
            "object_id": f"wikidata:{each['id']}",
            "object_label": each["name"],
            "description": each["description"],
            "types": ", ".join(kind["name"] for kind in each["type"]),
            "score": f"{each['score']:g}",
            "match": "true" if each["match"] else "false",
        }
        for thing in chosen
        for each in found[thing.id] or ()
    ]
    return Outcome(
        rows,
        [each.id for each in chosen if found[each.id] == []],
        [each.id for each in chosen if found[each.id] is None],
    )
