"""Rows in a serialised table: what they say, how many there are, and the first n of them.

The engine writes tables itself, far faster than Python could row by row, and says nothing of
their number. Here rows are counted, and cut off, in the bytes that it writes, of the four
formats of the SPARQL 1.1 results recommendations (JSON, XML, CSV and TSV). Both functions also
take the beginning of a table whose rest has not been written.
"""

import json
import re

_JSON_ROW = re.compile(rb'"(?:[^"\\]|\\.)*"|(\},\{)|(\[\{)')
_CSV_LINE = re.compile(rb'"(?:[^"]|"")*"|(\r\n)')


def read_rows(body: bytes) -> list[dict[str, str]]:
    """Return the rows of a table in SPARQL JSON: of each term its text.

    >>> read_rows(b'{"results": {"bindings": [{"x": {"type": "literal", "value": "1"}}]}}')
    [{'x': '1'}]
    """
    bindings: list[dict[str, dict[str, str]]] = json.loads(body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in bindings]


def count_rows(body: bytes, name: str) -> int:
    """Return the complete rows in `body`, a table in the format called `name` (kg/media.py).

    >>> count_rows(b"?x" + bytes([10]) + b"1" + bytes([10]), "tsv")
    1
    """
    if name == "xml":
        return body.count(b"</result>")
    if name == "tsv":
        return max(body.count(b"\n") - 1, 0)
    if name == "csv":
        return max(_outside_strings(body).count(b"\r\n") - 1, 0)
    bare = _outside_strings(body.replace(b"\\\\", b"").replace(b'\\"', b""))
    # Bindings of one row are separated by `},"x":{`, so only rows leave `},{` without strings.
    return bare.count(b"},{") + 1 if b"[{" in bare else 0


def _outside_strings(body: bytes) -> bytes:
    return b"".join(body.split(b'"')[::2])


def first_rows(body: bytes, name: str, rows: int) -> bytes:
    """Return the table of the first `rows` rows of `body`, which has more than that.

    Raises ValueError where `body` has fewer.
    """
    if name == "xml":
        return body[: _nth(re.compile(rb"(</result>)"), body, rows).end()] + b"</results></sparql>"
    if name == "tsv":
        return body[: _nth(re.compile(rb"(\n)"), body, rows + 1).end()]
    if name == "csv":
        return body[: _nth(_CSV_LINE, body, rows + 1).end()]
    return body[: _nth(_JSON_ROW, body, rows + 1).start() + 1] + b"]}}"


def _nth(pattern: re.Pattern[bytes], body: bytes, number: int) -> re.Match[bytes]:
    """Return the match with the given number (from 1) among those that capture something."""
    for match in pattern.finditer(body):
        if match.lastindex:
            number -= 1
            if number == 0:
                return match
    raise ValueError("the table has fewer rows")
