"""HTTP answers: the headers that every one carries, and errors as problem documents.

Sources: RFC 9110 (status, conditional requests), RFC 9457 (problem details), Fetch (CORS).
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from kg.codings import IDENTITY, choose
from kg.errors import BusyError, KgError, MethodError, NotAcceptableError
from kg.media import quality
from kg.protocol import METHODS

_ALLOW = ", ".join(METHODS)
#: Methods of what is only read.
READING = ("GET", "HEAD", "OPTIONS")

#: Answers a request.
Handler = Callable[[Request], Awaitable[Response]]

#: A page may load what this server sends, and nothing else; no other site may frame it.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": _CONTENT_POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Content-Location, ETag, Link, Location, Retry-After,"
    " X-Request-Id, X-Truncated-To",
}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": _ALLOW,
    "access-control-allow-headers": "Accept, Content-Type, If-None-Match",
    "access-control-max-age": "86400",
    "allow": _ALLOW,
}

_RETRY_SECONDS = "2"


def entity_tag(body: bytes) -> str:
    """Return a strong entity tag: equal tags, equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def not_modified(request: Request, etag: str) -> bool:
    """Whether the client holds this representation already (RFC 9110 13.1.2, weak comparison)."""
    if_none_match = request.headers.get("if-none-match")
    # 304 is for GET and HEAD alone. For other methods the RFC has 412, to keep a change from
    # being made; a query by POST changes nothing, so its condition is passed over.
    if not if_none_match or request.method not in ("GET", "HEAD"):
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def packed(request: Request, body: bytes, headers: Mapping[str, str], media_type: str) -> Response:
    """Return a page or a file in the coding that the client wants, or `304` if it has it."""
    try:
        coding, body = choose(request.headers.get("accept-encoding")).pack(body)
    except NotAcceptableError as error:
        return problem(error, request.headers.get("accept"))
    vary = ", ".join(filter(None, (headers.get("vary"), "Accept-Encoding")))
    headers = {**headers, "etag": entity_tag(body), "vary": vary}
    if not_modified(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    if coding != IDENTITY:
        headers["content-encoding"] = coding
    return Response(body, headers=headers, media_type=media_type)


def problem(error: KgError, accept: str | None, allow: str = _ALLOW) -> Response:
    """Return an error as a problem document, or as a plain sentence for those who prefer text.

    `allow` lists the methods of the resource, which an answer to a wrong method names.
    """
    headers = {**CORS, "cache-control": "no-store", "vary": "Accept"}
    if isinstance(error, MethodError):
        headers["allow"] = allow
    if isinstance(error, BusyError):
        headers["retry-after"] = _RETRY_SECONDS
    if quality(accept, "text/plain") > quality(accept, "application/problem+json"):
        return Response(f"{error}\n", error.status, headers, "text/plain")
    return Response(_details(error), error.status, headers, "application/problem+json")


def guarded(
    answer: Handler, methods: Sequence[str] = READING, who: str = "This address answers"
) -> Handler:
    """Return an endpoint that answers OPTIONS and refuses what is none of these methods.

    It tells errors as problems; `who` begins the sentence about a wrong method.
    """
    allow = ", ".join(methods)
    preflight = {**PREFLIGHT, "access-control-allow-methods": allow, "allow": allow}

    async def endpoint(request: Request) -> Response:
        try:
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=preflight)
            if request.method not in methods:
                raise MethodError(f"{who} {allow}.")
            return await answer(request)
        except KgError as error:
            return problem(error, request.headers.get("accept"), allow)

    return endpoint


def _details(error: KgError) -> str:
    about: Mapping[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    return json.dumps(about, ensure_ascii=False)
