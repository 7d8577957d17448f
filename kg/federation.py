"""SERVICE in a query: which servers it asks, for what, and their answers in its place.

Source: SPARQL 1.1 Federated Query, 2 to 4. A call is joined with its group whatever else stands
there, so that its answer may be asked for first and stand there as inline data. Within EXISTS
that does not hold: its variables have the values of each row, which another server would have to
be told. Pure: texts in, texts out.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from kg.errors import ForbiddenError, QueryError, ServiceError, TooLargeError
from kg.rdf import (
    BASE,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolution,
    QuerySolutions,
    parse_query_results,
)
from kg.rewrite import Token, closing, split_prologue
from kg.scan import scan, tokens_of

#: Calls that one query may make.
MOST_CALLS = 8
#: One solution that binds nothing: what a failed call with SILENT stands for.
_NOTHING = " VALUES () { () } "
_PLAINLY = (
    "Write SERVICE or SERVICE SILENT, the address of a server in angle brackets, and a pattern in"
    " which no other SERVICE stands."
)


@dataclass(frozen=True)
class Call:
    """One call: whom it asks for what, and where it stands.

    `variables` are the names in its pattern; the call begins at `start`, its pattern, with
    brackets, at `opening`, and it ends before `end`.
    """

    server: str
    silent: bool
    variables: frozenset[str]
    start: int
    opening: int
    end: int


def calls(text: str) -> list[Call]:
    """Return the calls of a query in their order.

    Raises ForbiddenError for one that this server cannot make, QueryError for an open bracket,
    TooLargeError for too many.
    """
    tokens = list(tokens_of(text))
    found: list[Call] = []
    in_exists = [False]  # of each bracket that is open
    for index, (kind, value, place) in enumerate(tokens):
        if value == "{":
            kind_before, word, _ = tokens[max(index - 1, 0)]
            exists = kind_before == "word" and word.upper().endswith("EXISTS")
            in_exists.append(in_exists[-1] or exists)
        elif value == "}" and len(in_exists) > 1:
            in_exists.pop()
        elif kind == "word" and value.upper() == "SERVICE":
            if in_exists[-1]:
                raise ForbiddenError("This endpoint asks no other server within EXISTS.")
            if found and place < found[-1].end:
                raise ForbiddenError(_PLAINLY)
            if len(found) == MOST_CALLS:  # at once, for each takes a look at all that follows it
                raise TooLargeError(
                    f"The query has more than {MOST_CALLS} SERVICE clauses; write fewer."
                )
            found.append(_call(tokens, index))
    # The engine reads SERVICE where it runs into another word, too: nothing of it may be left.
    if not found or scan(asked_here(text, found)).has_service:
        raise ForbiddenError(_PLAINLY)
    return found


def refuse_strangers(text: str, servers: Collection[str]) -> None:
    """Raise ForbiddenError where a query asks others than `servers`; and as `calls` does."""
    if not servers:
        raise ForbiddenError("This endpoint asks no other server: remove SERVICE from the query.")
    for call in calls(text):
        if call.server not in servers:
            raise ForbiddenError(f"This endpoint does not ask the server <{call.server}>.")


def asked_here(text: str, found: Sequence[Call]) -> str:
    """Return the query with each pattern in the place of its call; lines and columns stay.

    >>> text = "ASK { SERVICE <http://a/> { ?s ?p ?o } }"
    >>> asked_here(text, calls(text))
    'ASK {                     { ?s ?p ?o } }'
    """
    for call in found:
        blank = re.sub(r"[^\r\n]", " ", text[call.start : call.opening])
        text = text[: call.start] + blank + text[call.opening :]
    return text


def remote_queries(text: str, found: Sequence[Call]) -> list[str]:
    """Return what the server of each call is asked, with all that the query declares.

    >>> text = "PREFIX a: <u:> SELECT ?s { SERVICE <http://a/> { ?s a:p ?o } }"
    >>> print(*remote_queries(text, calls(text)))
    BASE <https://w3id.org/contested-kg/>
    PREFIX a: <u:> SELECT * WHERE { ?s a:p ?o }
    """
    declared = f"BASE <{BASE}>\n{split_prologue(text)}"
    return [f"{declared}SELECT * WHERE {text[call.opening : call.end]}" for call in found]


def filled(text: str, answers: Sequence[bytes | None], most: int) -> str:
    """Return the query with answers in SPARQL JSON in the place of its calls.

    None is the answer of one that failed. Raises ServiceError for what is no table in SPARQL JSON
    (with SILENT that is a failed call), TooLargeError above `most` rows, QueryError for what
    inline data cannot hold.
    """
    parts = []
    at = 0
    for call, body in zip(calls(text), answers, strict=True):
        parts += [text[at : call.start], _NOTHING if body is None else _values(call, body, most)]
        at = call.end
    return "".join([*parts, text[at:]])


def _call(tokens: list[Token], index: int) -> Call:
    silent = [value.upper() for _, value, _ in tokens[index + 1 : index + 2]] == ["SILENT"]
    after = tokens[index + 1 + silent :]
    kinds = [kind for kind, _, _ in after[:1]]
    if kinds == ["variable"]:
        raise ForbiddenError("SERVICE takes the address of a server here, and no variable.")
    if kinds != ["iri"] or [value for _, value, _ in after[1:2]] != ["{"]:
        raise ForbiddenError(_PLAINLY)
    end = closing(after, 1)
    names = frozenset(value[1:] for kind, value, _ in after[1:end] if kind == "variable")
    start, opening = tokens[index][2], after[1][2]
    return Call(after[0][1][1:-1], silent, names, start, opening, after[end][2] + 1)


def _values(call: Call, body: bytes, most: int) -> str:
    """Return an answer as inline data; the engine's reader checks every term and name in it."""
    try:
        results = parse_query_results(body, format=QueryResultsFormat.JSON)
        if isinstance(results, QuerySolutions):
            names = [variable.value for variable in results.variables]
            # Another name would join with what the query says elsewhere.
            if call.variables.issuperset(names):
                rows = " ".join(_rows(call, results, most))
                return f" VALUES ({' '.join(f'?{name}' for name in names)}) {{ {rows} }} "
    except (SyntaxError, ValueError):
        pass
    if call.silent:
        return _NOTHING
    raise ServiceError(f"The server <{call.server}> does not answer with a table in SPARQL JSON.")


def _rows(call: Call, results: QuerySolutions, most: int) -> Iterator[str]:
    for number, row in enumerate(results):
        if number == most:
            raise too_long(call.server, f"{most} rows")
        yield f"({' '.join(_written(call, row, place) for place in range(len(row)))})"


def _written(call: Call, row: QuerySolution, place: int) -> str:
    term = row[place]
    if term is None:
        return "UNDEF"
    if not isinstance(term, NamedNode | Literal):
        raise QueryError(
            f"The server <{call.server}> answers with blank nodes, which have no name here: SELECT"
            " other variables inside SERVICE."
        )
    return str(term)


def too_long(server: str, limit: str) -> TooLargeError:
    """Return the error for an answer of a server that is above a limit, or cut by its own."""
    return TooLargeError(
        f"The server <{server}> has an answer of more than {limit}; ask for a part of it by a"
        " SELECT with LIMIT inside SERVICE."
    )
