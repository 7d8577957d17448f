r"""A look at a SPARQL text without parsing it: its form and the keywords that matter.

The tokenizer knows the terminals of SPARQL 1.1 (grammar, section 19.8) inside which a word is
no keyword: IRIs, strings, comments, prefixed names, variables, blank nodes, language tags. It
follows the engine in not decoding `\uXXXX` outside strings and IRIs. Well-formedness is the
engine's business; what this module answers decides what may reach the engine at all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import cast

_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_UPDATES = frozenset(
    {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"}
)
PROLOGUE = frozenset({"BASE", "PREFIX", "VERSION"})
#: Functions whose value differs from call to call: such an answer must not be kept.
_VOLATILE = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE"})

#: Strings by their quotation marks, the long ones first.
_STRINGS = {
    '"""': r'\"\"\"(?:[^"\\]++|\\.|"(?!""))*+\"\"\"',
    "'''": r"'''(?:[^'\\]++|\\.|'(?!''))*+'''",
    '"': r'"(?:[^"\\\r\n]++|\\.)*+"',
    "'": r"'(?:[^'\\\r\n]++|\\.)*+'",
}


@cache
def _token(quotes: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a token where these quotation marks begin strings.

    Repeated without a way back (`++`, `*+`), for there is nothing else to be tried. No other thread
    runs during one match, and a long token would take a quarter of a second, not some milliseconds.
    """
    long = "".join(f"(?!{each})" for each in quotes if len(each) == 3)
    strings = "|".join(long * (len(each) == 1) + _STRINGS[each] for each in quotes) or "(?!)"
    pattern = rf"""(?:
    (?P<comment>\#[^\r\n]*+)
  | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*+(?:\\u[0-9A-Fa-f]{{4}}[^<>"{{}}|^`\\\x00-\x20]*+
      |\\U[0-9A-Fa-f]{{8}}[^<>"{{}}|^`\\\x00-\x20]*+)*+>)
  | (?P<string>{strings})
  | (?P<open>{"|".join(quotes) or "(?!)"})
  | (?P<blank>_:[\w.\-]++)
  | (?P<variable>[?$]\w++)
  | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+)
  | (?P<name>[\w.\-\u00B7]*+:(?:(?:[\w:]|%[0-9A-Fa-f]{{2}}
      |\\[_~.\-!$&'()*+,;=/?\#@%])(?:[\w:\-\u00B7.]++|%[0-9A-Fa-f]{{2}}
      |\\[_~.\-!$&'()*+,;=/?\#@%])*+)?)
  | (?P<run>[\w.\-\u00B7]++)
  | (?P<space>\s++)
  | (?P<other>.)
    )\s*+
    """
    return re.compile(pattern, re.VERBOSE | re.DOTALL)


#: What a run of word characters without a colon is made of.
_PART = re.compile(
    r"(?P<word>[A-Za-z_]\w*)|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<other>.)", re.DOTALL
)
#: A query that begins with nothing but its prologue, which can be read in one way only.
_BEGINNING = re.compile(
    r"""(?:\s++ | \#[^\r\n]*+(?=[\r\n])
      | (?:PREFIX\s++[\w.\-]*+: | BASE)\s*+<[^<>"{}|^`\\\x00-\x20]*+>)*+
    (SELECT|ASK|CONSTRUCT|DESCRIBE)(?=[\s{*?$(<])""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
#: A text without any of these has no keyword that matters beside its form.
_TELLING = ("SERVICE", "FROM", "<FILE:", "BIF:", "SQL:", r"\U", *_VOLATILE)
#: In what could be an IRI or the beginning of a comparison, what would be read otherwise: a string,
#: a comment, a bracket, a keyword.
_OTHERWISE = re.compile(r"['#()\[\]\\]|SERVICE|FROM|FILE:|BIF:|SQL:", re.IGNORECASE)
#: After these no comparison goes on.
_NO_OPERAND = frozenset("(,|&=!<>+-*/^")
_CLOSING = frozenset(")]}")


@dataclass(frozen=True)
class Scan:
    """What a query text shows at a glance.

    `form` is SELECT, ASK, CONSTRUCT, DESCRIBE, `UPDATE` for any update form, or `None` when the
    text starts with none of them; `repeatable` says that asking again gives the same answer over
    the same data, `has_service` that a federated call may be in it, `has_dataset` that it names
    its own dataset (FROM, FROM NAMED), `reads_file` that this dataset is to come from a file;
    `doubtful` is an IRI in it that may as well be a comparison, so that all this is not sure.
    """

    form: str | None
    repeatable: bool = True
    has_service: bool = False
    has_dataset: bool = False
    reads_file: bool = False
    doubtful: str = ""


def scan(text: str) -> Scan:
    r"""Scan a SPARQL query or update text; never fails.

    >>> scan("PREFIX select: <http://x/> # ASK\nCONSTRUCT WHERE { ?service ?p 'SERVICE' }").form
    'CONSTRUCT'
    """
    # What stands nowhere in the text is in none of its tokens: most texts need no second look.
    upper = text.upper()
    if not any(each in upper for each in _TELLING) and (beginning := _BEGINNING.match(text)):
        return Scan(beginning[1].upper())
    return scan_tokens(text)


def scan_tokens(text: str) -> Scan:
    """Scan a text token by token: what `scan` does with those that it cannot tell at a glance."""
    tokens = [(kind, value) for kind, value, _ in tokens_of(text)]
    words = [value.upper() for kind, value in tokens if kind == "word"]
    upper = text.upper()
    return Scan(
        _form(words),
        # The engine takes keywords that run into each other: `ORDER BYRAND()`.
        not any(word.endswith(tuple(_VOLATILE)) for word in words),
        "SERVICE" in upper and _calls_service(tokens),
        "FROM" in upper and _has_dataset(words, tokens),
        "<FILE:" in upper and _reads_file(tokens),
        _doubtful(tokens),
    )


def _doubtful(tokens: list[tuple[str, str]]) -> str:
    """Return the first IRI that the engine may read as `less than`, with something else after it.

    It does so within an expression, after an operand: `FILTER(?x<'>'||true)` has a string. An
    expression stands in round brackets; so do collections, and the rows of VALUES, which have no
    expressions and are left out. Up to the first such place all tokens are sure.
    """
    stack: list[str] = []
    before, values = ("other", "("), False
    for kind, value in tokens:
        if kind == "iri" and stack and stack[-1] == "(" and _OTHERWISE.search(value):
            if _ends_operand(*before):
                return value
        elif kind == "word":
            values = value.upper() == "VALUES"
        elif kind == "other" and value in "([{":
            in_data = value == "(" and stack[-1:] == ["data"]
            data = value == "{" and values
            stack.append("row" if in_data else "data" if data else value)
            values = values and value == "("
        elif kind == "other" and value in _CLOSING and stack:
            stack.pop()
        elif kind != "variable":
            values = False
        before = kind, value
    return ""


def _ends_operand(kind: str, value: str) -> bool:
    """Whether a comparison may go on after this token; keywords may run into each other."""
    if kind == "word":
        return value.upper().endswith(("TRUE", "FALSE"))
    return kind != "other" or value not in _NO_OPERAND


def _has_dataset(words: list[str], tokens: list[tuple[str, str]]) -> bool:
    """Whether FROM is in it; the engine takes `FROM:g` for it, unless a prefix is called so."""
    return any(word.startswith("FROM") for word in words) or any(
        name.upper().startswith("FROM") for name in _undeclared(tokens)
    )


def tokens_of(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and place of each token that is no space or comment, in one pass.

    Whether a run of word characters begins a prefixed name is seen at its end only. Each run is
    therefore read as a whole: a look ahead from each of its words would take quadratic time.
    """
    for match in _matches(text):
        kind = cast(str, match.lastgroup)
        if kind == "run":
            for part in _PART.finditer(match[kind]):
                yield cast(str, part.lastgroup), part[0], match.start() + part.start()
        elif kind not in ("space", "comment"):
            yield kind, match[kind], match.start()


def _matches(
    text: str, place: int = 0, quotes: tuple[str, ...] = tuple(_STRINGS)
) -> Iterator[re.Match[str]]:
    """Yield the tokens; the end of a string is looked for in vain once for each kind of mark.

    After a string without an end its marks begin no other one. Of long strings there can be none:
    a mark would have ended the first, unless it is escaped. Short ones on later lines are missed,
    but no parser gets so far.
    """
    for match in _token(quotes).finditer(text, place):
        if match.lastgroup == "open":
            others = tuple(each for each in quotes if each != match["open"])
            yield from _matches(text, match.start(), others)
            return
        yield match


def _form(words: list[str]) -> str | None:
    """Return what the first word after the prologue begins with (`SELECTDISTINCT` is one)."""
    first = next((word for word in words if word not in PROLOGUE), None)
    if first in _UPDATES:
        return "UPDATE"
    return next((form for form in _FORMS if first and first.startswith(form)), None)


def _calls_service(tokens: list[tuple[str, str]]) -> bool:
    """Whether SERVICE can be read anywhere as a keyword.

    The engine asks for no space after a keyword: it takes `trueSERVICE<x>{}` and even
    `SERVICE:x{}` as calls. So a bare word that contains SERVICE counts (no other keyword does),
    and a prefixed name like that does when a group follows it and nothing before explains it.
    """
    before = ""
    for index, (kind, value) in enumerate(tokens):
        if kind == "word" and "SERVICE" in value.upper():
            return True
        if kind == "name" and "SERVICE" in value.partition(":")[0].upper():
            after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
            if after == "{" and before not in ("GRAPH", "FROM", "NAMED", "DESCRIBE"):
                return True
        before = value.upper()
    return False


def _reads_file(tokens: list[tuple[str, str]]) -> bool:
    """Whether a graph of the dataset is named by a `file:` IRI (the engine would not read it)."""
    return any(
        kind == "iri" and value.lower().startswith("<file:") and _names_graph(before)
        for (_, before), (kind, value) in pairwise(tokens)
    )


def _names_graph(keyword: str) -> bool:
    return keyword.upper() == "NAMED" or keyword.upper().startswith("FROM")


def undeclared_prefixes(text: str) -> dict[str, int]:
    """Return the prefixes that a query uses without declaring them, with the place of first use.

    >>> undeclared_prefixes("PREFIX a: <http://x/> ASK { ?s a:b c:d }")
    {'c': 35}
    """
    tokens = list(tokens_of(text))
    missing = _undeclared((kind, value) for kind, value, _ in tokens)
    return {prefix: tokens[index][2] for prefix, index in missing.items()}


def _undeclared(tokens: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the prefixes not declared, in order of use, with the number of the first token."""
    declared: set[str] = set()
    missing: dict[str, int] = {}
    before = ""
    for index, (kind, value) in enumerate(tokens):
        if kind == "name":
            prefix = value.partition(":")[0].lstrip("0123456789.-")
            if before == "PREFIX":
                declared.add(prefix)
            elif prefix not in declared:
                missing.setdefault(prefix, index)
        before = value.upper()
    return missing
