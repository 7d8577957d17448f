"""The SPARQL endpoint: rdflib-endpoint's router with its routes replaced.

Kept of the router is its place in a FastAPI application. Replaced: reading the request
(`kg/protocol.py`), choosing the format (`kg/media.py`), evaluation, which goes as text to worker
processes (`kg/pool.py`), the page, and the description (`kg/service_description.py`), which needs
the request's own URL.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qs

from rdflib import Graph
from rdflib_endpoint import SparqlRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.answers import Answers, finished
from kg.cache import Entry
from kg.errors import KgError
from kg.incoming import own_url, read_body
from kg.media import Choice, Format, find, named, negotiate, offered, quality
from kg.protocol import read_request
from kg.responses import PREFLIGHT, Handler, entity_tag, problem
from kg.service_description import DESCRIPTION_FORMATS, describe, serialize

PATH = "/sparql"

#: Shows the start page, with this query in its editor if it is not empty.
Page = Callable[[Request, str], Awaitable[Response]]

#: Bytes of a body whose reading takes long enough to keep other requests waiting.
_LONG = 16 * 1024


class Endpoint(SparqlRouter):
    """SPARQL 1.1 Protocol, query side, at `PATH` with and without a trailing slash."""

    def __init__(self, answers: Answers, page: Page) -> None:
        self.answers, self.page = answers, page
        service = answers.service
        super().__init__(
            path=PATH,
            title=service.title,
            description=service.description,
            version=service.version,
            graph=Graph(),
        )
        self.routes[:] = [any_method(PATH, self.answer), any_method(f"{PATH}/", self.answer)]

    async def answer(self, request: Request) -> Response:
        """Answer any request to the endpoint."""
        accept = request.headers.get("accept")
        limits = self.answers.service.limits
        try:
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=PREFLIGHT)
            body = await read_body(request, limits.request_bytes, self.answers.service.incoming)
            query_string = request.scope["query_string"].decode("ascii", "replace")
            if request.method in ("GET", "HEAD") and prefers_page(accept):
                fields = parse_qs(query_string)
                if "as" not in fields:
                    return await self.page(request, fields.get("query", [""])[0])
            if form := _description_form(request.method, query_string):
                return await self._description(request, form)
            parts = request.method, query_string, request.headers, body, limits
            read = partial(read_request, *parts)
            asked = await asyncio.to_thread(read) if len(body) > _LONG else read()
            if asked is None:
                return await self._description(request)
            return await self.answers.respond(request, asked)
        except KgError as error:
            return problem(error, accept)

    async def _description(self, request: Request, form: Format | None = None) -> Response:
        """Return the service description, in the format given or else accepted."""
        if form:
            choice = Choice(form, form.media_type)
        else:
            choice = negotiate(request.headers.get("accept"), DESCRIPTION_FORMATS)
        contents, cache = await self.answers.contents(), self.answers.service.cache
        url = own_url(request, PATH)
        key = (contents.fingerprint, "description", url, choice.format.name)
        entry = cache.get(key)
        if entry is None:
            federated = bool(self.answers.service.limits.servers)
            parts = url, self.title, self.description, contents
            body = serialize(describe(*parts, federated=federated), choice.format)
            entry = Entry(body, entity_tag(body))
            cache.put(key, entry)
        return finished(request, entry, choice)


def any_method(path: str, function: Handler) -> Route:
    """Return a route for all methods: `405` and `OPTIONS` are answered by the protocol."""
    route = Route(path, function)
    route.methods = set()
    return route


def _description_form(method: str, query_string: str) -> Format | None:
    """Return the format of the description that a link asks for by `?as=…` and no query."""
    name = query_string.removeprefix("as=")
    if method not in ("GET", "HEAD") or name == query_string:
        return None
    return find(name, DESCRIPTION_FORMATS)


def prefers_page(accept: str | None) -> bool:
    """Whether a browser asks: it wants HTML more than anything that we answer queries with."""
    if not accept or "text/html" not in accept:
        return False
    wanted = quality(accept, "text/html")
    return wanted > 0 and wanted >= max(
        quality(accept, row.media_type) for row in (*offered("results"), named("turtle"))
    )
