"""One question from the command line: which it is, what it is asked with, how it is answered.

A question is the name of a file in `kg/queries/`, a file of SPARQL, or `-` for standard
input. Its parameters are options of its own (`--post X` or `--post=X`, several times for
several values); words without an option fill its parameters in their order.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kg.entities import Names
from kg.errors import InputError, NotFoundError
from kg.loader import load
from kg.media import FORMATS, Format, named
from kg.names import suggest
from kg.queries import Question, ask, ask_rows, bind, find_question, parse_question, read_names
from kg.scan import scan
from kg.served import loader_config
from kg.settings import Settings
from kg.store import Store
from kg.tables import answer_table, coverage_line, question_help

if TYPE_CHECKING:
    from rich.table import Table

_STDIN = "-"
_TABLE = "table"
_FORMS = [_TABLE, *(row.name for row in FORMATS)]


@dataclass(frozen=True)
class Request:
    """What was typed after `kg query`: the question, the rest, and the format if any."""

    question: str
    arguments: Sequence[str] = field(default=())
    form: str = ""


def answer(settings: Settings, request: Request) -> "bytes | Table | str":
    """Return the answer in the format asked for, or as a table to print.

    A graph is asked of a question that makes a table: then the claims in that table are the
    answer. Raises `KgError` for whatever is wrong with the request.
    """
    form = _form(request.form)
    store, text, names = _asked(settings, request)
    makes_graph = scan(text).form in ("CONSTRUCT", "DESCRIBE")
    if form is None and makes_graph:
        return ask(store, text, named("turtle"))
    if form is None:
        return answer_table(ask(store, text, named("json")), names)
    if form.kind == "graph" and not makes_graph:
        return _claims(store, text, form, names)
    return ask(store, text, form)


def coverage(settings: Settings, request: Request) -> "bytes | tuple[Table | str, str]":
    """Return the answer to the question of coverage; a table to print has its sum in words."""
    form = _form(request.form)
    store, text, names = _asked(settings, request)
    body = ask(store, text, form or named("json"))
    return body if form else (answer_table(body, names), coverage_line(body))


def help_text(question: str | None) -> str:
    """Return the help of one question, or of `kg query` itself."""
    if question and not question.startswith("-"):
        return question_help(find_question(question))
    return (
        "kg query                       list the named questions\n"
        "kg query NAME --help           what a question answers and takes\n"
        "kg query NAME --post X …       ask it; several values: repeat the option\n"
        "kg query FILE.rq, kg query -   run a file of SPARQL 1.1, or standard input\n"
        f"  --format {'|'.join(_FORMS)}\n"
        "  --output FILE"
    )


def open_store(settings: Settings) -> Store:
    """Return the current snapshot, in memory or on disk, or the server that the settings name."""
    return load(loader_config(settings, None, compact=False)).open()


def _asked(settings: Settings, request: Request) -> tuple[Store, str, Names]:
    """Return the store to ask, the question with its values filled in, and all names."""
    question = _question(request)
    values = _values(question, request.arguments)
    store = open_store(settings)
    names = read_names(store)
    return store, bind(question, values, names) if question.parameters else question.text, names


def _form(name: str) -> Format | None:
    """Return the format called `name`, None for a table."""
    if name in ("", _TABLE):
        return None
    if name not in _FORMS:
        raise InputError(
            f"There is no format {name!r}; write one of {', '.join(_FORMS)}.{suggest(name, _FORMS)}"
        )
    return named(name)


def _question(request: Request) -> Question:
    """Return the question; a file's header counts only where parameters are given."""
    name = request.question
    if name != _STDIN and not name.endswith(".rq") and not Path(name).is_file():
        return find_question(name)
    text = _read(name)
    if request.arguments:
        return parse_question(Path(name).stem, text)
    return Question(name, "", "", (), text)


def _read(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
        return raw.decode()
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {name}.") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text: the byte at {error.start} is wrong.") from None


def _values(question: Question, arguments: Sequence[str]) -> dict[str, list[str]]:
    """Sort options and bare words to the question's parameters."""
    values: dict[str, list[str]] = {}
    bare: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("--"):
            bare.append(word)
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        parameter = question.parameter(name)
        given = value if equals else next(rest, None)
        if given is None:
            raise InputError(f"--{name} needs a value: {parameter.help}.")
        values.setdefault(parameter.name, []).append(given)
    return _with_bare(question, values, bare)


def _with_bare(
    question: Question, values: Mapping[str, list[str]], bare: Sequence[str]
) -> dict[str, list[str]]:
    free = [each.name for each in question.parameters if each.name not in values]
    if len(bare) > len(free):
        takes = ", ".join(f"--{each.name}" for each in question.parameters) or "none"
        raise InputError(
            f"{question.name} has no use for {bare[len(free)]!r}; its parameters: {takes}."
        )
    return {**values, **{name: [word] for name, word in zip(free, bare, strict=False)}}


def _claims(store: Store, text: str, form: Format, names: Names) -> bytes:
    """Return the claims in the answer's column `claim` as a graph."""
    rows = ask_rows(store, text)
    found = list(dict.fromkeys(row["claim"] for row in rows if "claim" in row))
    if not found:
        raise InputError(f"This answer has no claims to write as {form.name}; ask for csv or json.")
    return ask(store, bind(find_question("account"), {"claim": found}, names), form)
