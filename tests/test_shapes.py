"""Each shape and each constraint has a fault that makes it fire, at the node where it lies."""

import re
from pathlib import Path

import pytest
import rdflib
from shape_fixtures import (
    ASSETS,
    FIXTURES,
    SHAPE,
    Findings,
    Fixture,
    all_results,
    base,
    fixtures,
    ontology,
    pool,
    sparql_results,
    write_graph,
)

from kg.rdf import TERMS
from kg.validate import SH, read_constraints, shacl_results

VALID, INVALID = fixtures("valid"), fixtures("invalid")
SHAPE_FILES = sorted(ASSETS.shapes.glob("*.ttl"))
CLASSES = {
    "actor", "claim", "coverage", "dataset", "difference", "dispute", "document", "editorial-claim",
    "entity", "event", "graph", "link", "ontology", "passage", "place", "plain-triple", "post",
    "proposition", "side", "statement", "tally",
}  # fmt: skip


def _shape_graph(paths: list[Path]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in paths:
        graph.parse(path)
    return graph


def _named_parts(path: Path) -> set[str]:
    """Every shape and constraint of a file that can be the source of a result."""
    graph = _shape_graph([path])
    properties = set(graph.subjects(rdflib.RDF.type, SH.PropertyShape))
    constraints = set(graph.subjects(rdflib.RDF.type, SH.SPARQLConstraint))
    checks = (SH.closed, SH.nodeKind, SH.pattern, SH.xone)
    nodes = {
        shape
        for shape in graph.subjects(rdflib.RDF.type, SH.NodeShape)
        if any((shape, check, None) in graph for check in checks)
    }
    return {str(each) for each in properties | constraints | nodes}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Findings]:
    """Return what each fixture brings: an invalid one from its own shapes, a valid one from all."""
    folder = tmp_path_factory.mktemp("fixtures")
    ground = [*ontology(), *base()]
    with pool() as processes:
        running = {
            each.name: processes.submit(
                all_results,
                write_graph(folder / f"{each.name.replace('/', '--')}.nq", [*ground, *each.quads]),
                SHAPE_FILES if each in VALID else [each.shapes],
            )
            for each in [*VALID, *INVALID]
        }
        return {name: future.result() for name, future in running.items()}


def test_number_of_fixtures() -> None:
    assert (len(VALID), len(INVALID)) == (37, 471)


def test_every_shapes_file_is_there_with_valid_and_invalid_fixtures() -> None:
    assert {path.stem for path in SHAPE_FILES} == CLASSES
    assert {each.path.parent.name for each in VALID} == CLASSES
    assert {each.path.parent.name for each in INVALID} == CLASSES


@pytest.mark.parametrize("fixture", VALID, ids=lambda each: each.name)
def test_valid_fixture_brings_nothing(fixture: Fixture, found: dict[str, Findings]) -> None:
    assert found[fixture.name] == set()


@pytest.mark.parametrize("fixture", INVALID, ids=lambda each: each.name)
def test_fault_is_found_where_it_lies(fixture: Fixture, found: dict[str, Findings]) -> None:
    assert fixture.expected
    assert found[fixture.name] == fixture.expected


@pytest.mark.parametrize("path", SHAPE_FILES, ids=lambda path: path.stem)
def test_every_shape_and_constraint_has_a_fault(path: Path) -> None:
    expected = {shape for each in INVALID if each.shapes == path for _, shape in each.expected}
    assert _named_parts(path) - expected == set()


@pytest.mark.parametrize("path", SHAPE_FILES, ids=lambda path: path.stem)
def test_every_part_is_in_use_and_speaks(path: Path) -> None:
    graph = _shape_graph([path])
    used = set(graph.objects(None, SH.property)) | set(graph.objects(None, SH.sparql))
    for part in graph.subjects(rdflib.RDF.type, SH.PropertyShape):
        assert part in used
        assert graph.value(part, SH.message), part
    for part in graph.subjects(rdflib.RDF.type, SH.SPARQLConstraint):
        assert part in used
        assert graph.value(part, SH.message), part
        assert list(graph.objects(part, SH.prefixes)) == [rdflib.URIRef(TERMS + "prefixes")]


@pytest.mark.parametrize("path", SHAPE_FILES, ids=lambda path: path.stem)
def test_selects_keep_to_what_prebinding_allows(path: Path) -> None:
    """SHACL 5.2.1: no MINUS, VALUES or SERVICE, and `$this` in every projection."""
    for constraint in read_constraints(path):
        projections = re.findall(r"SELECT (?:DISTINCT )?(\S+)", constraint.select)
        assert set(projections) == {"$this"}, constraint.iri
        assert not re.search(r"\b(MINUS|VALUES|SERVICE)\b", constraint.select), constraint.iri


def _by_pyshacl(file: Path, shapes: Path, constraint: str) -> Findings:
    """Evaluate one constraint as SHACL says: once for each target node, with `$this` bound."""
    graph = _shape_graph([shapes, ASSETS.prefixes])
    mine = rdflib.URIRef(constraint)
    owners = list(graph.subjects(SH.sparql, mine))
    checks = (SH.closed, SH.ignoredProperties, SH.nodeKind, SH.pattern, SH.xone)
    for predicate in (SH.sparql, SH.property, *checks):
        for subject in set(graph.subjects(predicate, None)):
            if subject in set(graph.subjects(SH.targetClass, None)) or predicate == SH.sparql:
                graph.remove((subject, predicate, None))
    for owner in owners:
        graph.add((owner, SH.sparql, mine))
    return {(each.focus, each.value) for each in shacl_results(file, graph)
            if each.shape == constraint}  # fmt: skip


def test_our_runner_agrees_with_pyshacl(tmp_path: Path) -> None:
    """Every constraint, on a graph that violates it, gives the same nodes both ways."""
    cases: list[tuple[str, Path, Path]] = []
    for path in SHAPE_FILES:
        terms = ontology()
        if path.stem == "ontology":  # once for each of all terms takes pySHACL too long
            terms = [quad for quad in terms if "/ontology/d" in quad.subject.value
                     or "/ontology/f" in quad.subject.value]  # fmt: skip
        ground = [*terms, *base()]
        for constraint in read_constraints(path):
            fixture = next(
                each
                for each in INVALID
                if each.shapes == path
                and constraint.iri in {s for _, s in each.expected}
                and not each.name.endswith("blank-node")
            )
            file = tmp_path / f"{len(cases)}.nq"
            write_graph(file, [*ground, *fixture.quads])
            cases.append((constraint.iri, file, path))
    with pool() as processes:
        theirs = [processes.submit(_by_pyshacl, file, path, iri) for iri, file, path in cases]
        for (iri, file, path), running in zip(cases, theirs, strict=True):
            ours = [each for each in sparql_results(file, [path]) if each.shape == iri]
            nodes = {focus for focus, _ in running.result()}
            assert nodes == {each.focus for each in ours}, iri
            # Without ?value SHACL reports the focus node as value.
            values = {(each.focus, each.value or each.focus) for each in ours}
            assert running.result() == values, iri
    assert len(cases) == 193


def test_base_is_named_in_no_fixture_folder() -> None:
    assert sorted(path.name for path in FIXTURES.glob("*.ttl")) == ["base.ttl"]


def test_rules_that_a_dispute_may_name_are_those_there_are() -> None:
    graph = _shape_graph([ASSETS.shapes / "dispute.ttl"])
    names = SH["in"] / (rdflib.RDF.rest * "*") / rdflib.RDF.first
    named = graph.objects(rdflib.URIRef(SHAPE + "dispute-rule"), names)
    files = (ASSETS.ontology / "rules" / "disputes").glob("*.rq")
    assert sorted(map(str, named)) == sorted(path.stem for path in files)
