"""What a validation found: results in the terms of SHACL, as a table and as JSON.

A result is one row of a SHACL validation report (SHACL 3.6): the node at fault, the
property, the value, the sentence for the curator, and the shape or constraint behind it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby

from rich.markup import escape
from rich.table import Table

#: Local name of the only severity that makes a graph fail; the others are shown.
VIOLATION = "Violation"
#: Findings of one shape in a table: beyond them a reader learns nothing new.
_SHOWN = 10
#: An IRI in a sentence, without the stop or bracket that may follow it.
_IRI = re.compile(r"\w+://[^\s<>\"]*[^\s<>\".,;:)]")


@dataclass(frozen=True, order=True)
class Result:
    """One finding; `focus`, `path` and `shape` are IRIs, `value` is a term as text.

    `path` and `value` are empty where a constraint speaks of the node as a whole.
    """

    shape: str
    focus: str
    path: str = ""
    value: str = ""
    message: str = ""
    severity: str = VIOLATION


@dataclass(frozen=True)
class Report:
    """The findings of one validation, sorted, each once."""

    results: tuple[Result, ...]

    @classmethod
    def of(cls, results: Iterable[Result]) -> "Report":
        """Return the report on these findings in any order, with repetitions."""
        return cls(tuple(sorted(set(results))))

    @property
    def conforms(self) -> bool:
        """Tell whether nothing is a violation; warnings and infos do not count."""
        return all(each.severity != VIOLATION for each in self.results)

    def json(self) -> str:
        """Return the report as a JSON document with `conforms` and `results`."""
        rows = [asdict(each) for each in self.results]
        return json.dumps({"conforms": self.conforms, "results": rows}, indent=2)

    def table(self, shorten: Callable[[str], str]) -> Table:
        """Return the findings as a table for people, the first few of each shape.

        `shorten` abbreviates an IRI.
        """
        violations = sum(each.severity == VIOLATION for each in self.results)
        title = "conforms" if self.conforms else f"{violations} violations"
        table = Table("what", "where", "shape", title=title, show_lines=True)
        for shape, results in groupby(self.results, key=lambda each: each.shape):
            alike = list(results)
            for each in alike[:_SHOWN]:
                table.add_row(*map(escape, _row(each, shorten)))
            if more := len(alike[_SHOWN:]):
                said = f"… and {more:,} more of this kind; `kg validate --json` has them all."
                table.add_row(said, "", escape(shorten(shape)))
        return table


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into `{?name}` and `{$name}` of a message (SHACL 5.3.2, sh:message).

    >>> fill("{$this} overlaps with {?value}.", {"this": "p:001", "value": "p:002"})
    'p:001 overlaps with p:002.'
    """
    for name, text in values.items():
        template = template.replace(f"{{?{name}}}", text).replace(f"{{${name}}}", text)
    return template


def _row(result: Result, shorten: Callable[[str], str]) -> tuple[str, str, str]:
    parts = (result.focus, result.path, result.value)
    where = [_shortened(each, shorten) for each in parts if each]
    message = _shortened(result.message, shorten)
    severity = "" if result.severity == VIOLATION else f"{result.severity}: "
    return severity + message, "\n".join(where), _shortened(result.shape, shorten)


def _shortened(text: str, shorten: Callable[[str], str]) -> str:
    return _IRI.sub(lambda iri: shorten(iri[0]), text)
