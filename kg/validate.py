"""Validation of a snapshot against `shapes/`: SHACL, in two runs of one set of files.

Core shapes are run by pySHACL, in a process of its own: pySHACL changes settings of
rdflib for the whole process that it runs in. Constraints that Core cannot say are
`sh:sparql` constraints (SHACL 5) in the same files. A SHACL processor evaluates their
`sh:select` once for each target node with `$this` bound, which takes minutes here. We
evaluate each once over the whole graph, with `$this` free, and keep the rows whose
`$this` is a target. That gives the same rows because each select binds `$this` by a
pattern of its own outermost group; a test compares the two ways.

Both runs see the union of all graphs, without inference: the build writes superclass
types. `python -m kg.validate DATA SHAPES…` is the process for Core; it prints JSON.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rdflib

from kg.assets import Assets, environment
from kg.bridge import to_rdflib_graph
from kg.errors import DataError, InternalError, KgError, NotFoundError
from kg.files import read_text
from kg.media import named
from kg.protocol import Operation
from kg.rdf import (
    SHACL,
    NamedNode,
    Prefixes,
    Quad,
    RdfFormat,
    Triple,
    parse_rdf,
    read_turtle,
    write_nquads,
)
from kg.report import VIOLATION, Report, Result, fill
from kg.snapshots import DATA
from kg.store import EngineStore

SH = rdflib.Namespace(SHACL)
TARGETS_QUERY = "targets.rq"
BLANK = "_:"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Constraint:
    """One `sh:sparql` constraint: its IRI, query and message, and the classes it targets."""

    iri: str
    targets: frozenset[str]
    select: str
    message: str
    severity: str = VIOLATION


def validate_snapshot(data: Path | Iterable[Quad], assets: Assets) -> Report:
    """Validate a snapshot against the shapes and the prefix list of `assets`.

    `data` is the folder of a snapshot, a file of RDF, or quads. Raises `NotFoundError`
    if there is no such snapshot, `DataError` if the data or a shapes file is broken.
    """
    if not isinstance(data, Path):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / DATA
            write_nquads(data, file)
            return validate_snapshot(file, assets)
    file = data / DATA if data.is_dir() else data
    if not file.is_file():
        raise NotFoundError(f"There is no snapshot at {data}; run kg build first.")
    shapes = sorted(assets.shapes.glob("*.ttl"))
    if not shapes:
        raise NotFoundError(f"There are no shapes in {assets.shapes}.")
    return _validate(file, shapes, assets)


def _validate(file: Path, shapes: list[Path], assets: Assets) -> Report:
    constraints = [each for path in shapes for each in read_constraints(path)]
    store = EngineStore()
    store.load(file)
    prefixes = Prefixes.read(assets.prefixes)
    targets = targets_by_class(store, assets.shapes / TARGETS_QUERY)
    if constraints and not any(targets.get(name) for each in constraints for name in each.targets):
        raise DataError(f"{file} holds nothing that a shape looks at; is it a snapshot?")
    # The process for Core works while the queries run here.
    with _start_core(file, shapes) as core:
        found = [
            result
            for constraint in constraints
            for result in run_constraint(store, constraint, prefixes, targets)
        ]
        return Report.of(found + _finish_core(core))


def read_constraints(path: Path) -> list[Constraint]:
    """Return the `sh:sparql` constraints of one shapes file, with the targets of their shapes.

    Raises `DataError` for broken Turtle, a constraint without select or message, and a
    shape with constraints whose targets are not given by class.
    """
    properties: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in read_turtle(path).quads:
        if isinstance(quad.subject, NamedNode) and not isinstance(quad.object, Triple):
            local = quad.predicate.value.removeprefix(SHACL)
            properties[quad.subject.value][local].append(quad.object.value)
    targets: dict[str, set[str]] = defaultdict(set)
    for shape, values in properties.items():
        for iri in values.get("sparql", []):
            if not values.get("targetClass"):
                raise DataError(f"{path}: {shape} has sh:sparql but no sh:targetClass.")
            targets[iri].update(values["targetClass"])
    return [_constraint(path, iri, targets[iri], properties[iri]) for iri in sorted(targets)]


def _constraint(
    path: Path, iri: str, targets: Iterable[str], values: Mapping[str, list[str]]
) -> Constraint:
    if len(values.get("select", [])) != 1 or not values.get("message"):
        raise DataError(f"{path}: the constraint {iri} needs one sh:select and a sh:message.")
    severity = values.get("severity", [SHACL + VIOLATION])[0].removeprefix(SHACL)
    return Constraint(iri, frozenset(targets), values["select"][0], values["message"][0], severity)


def targets_by_class(store: EngineStore, query: Path) -> dict[str, set[str]]:
    """Return the nodes of each class, those of its subclasses included (SHACL 2.1.3.2)."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _rows(store, read_text(query)):
        found[row["class"]].add(row["node"])
    return found


def run_constraint(
    store: EngineStore,
    constraint: Constraint,
    prefixes: Mapping[str, str],
    targets: Mapping[str, set[str]],
) -> list[Result]:
    """Evaluate one constraint over the whole graph; one result for each row on a target."""
    header = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes.items())
    nodes = set().union(*(targets.get(each, set()) for each in constraint.targets))
    try:
        rows = _rows(store, header + constraint.select)
    except KgError as error:
        raise DataError(f"The constraint {constraint.iri} cannot be evaluated: {error}") from None
    return [
        Result(
            shape=constraint.iri,
            focus=row["this"],
            path=row.get("path", ""),
            value=row.get("value", ""),
            message=fill(constraint.message, row),
            severity=constraint.severity,
        )
        for row in rows
        if row["this"] in nodes
    ]


def _rows(store: EngineStore, query: str) -> list[Row]:
    answer = store.evaluate(Operation(query), named("json"))
    bindings = json.loads(answer.body)["results"]["bindings"]
    return [{name: _text(term) for name, term in row.items()} for row in bindings]


def _text(term: Mapping[str, str]) -> str:
    return (BLANK if term["type"] == "bnode" else "") + term["value"]


def _start_core(file: Path, shapes: list[Path]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kg.validate", str(file), *map(str, shapes)]
    return subprocess.Popen(  # noqa: S603 - our own module on our own files
        command,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _finish_core(process: subprocess.Popen[str]) -> list[Result]:
    output, complaint = process.communicate()
    if process.returncode != 0:
        last = (complaint.strip().splitlines() or ["no reason given"])[-1]
        raise InternalError(f"The SHACL processor failed: {last}.")
    return [Result(**row) for row in json.loads(output)]


def core_results(file: Path, shapes: Iterable[Path]) -> list[Result]:
    """Run the Core shapes of the Turtle files over the union of the graphs in `file`.

    Runs in this process and changes rdflib's settings: for a process of its own.
    """
    rules = rdflib.Graph()
    for path in shapes:
        rules.parse(path)
    rules.remove((None, SH.sparql, None))
    return shacl_results(file, rules)


def shacl_results(file: Path, rules: rdflib.Graph) -> list[Result]:
    """Run pySHACL with all that `rules` say, `sh:sparql` constraints too. As `core_results`."""
    import pyshacl  # noqa: PLC0415 - only here and only in the process for it

    rdf_format = RdfFormat.from_extension(file.suffix.removeprefix("."))
    data = to_rdflib_graph(parse_rdf(path=file, format=rdf_format), {})
    _, report, _ = pyshacl.validate(data, shacl_graph=rules, inference="none", inplace=True)
    if not isinstance(report, rdflib.Graph):
        raise DataError(f"The shapes cannot be used: {report}")
    return [_result(report, node) for node in report.objects(None, SH.result)]


def _result(report: rdflib.Graph, node: rdflib.term.Node) -> Result:
    def text(name: str) -> str:
        found: Any = report.value(node, SH[name], any=True)
        if isinstance(found, rdflib.BNode):
            return BLANK + str(found)
        return "" if found is None else str(found)

    return Result(
        shape=text("sourceConstraint") or text("sourceShape"),
        focus=text("focusNode"),
        path=text("resultPath"),
        value=text("value"),
        message=text("resultMessage"),
        severity=text("resultSeverity").removeprefix(SHACL),
    )


if __name__ == "__main__":
    found = core_results(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
    sys.stdout.write(json.dumps([vars(each) for each in found]))
