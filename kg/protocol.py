"""SPARQL 1.1 Protocol, query side: from a request's parts to one `Operation`, or to a refusal.

Source: SPARQL 1.1 Protocol, sections 2.1 (query operation) and 2.2 (update operation, which a
read-only server refuses). Pure: bytes and strings in, a frozen value or a `KgError` out.
"""

import math
import re
import sys
from binascii import a2b_qp
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kg.errors import (
    AddressError,
    ForbiddenError,
    InputError,
    MediaTypeError,
    MethodError,
    TooLargeError,
)
from kg.federation import refuse_strangers
from kg.media import FORMATS, Format, find
from kg.scan import Scan, scan

#: Methods that the endpoint answers, in the order of its `Allow` header.
METHODS = ("GET", "HEAD", "POST", "OPTIONS")

QUERY_TYPE = "application/sparql-query"
UPDATE_TYPE = "application/sparql-update"
FORM_TYPE = "application/x-www-form-urlencoded"

_MOST_FIELDS = 1000
#: Bytes of an address: below what the HTTP parser takes, above what most proxies let pass.
LONGEST_ADDRESS = 32 * 1024
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: An absolute IRI, without any character that could end it in a query.
IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|\\^`]*\Z")

_SECONDS = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_NO_FILES = "This endpoint reads no files: name graphs of its own in the dataset."

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Operation:
    """One query as a client asked for it.

    `default_graphs` and `named_graphs` are the protocol's dataset, `None` when the request names
    none; `timeout` is in seconds, `maxrows` in rows, `format` the name of a format
    (`kg/media.py`) for clients that cannot send `Accept`; `None` where not asked for. Over the
    `union` of all graphs, unless request or query name a dataset; `repeatable` if asking again
    gives the same answer over the same data; a `federated` one asks other servers.
    """

    query: str
    form: str | None = None
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    timeout: float | None = None
    maxrows: int | None = None
    format: str | None = None
    union: bool = True
    repeatable: bool = True
    federated: bool = False

    @property
    def is_graph(self) -> bool:
        """Whether the answer is a graph (CONSTRUCT, DESCRIBE) and not a table or a boolean."""
        return self.form in ("CONSTRUCT", "DESCRIBE")

    def __sizeof__(self) -> int:
        """Return the bytes of memory that its texts take: those that may be long."""
        graphs = (*(self.default_graphs or ()), *(self.named_graphs or ()))
        return sum(map(sys.getsizeof, (self.query, *graphs)))


@dataclass(frozen=True)
class Limits:
    """What a request may ask for: bytes of its body and text, `servers` that SERVICE may ask."""

    request_bytes: int = 1 << 20
    servers: Collection[str] = ()


def read_request(
    method: str,
    query_string: str,
    headers: Mapping[str, str],
    body: bytes,
    limits: Limits | None = None,
) -> Operation | None:
    """Return the operation in a request; `None` for a GET or HEAD without parameters.

    `headers` has lower-case names; `query_string` is the raw, still encoded part after `?`.
    Raises InputError (400), ForbiddenError (403: update, SERVICE, file), MethodError (405),
    TooLargeError (413), AddressError (414) or MediaTypeError (415).
    """
    limits = limits or Limits()
    if method not in METHODS:
        raise MethodError(
            f"This endpoint answers {', '.join(METHODS)}; it does not know {method[:20]}."
        )
    if len(body) > limits.request_bytes:
        raise TooLargeError(
            f"The request is longer than {limits.request_bytes} bytes; shorten the query."
        )
    if len(query_string) > min(limits.request_bytes, LONGEST_ADDRESS):
        raise AddressError("The address is too long; send the query by POST.")
    fields = read_fields(query_string)
    if method == "POST":
        fields = _posted(fields, headers, body)
    elif not query_string:
        return None
    return operation(fields, limits.servers)


def operation(fields: Fields, servers: Collection[str] = ()) -> Operation:
    """Return the operation that decoded parameters ask for; unknown parameters are passed over.

    SERVICE may ask these `servers` (URLs).
    """
    if any(name == "update" for name, _ in fields):
        _refuse_mixture(fields)
        raise ForbiddenError("This endpoint is read-only: it takes no update.")
    queries = [value for name, value in fields if name == "query"]
    if len(queries) != 1:
        said = "no query" if not queries else f"{len(queries)} queries"
        raise InputError(f"The request has {said}; send exactly one `query` parameter.")
    text = queries[0]
    seen = scan(text)
    _refuse(seen)
    if seen.has_service:
        refuse_strangers(text, servers)
    default, names = _graphs(fields, "default-graph-uri"), _graphs(fields, "named-graph-uri")
    return Operation(
        query=text,
        form=seen.form,
        default_graphs=default,
        named_graphs=names,
        timeout=_seconds(fields),
        maxrows=_rows(fields),
        format=_format(fields),
        union=default is None and names is None and not seen.has_dataset,
        repeatable=seen.repeatable and not seen.has_service,
        federated=seen.has_service,
    )


def _refuse_mixture(fields: Fields) -> None:
    names = {name for name, _ in fields}
    if "query" in names:
        raise InputError("The request has both a query and an update; send one `query` parameter.")


def _refuse(seen: Scan) -> None:
    """Raise ForbiddenError for what this server never does, InputError if that cannot be told."""
    if seen.doubtful:
        raise InputError(
            f"Write a space after the `<` of `{seen.doubtful[:60]}` if it means less than, and put"
            " an IRI first in its brackets: it can be read either way."
        )
    if seen.form == "UPDATE":
        raise ForbiddenError("This endpoint is read-only: it takes no update and no LOAD.")
    if seen.reads_file:
        raise ForbiddenError(_NO_FILES)


def _posted(url_fields: Fields, headers: Mapping[str, str], body: bytes) -> Fields:
    """Return the parameters of a POST: a form, or a query with its dataset in the URL."""
    kind, charset = content_type(headers.get("content-type", ""))
    refuse_encoded(headers)
    if kind not in (FORM_TYPE, QUERY_TYPE, UPDATE_TYPE):
        said = f"{kind[:60]!r}" if kind else "no Content-Type"
        raise MediaTypeError(
            f"A POST needs Content-Type {FORM_TYPE} or {QUERY_TYPE}; this one has {said}."
        )
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise MediaTypeError("Send the request body in UTF-8.")
    text = body_text(body)
    if kind == FORM_TYPE:
        return [*url_fields, *read_fields(text)]
    return [*url_fields, ("query" if kind == QUERY_TYPE else "update", text)]


def refuse_encoded(headers: Mapping[str, str]) -> None:
    """Raise MediaTypeError for a body that is compressed: it is read as it comes."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeError("Send the request body without a content encoding.")


def content_type(value: str) -> tuple[str, str]:
    """Return a `Content-Type` value as type and character set, both in lower case."""
    kind, _, parameters = value.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([\w\-]+)", parameters, re.IGNORECASE)
    return kind.strip().lower(), charset[1].lower() if charset else "utf-8"


def body_text(body: bytes) -> str:
    """Return the body of a request as text; raises InputError if it is not UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"The request body is not UTF-8 at byte {error.start}.") from None


def read_fields(encoded: str) -> Fields:
    """Percent-decode `name=value&…` exactly once (`+` is a space, as in HTML forms).

    Raises InputError for a broken escape or too many parameters.
    """
    if _BAD_ESCAPE.search(encoded):
        raise InputError(
            "A percent sign in the parameters is not followed by two hexadecimal digits."
        )
    if encoded.count("&") >= _MOST_FIELDS:
        raise InputError(f"The request has more than {_MOST_FIELDS} parameters.")
    pairs = (part.partition("=") for part in encoded.split("&") if part)
    try:
        return [(_decoded(name), _decoded(value)) for name, _, value in pairs]
    except UnicodeError:
        raise InputError("The parameters are not percent-encoded UTF-8.") from None


def _decoded(text: str) -> str:
    """Decode as quoted-printable, which `=` marks as `%` does here: a tenth of the time.

    Every escape has its two digits: `read_fields` has seen to that.
    """
    quoted = text.replace("=", "=3D").replace("%", "=").replace("+", " ")
    return a2b_qp(quoted.encode()).decode("utf-8")


def _graphs(fields: Fields, name: str) -> tuple[str, ...] | None:
    found = tuple(value for key, value in fields if key == name)
    for value in found:
        if not IRI.match(value):
            raise InputError(f"{name} must be an absolute IRI, not {value[:80]!r}.")
        if value.lower().startswith("file:"):
            raise ForbiddenError(_NO_FILES)
    return found or None


def _single(fields: Fields, name: str) -> str | None:
    values = [value for key, value in fields if key == name]
    if len(values) > 1:
        raise InputError(f"The request has {len(values)} `{name}` parameters; send one.")
    return values[0] if values else None


def _seconds(fields: Fields) -> float | None:
    value = _single(fields, "timeout")
    if value is None:
        return None
    seconds = float(value) if _SECONDS.fullmatch(value) else math.nan
    if not 0 < seconds < math.inf:
        raise InputError(f"timeout must be a positive number of seconds, not {value[:40]!r}.")
    return seconds


def _format(fields: Fields) -> str | None:
    """Return the format asked for, by name or file ending; an empty one is none, as forms send it.

    The parameter is not called `format`: some clients send one of their own, which says nothing
    that their `Accept` does not.
    """
    value = _single(fields, "as")
    return named_format(value, FORMATS).name if value else None


def named_format(value: str, rows: Sequence[Format]) -> Format:
    """Return the format that `as` names; raises InputError that lists those there are."""
    if found := find(value, rows):
        return found
    names = ", ".join(dict.fromkeys(name for row in rows for name in (row.name, row.extension)))
    raise InputError(f"as must be one of {names}, not {value[:40]!r}.")


def _rows(fields: Fields) -> int | None:
    value = _single(fields, "maxrows")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 16 and int(value) > 0):
        raise InputError(
            f"maxrows must be a whole number from 1 to {10**15 - 1}, not {value[:40]!r}."
        )
    return int(value)
