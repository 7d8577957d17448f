"""The named questions: `kg/queries/<question>.rq`, read, filled in and asked.

Each file is complete SPARQL 1.1 that runs as it is over the union of all graphs. It begins
with comment lines of one form, from which the command line and the pages make their help:

    # title: Who held a post on a day
    # description: One or more sentences.
    # param on: ?on date required — the day, such as 1994-05-19

A parameter restricts its variable by the line `VALUES ?on { … }`, of which there is one in
every group that needs it. Values are put between those braces and nowhere else; where none
is given the file's own stay: `UNDEF`, which restricts nothing, or an example.

Kinds of parameter: entity, document, term and thing (an entity or a term) are named in any way
that `kg/entities.py` knows; claim is a claim's identifier; side is an entity or its number; date
is a day; start and end are a day, month or year and stand for its first or last day; text is a
plain literal. After the kind of a name may stand the classes to one of which the thing must
belong (`entity:Event|Place`), and after text the only values (`text:certain|possible`). A
parameter may have several values, and any of them then fits; but one day, start or end, for an
answer does not tell of which it speaks.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kg.assets import QUERIES
from kg.dates import Kind, bounds
from kg.entities import DOCUMENT, ENTITY, TERM, THING, Names, Spelling
from kg.errors import DataError, InputError, NotFoundError
from kg.facts import typed
from kg.media import Format, named
from kg.names import suggest
from kg.protocol import IRI, operation
from kg.rdf import CLAIMS
from kg.rows import read_rows
from kg.store import Store

_KINDS = ("entity", "document", "term", "thing", "claim", "side", "date", "start", "end", "text")
_HEADER = re.compile(r"# (title|description): (.+)")
_PARAMETER = re.compile(r"# param (\S+): \?(\w+) (\w+)(?::([\w |]+))? (required|optional) — (.+)")
_REALMS = {"entity": ENTITY, "side": ENTITY, "document": DOCUMENT, "term": TERM, "thing": THING}
_CLAIM = re.compile(r"[a-z0-9-]+/\d{3}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, the variable that it restricts, and what it may be.

    `among` are classes for a kind of name, and the only values for text; none for no such limit.
    """

    name: str
    variable: str
    kind: str
    among: tuple[str, ...]
    required: bool
    help: str


@dataclass(frozen=True)
class Question:
    """One named question with its complete SPARQL text."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    text: str

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`; raises `InputError` that lists those it has."""
        for each in self.parameters:
            if each.name == name:
                return each
        known = ", ".join(f"--{each.name}" for each in self.parameters) or "none"
        near = suggest(name, (each.name for each in self.parameters))
        raise InputError(f"{self.name} has no parameter --{name}; it takes: {known}.{near}")


def questions() -> list[Question]:
    """Return every named question, in order of its name."""
    return [_read(path) for path in sorted(QUERIES.glob("*.rq"))]


def find_question(name: str) -> Question:
    """Return the question called `name`; raises `NotFoundError` that offers near names."""
    names = [path.stem for path in QUERIES.glob("*.rq")]
    if name in names:
        return _read(QUERIES / f"{name}.rq")
    near = suggest(name, names) or " `kg query` lists them all."
    raise NotFoundError(f"There is no question called {name!r}.{near}")


def parse_question(name: str, text: str) -> Question:
    """Read a question from its text; raises `DataError` for a header out of form."""
    said: dict[str, str] = {}
    parameters = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if match := _HEADER.fullmatch(line):
            said[match[1]] = match[2]
        elif match := _PARAMETER.fullmatch(line):
            among = tuple(match[4].split("|")) if match[4] else ()
            required = match[5] == "required"
            parameters.append(Parameter(match[1], match[2], match[3], among, required, match[6]))
        else:
            raise DataError(f"{name}.rq: the header line {line!r} is not of a known form.")
    if len(said) != 2:
        raise DataError(f"{name}.rq: the header needs a title and a description.")
    for each in parameters:
        _check(name, each, text)
    return Question(name, said["title"], said["description"], tuple(parameters), text)


def bind(question: Question, values: Mapping[str, Sequence[str]], names: Names) -> str:
    """Return the SPARQL text of a question with these values for its parameters.

    Raises `InputError` for an unknown or missing parameter, a value that is not of its kind,
    several days or a period without any, `NotFoundError` for an unknown entity.
    """
    text = question.text
    for name, given in values.items():
        parameter = question.parameter(name)
        if parameter.kind in _TO_DAY and len(given) > 1:
            raise InputError(
                f"--{name} has {len(given)} values; give one, and ask again for others."
            )
        terms = " ".join(_term(parameter, each, names) for each in given)
        text = _put(text, parameter.variable, terms)
    for each in question.parameters:
        if each.required and not values.get(each.name):
            raise InputError(f"{question.name} needs --{each.name}: {each.help}.")
    _refuse_backwards(question, values)
    return text


def _refuse_backwards(question: Question, values: Mapping[str, Sequence[str]]) -> None:
    """Raise InputError for a period that ends before it starts: "certain" would mean nothing."""
    said = {each.kind: (each.name, value) for each in question.parameters
            if each.kind in ("start", "end") for value in values.get(each.name, ())}  # fmt: skip
    if len(said) < 2:
        return
    (first, start), (last, end) = said["start"], said["end"]
    if _first(first, start.strip()) > _last(last, end.strip()):
        raise InputError(f"--{first} {start} is after --{last} {end}; write the earlier one first.")


def restrict(text: str, variable: str, iris: Iterable[str]) -> str:
    r"""Return the text with a variable restricted to these IRIs; to nothing where there are none.

    Raises `InputError` for what is no absolute IRI, so that nothing else gets into a query, and
    KeyError for a text without a line for the variable.

    >>> restrict("ASK {\n  VALUES ?x { UNDEF }\n}", "x", ["http://e/1"])
    'ASK {\n  VALUES ?x { <http://e/1> }\n}'
    """
    listed = list(iris)
    for each in listed:
        if not IRI.match(each):
            raise InputError(f"{each[:80]!r} is no absolute IRI.")
    return _put(text, variable, " ".join(f"<{each}>" for each in listed))


def ask(store: Store, text: str, form: Format) -> bytes:
    """Return the answer to a SPARQL text, serialised.

    Raises `QueryError` for bad SPARQL, `ForbiddenError` for an update or a call of another
    server.
    """
    return store.evaluate(operation([("query", text)]), form).body


def ask_rows(store: Store, text: str) -> list[dict[str, str]]:
    """Return the rows of the answer to a SELECT; raises as `ask`."""
    return read_rows(ask(store, text, named("json")))


def read_names(store: Store) -> Names:
    """Return all spellings of the graph in a store."""
    return parse_names(ask(store, find_question("spellings").text, named("csv")))


def parse_names(body: bytes) -> Names:
    """Return all spellings in an answer of the question `spellings`, in CSV."""
    return names_in(csv.DictReader(io.StringIO(body.decode(), newline="")))


def names_in(rows: Iterable[Mapping[str, str]]) -> Names:
    """Return the spellings that the rows of the question `spellings` tell."""
    return Names(Spelling(*(row[name] for name in Spelling._fields)) for row in rows)


@lru_cache(maxsize=128)
def _read(path: Path) -> Question:
    return parse_question(path.stem, path.read_text(encoding="utf-8"))


def _check(name: str, parameter: Parameter, text: str) -> None:
    if parameter.kind not in _KINDS:
        raise DataError(
            f"{name}.rq: --{parameter.name} has kind {parameter.kind!r}; write one of"
            f" {', '.join(_KINDS)}."
        )
    if not _values_line(parameter.variable).search(text):
        raise DataError(
            f"{name}.rq: --{parameter.name} needs a line"
            f" `VALUES ?{parameter.variable} {{ UNDEF }}`."
        )


def _values_line(variable: str) -> re.Pattern[str]:
    return re.compile(rf"^(\s*VALUES \?{variable}) \{{[^}}\n]*\}}$", re.MULTILINE)


def _put(text: str, variable: str, terms: str) -> str:
    # A function, for the backslashes of an escaped literal are no references to groups.
    found, lines = _values_line(variable).subn(lambda line: f"{line[1]} {{ {terms} }}", text)
    if not lines:
        raise KeyError(f"there is no line for the values of ?{variable}")
    return found


def _term(parameter: Parameter, value: str, names: Names) -> str:
    """Return a value as a SPARQL term."""
    if parameter.kind == "side" and re.fullmatch(r"[0-9]{1,4}", value.strip()):
        return str(int(value))
    if realm := _REALMS.get(parameter.kind):
        return f"<{names.find(value, realm.narrowed(parameter.among))}>"
    if parameter.kind == "claim":
        return f"<{_claim(value.strip())}>"
    if parameter.kind == "text":
        if parameter.among and value not in parameter.among:
            listed = " or ".join(", ".join(parameter.among).rsplit(", ", 1))
            raise InputError(f"--{parameter.name} is {listed}, not {value!r}.")
        return _quoted(value)
    return str(typed(_TO_DAY[parameter.kind](parameter.name, value.strip()), "date"))


def _claim(value: str) -> str:
    local = value.removeprefix(CLAIMS)
    if not _CLAIM.fullmatch(local):
        raise InputError(f"{value!r} is no claim; write one such as operation-clean-up-2/053-01.")
    return CLAIMS + local


def _quoted(value: str) -> str:
    r"""Return a SPARQL string literal (SPARQL 1.1 grammar, rule 160: ECHAR).

    >>> print(_quoted('a "b" \\ c'))
    "a \"b\" \\ c"
    """
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(char, char) for char in value) + '"'


def _day(name: str, value: str) -> str:
    if not _DAY.fullmatch(value):
        raise InputError(f"--{name} is a day, such as 1994-05-19, not {value!r}.")
    return _first(name, value)


def _first(name: str, value: str) -> str:
    return str(_span(name, value)[0])


def _last(name: str, value: str) -> str:
    return str(_span(name, value)[1])


def _span(name: str, value: str) -> tuple[object, object]:
    """Return the first and last day of a day, month or year."""
    if re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value):
        try:
            known = bounds(value, Kind.POINT)
        except DataError:
            raise InputError(f"--{name}: the calendar has no {value}.") from None
        return known.earliest_start, known.latest_end
    raise InputError(
        f"--{name} is a day, month or year (1994-05-19, 1994-05, 1994), not {value!r}."
    )


_TO_DAY: dict[str, Callable[[str, str], str]] = {"date": _day, "start": _first, "end": _last}
