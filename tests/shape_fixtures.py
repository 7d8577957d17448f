"""The fixtures of the shapes: small graphs, each put on top of one valid base and the ontology.

`tests/shapes/<shapes file>/valid-*.ttl` must bring no result. `invalid-*.ttl` is named after
its fault and says by `test:violates` which node violates which shape or constraint; a
blank node is written as `test:blank` there.
"""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pyoxigraph as ox

from kg.assets import Assets
from kg.rdf import BASE, Prefixes, canonical_nquads, read_turtle
from kg.report import Result
from kg.store import EngineStore
from kg.validate import (
    TARGETS_QUERY,
    core_results,
    read_constraints,
    run_constraint,
    targets_by_class,
)

ROOT = Path(__file__).parent.parent
ASSETS = Assets(ROOT)
FIXTURES = ROOT / "tests" / "shapes"
TEST = BASE + "test/"
SHAPE = BASE + "shape/"

Findings = set[tuple[str, str]]


@dataclass(frozen=True)
class Fixture:
    """A fixture's file, its statements, and the pairs of focus node and shape that it expects."""

    path: Path
    quads: tuple[ox.Quad, ...]
    expected: frozenset[tuple[str, str]]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def shapes(self) -> Path:
        return ASSETS.shapes / f"{self.path.parent.name}.ttl"


def read_fixture(path: Path) -> Fixture:
    quads = read_turtle(path).quads
    violations = [q for q in quads if q.predicate.value == TEST + "violates"]
    return Fixture(
        path,
        tuple(q for q in quads if not q.subject.value.startswith(TEST) and q not in violations),
        frozenset((q.subject.value, q.object.value) for q in violations),
    )


def fixtures(kind: str) -> list[Fixture]:
    return [read_fixture(path) for path in sorted(FIXTURES.glob(f"*/{kind}-*.ttl"))]


def ontology() -> list[ox.Quad]:
    files = [ASSETS.ontology / "contested.ttl"]
    files += sorted((ASSETS.ontology / "vocabularies").glob("*.ttl"))
    return [quad for path in files for quad in read_turtle(path).quads]


def base() -> list[ox.Quad]:
    return read_turtle(FIXTURES / "base.ttl").quads


def write_graph(path: Path, quads: Iterable[ox.Quad]) -> Path:
    path.write_bytes(canonical_nquads(quads))
    return path


def sparql_results(file: Path, shapes: Iterable[Path]) -> list[Result]:
    store = EngineStore()
    store.load(file)
    prefixes = Prefixes.read(ASSETS.prefixes)
    targets = targets_by_class(store, ASSETS.shapes / TARGETS_QUERY)
    return [
        result
        for path in shapes
        for constraint in read_constraints(path)
        for result in run_constraint(store, constraint, prefixes, targets)
    ]


def pairs(results: Iterable[Result]) -> Findings:
    return {
        (each.focus if each.focus.startswith("http") else TEST + "blank", each.shape)
        for each in results
    }


def pool() -> ProcessPoolExecutor:
    """Return processes for pySHACL, which changes the settings of the process that it runs in."""
    return ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn"))


def all_results(file: Path, shapes: list[Path]) -> Findings:
    """Run both kinds of shapes; in a process of the pool."""
    return pairs([*core_results(file, shapes), *sparql_results(file, shapes)])
