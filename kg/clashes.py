"""Pairs of claims that clash: what the rules find, less what never counts against each other.

Each file of `ontology/rules/disputes/` is a complete SPARQL 1.1 SELECT over the union graph
(a SELECT, not a CONSTRUCT: a clash is a pair, and pairs are grouped before they become
statements). Its rows bind `?left` and `?right` (claims), `?about` (an entity), `?kind` (a
`:DisputeKind`) and `?strength` (`:exclusion` or `:tension`); `?basis` and `?reason` where the
pair is not merely computed. It runs once claims have their bounds and propositions.

What holds for every rule is done here, so that no rule can forget it. Two claims never clash if

* one is withdrawn;
* their modalities differ, for a plan and its outcome are no dispute, unless curators say so;
* one takes the place of the other (`:supersedes`), a change of position;
* they are one claim and its copy, or read the same words in two ways, be it in a copy;

and a claim with an alternative reading excludes nothing: it only makes a tension.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import DataError
from kg.facts import Facts, expand
from kg.origins import same_words
from kg.rdf import Literal, NamedNode, QuadStore, QuerySolution, QuerySolutions
from kg.rules import evaluate_rule

COMPUTED, CURATED = expand("computed"), expand("curated")
_COLUMNS = ("left", "right", "about", "kind", "strength")


@dataclass(frozen=True, order=True)
class Clash:
    """Two claims that clash, in the order of their IRIs; all strings but `rule` are IRIs."""

    about: str
    kind: str
    left: str
    right: str
    rule: str
    strength: str
    basis: str = COMPUTED
    reason: str = ""


def find_clashes(store: QuadStore, facts: Facts, folder: Path) -> list[Clash]:
    """Return what the rules of a folder find in the union graph of `store`, sorted.

    `facts` are those of the store. Raises `DataError` if a rule is missing, is no SELECT
    or does not bind the five variables.
    """
    rules = sorted(folder.glob("*.rq"))
    if not rules:
        raise DataError(f"{folder} holds no rule for disputes (*.rq).")
    judge = Judge(facts)
    return sorted({each for rule in rules for each in clashes_of(store, rule, judge)})


def clashes_of(store: QuadStore, rule: Path, judge: "Judge") -> Iterator[Clash]:
    """Yield the clashes that one rule finds; raises `DataError` as `find_clashes`."""
    for row in _rows(store, rule):
        try:
            left, right, about, kind, strength = (row[each].value for each in _COLUMNS)
        except (AttributeError, KeyError):
            columns = ", ".join(f"?{each}" for each in _COLUMNS)
            raise DataError(f"{rule} must bind {columns} in every row.") from None
        basis, reason = _optional(row, "basis") or COMPUTED, _optional(row, "reason")
        if not judge.comparable(left, right):
            continue
        if basis != CURATED and not judge.in_one_mode(left, right):
            continue
        if judge.ambiguous(left) or judge.ambiguous(right):
            strength = expand("tension")
        left, right = sorted((left, right))
        yield Clash(about, kind, left, right, rule.stem, strength, basis, reason)


class Judge:
    """Tells which two claims may be held against each other."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._passages = same_words(facts)
        self._readings: dict[str, set[str]] = {}
        for claim in facts.instances("Claim"):
            for other in facts.texts(claim, "alternativeReadingOf"):
                self._readings.setdefault(claim, set()).add(other)
                self._readings.setdefault(other, set()).add(claim)

    def comparable(self, left: str, right: str) -> bool:
        """Tell whether two claims stand, and are not of one mind or one wording."""
        return (
            self._standing(left)
            and self._standing(right)
            and self._original(left) != self._original(right)
            and not self._supersedes(left, right)
            and not self._supersedes(right, left)
            and not self._reads_otherwise(left, right)
            and not self._reads_otherwise(right, left)
        )

    def in_one_mode(self, left: str, right: str) -> bool:
        """Tell whether both claims are of what was, or both of what was planned, and so on."""
        return self._facts.text(left, "modality") == self._facts.text(right, "modality")

    def ambiguous(self, claim: str) -> bool:
        """Tell whether the words of a claim can be read otherwise."""
        return claim in self._readings

    def _standing(self, claim: str) -> bool:
        return bool(self._facts.all(claim, "states"))  # a withdrawn one states nothing

    def _original(self, claim: str) -> str:
        return self._facts.text(claim, "copyOf") or claim

    def _supersedes(self, later: str, earlier: str) -> bool:
        replaced = {self._original(each) for each in self._facts.texts(later, "supersedes")}
        return self._original(earlier) in replaced

    def _reads_otherwise(self, claim: str, other: str) -> bool:
        """Tell whether `other` says what another reading of the words of `claim` says."""
        says = self._facts.text(other, "states")
        readings = self._readings.get(claim, set())
        return any(self._facts.text(each, "states") == says for each in readings) and bool(
            self._words(claim) & self._words(other)
        )

    def _words(self, claim: str) -> set[str]:
        return {self._passages.find(each) for each in self._facts.texts(claim, "evidence")}


def _rows(store: QuadStore, rule: Path) -> Iterator[QuerySolution]:
    rows = evaluate_rule(store, rule)
    if not isinstance(rows, QuerySolutions):
        raise DataError(f"{rule} must be a SELECT query.")
    yield from rows


def _optional(row: QuerySolution, name: str) -> str:
    try:
        value = row[name]
    except KeyError:
        return ""
    return value.value if isinstance(value, NamedNode | Literal) else ""
