"""The reconciliation service over HTTP, so that tables can be matched against the graph.

Source: Reconciliation Service API 0.2, which OpenRefine speaks. At `/reconcile`: the manifest,
batches of queries (`queries`), one query (`query`) and data extension (`extend`), by GET or as a
posted form; below it `suggest/…`, `flyout/…`, `properties` and `preview`. What is found, and how
it is ranked, is in `kg/matching.py`; nothing alleged is ever a value (`kg/extension.py`).

Everything that it needs is read from the graph once, with the first request after a new snapshot.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.answers import Answers, Service
from kg.batches import Query, read_batch, read_extension, read_query
from kg.endpoint import any_method
from kg.errors import (
    BusyError,
    InputError,
    MediaTypeError,
    NotFoundError,
    TimeLimitError,
)
from kg.extension import extend
from kg.incoming import own_url, read_body
from kg.manifest import manifest
from kg.matching import Json, candidates, named_types
from kg.once import Once, of_one_graph
from kg.pages import Pages
from kg.pool import Pool
from kg.protocol import (
    FORM_TYPE,
    METHODS,
    body_text,
    content_type,
    operation,
    read_fields,
    refuse_encoded,
)
from kg.responses import CORS, Handler, guarded, packed
from kg.rows import read_rows
from kg.suggestions import flyout, propose, suggest
from kg.things import NAME, TYPE, Things, read_things, thing_queries
from kg.worker import Job

_PATH = "/reconcile"
#: Any page may frame a preview, which loads our style sheet and can do nothing else.
_PREVIEW_POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
)

_AT_ONE_TIME = 2

Fields = dict[str, str]
Answer = Callable[[Request, Fields, Things], Awaitable[Response]]


class Index:
    """The things of the graph being served, read from it once for each snapshot."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self.pool, self.seconds = pool, seconds
        self._things = Once(pool, self._read)

    async def things(self) -> Things:
        """Return all things; raises whatever KgError the questions about them meet."""
        return (await self._things.get())[1]

    async def _read(self) -> tuple[str, Things]:
        tables, seen = {}, []
        for name, text in thing_queries().items():
            asked = operation([("query", text)])
            reply = await self.pool.run(Job(asked, "json", seconds=self.seconds))
            tables[name] = read_rows(reply.body)
            seen.append(reply.fingerprint)
        return of_one_graph(*seen), await asyncio.to_thread(read_things, tables)


class Reconcile:
    """Answers requests at `/reconcile` and below; `wikidata` is the service for its items."""

    def __init__(self, answers: Answers, pages: Pages, wikidata: str) -> None:
        self.service, self.pages, self.wikidata = answers.service, pages, wikidata
        self.index = Index(answers.service.pool, answers.service.seconds)
        self._turns, self._here = asyncio.Semaphore(_AT_ONE_TIME), 0
        parts: dict[str, Answer] = {
            "": self._main,
            "/": self._main,
            "/suggest/{kind}": self._suggest,
            "/flyout/{kind}": self._flyout,
            "/properties": self._properties,
            "/preview": self._preview,
        }
        self.routes: list[Route] = [
            any_method(_PATH + part, self._endpoint(function)) for part, function in parts.items()
        ]

    def _endpoint(self, function: Answer) -> Handler:
        """Return an endpoint that reads the parameters for `function`."""

        async def answer(request: Request) -> Response:
            fields = await _fields(request, self.service)
            return await function(request, fields, await self.index.things())

        return guarded(answer, METHODS, "The reconciliation service is read-only; it answers")

    async def _main(self, request: Request, fields: Fields, things: Things) -> Response:
        if not fields.keys().isdisjoint(("queries", "query", "extend")):
            return await self._in_turn(request, fields, things)
        if request.method == "POST":
            raise InputError("The form has none of `queries`, `query` and `extend`.")
        about = manifest(self.service, things, lambda path: own_url(request, path), _PATH)
        return _json(request, about)

    async def _in_turn(self, request: Request, fields: Fields, things: Things) -> Response:
        """Return what is found for who has not left before the turn comes; raises BusyError."""
        if self._here >= self.service.pool.concurrent:
            raise BusyError(
                f"{self._here} requests are waiting already; try again in a few seconds."
            )
        self._here += 1
        try:
            async with self._turns:
                if await request.is_disconnected():
                    raise BusyError("The client left before the answer was begun.")
                return await asyncio.to_thread(self._found, request, fields, things)
        finally:
            self._here -= 1

    def _found(self, request: Request, fields: Fields, things: Things) -> Response:
        """Return what is found for a batch, a query or an extension; beside the event loop."""
        if "queries" in fields:
            return _json(request, self._answered(read_batch(fields["queries"], things), things))
        if "query" in fields:
            query = read_query(fields["query"], things)
            return _json(request, {"result": candidates(things, query)})
        asked = read_extension(fields["extend"], things)
        return _json(request, extend(things, asked, self.wikidata))

    def _answered(self, batch: dict[str, Query], things: Things) -> Json:
        end = time.monotonic() + self.service.seconds
        found = {}
        for key, query in batch.items():
            if time.monotonic() > end:
                raise TimeLimitError("The batch took too long; send fewer queries at a time.")
            found[key] = {"result": candidates(things, query)}
        return found

    async def _suggest(self, request: Request, fields: Fields, things: Things) -> Response:
        kind = request.path_params["kind"]
        start = _number(fields, "cursor")
        prefix = fields.get("prefix", "")[:200]
        # Compared with every spelling of every thing.
        return _json(request, await asyncio.to_thread(suggest, things, kind, prefix, start))

    async def _flyout(self, request: Request, fields: Fields, things: Things) -> Response:
        return _json(request, flyout(things, request.path_params["kind"], _needed(fields, "id")))

    async def _properties(self, request: Request, fields: Fields, things: Things) -> Response:
        return _json(request, propose(things, fields.get("type", ""), _number(fields, "limit")))

    async def _preview(self, request: Request, fields: Fields, things: Things) -> Response:
        name = _needed(fields, "id")
        thing = things.things.get(name)
        if thing is None:
            raise NotFoundError(f"There is no entity {name[:80]!r}.")
        html = self.pages.text(
            "preview.html",
            thing=thing,
            root=request.scope.get("root_path", ""),
            url=own_url(request, f"/id/{thing.id}"),
            types=[each["name"] for each in named_types(things, thing)],
            facts=[
                (things.properties[each].label, values)
                for each, values in thing.values.items()
                if each != TYPE and each in things.properties and (each != NAME or len(values) > 1)
            ],
            accounts=sum(map(len, thing.accounts.values())),
        )
        headers = {**CORS, "content-security-policy": _PREVIEW_POLICY, "cache-control": "no-cache"}
        return Response(html, headers=headers, media_type="text/html")


async def _fields(request: Request, service: Service) -> Fields:
    """Return the parameters of the address and of a posted form; raises a KgError."""
    fields = read_fields(request.scope["query_string"].decode("ascii", "replace"))
    if request.method == "POST":
        refuse_encoded(request.headers)
        body = await read_body(request, service.limits.request_bytes, service.incoming)
        if content_type(request.headers.get("content-type", ""))[0] != FORM_TYPE:
            raise MediaTypeError(f"A POST needs Content-Type {FORM_TYPE}, as in API version 0.2.")
        fields += read_fields(body_text(body))
    return dict(fields)


def _json(request: Request, answer: Any) -> Response:
    # A key or identifier may have half a surrogate pair, which JSON has as an escape only.
    body = json.dumps(answer, ensure_ascii=False).encode(errors="backslashreplace")
    return packed(request, body, {**CORS, "cache-control": "no-cache"}, "application/json")


def _needed(fields: Fields, name: str) -> str:
    if not fields.get(name):
        raise InputError(f"The parameter `{name}` is missing.")
    return fields[name]


def _number(fields: Fields, name: str) -> int:
    text = fields.get(name) or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InputError(f"`{name}` must be a whole number, not {text[:40]!r}.")
    return int(text)
