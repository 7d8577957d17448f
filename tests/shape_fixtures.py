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
        """Class and fault, such as `claim/invalid-about-itself`."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def shapes(self) -> Path:
        """The file of shapes that the fixture is for."""
        return ASSETS.shapes / f"{self.path.parent.name}.ttl"


def read_fixture(path: Path) -> Fixture:
    """Read a fixture; what it expects stands in it, as statements of `test:violates`."""
    quads = read_turtle(path).quads
    violations = [q for q in quads if q.predicate.value == TEST + "violates"]
    return Fixture(
        path,
        tuple(q for q in quads if not q.subject.value.startswith(TEST) and q not in violations),
        frozenset((q.subject.value, q.object.value) for q in violations),
    )


def fixtures(kind: str) -> list[Fixture]:
    """Return all fixtures of a kind: valid or invalid."""
    return [read_fixture(path) for path in sorted(FIXTURES.glob(f"*/{kind}-*.ttl"))]


def ontology() -> list[ox.Quad]:
    """Return the statements of the real ontology."""
    files = [ASSETS.ontology / "contested.ttl"]
    files += sorted((ASSETS.ontology / "vocabularies").glob("*.ttl"))
    return [quad for path in files for quad in read_turtle(path).quads]


def base() -> list[ox.Quad]:
    """Return the valid graph that each fixture is put on top of."""
    return read_turtle(FIXTURES / "base.ttl").quads


def write_graph(path: Path, quads: Iterable[ox.Quad]) -> Path:
    """Write quads as a snapshot has them; return the file."""
    path.write_bytes(canonical_nquads(quads))
    return path


def sparql_results(file: Path, shapes: Iterable[Path]) -> list[Result]:
    """Run the `sh:sparql` constraints of some shapes, each once over the whole graph."""
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
    """Return focus node and shape of each result; blank nodes are all one."""
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
