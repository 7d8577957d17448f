"""HTTP answers: the headers that every one carries, and errors as problem documents.

Sources: RFC 9110 (status, conditional requests), RFC 9457 (problem details), Fetch (CORS).
"""

import hashlib
import json
from collections.abc import Mapping

from starlette.responses import Response

from kg.errors import BusyError, KgError, MethodError
from kg.media import quality
from kg.protocol import METHODS

ALLOW = ", ".join(METHODS)

#: A page may load what this server sends, and nothing else; no other site may frame it.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": CONTENT_POLICY,
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Retry-After, X-Request-Id, X-Truncated-To",
}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": ALLOW,
    "access-control-allow-headers": "Accept, Content-Type, If-None-Match",
    "access-control-max-age": "86400",
    "allow": ALLOW,
}

_RETRY_SECONDS = "2"


def entity_tag(body: bytes) -> str:
    """Return a strong entity tag: equal tags, equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client holds this representation already (RFC 9110 13.1.2, weak comparison)."""
    if not if_none_match:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether the client names gzip, or any coding, with a quality above 0."""
    for part in (accept_encoding or "").lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip() in ("gzip", "x-gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def problem(error: KgError, accept: str | None, allow: str = ALLOW) -> Response:
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


def _details(error: KgError) -> str:
    about: Mapping[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    return json.dumps(about, ensure_ascii=False)
