"""A query as another server is to see it: its dataset apart, its graphs made here.

A graph has no end that could be missed: a server that sends only a part of one, as some do when
it is long, cannot be told from one that sends it whole. A table in JSON has an end. So of a
CONSTRUCT the server is asked for the solutions, and the template is filled in here; of a DESCRIBE
for the resources, and then for their triples.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from kg.errors import ForbiddenError, QueryError
from kg.scan import PROLOGUE, tokens_of, undeclared_prefixes

#: Names of a server's own functions, which may do more than compute.
_OWN_FUNCTIONS = re.compile(r"<(?:bif|sql):", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")

#: The tokens of a block of data that restricts nothing, beside its variable.
_NOTHING = ["VALUES", "{", "UNDEF", "}"]
_LENGTH = 5
#: After these, or before those, no triple goes on; but something has to stand in a group.
_ENDS = frozenset("{}.")
_BEGINS = frozenset(["{", "}", "VALUES", "FILTER", "BIND", "OPTIONAL", "MINUS", "GRAPH", "SERVICE"])
#: After these, `*` means all columns.
_ALL = re.compile(r"(?:SELECT|DISTINCT|REDUCED)$", re.IGNORECASE)
_PLAIN_FROM = "Write FROM or FROM NAMED, a space, and the IRI of one graph."

Token = tuple[str, str, int]


@dataclass(frozen=True)
class Asked:
    """A query without its FROM clauses: `default` and `named` have the terms that stood there."""

    text: str
    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True)
class GraphQuery:
    """A query for a graph in its parts.

    `select` asks for what is needed. A CONSTRUCT has the `template` with its braces, and its
    `variables` (names); a DESCRIBE the `terms` that it names, each as it was written. What is
    declared before all of it is the `prologue`. An empty `select` means: nothing to ask.
    """

    prologue: str
    select: str
    template: str = ""
    variables: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()


def without_dataset(text: str) -> Asked:
    """Take the FROM clauses out of a query that the engine accepts.

    Raises QueryError for one that cannot be told from what follows it: the engine takes `FROM:g`.

    >>> without_dataset("SELECT * FROM <u:a> FROM NAMED <u:b> { ?s ?p ?o }")
    Asked(text='SELECT * { ?s ?p ?o }', default=('<u:a>',), named=('<u:b>',))
    """
    if "FROM" not in text.upper():
        return Asked(text)
    if any(prefix.upper().startswith("FROM") for prefix in undeclared_prefixes(text)):
        raise QueryError(_PLAIN_FROM)
    tokens = list(tokens_of(text))
    default: list[str] = []
    named: list[str] = []
    cuts = []
    for index, (kind, value, start) in enumerate(tokens):
        if kind != "word" or not value.upper().startswith("FROM"):
            continue
        after = tokens[index + 1 : index + 3]
        is_named = bool(after) and after[0][1].upper() == "NAMED"
        graph = after[is_named : is_named + 1]
        if value.upper() != "FROM" or not graph or graph[0][0] not in ("iri", "name"):
            raise QueryError(_PLAIN_FROM)
        (named if is_named else default).append(graph[0][1])
        following = tokens[index + 2 + is_named : index + 3 + is_named]
        cuts.append((start, following[0][2] if following else len(text)))
    for start, end in reversed(cuts):
        text = text[:start] + text[end:]
    return Asked(text, tuple(default), tuple(named))


def without_undef(text: str) -> str:
    """Take out each `VALUES ?x { UNDEF }`: it restricts nothing, and some servers stumble over it.

    Virtuoso 7.2 and Jena 4.5 lose rows where such a variable stands in a path or a FILTER. It is
    left where it may be all that a group has, or what gives `SELECT *` a column.

    >>> without_undef("SELECT ?x { VALUES ?x { UNDEF } ?x ?p ?o }")
    'SELECT ?x {  ?x ?p ?o }'
    """
    if "UNDEF" not in text.upper():
        return text
    tokens = list(tokens_of(text))
    if any(value == "*" and _ALL.search(word) for (_, word, _), (_, value, _) in pairwise(tokens)):
        return text
    for at in range(len(tokens) - _LENGTH, 0, -1):
        after = at + _LENGTH
        words = [value.upper() for _, value, _ in tokens[at:after]]
        is_nothing = [*words[:1], *words[2:]] == _NOTHING and tokens[at + 1][0] == "variable"
        before = tokens[at - 1][1]
        then = tokens[after][1].upper() if after < len(tokens) else ""
        apart = (before in _ENDS and then != ".") or then in _BEGINS
        if is_nothing and apart and (before, then) != ("{", "}"):
            text = text[: tokens[at][2]] + text[tokens[after - 1][2] + 1 :]
            del tokens[at:after]
    return text


def refuse_own_functions(text: str) -> None:
    """Raise ForbiddenError where a query may call functions of the server that are not SPARQL's."""
    for kind, value, _ in tokens_of(text):
        if kind == "iri" and _OWN_FUNCTIONS.match(_ESCAPE.sub(_character, value)):
            raise ForbiddenError("This endpoint calls no functions but those of SPARQL 1.1.")


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0x110000 else ""


def split_graph(text: str) -> GraphQuery:
    """Return the parts of a CONSTRUCT or DESCRIBE that the engine accepts, without FROM clauses.

    Raises QueryError for a keyword that runs into the next word.

    >>> split_graph("CONSTRUCT { ?s <u:p> $o } WHERE { ?s ?p ?o } LIMIT 3").select
    'SELECT ?s ?o WHERE { ?s ?p ?o } LIMIT 3'
    >>> split_graph("PREFIX e: <u:> DESCRIBE e:a ?b { ?b a e:c }")
    GraphQuery(prologue='PREFIX e: <u:> ', select='PREFIX e: <u:> SELECT ?b { ?b a e:c }', \
template='', variables=(), terms=('e:a',))
    """
    tokens = list(tokens_of(text))
    at = _first_word(tokens)
    keyword, start = tokens[at][1].upper(), tokens[at][2]
    rest = tokens[at + 1 :]
    if keyword == "CONSTRUCT":
        return _construct(text, text[:start], rest)
    if keyword == "DESCRIBE":
        return _describe(text, text[:start], rest)
    raise QueryError("Write a space after CONSTRUCT or DESCRIBE.")


def split_prologue(text: str) -> str:
    """Return what a query declares before its first word: prefixes and base."""
    tokens = list(tokens_of(text))
    return text[: tokens[_first_word(tokens)][2]]


def _first_word(tokens: list[Token]) -> int:
    return next(
        index
        for index, (kind, value, _) in enumerate(tokens)
        if kind == "word" and value.upper() not in PROLOGUE
    )


def _construct(text: str, prologue: str, rest: list[Token]) -> GraphQuery:
    opening = next(index for index, token in enumerate(rest) if token[:2] == ("other", "{"))
    end = closing(rest, opening)
    template = text[rest[opening][2] : rest[end][2] + 1]
    names = [value[1:] for kind, value, _ in rest[opening:end] if kind == "variable"]
    variables = tuple(dict.fromkeys(names))
    columns = " ".join(f"?{name}" for name in variables) or "(1 AS ?row)"
    # In the short form, CONSTRUCT WHERE, the pattern is the template.
    pattern = text[rest[0][2] :] if opening else text[rest[end][2] + 1 :].lstrip()
    return GraphQuery(prologue, f"{prologue}SELECT {columns} {pattern}", template, variables)


def _describe(text: str, prologue: str, rest: list[Token]) -> GraphQuery:
    targets: list[Token] = []
    for kind, value, place in rest:
        if kind not in ("iri", "name", "variable") and value != "*":
            break
        targets.append((kind, value, place))
    following = rest[len(targets) :]
    pattern = text[following[0][2] :] if following else ""
    columns = [value for kind, value, _ in targets if kind in ("variable", "other")]
    terms = tuple(value for kind, value, _ in targets if kind in ("iri", "name"))
    select = f"{prologue}SELECT {' '.join(columns)} {pattern}" if columns else ""
    return GraphQuery(prologue, select, terms=terms)


def closing(tokens: list[Token], opening: int) -> int:
    """Return the place of the bracket that closes the one at `opening`; QueryError if none."""
    depth = 0
    for index in range(opening, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[index][1], 0)
        if depth == 0:
            return index
    raise QueryError("A bracket is not closed.")
