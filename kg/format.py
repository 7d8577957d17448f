"""The canonical form of Turtle files: one layout, so that diffs show facts only.

Layout is rdflib's `turtle`: prefixes and subjects sorted, one predicate a line. The
formatter never changes a statement: what it writes is read back and compared. Comments
would be lost, so a file with one is refused; notes are triples.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from kg.bridge import to_rdflib_graph
from kg.errors import DataError, InternalError
from kg.files import read_text, replace_text
from kg.rdf import (
    Quad,
    RdfFormat,
    canonical_nquads,
    parse_rdf,
    parse_turtle,
    union,
)

# What may contain a `#` that is no comment comes first; the last branch is a comment.
_TOKENS = re.compile(
    r"""
      "{3}(?:[^"\\]|\\.|"(?!""))*"{3} | '{3}(?:[^'\\]|\\.|'(?!''))*'{3}
    | "(?:[^"\\\n]|\\.)*"                 | '(?:[^'\\\n]|\\.)*'
    | <[^<>\s]*> | \\\# | (?P<comment>\#)
    """,
    re.DOTALL | re.VERBOSE,
)


def format_turtle(text: str, ours: Mapping[str, str], name: str = "the text") -> str:
    """Return Turtle text in canonical form.

    Prefixes that the statements use are kept, the text's own before `ours`; others are
    dropped. Raises `DataError` with line and column if `text` is not Turtle or has a
    comment; `name` is what the error calls it.
    """
    _refuse_comments(text, name)
    turtle = parse_turtle(text, name)
    return lay_out(turtle.quads, _together(turtle.prefixes, ours), name)


def lay_out(quads: Iterable[Quad], prefixes: Mapping[str, str], name: str) -> str:
    """Return statements, whatever their graph, as canonical Turtle; `name` as in `format_turtle`.

    Prefixes that the statements do not use are left out.
    """
    canonical = canonical_nquads(union(quads))
    ordered = parse_rdf(canonical, format=RdfFormat.N_QUADS)
    laid_out = str(to_rdflib_graph(ordered, prefixes).serialize(format="turtle"))
    result = _without_idle_prefixes(laid_out).strip() + "\n"
    if canonical_nquads(parse_turtle(result, name).quads) != canonical:
        raise InternalError(f"{name} cannot be formatted without changing a statement.")
    return result


def format_files(
    paths: Iterable[Path], ours: Mapping[str, str], *, check: bool = False
) -> list[Path]:
    """Format files in place and return those that were not canonical, in the order given.

    All files are read before the first is written, so a faulty one changes nothing.
    With `check` nothing is written. Raises `DataError` for the first faulty file.
    """
    texts = {path: read_text(path, as_it_is=True) for path in paths}
    formatted = {path: format_turtle(text, ours, str(path)) for path, text in texts.items()}
    changed = [path for path in texts if formatted[path] != texts[path]]
    for path in [] if check else changed:
        replace_text(path, formatted[path])
    return changed


def _together(own: Mapping[str, str], ours: Mapping[str, str]) -> dict[str, str]:
    """Join two prefix lists; the first wins a prefix, and a namespace, that both have."""
    taken = set(own.values())
    rest = {p: n for p, n in ours.items() if p not in own and n not in taken}
    return {**rest, **own}


def _without_idle_prefixes(text: str) -> str:
    """Drop declarations of prefixes that only abbreviated numbers and booleans would use."""
    head = re.match(r"(?:@prefix .*\n)*", text)
    lines, body = (head[0].splitlines(keepends=True), text[head.end() :]) if head else ([], text)
    return "".join(line for line in lines if line.split()[1] in body) + body


def _refuse_comments(text: str, name: str) -> None:
    for found in _TOKENS.finditer(text):
        if found["comment"]:
            line = text.count("\n", 0, found.start()) + 1
            raise DataError(
                f"{name}, line {line}: comments are not kept; make the note a triple,"
                " for example with skos:note."
            )
