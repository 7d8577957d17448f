"""The web application: start page, SPARQL endpoint, static files, health.

One FastAPI application. Every answer carries the security headers and a request id.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, request_response

from kg.answers import Answers, Service
from kg.assets import version
from kg.cache import Cache
from kg.catalogue import Edition
from kg.clients import Clients
from kg.dataset import search_block
from kg.describing import Describer
from kg.endpoint import Endpoint, Page
from kg.errors import NotFoundError
from kg.evidence import words_of
from kg.examples import Group, grouped
from kg.graphstore import GraphStoreProtocol
from kg.guides import Guides
from kg.incoming import own_url
from kg.inquiry import Inquiry
from kg.metadata import TITLE
from kg.monitor import ALIVE, Figures, Surround, metrics, start_log
from kg.openapi import describe_api
from kg.pages import Pages, Start, read_static
from kg.pool import Pool
from kg.protocol import Limits
from kg.queries import questions
from kg.reconcile import Reconcile
from kg.renewal import Renewal
from kg.repeats import Repeats
from kg.resources import Resources
from kg.responses import Handler, packed, problem
from kg.served import loader_config
from kg.settings import Settings
from kg.similar import Similar
from kg.wire import RepeatProtocol

DESCRIPTION = (
    "A knowledge graph of contested events: every statement with its passage, speaker and time."
)

_START_PATHS = ("/", "/index.html")
_NEW_OBJECTS = 20_000
_SHOWN_COUNTS = ("documents", "passages", "claims", "disputes", "entities")


def create_app(settings: Settings, pool: Pool) -> FastAPI:
    """Return the application over a pool of workers; starting it waits for the graph."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.close()

    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Nobody is told of a request; asking whether to takes longer than reading it.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.pool, app.state.figures = pool, Figures()
    app.state.cache = Cache(settings.cache_limit)
    app.state.repeats = Repeats(pool, app.state.cache, app.state.figures)
    direct = _add_routes(app, settings)
    keep = app.state.repeats.keep, app.state.similar.keep
    app.add_middleware(Surround, keep=keep, direct=direct, look=pool.watch.look)
    app.openapi = lambda: describe_api(TITLE, DESCRIPTION, version())  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI, settings: Settings) -> dict[str, Handler]:
    """Add all routes; return those that need no look at the others, by their paths."""
    pages = Pages()
    answers = Answers(_service(app, settings))
    app.state.similar = Similar(answers, app.state.figures)
    describer = Describer(answers)
    page = _start_page(describer, grouped(questions()), pages)
    guides = Guides(describer, pages)
    for path in _START_PATHS:
        app.router.add_route(path, guides.home(page), ["GET"])
    app.router.routes.extend(guides.routes)
    endpoint = Endpoint(answers, page)
    app.router.routes.extend(endpoint.routes)
    app.router.routes.extend(GraphStoreProtocol(answers).routes)
    app.router.routes.extend(Reconcile(answers, pages, settings.reconciliation).routes)
    _add_static(app)
    _add_health(app)
    resources = Resources(describer, pages, words_of(settings))
    app.router.routes.extend(Inquiry(answers, resources.answer).routes)
    # Last, for it answers whatever the others do not, be it 404 or 405; and paths that are none.
    app.router.routes.extend(resources.routes)
    app.router.default = request_response(resources.answer)
    return {each.path: endpoint.answer for each in endpoint.routes if isinstance(each, Route)}


def _service(app: FastAPI, settings: Settings) -> Service:
    return Service(
        pool=app.state.pool,
        cache=app.state.cache,
        limits=Limits(settings.request_limit, settings.servers),
        seconds=settings.time_limit,
        title=TITLE,
        description=DESCRIPTION,
        version=version(),
    )


def _start_page(describer: Describer, groups: list[Group], pages: Pages) -> Page:
    pool = describer.answers.service.pool

    async def page(request: Request, query: str) -> Response:
        subjects, ontology = await asyncio.gather(describer.subjects(), describer.has_ontology())
        edition, origin = Edition(subjects=subjects), own_url(request, "")
        shown = Start(
            root=request.scope.get("root_path", ""),
            endpoint=own_url(request, "/sparql"),
            about=_about(pool),
            groups=groups,
            query=query,
            prefixes=pool.current.config.prefixes,
            block=search_block(pool.fingerprint, edition, pool.current.config.about, origin),
            ontology=ontology,
        )
        headers = {"vary": "Accept", "cache-control": "no-cache"}
        html = await asyncio.to_thread(pages.start, shown)
        return packed(request, html.encode(), headers, "text/html")

    return page


def _about(pool: Pool) -> str:
    """Return one line on the data: what a snapshot counts, or the number of statements."""
    about = pool.current.config.about
    counts = [f"{about[name]:,} {name}" for name in _SHOWN_COUNTS if about.get(name)]
    counts.append(f"{pool.current.quads:,} statements in all")
    return f"{', '.join(counts)}; fingerprint {pool.fingerprint[:16]}."


def _add_static(app: FastAPI) -> None:
    files = read_static()

    async def static(request: Request) -> Response:
        found = files.get(request.path_params["name"])
        if found is None:
            return problem(NotFoundError("There is no such file."), request.headers.get("accept"))
        headers = {"cache-control": "public, max-age=3600"}
        return packed(request, found.body, headers, found.media_type)

    app.router.add_route("/static/{name}", static, methods=["GET"])


def _add_health(app: FastAPI) -> None:
    # Kept anywhere on the way, these would be of no use.
    now = {"cache-control": "no-store"}

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("alive\n", headers=now)

    async def readyz(_: Request) -> Response:
        pool: Pool = app.state.pool
        ready = pool.open and bool(pool.current.workers) and not pool.paused
        said, status = ("ready\n", 200) if ready else ("not ready\n", 503)
        return PlainTextResponse(said, status, now)

    async def figures(_: Request) -> Response:
        text = metrics(app.state.pool, app.state.cache, app.state.figures)
        return PlainTextResponse(text, headers=now)

    for path, function in ((ALIVE, healthz), ("/readyz", readyz), ("/metrics", figures)):
        app.router.add_route(path, function, methods=["GET"])


async def run(
    settings: Settings, files: list[Path] | None, sock: socket.socket, pool: Pool
) -> None:
    """Serve on a socket until told to stop; raises KgError when the data cannot be loaded.

    Prints the URLs. SIGHUP loads anew, as `files` and `settings` have it.
    """
    app = create_app(settings, pool)
    # Loaded before the server starts, so that a broken file ends in a sentence.
    await pool.start()
    start_log(settings.log, sys.stderr)
    config = uvicorn.Config(
        app,
        # Any callable will do for a class here.
        http=cast(
            type[asyncio.Protocol],
            partial(
                RepeatProtocol,
                clients=Clients(),
                repeats=app.state.repeats,
                begin=app.state.similar.begin,
            ),
        ),
        ws="none",
        log_level="error",  # its warnings are of requests, of which KG_LOG decides
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=int(settings.time_limit) + 5,
        server_header=False,
    )
    # What is there now stays, and a request leaves little behind: look for cycles less often.
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
    sys.setswitchinterval(0.0005)  # threads beside the event loop give way to it sooner
    renewal = Renewal(pool, lambda: loader_config(settings, files))
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, renewal.ask)
    # Last: who reads that the server is there may send it a signal.
    _print_urls(sock, pool)
    await uvicorn.Server(config).serve(sockets=[sock])


def _print_urls(sock: socket.socket, pool: Pool) -> None:
    host, port = sock.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if pool.current.said:
        sys.stderr.write(f"{pool.current.said}\n")
    sys.stdout.write(
        f"Serving {pool.current.quads:,} statements, fingerprint {pool.fingerprint[:16]}.\n"
        f"Start page       {root}/\nSPARQL endpoint  {root}/sparql\nStop with Ctrl+C.\n"
    )
    sys.stdout.flush()
