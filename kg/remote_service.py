"""A query service of another server: one question, and a table in JSON that is whole.

Source: SPARQL 1.1 Protocol, 2.1.3 (query by POST with a form); SPARQL 1.1 Query Results JSON
Format. JSON has an end, so what breaks off is seen. What a server says of a cut is heard:
`X-SPARQL-MaxRows` and `X-SQL-State` (Virtuoso), status 206.
"""

import http.client
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from kg.connection import Access, Connection
from kg.errors import KgError, QueryError, StoreLostError, TimeLimitError, TooLargeError
from kg.media import named
from kg.protocol import FORM_TYPE, Fields
from kg.rdf import QueryBoolean, QueryResultsFormat, QuerySolutions, parse_query_results
from kg.results import Table

_JSON = named("json").media_type
_BROKEN = (
    "The server of the store broke its answer off, perhaps at its own time limit; make the query"
    " more specific."
)
NO_TABLE = "The server of the store does not answer with the table that was asked for."
#: A graph that no server has: so the dataset is empty, and not the server's own choice.
NO_GRAPH = "urn:x-contested:none"
#: Bytes of a table that is about graphs, of which there are not so many.
_MOST = 64 << 20
#: How Virtuoso 7 calls the answer to ASK, which it sends as a table.
_YES = "__ASK_RETVAL"


class RemoteService:
    """Asks one query service over one connection."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.connection = Connection(access)

    @contextmanager
    def answer(
        self, text: str, dataset: Fields, maxrows: int | None = None, most: int = sys.maxsize
    ) -> Iterator[Table]:
        """Give the answer while it comes in; `dataset` are fields of the protocol.

        Raises, also while it is read: QueryError for a query that the server does not take,
        TooLargeError or TimeLimitError for an answer that is not whole, StoreLostError for none.
        Only so many rows may be wanted: `maxrows`; or so many bytes be read: `most`.
        """
        response = self._post(text, dataset)
        try:
            _refuse(response, maxrows)
            yield _parsed(_Body(response, most))
            whole = not response.read(1)
        except (SyntaxError, ValueError, OSError, http.client.HTTPException):
            self.connection.close()
            raise TimeLimitError(_BROKEN) from None
        except BaseException:
            self.connection.close()
            raise
        if not whole:
            self.connection.close()

    def rows(self, text: str, dataset: Fields) -> list[dict[str, str]]:
        """Return the whole answer to a SELECT: of each row its columns that have a value."""
        with self.answer(text, dataset, most=_MOST) as results:
            if isinstance(results, QueryBoolean):
                raise StoreLostError(NO_TABLE)
            names = [variable.value for variable in results.variables]
            return [
                {name: row[name].value for name in names if row[name] is not None}
                for row in results
            ]

    def terms(self, text: str, dataset: Fields, *names: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of the answer to a SELECT while it comes in: a term for each name.

        Raises StoreLostError for a table that has not all of them in every row.
        """
        with self.answer(text, dataset) as results:
            there = [] if isinstance(results, QueryBoolean) else results.variables
            if not {*names} <= {variable.value for variable in there}:
                raise StoreLostError(NO_TABLE)
            for row in cast(QuerySolutions, results):
                terms = tuple(row[name] for name in names)
                if None in terms:
                    raise StoreLostError(NO_TABLE)
                yield terms

    def _post(self, text: str, dataset: Fields) -> http.client.HTTPResponse:
        body = urlencode([("query", text), *dataset]).encode()
        headers = {"content-type": FORM_TYPE, "accept": _JSON}
        return self.connection.request("POST", self.access.url, body, headers)


def named_dataset(default: Sequence[str], names: Sequence[str]) -> Fields:
    """Return the protocol's fields for a dataset of these graphs."""
    return [
        *(("default-graph-uri", iri) for iri in default),
        *(("named-graph-uri", iri) for iri in names),
    ]


@dataclass
class _Body:
    """The body of an answer, of which so many bytes are left to be read."""

    response: http.client.HTTPResponse
    left: int

    def read(self, size: int) -> bytes:
        """Return the next bytes, as a file does; raises StoreLostError where they are too many."""
        data = self.response.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise StoreLostError(NO_TABLE)
        return data


def _parsed(body: Any) -> Table:
    try:
        results = parse_query_results(body, format=QueryResultsFormat.JSON)
    except SyntaxError:
        raise StoreLostError("The server of the store does not answer in SPARQL JSON.") from None
    if isinstance(results, QuerySolutions) and [v.value for v in results.variables] == [_YES]:
        yes = any(row[0].value in ("1", "true") for row in results)
        said = b'{"head":{},"boolean":%s}' % (b"true" if yes else b"false")
        return parse_query_results(said, format=QueryResultsFormat.JSON)
    return results


def _refuse(response: http.client.HTTPResponse, maxrows: int | None) -> None:
    """Raise the error for an answer that is none, or not whole."""
    if response.status != 200:
        raise _refusal(response.status)
    if response.headers.get("x-sql-state"):
        raise TimeLimitError(_BROKEN)
    cut = response.headers.get("x-sparql-maxrows", "")
    if cut.isdigit() and not (maxrows and maxrows < int(cut)):
        raise TooLargeError(
            f"The server of the store sends at most {cut} rows; ask for a part of the answer with"
            " LIMIT and OFFSET."
        )
    if "json" not in response.headers.get("content-type", ""):
        raise StoreLostError("The server of the store does not answer in SPARQL JSON.")


def _refusal(status: int) -> KgError:
    """Return the error for a status other than 200, without a word of the other server's."""
    if status == 400:
        return QueryError(
            "The server of the store does not take this query, though it is SPARQL 1.1; write it"
            " in another way."
        )
    if status in (206, 408, 504):
        return TimeLimitError(_BROKEN)
    if status in (401, 403):
        return StoreLostError(
            "The server of the store refuses us; set KG_STORE_USER and KG_STORE_PASSWORD."
        )
    if 300 <= status < 400:
        return StoreLostError(
            "The server of the store sends us elsewhere, where we do not go; its URL must be that"
            " of the query service itself."
        )
    return StoreLostError(f"The server of the store answers with status {status}.")
