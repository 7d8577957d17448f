"""W3C SPARQL 1.1: query evaluation, syntax and results formats, over `EngineStore`."""

import csv
import io
from decimal import Decimal

import manifests
import pyoxigraph as ox
import pytest
import rdflib
from manifests import MF, QT, local
from rdflib import RDF, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic

from kg.errors import QueryError
from kg.media import named
from kg.protocol import Operation
from kg.scan import scan, tokens_of
from kg.store import EngineStore

pytestmark = pytest.mark.conformance

RS = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/result-set#")
EVALUATION = (
    "aggregates", "bind", "bindings", "cast", "construct", "exists", "functions", "grouping",
    "negation", "project-expression", "property-path", "subquery", "json-res", "csv-tsv-res",
)  # fmt: skip
NUMBERS = {XSD.decimal, XSD.double, XSD.float, XSD.integer}


def operation(text: str) -> Operation:
    seen = scan(text)
    # Here the default graph is the one that the case names, not a union.
    return Operation(text, form=seen.form, union=False)


def loaded(graph: Graph, action: BNode, query: rdflib.URIRef) -> EngineStore:
    store = EngineStore(base=str(query))
    for predicate in (QT.data, QT.graphData):
        for iri in graph.objects(action, predicate):
            target = ox.NamedNode(str(iri)) if predicate == QT.graphData else None
            store._store.load(path=str(local(iri)), base_iri=str(iri), to_graph=target)
    return store


def comparable(term: object) -> object:
    """Return a number or boolean by its value: the suites leave the lexical form open."""
    if isinstance(term, Literal) and term.datatype == XSD.boolean:
        return Literal(str(term).replace("0", "false").replace("1", "true"), datatype=term.datatype)
    if isinstance(term, Literal) and term.datatype in NUMBERS:
        try:
            number = float(term) if term.datatype != XSD.decimal else Decimal(str(term)).normalize()
        except (ValueError, ArithmeticError):
            return term
        return Literal(f"{number:.10g}", datatype=term.datatype, normalize=False)
    return term


def from_engine(term: object) -> object:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    datatype = (
        None if term.language or term.datatype.value == str(XSD.string) else term.datatype.value
    )
    return Literal(term.value, lang=term.language, datatype=datatype, normalize=False)


def table(rows: list[dict[str, object]], ordered: bool) -> Graph:
    """Rows as a graph, so that blank nodes are compared up to renaming."""
    graph = Graph()
    for number, row in enumerate(rows):
        node = BNode()
        graph.add((node, RDF.type, RS.ResultSolution))
        if ordered:
            graph.add((node, RS["index"], Literal(number)))
        for name, term in row.items():
            graph.add((node, URIRef(f"urn:variable:{name}"), comparable(term)))
    return graph


def engine_rows(results: ox.QuerySolutions) -> list[dict[str, object]]:
    names = [variable.value for variable in results.variables]
    return [
        {name: from_engine(row[name]) for name in names if row[name] is not None} for row in results
    ]


def graph_rows(graph: Graph) -> list[dict[str, object]]:
    """Return a result set written in the DAWG vocabulary."""
    nodes = list(graph.objects(None, RS.solution))
    nodes.sort(key=lambda node: int(graph.value(node, RS["index"], default=Literal(0))))
    return [
        {
            str(graph.value(binding, RS.variable)): graph.value(binding, RS.value)
            for binding in graph.objects(node, RS.binding)
        }
        for node in nodes
    ]


FORMATS = {
    ".srx": ox.QueryResultsFormat.XML,
    ".srj": ox.QueryResultsFormat.JSON,
    ".tsv": ox.QueryResultsFormat.TSV,
}


@pytest.mark.parametrize(("graph", "case"), manifests.cases(EVALUATION, ["QueryEvaluationTest"]))
def test_evaluation(graph: Graph | None, case: URIRef | None) -> None:
    assert graph is not None, manifests.UNSET
    action, expected = graph.value(case, MF.action), graph.value(case, MF.result)
    query = graph.value(action, QT.query)
    text = local(query).read_text("utf-8")
    store, asked, path = loaded(graph, action, query), operation(text), local(expected)
    if asked.is_graph:
        found = Graph().parse(data=store.evaluate(asked, named("ntriples")).body, format="nt")
        assert isomorphic(found, Graph().parse(path, publicID=str(expected)))
        return
    results = ox.parse_query_results(
        store.evaluate(asked, named("json")).body, ox.QueryResultsFormat.JSON
    )
    if path.suffix in FORMATS:
        wanted = ox.parse_query_results(path.read_bytes(), FORMATS[path.suffix])
        if isinstance(wanted, ox.QueryBoolean):
            assert bool(results) == bool(wanted)
            return
        rows = engine_rows(wanted)
    else:
        sheet = Graph().parse(path, publicID=str(expected))
        boolean = sheet.value(None, RS.boolean, any=True)
        said = next(sheet.objects(None, RS.boolean), boolean)
        if said is not None:
            assert bool(results) == said.toPython()
            return
        rows = graph_rows(sheet)
    ordered = ("word", "ORDER") in {(kind, value.upper()) for kind, value, _ in tokens_of(text)}
    assert isomorphic(table(engine_rows(results), ordered), table(rows, ordered))


@pytest.mark.parametrize(
    ("graph", "case"), manifests.cases(["csv-tsv-res"], ["CSVResultFormatTest"])
)
def test_csv(graph: Graph | None, case: URIRef | None) -> None:
    assert graph is not None, manifests.UNSET
    action = graph.value(case, MF.action)
    query = graph.value(action, QT.query)
    store = loaded(graph, action, query)
    body = store.evaluate(operation(local(query).read_text("utf-8")), named("csv")).body
    found, wanted = (
        list(csv.reader(io.StringIO(text, newline="")))
        for text in (body.decode(), local(graph.value(case, MF.result)).read_text("utf-8"))
    )
    # The order of the columns of SELECT * is left open.
    assert sorted(columns(found)) == sorted(columns(wanted))


def columns(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows below the head, each as cells in the order of the columns' names."""
    order = sorted(range(len(rows[0])), key=lambda number: rows[0][number])
    return [[rows[0][number] for number in order]] + [
        [blind(row)[number] for number in order] for row in rows[1:]
    ]


def blind(row: list[str]) -> list[str]:
    """Return a row with its blank nodes made equal and its numbers by value."""
    cells = []
    for cell in row:
        try:
            cells.append(f"{float(cell):g}")
        except ValueError:
            cells.append("_:" if cell.startswith("_:") else cell)
    return cells


SYNTAX = [*EVALUATION, "syntax-query"]


def syntax(graph: Graph, case: URIRef) -> None:
    query = graph.value(case, MF.action)
    text = local(query).read_text("utf-8")
    asked = operation(text)
    store = EngineStore(base=str(query))
    try:
        store.evaluate(asked, named("ntriples" if asked.is_graph else "json"))
    except QueryError as error:
        # Only evaluation needs the function that a case makes up; the text was read.
        if "custom function" not in str(error):
            raise


@pytest.mark.parametrize(("graph", "case"), manifests.cases(SYNTAX, ["PositiveSyntaxTest11"]))
def test_good_syntax(graph: Graph | None, case: URIRef | None) -> None:
    assert graph is not None, manifests.UNSET
    syntax(graph, case)


@pytest.mark.parametrize(("graph", "case"), manifests.cases(SYNTAX, ["NegativeSyntaxTest11"]))
def test_bad_syntax(graph: Graph | None, case: URIRef | None) -> None:
    assert graph is not None, manifests.UNSET
    with pytest.raises(QueryError):
        syntax(graph, case)


@pytest.mark.parametrize(
    ("graph", "case"),
    manifests.cases(["syntax-update-1", "syntax-update-2"], ["PositiveUpdateSyntaxTest11"]),
)
def test_every_update_is_seen_as_one(graph: Graph | None, case: URIRef | None) -> None:
    """The server is read-only: what the suite accepts as an update must be known for one."""
    assert graph is not None, manifests.UNSET
    text = local(graph.value(case, MF.action)).read_text("utf-8")
    empty = not any(
        kind in text.upper()
        for kind in ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD")
    )
    assert (scan(text).form == "UPDATE") is not empty
