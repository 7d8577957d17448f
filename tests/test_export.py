"""Exports: the same bytes each time, and the same statements when read back."""

import json
import os
import subprocess
import sys

import pyoxigraph as ox
import pytest
import rdflib

from kg.assets import Assets
from kg.compact import compact_dataset, compact_document
from kg.context import CONTEXT_IRI, make_context, read_context, write_context
from kg.errors import DataError, InputError
from kg.export import FORMS, export, ontology_context
from kg.rdf import (
    Prefixes,
    fingerprint,
    from_rdflib,
    from_rdflib_dataset,
    parse_turtle,
    union_fingerprint,
)
from kg.settings import Settings
from kg.snapshots import write_snapshot

OX = {
    "turtle": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
    "jsonld": ox.RdfFormat.JSON_LD,
}
RDFLIB = {"turtle": "turtle", "trig": "trig", "nquads": "nquads", "jsonld": "json-ld"}

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
    if form == "turtle":
        graph = rdflib.Graph().parse(data=body, format="turtle")
        return [ox.Quad(*map(from_rdflib, triple)) for triple in graph]
    dataset = rdflib.Dataset()
    dataset.parse(data=body, format=RDFLIB[form])
    return list(from_rdflib_dataset(dataset))


@pytest.mark.parametrize("form", FORMS)
def test_reads_back_to_its_fingerprint(snapshot, form):
    settings, quads = snapshot
    body = export(settings, form)
    wanted = union_fingerprint(quads) if form == "turtle" else fingerprint(quads)
    assert fingerprint(ox.parse(body, format=OX[form])) == wanted
    assert fingerprint(read_by_rdflib(body, form)) == wanted


@pytest.mark.parametrize("form", FORMS)
def test_same_bytes_in_another_process(snapshot, form, root, tmp_path):
    settings, _ = snapshot
    environment = {**os.environ, "PYTHONHASHSEED": "7", "KG_SOURCE": str(root)}
    environment |= {"KG_SNAPSHOTS": str(settings.snapshots), "PYTHONPATH": str(root)}
    target = tmp_path / "export"
    command = f"from kg.cli import run; run(['export', '-f', '{form}', '-o', {str(target)!r}])"
    subprocess.run([sys.executable, "-c", command], env=environment, check=True)
    assert target.read_bytes() == export(settings, form)


def test_a_changed_statement_changes_the_fingerprint(snapshot):
    settings, quads = snapshot
    body = export(settings, "trig").replace(b'"Grey Wing"', b'"Grey Ring"')
    assert fingerprint(ox.parse(body, format=ox.RdfFormat.TRIG)) != fingerprint(quads)


def test_unknown_format(snapshot):
    with pytest.raises(InputError, match="Did you mean turtle"):
        export(snapshot[0], "turtel")


def test_jsonld_is_merged_compact_and_self_contained(snapshot):
    document = json.loads(export(snapshot[0], "jsonld"))
    assert document["@context"]["context"] == CONTEXT_IRI
    graphs = {each["@id"]: each["@graph"] for each in document["@graph"]}
    assert list(graphs) == sorted(graphs)
    for nodes in graphs.values():
        subjects = [node["@id"] for node in nodes]
        assert len(subjects) == len(set(subjects))
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
    expanded = ox.serialize(quads, format=ox.RdfFormat.JSON_LD)
    body = compact_document(expanded, ontology_context(Assets(root)))
    assert fingerprint(ox.parse(body, format=ox.RdfFormat.JSON_LD)) == fingerprint(quads)
    subjects = [node["@id"] for node in json.loads(body)["@graph"]]
    ontology = "https://w3id.org/contested-kg/ontology/"
    assert subjects == ["id:a", ontology, ontology + "object"]


def test_name_taken_twice_is_refused(root):
    term = parse_turtle(
        "@prefix : <https://w3id.org/contested-kg/ontology/> . :subject a :X .", "terms"
    ).quads
    with pytest.raises(DataError, match=":subject cannot have this name"):
        make_context(term, Prefixes.read(Assets(root).prefixes))


def test_missing_context_names_the_remedy(tmp_path):
    with pytest.raises(DataError, match="kg export --format context"):
        read_context(tmp_path)
