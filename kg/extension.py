"""Values for the rows of somebody's table, whose things have been found.

Source: Reconciliation Service API 0.2, "Data Extension Service". A value is given as it is only
where the graph has it as a plain triple: some document says it in its own voice, of a neutral
predicate, and nothing speaks against it. With the setting `accounts`, what only some speaker
says is added: each as the whole sentence that names the speaker, never as a value.
"""

from kg.batches import Column, Extension
from kg.matching import Json
from kg.things import LINK, Term, Thing, Things, Value

SETTINGS: list[Json] = [
    {
        "name": "limit",
        "label": "Limit",
        "type": "number",
        "default": 0,
        "help_text": "Most values for one row; 0 for all",
    },
    {
        "name": "accounts",
        "label": "Also what only some speaker says",
        "type": "checkbox",
        "default": False,
        "help_text": "Adds claims that are reported, alleged, denied or disputed, each as a"
        " sentence that names its speaker",
    },
]
_LINKS = (LINK, "wikidataClose")


def extend(things: Things, asked: Extension, wikidata: str) -> Json:
    """Return the values of the things asked for; `wikidata` is the service for its items.

    A thing that the graph does not have gets empty cells: the table may be older than the graph.
    """
    columns = [things.properties[each.property] for each in asked.columns]
    rows = {
        name: {column.property: _cells(things.things.get(name), column) for column in asked.columns}
        for name in asked.ids
    }
    return {"meta": [_meta(things, each, wikidata) for each in columns], "rows": rows}


def _cells(thing: Thing | None, column: Column) -> list[Json]:
    if thing is None:
        return []
    cells = [_cell(each) for each in thing.values.get(column.property, ())]
    if column.accounts:
        cells += [{"str": each} for each in thing.accounts.get(column.property, ())]
    return cells[: column.limit] if column.limit else cells


def _cell(value: Value) -> Json:
    return {"id": value.id, "name": value.text} if value.id else {"str": value.text}


def _meta(things: Things, term: Term, wikidata: str) -> Json:
    about: Json = {"id": term.id, "name": term.label}
    if term.id in _LINKS:
        about["service"] = wikidata
    elif len(term.range) == 1 and term.range[0] in things.types:
        about["type"] = {"id": term.range[0], "name": things.types[term.range[0]].label}
    return about
