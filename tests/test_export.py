"""Exports: the same bytes each time, and the same statements when read back."""

import hashlib
import io
import json
import os
import subprocess
import sys

import pyoxigraph as ox
import pytest
import rdflib
from bridge import from_rdflib, from_rdflib_dataset
from exported import export
from pyld import jsonld

from kg.assets import Assets
from kg.context import CONTEXT_IRI, make_context, read_context, write_context
from kg.errors import DataError, InputError, KgError
from kg.export import FOLDERS, FORMS, ontology_context, write_export
from kg.jsonld import compact_dataset
from kg.rdf import (
    Prefixes,
    fingerprint,
    parse_turtle,
    union_fingerprint,
)
from kg.settings import Settings
from kg.snapshots import DATA, current_snapshot, read_snapshot, write_snapshot
from kg.streams import Source

OX = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
    "jsonld": ox.RdfFormat.JSON_LD,
}
RDFLIB = {
    "turtle": "turtle",
    "ntriples": "nt",
    "rdfxml": "xml",
    "trig": "trig",
    "nquads": "nquads",
    "jsonld": "json-ld",
}

# What is easily lost: text with quotes and lines, languages, datatypes, big and odd numbers, one
# statement in two graphs, a name that is also a JSON-LD alias, IRIs beyond our namespaces.
ODD = r"""
@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix id: <https://w3id.org/contested-kg/id/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
id:a a :Claim , <http://example.org/Thing> ; rdf:predicate :chaired ; rdf:object "3..5"^^:count ;
  rdf:subject id:b ; :when "1994"^^<http://id.loc.gov/datatypes/edtf/EDTF> ;
  :note "a \"b\"\n{c}" , "d" ; :reason "x"@en , "x" ; :number 7 , 8 ; :factual true ;
  :low 123456789012345678901234567890 ; :latestStart "1994-05-19"^^xsd:date ;
  :nameKind :label , :object ; :speaker <urn:x:y> , <http://example.org/?q=1#f> ; :length "007" ;
  :evidence <https://w3id.org/contested-kg/passage/alpha/001> .
:object a :NameKind .
<https://w3id.org/contested-kg/ontology/> a :Thing ; :note "the ontology itself" .
"""


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory, root):
    """Return settings whose current snapshot has the made-up world, odd literals, the ontology."""
    quads = list(ox.parse(path=str(root / "tests/queries/world.trig"), format=ox.RdfFormat.TRIG))
    for name in ("one", "two"):
        graph = ox.NamedNode(f"https://w3id.org/contested-kg/graph/{name}")
        quads += parse_turtle(ODD.replace('"007"', '"7"'), "odd", graph).quads
    for path in (root / "ontology").rglob("*.ttl"):
        graph = ox.NamedNode("https://w3id.org/contested-kg/graph/ontology")
        quads += parse_turtle(path.read_text(), path.name, graph).quads
    folder = tmp_path_factory.mktemp("snapshots")
    write_snapshot(quads, {}, "0", folder)
    return Settings(snapshots=folder, source=root), quads


def read_by_rdflib(body, form):
    if FORMS[form].holds == "union":
        graph = rdflib.Graph().parse(data=body, format=RDFLIB[form])
        return [ox.Quad(*map(from_rdflib, triple)) for triple in graph]
    dataset = rdflib.Dataset()
    dataset.parse(data=body, format=RDFLIB[form])
    return list(from_rdflib_dataset(dataset))


@pytest.mark.parametrize("form", OX)
def test_reads_back_to_its_fingerprint(snapshot, form):
    settings, quads = snapshot
    body = export(settings, form)
    wanted = union_fingerprint(quads) if FORMS[form].holds == "union" else fingerprint(quads)
    assert fingerprint(ox.parse(body, format=OX[form])) == wanted
    assert fingerprint(read_by_rdflib(body, form)) == wanted


def test_json_ld_reads_back_in_a_third_library(snapshot):
    """PyLD, which is given no way to fetch a context."""
    settings, quads = snapshot
    document = json.loads(export(settings, "jsonld"))

    def refuse(address, _):
        raise AssertionError(f"{address} was to be fetched")

    options = {"format": "application/n-quads", "documentLoader": refuse}
    read = ox.parse(jsonld.to_rdf(document, options), format=ox.RdfFormat.N_QUADS)
    assert fingerprint(read) == fingerprint(quads)


@pytest.mark.parametrize("form", OX)
def test_real_graph_reads_back_to_its_fingerprint(real, form):
    body = export(real, form)
    wanted = getattr(read_snapshot(current_snapshot(real)), FORMS[form].holds)
    assert fingerprint(ox.parse(body, format=OX[form])) == wanted
    assert fingerprint(read_by_rdflib(body, form)) == wanted


def test_every_lossless_form_is_read_back():
    assert {form for form, row in FORMS.items() if row.holds} == set(OX) == set(RDFLIB)


@pytest.mark.parametrize(("form", "holds"), [("nquads", "dataset"), ("ntriples", "union")])
def test_digest_of_the_file_is_the_fingerprint(real, form, holds):
    record = read_snapshot(current_snapshot(real))
    assert hashlib.sha256(export(real, form)).hexdigest() == getattr(record, holds)


def test_same_bytes_in_another_process(snapshot, root, tmp_path):
    settings, _ = snapshot
    environment = {**os.environ, "PYTHONHASHSEED": "7", "KG_SOURCE": str(root)}
    environment |= {"KG_SNAPSHOTS": str(settings.snapshots), "PYTHONPATH": str(root)}
    forms = [*FORMS, *FOLDERS]
    command = (
        "from kg.cli import run\n"
        f"for form in {forms!r}:\n"
        f"    assert run(['export', '-f', form, '-o', {str(tmp_path)!r} + '/' + form]) == 0\n"
    )
    subprocess.run([sys.executable, "-c", command], env=environment, check=True)
    for form in FORMS:
        assert (tmp_path / form).read_bytes() == export(settings, form), form
    write_export(settings, "csv", tmp_path / "again")
    for path in (tmp_path / "csv").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("form", OX)
def test_is_a_stream(tmp_path, root, form):
    """The first bytes come out long before the last statement is read."""
    graph = ox.NamedNode("https://w3id.org/contested-kg/graph/one")
    subjects = [ox.NamedNode(f"https://w3id.org/contested-kg/id/{n}") for n in range(30_000)]
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    quads = [ox.Quad(each, label, ox.Literal("x"), graph) for each in subjects]
    folder = write_snapshot(quads, {}, "0", tmp_path)
    read, first = 0, []

    class Output(io.BytesIO):
        def write(self, data):
            first.append(read)
            return super().write(data)

    def advance(steps):
        nonlocal read
        read += steps

    FORMS[form].write(Source(folder / DATA, Assets(root), advance), Output())
    assert read == len(quads)
    assert min(first) < read / 2


def test_a_changed_statement_changes_the_fingerprint(snapshot):
    settings, quads = snapshot
    body = export(settings, "trig").replace(b'"Grey Wing"', b'"Grey Ring"')
    assert fingerprint(ox.parse(body, format=ox.RdfFormat.TRIG)) != fingerprint(quads)


def test_unknown_format(snapshot):
    with pytest.raises(InputError, match="Did you mean turtle"):
        export(snapshot[0], "turtel")


@pytest.mark.parametrize(
    ("form", "target", "part"),
    [
        ("", None, "needs a --format; write one of turtle"),
        ("csv", None, "name one with --output"),
        ("csv", "no/where", "no folder"),
        ("graphml", "no/where", "no folder"),
    ],
)
def test_bad_targets(snapshot, tmp_path, form, target, part):
    with pytest.raises(KgError, match=part):
        write_export(snapshot[0], form, target and tmp_path / target)


def test_empty_snapshot(tmp_path, root):
    write_snapshot([], {}, "0", tmp_path)
    settings = Settings(snapshots=tmp_path, source=root)
    for form, rdf_format in OX.items():
        assert list(ox.parse(export(settings, form), format=rdf_format)) == []


def test_prefixes_are_sorted(snapshot):
    for form in ("turtle", "trig"):
        lines = export(snapshot[0], form).splitlines()
        declared = [line for line in lines if line.startswith(b"@prefix ")]
        assert lines[: len(declared)] == sorted(declared) != []


def test_jsonld_is_merged_compact_and_self_contained(snapshot):
    document = json.loads(export(snapshot[0], "jsonld"))
    assert document["@context"]["context"] == CONTEXT_IRI
    graphs = {each["@id"]: each["@graph"] for each in document["@graph"]}
    assert list(graphs) == sorted(graphs)
    for nodes in graphs.values():
        subjects = [node["@id"] for node in nodes]
        assert len(subjects) == len(set(subjects)) > 0
    odd = next(node for node in graphs["graph:one"] if node["@id"] == "id:a")
    assert odd["predicate"] == "chaired"
    assert odd["when"] == "1994"
    assert odd["subject"] == "id:b"
    assert odd["object"] == {"@value": "3..5", "@type": "count"}
    assert odd["number"] == [7, 8]
    assert odd["factual"] is True
    assert odd["@type"] == ["Claim", "http://example.org/Thing"]


def test_context_is_up_to_date(root):
    """If it fails: kg export --format context --output ontology/context.jsonld."""
    assets = Assets(root)
    assert read_context(assets.ontology) == ontology_context(assets)
    written = (assets.ontology / "context.jsonld").read_bytes()
    assert written == write_context(ontology_context(assets))


def test_older_context_costs_no_statement(root):
    quads = parse_turtle(ODD, "odd").quads
    context = ontology_context(Assets(root))
    for _ in range(3):
        body = compact_dataset(quads, context)
        assert fingerprint(ox.parse(body, format=ox.RdfFormat.JSON_LD)) == fingerprint(quads)
        context = {
            name: value
            for index, (name, value) in enumerate(context.items())
            if isinstance(value, str | float) or ":" in name or index % 3
        }
    assert fingerprint(
        ox.parse(compact_dataset(quads, {}), format=ox.RdfFormat.JSON_LD)
    ) == fingerprint(quads)


def test_expanded_document_is_compacted(root):
    quads = parse_turtle(ODD, "odd").quads
    body = compact_dataset(quads, ontology_context(Assets(root)))
    assert fingerprint(ox.parse(body, format=ox.RdfFormat.JSON_LD)) == fingerprint(quads)
    subjects = [node["@id"] for node in json.loads(body)["@graph"]]
    ontology = "https://w3id.org/contested-kg/ontology/"
    assert subjects == ["id:a", ontology, ontology + "object"]


def test_a_value_of_another_datatype_than_its_property_has_says_so(root):
    text = '<urn:a> <https://w3id.org/contested-kg/ontology/when> "1994", 1994, true .'
    quads = parse_turtle(text, "when").quads
    body = compact_dataset(quads, ontology_context(Assets(root)))
    assert fingerprint(ox.parse(body, format=ox.RdfFormat.JSON_LD)) == fingerprint(quads)


def test_name_taken_twice_is_refused(root):
    term = parse_turtle(
        "@prefix : <https://w3id.org/contested-kg/ontology/> . :subject a :X .", "terms"
    ).quads
    with pytest.raises(DataError, match=":subject cannot have this name"):
        make_context(term, Prefixes.read(Assets(root).prefixes))


def test_missing_context_names_the_remedy(tmp_path):
    with pytest.raises(DataError, match="kg export --format context"):
        read_context(tmp_path)
