"""`kg validate`: the report, its two forms, bad input, and the parts that the shapes rely on."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest
from rich.console import Console
from shape_fixtures import ASSETS, ROOT, base, ontology, read_fixture, write_graph

from kg.assets import Assets
from kg.errors import DataError, InternalError, NotFoundError
from kg.rdf import Prefixes
from kg.report import Report, Result, fill
from kg.snapshots import DATA
from kg.validate import core_results, read_constraints, validate_snapshot

FAULT = ROOT / "tests" / "shapes" / "entity" / "invalid-no-label.ttl"
SPARQL_FAULT = ROOT / "tests" / "shapes" / "plain-triple" / "invalid-alleged.ttl"
SHAPE = "https://w3id.org/contested-kg/shape/"


@pytest.fixture
def copied(tmp_path: Path) -> Assets:
    """Return a copy of the shapes and the prefix list that a test may spoil."""
    for path in [*ASSETS.shapes.iterdir(), ASSETS.prefixes]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    return Assets(tmp_path)


def _faulty() -> list[ox.Quad]:
    return [*ontology(), *base(), *read_fixture(FAULT).quads, *read_fixture(SPARQL_FAULT).quads]


def test_base_conforms() -> None:
    report = validate_snapshot([*ontology(), *base()], ASSETS)
    assert report.results == ()
    assert report.conforms


def test_both_runs_end_in_one_report(tmp_path: Path) -> None:
    write_graph(tmp_path / DATA, _faulty())
    report = validate_snapshot(tmp_path, ASSETS)
    assert not report.conforms
    shapes = {each.shape.removeprefix(SHAPE) for each in report.results}
    assert {"entity-label", "plain-without-claim"} <= shapes
    leak = next(each for each in report.results if each.shape.endswith("plain-without-claim"))
    assert leak.focus.endswith("/id/quay-operation")
    assert leak.path.endswith("/ontology/tookPlaceIn")
    assert leak.value.endswith("/id/portville")
    assert "{" not in leak.message


def test_named_graphs_are_one(tmp_path: Path) -> None:
    """A passage in one graph is evidence for a claim in another."""
    names = [ox.NamedNode(f"https://w3id.org/contested-kg/graph/{n}") for n in range(3)]
    quads = [
        ox.Quad(q.subject, q.predicate, q.object, names[len(str(q.predicate)) % 3])
        for q in [*ontology(), *base()]
    ]
    assert validate_snapshot(quads, ASSETS).conforms


def test_json() -> None:
    report = Report.of([Result("s:x", "n:1", message="wrong")])
    assert json.loads(report.json()) == {
        "conforms": False,
        "results": [
            {"shape": "s:x", "focus": "n:1", "path": "", "value": "", "message": "wrong",
             "severity": "Violation"}
        ],
    }  # fmt: skip


def test_table_is_for_people() -> None:
    base_iri = "https://w3id.org/contested-kg/"
    report = Report.of([
        Result(SHAPE + "x", base_iri + "id/bo", base_iri + "ontology/led", base_iri + "id/a",
               f"It led {base_iri}id/a [sic]."),
        Result(SHAPE + "y", base_iri + "id/cy", severity="Warning", message="Odd."),
    ])  # fmt: skip
    output = io.StringIO()
    Console(file=output, width=100).print(report.table(Prefixes.read(ASSETS.prefixes).shorten))
    text = output.getvalue()
    for part in ("1 violations", "It led id:a [sic].", "id:bo", ":led", "shape:x", "Warning: Odd."):
        assert part in text
    assert base_iri not in text


def test_whatever_a_sentence_names_is_shortened() -> None:
    terms = "https://w3id.org/contested-kg/ontology/"
    said = f"It is of no class that {terms}led takes ({terms}chaired, {terms}Actor)."
    output = io.StringIO()
    report = Report.of([Result(SHAPE + "x", "n:a", message=said)])
    Console(file=output, width=100).print(report.table(Prefixes.read(ASSETS.prefixes).shorten))
    assert "It is of no class that :led takes (:chaired, :Actor)." in output.getvalue()


def test_of_many_findings_of_one_shape_the_table_has_the_first() -> None:
    results = [Result(SHAPE + "x", f"n:{number:02}") for number in range(13)]
    report = Report.of([*results, Result(SHAPE + "y", "n:other")])
    output = io.StringIO()
    Console(file=output, width=100).print(report.table(str))
    text = output.getvalue()
    assert "14 violations" in text
    assert [number for number in range(13) if f"n:{number:02}" in text] == list(range(10))
    assert "… and 3 more of this kind" in text
    assert "n:other" in text


def test_warnings_do_not_fail() -> None:
    assert Report.of([Result("s:x", "n:1", severity="Warning")]).conforms
    assert not Report.of([Result("s:x", "n:1")]).conforms


def test_report_is_sorted_and_says_nothing_twice() -> None:
    two, one = Result("s:b", "n:2"), Result("s:a", "n:1")
    assert Report.of([two, one, two]).results == (one, two)


def test_message_values() -> None:
    assert fill("{$this}, {?value} and {?other}", {"this": "a", "value": "b"}) == (
        "a, b and {?other}"
    )


def test_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="run kg build first"):
        validate_snapshot(tmp_path, ASSETS)


def test_broken_snapshot(tmp_path: Path) -> None:
    (tmp_path / DATA).write_text("<a> <b> .\n")
    with pytest.raises(DataError, match=r"data\.nq, line 1"):
        validate_snapshot(tmp_path, ASSETS)


def test_nothing_to_look_at(tmp_path: Path) -> None:
    """What no shape looks at does not conform: it is no snapshot."""
    for text in ("", "<http://a/s> <http://a/p> <http://a/o> .\n"):
        (tmp_path / DATA).write_text(text)
        with pytest.raises(DataError, match="holds nothing that a shape looks at"):
            validate_snapshot(tmp_path, ASSETS)


def test_no_targets(copied: Assets) -> None:
    (copied.shapes / "targets.rq").unlink()
    with pytest.raises(DataError, match=r"targets\.rq cannot be read"):
        validate_snapshot([*ontology(), *base()], copied)


def test_no_shapes(tmp_path: Path) -> None:
    write_graph(tmp_path / DATA, base())
    with pytest.raises(NotFoundError, match="no shapes"):
        validate_snapshot(tmp_path, Assets(tmp_path))


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("claim.ttl", "a sh:NodeShape", "a sh:NodeShape ; ; x", "claim.ttl, line"),
        ("place.ttl", "sh:targetClass :Place", "sh:targetNode :Place", "no sh:targetClass"),
        ("place.ttl", "sh:select", "sh:ask", "needs one sh:select"),
        ("place.ttl", "SELECT DISTINCT $this ?value", "SELEKT $this", "cannot be evaluated"),
    ],
)
def test_faulty_shapes(copied: Assets, file: str, old: str, new: str, sentence: str) -> None:
    path = copied.shapes / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=sentence):
        validate_snapshot([*ontology(), *base()], copied)


def test_failing_processor(copied: Assets) -> None:
    """A Core shape that pySHACL refuses ends as a sentence, not as a traceback."""
    path = copied.shapes / "place.ttl"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("sh:maxCount 0", 'sh:maxCount "none"'), encoding="utf-8")
    with pytest.raises(InternalError, match="SHACL processor failed"):
        validate_snapshot([*ontology(), *base()], copied)


def test_settings_of_this_process_are_left_alone(tmp_path: Path) -> None:
    code = (
        "import rdflib, sys; from pathlib import Path; from kg.assets import Assets;"
        "from kg.validate import validate_snapshot; rdflib.NORMALIZE_LITERALS = False;"
        f"validate_snapshot(Path({str(tmp_path)!r}), Assets(Path({str(ROOT)!r})));"
        "print('pyshacl' in sys.modules, rdflib.NORMALIZE_LITERALS)"
    )
    write_graph(tmp_path / DATA, base())
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "False"]


def test_constraint_of_two_shapes_has_both_targets(tmp_path: Path) -> None:
    path = tmp_path / "two.ttl"
    path.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <http://x/> ."
        "x:a sh:targetClass x:A ; sh:sparql x:c . x:b sh:targetClass x:B ; sh:sparql x:c ."
        "x:c sh:select 'SELECT $this WHERE { $this a ?x }' ; sh:message 'm' ;"
        " sh:severity sh:Warning ."
    )
    (constraint,) = read_constraints(path)
    assert constraint.targets == {"http://x/A", "http://x/B"}
    assert constraint.severity == "Warning"


def test_only_one_module_knows_the_shacl_library() -> None:
    users = [p.name for p in (ROOT / "kg").glob("*.py") if "import pyshacl" in p.read_text()]
    assert users == ["validate.py"]
    assert core_results.__module__ == "kg.validate"
