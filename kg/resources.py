"""Every IRI of ours answers under its path: with a redirect, a page, data, or a reason why not.

A thing is asked for by its plain IRI (303 to the document that the client accepts, with 200
there) or by the address of a document about it (`….html .ttl .jsonld .nt .rdf .csv`). What is
there is asked of the graph, so that a new kind of thing needs no new route. A withdrawn claim
answers 410 with what is recorded of it and why it was withdrawn.

Sources: W3C "Cool URIs for the Semantic Web" (4.2, 303 URIs), RFC 9110, FAIR Signposting.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.addresses import FORMS, LONGEST, document_path, plain_path, readings
from kg.answers import finished
from kg.cache import Entry
from kg.codings import choose
from kg.describing import Describer, Found, Identifiers, Part
from kg.endpoint import any_method
from kg.errors import InputError, KgError, NotFoundError
from kg.evidence import Words
from kg.flights import Flights
from kg.media import HTML, Choice, Format, negotiate, quality
from kg.names import most_alike, normalize
from kg.pages import Pages, Shown
from kg.profiles import profile
from kg.protocol import Operation, named_format, read_fields
from kg.rdf import BASE
from kg.reference import reference
from kg.repeats import REPEATABLE
from kg.responses import CORS, entity_tag, guarded, problem
from kg.signposts import link_header, signposts
from kg.views import Ref, Views, parse_facts

_PAGE = re.compile(r"[1-9][0-9]{0,5}")


class Resources:
    """Answers whatever address no other route answers; `words` gives the texts of passages."""

    def __init__(self, describer: Describer, pages: Pages, words: Words) -> None:
        self.describer, self.pages, self.words = describer, pages, words
        self.answers = describer.answers
        self.answer = guarded(self._answer)
        self.routes: list[Route] = [any_method("/{path:path}", self.answer)]
        self._turns = asyncio.Semaphore(2)
        self._pages: Flights[Entry] = Flights()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._described(request)
        except NotFoundError as error:
            return await self._missing(request, error)

    async def _described(self, request: Request) -> Response:
        """Return the answer about what the path names; raises NotFoundError where it is nothing."""
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        found = await self.describer.find(readings(path))
        if found is None:
            raise NotFoundError(f"There is nothing at {path[:200]}.")
        number, wanted = _asked(request)
        if found.reading.form is not None and wanted in (None, found.reading.form):
            return await self._document(request, found, found.reading.form, number)
        form = wanted or negotiate(request.headers.get("accept"), FORMS).format
        if found.withdrawn:
            return await self._document(request, found, form, number)
        return self._redirect(request, found, form, number)

    def _redirect(self, request: Request, found: Found, form: Format, number: int) -> Response:
        root = request.scope.get("root_path", "")
        # The version of the ontology that was asked for is named on, not the newest one.
        named = found.reading.iri
        headers = {
            **CORS,
            "location": root + document_path(named, form) + _query(number),
            "vary": "Accept",
            "cache-control": "public, no-cache",
            "link": link_header(signposts(found.node, found.types, root)),
        }
        return Response(status_code=303, headers=headers)

    async def _document(
        self, request: Request, found: Found, form: Format, number: int
    ) -> Response:
        part = await self.describer.part(found, number)
        if part is None:
            return problem(
                NotFoundError(f"This description has no part {number}."),
                request.headers.get("accept"),
            )
        entry = await self._entry(request, part, form)
        if self.answers.service.pool.fingerprint != found.fingerprint:
            request.scope.pop(REPEATABLE, None)  # another snapshot came in the meantime
        choice = Choice(form, form.media_type)
        status = 410 if found.withdrawn else 200
        return finished(request, entry, choice, self._headers(request, part, form), status)

    async def _entry(self, request: Request, part: Part, form: Format) -> Entry:
        coding = choose(request.headers.get("accept-encoding"))
        if form is not HTML:
            asked = Operation(self.describer.question(part, form),
                              "SELECT" if form.kind == "results" else "CONSTRUCT")  # fmt: skip
            return await self.answers.entry(request, asked, Choice(form, form.media_type), coding)
        root = request.scope.get("root_path", "")
        cache, pool = self.answers.service.cache, self.answers.service.pool
        key = (part.found.fingerprint, "page", part.found.reading.iri, part.number, root, coding)
        if kept := cache.get(key):
            request.scope[REPEATABLE] = part.found.fingerprint
            return kept

        async def made() -> Entry:
            used, body = coding.pack(await self._page(part, root))
            entry = Entry(body, entity_tag(body), coding=used)
            # A page must not mix two snapshots: one that may is shown once, and not kept.
            if pool.fingerprint == part.found.fingerprint:
                cache.put(key, entry)
            return entry

        entry = await self._pages.join(key, made)
        if pool.fingerprint == part.found.fingerprint:
            request.scope[REPEATABLE] = pool.fingerprint
        return entry

    async def _page(self, part: Part, root: str) -> bytes:
        graph = await self.describer.graph(part)
        uses = await self.describer.uses() if part.found.kind in ("ontology", "term") else {}
        forms = self._forms(part, root)
        shown = Shown(root, "", part.found.node, forms, part.number, part.last,
                      await self.describer.has_ontology())  # fmt: skip
        async with self._turns:
            return await asyncio.to_thread(self._rendered, part, graph, uses, shown)

    def _rendered(self, part: Part, graph: bytes, uses: Mapping[str, int], shown: Shown) -> bytes:
        facts, node = parse_facts(graph), part.found.node
        views = Views(facts, shown.root, self.answers.service.pool.current.config.prefixes)
        if part.found.kind == "ontology":
            made = reference(facts, views, node, uses)
        else:

            def words(passage: str) -> str | None:
                return self.words(passage, facts.text(passage, "sha256"))

            made = profile(part, facts, views, words)
        shown = replace(shown, title=made.title)
        return self.pages.render(made.template, shown, **made.context, uses=uses.get(node, 0))

    def _forms(self, part: Part, root: str) -> list[tuple[Format, str]]:
        node, query = part.found.node, _query(part.number)
        return [(row, root + document_path(node, row) + query) for row in FORMS[1:]]

    def _headers(self, request: Request, part: Part, form: Format) -> dict[str, str]:
        root, found = request.scope.get("root_path", ""), part.found
        address = root + document_path(found.node, form)
        collection = f"{root}/"
        links = list(signposts(found.node, found.types, root, form, collection))
        header = link_header(links)
        for relation, number in (("prev", part.number - 1), ("next", part.number + 1)):
            if 1 <= number <= part.last and part.last > 1:
                header += f', <{address}?page={number}>; rel="{relation}"'
        own = {} if part.number > 1 else {"content-location": address}
        return {"link": header, **own}

    async def _missing(self, request: Request, error: NotFoundError) -> Response:
        """Return 404 with near spellings: a page for people, a problem for programs."""
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        near = await self._near(path)
        missing = str(error)  # a page lists the near spellings as links instead
        accept = request.headers.get("accept")
        if near:
            names = " or ".join(plain_path(iri) for iri, _ in near)
            error = NotFoundError(f"{error} Did you mean {names}?")
        if "text/html" not in (accept or "") or quality(accept, "text/html") < max(
            quality(accept, each) for each in ("application/problem+json", "application/json")
        ):
            return problem(error, accept)
        root = request.scope.get("root_path", "")
        links = [Ref(label or iri, root + plain_path(iri), iri) for iri, label in near]
        context = {"status": "Not found", "detail": missing, "near": links}
        shown = Shown(root, "There is no such page", ontology=await self.describer.has_ontology())
        html = self.pages.render("problem.html", shown, **context)
        headers = {**CORS, "cache-control": "no-store", "vary": "Accept"}
        return Response(html, 404, headers, "text/html")

    async def _near(self, path: str) -> list[tuple[str, str]]:
        """Return up to three IRIs spelt like the path, with their labels."""
        local = path.removeprefix("/")[:LONGEST]
        kind, slash, _ = local.partition("/")
        start = f"{BASE}{kind}/" if slash and kind.isascii() and kind.isalnum() else ""
        if not start:
            return []
        try:
            known = await self.describer.identifiers(start)
        except KgError:
            return []  # no suggestion is worth a second failure
        async with self._turns:
            return await asyncio.to_thread(_nearest, local, known)


def _nearest(local: str, known: Identifiers) -> list[tuple[str, str]]:
    stem = re.sub(rf"\.({'|'.join(row.extension for row in FORMS)})$", "", local)
    wanted = normalize(stem.partition("/")[2])
    return [(iri, known.labels[iri]) for iri in most_alike(wanted, known.ends)]


def _query(number: int) -> str:
    """Return the one parameter that documents understand; the first part needs none."""
    return f"?page={number}" if number > 1 else ""


def _asked(request: Request) -> tuple[int, Format | None]:
    """Return the number of the part asked for, and the form that `as` names, if any.

    Raises InputError for anything else.
    """
    fields = dict(read_fields(request.scope["query_string"].decode("ascii", "replace")))
    text = fields.get("page", "1")
    if not _PAGE.fullmatch(text):
        raise InputError(f"`page` must be a whole number from 1 on, not {text[:40]!r}.")
    return int(text), named_format(fields["as"], FORMS) if fields.get("as") else None
