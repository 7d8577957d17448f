"""What tells programs about the server itself: the dataset, the JSON-LD context, and plain guides.

`/.well-known/void` (VoID, 7.2: a redirect to the description), `/dataset` and its documents,
`/ontology/context.jsonld`, `/guide.html` and `/guide.md` (how to ask), `/llms.txt` for language
models, `/robots.txt` and `/sitemap.xml`.
"""

import asyncio
import contextlib
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.addresses import document_path
from kg.assets import guide, probe
from kg.catalogue import Edition
from kg.context import CONTEXT_IRI, write_context
from kg.dataset import DOCUMENT, describe_served, write
from kg.describing import ONTOLOGY_PAGE, Describer
from kg.endpoint import Page, any_method
from kg.errors import NotAcceptableError
from kg.incoming import own_url
from kg.media import HTML, Format, named, negotiate
from kg.pages import Article, Pages, Shown, article
from kg.queries import questions, restrict
from kg.rdf import BASE, RdfFormat, parse_rdf
from kg.responses import CORS, Handler, guarded, packed
from kg.rows import read_rows
from kg.service_description import DESCRIPTION_FORMATS
from kg.signposts import Link, link_header

#: What a site map lists: the most of each kind, and the kinds.
_MAPPED = ("document", "id", "dispute")
_MOST = 10_000


class Guides:
    """Answers the addresses that tell about the server."""

    def __init__(self, describer: Describer, pages: Pages) -> None:
        self.describer, self.pages, self.answers = describer, pages, describer.answers
        self._recorded, self._edition = probe("dataset"), probe("edition")
        paths: dict[str, Handler] = {
            "/.well-known/void": self._redirect,
            DOCUMENT: self._redirect,
            **{f"{DOCUMENT}.{row.extension}": self._dataset(row) for row in DESCRIPTION_FORMATS},
            f"/{CONTEXT_IRI.removeprefix(BASE)}": self._context,
            "/guide.html": self._read,
            "/guide.md": self._text,
            "/llms.txt": self._llms,
            "/robots.txt": self._robots,
            "/sitemap.xml": self._map,
        }
        self.routes: list[Route] = [
            any_method(path, guarded(function)) for path, function in paths.items()
        ]

    def home(self, page: Page) -> Handler:
        """Return the endpoint of the start page: the dataset's own address, by `Accept`."""

        async def answer(request: Request) -> Response:
            with contextlib.suppress(NotAcceptableError):
                choice = negotiate(request.headers.get("accept"), (HTML, *DESCRIPTION_FORMATS))
                if choice.format is not HTML:
                    return await self._redirect(request)
            response = await page(request, request.query_params.get("query", ""))
            response.headers["link"] = self.links(request)
            return response

        return answer

    async def _redirect(self, request: Request) -> Response:
        """Lead to the description of the dataset in the form that is accepted."""
        choice = negotiate(request.headers.get("accept"), (*DESCRIPTION_FORMATS, HTML))
        root = request.scope.get("root_path", "")
        page = choice.format is HTML
        location = f"{root}/" if page else f"{root}{DOCUMENT}.{choice.format.extension}"
        headers = {**CORS, "location": location, "vary": "Accept", "link": self.links(request)}
        return Response(status_code=303, headers=headers)

    def links(self, request: Request) -> str:
        """Return the links of the dataset and of its page (FAIR Signposting)."""
        root = request.scope.get("root_path", "")
        links = [Link(f"{root}{DOCUMENT}.{row.extension}", "describedby", row.media_type)
                 for row in DESCRIPTION_FORMATS]  # fmt: skip
        return link_header([
            Link(BASE, "cite-as"),
            Link("https://schema.org/Dataset", "type"),
            Link(f"{root}/sparql?as=turtle", "service-desc", "text/turtle"),
            Link(f"{root}/openapi.json", "service-desc", "application/json"),
            *links,
        ])  # fmt: skip

    def _dataset(self, form: Format) -> Handler:
        async def answer(request: Request) -> Response:
            config = self.answers.service.pool.current.config
            asked = restrict(self._recorded, "dataset", [BASE])
            fingerprint, recorded = await self.answers.ask(asked, "ntriples")
            (dated,) = read_rows((await self.answers.ask(self._edition, "json"))[1]) or [{}]
            subjects = await self.describer.named_most()
            edition = Edition(dated.get("version", ""), dated.get("day", ""), subjects)
            origin = own_url(request, "")

            def work() -> bytes:
                parsed = parse_rdf(recorded, format=RdfFormat.N_TRIPLES)
                triples = (each.triple for each in parsed)
                found = describe_served(triples, fingerprint, edition, origin)
                return write(found, form, config.prefixes, config.context)

            body = await asyncio.to_thread(work)
            return _sent(request, body, form.media_type, link=self.links(request))

        return answer

    async def _context(self, request: Request) -> Response:
        context = self.answers.service.pool.current.config.context or {}
        return _sent(request, write_context(context), named("jsonld").media_type)

    @cached_property
    def _guide(self) -> str:
        return guide()

    @cached_property
    def _article(self) -> Article:
        return article(self._guide)

    async def _read(self, request: Request) -> Response:
        shown = Shown(
            request.scope.get("root_path", ""), self._article.title,
            ontology=await self.describer.has_ontology(),
        )  # fmt: skip
        body = self.pages.render("guide.html", shown, article=self._article)
        return _sent(request, body, HTML.media_type)

    async def _text(self, request: Request) -> Response:
        return _sent(request, self._guide.encode(), "text/markdown")

    async def _llms(self, request: Request) -> Response:
        about = self.answers.service.pool.current.config.about
        body = self.pages.text(
            "llms.txt", origin=own_url(request, ""), base=BASE, counts=dict(about),
            questions=questions(), ontology=await self.describer.has_ontology(),
        )  # fmt: skip
        return _sent(request, body, "text/plain")

    async def _robots(self, request: Request) -> Response:
        sitemap = own_url(request, "/sitemap.xml")
        root = request.scope.get("root_path", "")
        closed = "".join(
            f"Disallow: {root}/{each}\n" for each in ("sparql", "rdf-graph-store", "reconcile")
        )
        return _sent(request, f"User-agent: *\n{closed}Sitemap: {sitemap}\n".encode(), "text/plain")

    async def _map(self, request: Request) -> Response:
        found: list[str] = []
        for kind in _MAPPED:
            found += sorted((await self.describer.identifiers(f"{BASE}{kind}/")).labels)[:_MOST]
        paths = [document_path(each, HTML) for each in found]
        if await self.describer.has_ontology():
            paths.insert(0, ONTOLOGY_PAGE)
        addresses = [own_url(request, each) for each in ("/", "/guide.html", *paths)]
        body = self.pages.text("sitemap.xml", addresses=addresses)
        return _sent(request, body, "application/xml")


def _sent(request: Request, body: bytes, media_type: str, **more: str) -> Response:
    headers = {**CORS, "cache-control": "public, no-cache", **more}
    return packed(request, body, headers, media_type)
