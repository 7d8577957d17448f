"""A release: whole, the same each time, and described in terms that exist and numbers that hold."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

import pyoxigraph as ox
import pytest
import rdflib
import yaml
from bridge import from_rdflib
from exported import export
from rdflib.namespace import DCAT, DCTERMS, FOAF, SDO, VOID
from tree import Tree, claim, passage

from kg.errors import DataError, InputError
from kg.export import FOLDERS, FORMS
from kg.rdf import fingerprint
from kg.release import SUMS, write_release
from kg.settings import Settings
from kg.snapshots import DATA, current_snapshot, read_snapshot, write_snapshot

DATASET = "https://w3id.org/contested-kg/"
SPDX = "http://spdx.org/rdf/terms#"
SOMEWHERE = "https://example.org/a/folder/"
BESIDE = {"README.md", "CITATION.cff", "LICENSE-DATA", "FINGERPRINT", "context.jsonld",
          "metadata.ttl", "metadata.jsonld", SUMS}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory, root):
    """Return settings whose snapshot is the build of a small made-up tree."""
    folder = tmp_path_factory.mktemp("release")
    tree = Tree(folder / "tree")
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:ann :attended id:march", curatedOn=day("2026-01-02")),
        claim("alpha/002-01", "id:bob :attended id:march", curatedOn=day("2026-01-03")),
    )
    tree.write(
        "mentions/alpha",
        f"{passage('alpha/001')} :mentions id:ann, id:march .\n"
        f"{passage('alpha/002')} :mentions id:town .",
    )
    counts = {"entities": 15, "triples": 1}
    write_snapshot(tree.quads(), counts, "1.2.3", folder / "snapshots")
    return Settings(snapshots=folder / "snapshots", source=root)


@pytest.fixture(scope="module")
def release(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "release"
    write_release(settings, folder)
    return folder


@pytest.fixture(scope="module")
def description(release):
    """Return the description as rdflib reads it, from the address where the folder lies."""
    return rdflib.Graph().parse(release / "metadata.ttl", publicID=SOMEWHERE + "metadata.ttl")


def day(text):
    return f'"{text}"^^xsd:date'


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_keywords_are_what_the_texts_name_and_no_person(description):
    words = {str(each) for each in description.objects(rdflib.URIRef(DATASET), DCAT.keyword)}
    assert words == {"contested events", "knowledge graph", "provenance", "March", "Town"}


def test_every_form_is_in_it(settings, release):
    files = contents(release)
    tables = {name for name in files if name.startswith("csv/")}
    assert set(files) == {form.file for form in FORMS.values()} | BESIDE | tables
    assert len(tables) == 7
    assert list(FOLDERS) == ["csv"]
    for name, form in FORMS.items():
        assert files[form.file] == export(settings, name)


def test_checksums_hold_and_a_changed_byte_is_found(release):
    lines = (release / SUMS).read_text().splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = contents(release)
    assert set(sums) == set(files) - {SUMS}
    for name, body in files.items():
        if name != SUMS:
            assert hashlib.sha256(body).hexdigest() == sums[name]
            assert hashlib.sha256(body + b" ").hexdigest() != sums[name]


def test_same_bytes_in_another_process(settings, release, root, tmp_path):
    target = tmp_path / "again"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "KG_SOURCE": str(root)}
    environment |= {"KG_SNAPSHOTS": str(settings.snapshots), "PYTHONPATH": str(root)}
    command = f"from kg.cli import run; assert run(['export', '--release', {str(target)!r}]) == 0"
    subprocess.run([sys.executable, "-c", command], env=environment, check=True)
    assert contents(target) == contents(release)


def test_description_uses_terms_that_exist(release, description):
    """DCAT, DCMI, VoID, schema.org and FOAF as rdflib has them, and our own ontology."""
    lists = {str(each._NS): each for each in (DCAT, DCTERMS, VOID, SDO, FOAF)}
    quads = ox.parse(path=str(release / "contested.nt"), format=ox.RdfFormat.N_TRIPLES)
    ours = {quad.subject.value for quad in quads}
    terms = {str(p) for _, p, _ in description}
    terms |= {str(o) for _, _, o in description.triples((None, rdflib.RDF.type, None))}
    # dcat:version is new in DCAT 3 (2024), which rdflib does not have yet.
    terms -= {str(rdflib.RDF.type), str(DCAT._NS) + "version"}
    named = {term for term in terms if not term.startswith(SPDX)}
    for term in sorted(named - ours):
        namespace = next(each for each in lists if term.startswith(each))
        assert term.removeprefix(namespace) in lists[namespace], term
    assert len(named) > 40


def test_description_is_one_in_both_forms(release):
    turtle, jsonld = (
        fingerprint(
            ox.parse(path=str(release / name), base_iri=SOMEWHERE + "metadata", format=form)
        )
        for name, form in (
            ("metadata.ttl", ox.RdfFormat.TURTLE),
            ("metadata.jsonld", ox.RdfFormat.JSON_LD),
        )
    )
    assert turtle == jsonld
    body = (release / "metadata.jsonld").read_text()
    graph = rdflib.Graph().parse(data=body, format="json-ld", publicID=SOMEWHERE + "metadata")
    assert fingerprint(ox.Quad(*map(from_rdflib, triple)) for triple in graph) == turtle


def test_every_distribution_is_a_file_as_described(release, description):
    dataset = rdflib.URIRef(DATASET)
    found = {}
    for node in description.objects(dataset, DCAT.distribution):
        name = str(description.value(node, DCAT.downloadURL)).removeprefix(SOMEWHERE)
        body = (release / name).read_bytes()
        checksum = description.value(node, rdflib.URIRef(SPDX + "checksum"))
        digest = description.value(checksum, rdflib.URIRef(SPDX + "checksumValue"))
        assert str(digest) == hashlib.sha256(body).hexdigest()
        assert int(description.value(node, DCAT.byteSize)) == len(body)
        found[name] = str(description.value(node, DCAT.mediaType)).rpartition("media-types/")[2]
    assert set(found) == set(contents(release)) - BESIDE
    assert found["contested.trig"] == "application/trig"
    assert found["csv/claims.csv"] == "text/csv"
    dumps = {str(each).removeprefix(SOMEWHERE) for each in description.objects(None, VOID.dataDump)}
    assert dumps == {form.file for form in FORMS.values() if form.holds}


def test_counts_are_those_of_the_dumps(release, description):
    """Classes, properties and triples are counted again in N-Quads, without the metadata graph."""
    metadata = ox.NamedNode(DATASET + "graph/metadata")
    quads = ox.parse(path=str(release / "contested.nq"), format=ox.RdfFormat.N_QUADS)
    triples = {(q.subject, q.predicate, q.object) for q in quads if q.graph_name != metadata}
    dataset = rdflib.URIRef(DATASET)
    assert int(description.value(dataset, VOID.triples)) == len(triples)
    classes = Counter(o.value for _, p, o in triples if p.value == str(rdflib.RDF.type))
    properties = Counter(p.value for _, p, _ in triples)
    for kind, unit, wanted in (
        ("class", VOID.entities, classes),
        ("property", VOID.triples, properties),
    ):
        partitions = description.objects(dataset, VOID[f"{kind}Partition"])
        assert {
            str(description.value(part, VOID[kind])): int(description.value(part, unit))
            for part in partitions
        } == wanted
        assert len(wanted) > 10


def test_papers(settings, release, root):
    record = read_snapshot(current_snapshot(settings))
    prints = (release / "FINGERPRINT").read_text().split()
    assert prints == ["dataset", record.dataset, "union", record.union]
    assert (release / "LICENSE-DATA").read_bytes() == (root / "LICENSE-DATA").read_bytes()
    said = (release / "README.md").read_text()
    assert record.dataset in said
    assert "$" not in said
    ours = yaml.safe_load((root / "CITATION.cff").read_text())
    theirs = yaml.safe_load((release / "CITATION.cff").read_text())
    for part in ("cff-version", "title", "abstract", "authors"):
        assert theirs[part] == ours[part]
    assert theirs["version"] == "1.2.3"
    assert theirs["date-released"] == "2026-01-03"
    assert theirs["identifiers"][0]["value"] == f"sha256:{record.dataset}"
    assert json.loads((release / "context.jsonld").read_text())["@context"]


def test_folder_in_use_is_refused(settings, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="is not empty"):
        write_release(settings, tmp_path)
    with pytest.raises(InputError, match="no folder"):
        write_release(settings, tmp_path / "no" / "where")
    assert (tmp_path / "mine").read_text() == "x"


def test_damaged_snapshot_is_refused(settings, root, tmp_path):
    quads = ox.parse(b"<a:s> <a:p> <a:o> .", format=ox.RdfFormat.N_QUADS)
    folder = write_snapshot(quads, {}, "0", tmp_path / "snapshots")
    (folder / DATA).write_bytes(b"<a:s> <a:p> <a:x> .\n")
    damaged = Settings(snapshots=tmp_path / "snapshots", source=root)
    with pytest.raises(DataError, match="is damaged"):
        write_release(damaged, tmp_path / "release")


def test_undated_snapshot_is_refused(root, tmp_path):
    quads = ox.parse(b"<a:s> <a:p> <a:o> .", format=ox.RdfFormat.N_QUADS)
    write_snapshot(quads, {}, "0", tmp_path / "snapshots")
    undated = Settings(snapshots=tmp_path / "snapshots", source=root)
    with pytest.raises(DataError, match="curated"):
        write_release(undated, tmp_path / "release")
    assert not (tmp_path / "release").exists()
