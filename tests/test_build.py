"""The build as a whole: one snapshot, the same whenever and wherever it is made."""

import json
import os
import re
import subprocess
import sys
from collections import Counter

import pyoxigraph as ox
import pytest
from tree import PREFIXES, ROOT, Tree, claim, count, iri, told

from kg import cli
from kg.assets import Assets
from kg.build import build_dataset, build_snapshot, misbuilt, summary
from kg.errors import DataError, EvidenceError, NotFoundError
from kg.facts import Facts
from kg.metadata import describe_dataset
from kg.rdf import Prefixes, fingerprint, union_fingerprint
from kg.settings import Settings


@pytest.fixture
def tree(tmp_path):
    """Return a tree with something for every derivation."""
    tree = Tree(tmp_path / "tree", copies={"beta/004": "alpha/001"}, near={"beta/008": "alpha/008"})
    tree.claims(
        "alpha",
        'graph:alpha :curatedBy "us" .',
        claim("alpha/001-01", "id:ann :heldPost id:mayor"),
        claim("alpha/001-02", "id:march :killed " + count("70..250"), whom=":civilians"),
        claim("alpha/002-01", "id:town :containedIn id:land"),
        claim("alpha/003-01", "id:ann :led id:feast", **told("id:bob", ":alleged")),
        claim("alpha/004-01", "id:ann :led id:plot", withdrawn="true", reason='"misread"'),
    )
    tree.write("mentions/alpha", f"<{iri('passage/alpha/001')}> :mentions id:ann .")
    match = "<http://www.w3.org/2004/02/skos/core#exactMatch>"
    tree.write("links/wikidata", f"id:ann {match} <http://www.wikidata.org/entity/Q1> .")
    return tree


def settings(tree, **changes):
    snapshots = tree.root.parent / changes.pop("snapshots", "snapshots")
    return Settings(source=tree.root, snapshots=snapshots, **changes)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_snapshot_is_named_by_its_fingerprint(tree):
    folder = build_snapshot(settings(tree))
    record = json.loads((folder / "snapshot.json").read_text())
    data = (folder / "data.nq").read_bytes()
    quads = list(ox.parse(data, format=ox.RdfFormat.N_QUADS))
    assert folder.name == record["fingerprints"]["dataset"] == fingerprint(quads)
    assert record["fingerprints"]["union"] == union_fingerprint(quads)
    assert record["validated"] is False
    assert record["version"] == "0.1.0"
    assert (folder.parent / "current").read_text().strip() == folder.name
    assert sorted(contents(folder)) == ["data.nq", "snapshot.json"]
    assert data.splitlines() == sorted(data.splitlines())
    assert b"_:" not in data


def test_each_part_has_its_graph(tree):
    graphs = Counter(q.graph_name.value.removeprefix(iri("graph/")) for q in tree.quads())
    assert sorted(graphs) == sorted(
        [
            "alpha",
            "alpha-two",
            "beta",
            "derived",
            "entities",
            "examples",
            "links",
            "metadata",
            "ontology",
        ]
    )
    by_subject = {q.subject.value: q.graph_name.value for q in tree.quads()
                  if q.predicate.value.endswith("fileDigits")}  # fmt: skip
    assert by_subject[iri("document/beta")] == iri("graph/beta")


def test_builds_are_byte_identical_whatever_the_hash_seed(tree):
    code = (
        "import sys; from pathlib import Path; from kg.build import build_snapshot;"
        " from kg.settings import Settings;"
        " print(build_snapshot(Settings(source=Path(sys.argv[1]), snapshots=Path(sys.argv[2]))))"
    )
    results = []
    for seed in ("1", "2"):
        target = tree.root.parent / f"by-{seed}"
        command = [sys.executable, "-c", code, str(tree.root), str(target)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        results.append(contents(target / run.stdout.strip().rpartition("/")[2]))
    assert results[0] == results[1]


def test_the_documents_do_not_change_the_snapshot(tree, tmp_path):
    without = build_snapshot(settings(tree))
    documents = tree.add_documents(tmp_path / "texts")
    with_them = build_snapshot(settings(tree, documents=documents, snapshots="others"))
    assert contents(without) == contents(with_them)


def test_a_changed_document_stops_the_build(tree, tmp_path):
    documents = tree.add_documents(tmp_path / "texts")
    changed = documents / "beta.txt"
    changed.rename(documents / "002.txt").write_text("x" + tree.text("beta")[1:])
    with pytest.raises(EvidenceError, match=r"beta .*passage 001, offsets 0-9"):
        build_snapshot(settings(tree, documents=documents))
    assert not (tmp_path / "snapshots").exists()


def test_quoted_words_that_the_passage_has_not_stop_the_build(tree, tmp_path):
    documents = tree.add_documents(tmp_path / "texts")
    words = tree.text("alpha-two")[10:19].upper()  # passage 002

    def quoting(text):
        part = {"wording": f'"{text}"'}
        tree.claims("alpha-two", claim("alpha-two/002-01", "id:ann :heldPost id:mayor", **part))

    quoting(f"{words[:3]} … {words[-3:]}")
    build_snapshot(settings(tree, documents=documents))
    quoting(f"{words[:3]} … marshal")
    build_snapshot(settings(tree))
    with pytest.raises(DataError, match=r"alpha-two\.ttl, line \d+: .* :wording '.* … marshal'"):
        build_snapshot(settings(tree, documents=documents))


def test_texts_that_are_not_at_hand_do_not_stop_the_build(tree, tmp_path, monkeypatch, capsys):
    words = {"wording": '"no such words"'}
    tree.claims("beta", claim("beta/002-01", "id:ann :heldPost id:mayor", **words))
    documents = tree.add_documents(tmp_path / "texts")
    with pytest.raises(DataError, match="does not stand in its passage"):
        build_snapshot(settings(tree, documents=documents))
    (documents / "beta.txt").unlink()
    monkeypatch.setenv("KG_SOURCE", str(tree.root))
    monkeypatch.setenv("KG_DOCUMENTS", str(documents))
    monkeypatch.setenv("KG_SNAPSHOTS", str(tmp_path / "snapshots"))
    assert cli.run(["build"]) == 0
    assert capsys.readouterr().err == f"kg: {documents} has no text of beta: not compared.\n"


def test_offsets_are_checked_without_the_documents(tree):
    path = tree.root / "data" / "passages" / "beta.ttl"
    path.write_text(path.read_text().replace("oa:start 10 ;", "oa:start 5 ;"))
    with pytest.raises(EvidenceError, match="passage 002, offsets 5-19: it overlaps"):
        tree.quads()


def test_a_fault_leaves_the_old_snapshot(tree):
    folder = build_snapshot(settings(tree))
    tree.claims("alpha", claim("alpha/001-01", "id:nobody :led id:march"))
    with pytest.raises(DataError):
        build_snapshot(settings(tree))
    assert (folder.parent / "current").read_text().strip() == folder.name
    assert sorted(path.name for path in folder.parent.iterdir()) == sorted(["current", folder.name])


def test_without_sources_there_is_a_sentence(tmp_path):
    with pytest.raises(NotFoundError, match="KG_SOURCE"):
        build_snapshot(Settings(source=tmp_path, snapshots=tmp_path / "snapshots"))


def test_what_does_not_follow_from_the_claims_is_told(tree):
    file, assets = build_snapshot(settings(tree)) / "data.nq", Assets(tree.root)
    assert misbuilt(file, assets) == ""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    of_document = [
        each for each in lines if "alpha/001-01" in each and "ontology/document>" in each
    ]
    file.write_text("".join(each for each in lines if each not in of_document), encoding="utf-8")
    said = misbuilt(file, assets)
    assert len(of_document) == 1
    assert "claims: 1 missing, such as <https://w3id.org/contested-kg/claim/alpha/001-01>" in said
    assert "too many" not in said
    invented = [each.replace('"70"', '"7"') for each in lines if "alpha/001-02> <" in each]
    file.write_text("".join(dict.fromkeys(lines + invented)), encoding="utf-8")
    said = misbuilt(file, assets)
    assert "missing" not in said
    assert "claims: 1 too many, such as <https://w3id.org/contested-kg/claim/alpha/001-02>" in said
    file.write_text("".join([*lines, "<u:a> <u:b> <u:c> .\n"]), encoding="utf-8")
    assert "claims: 1 too many, such as <u:a> <u:b> <u:c>. " in misbuilt(file, assets)
    # What nothing rests on, such as a word of a note, is told by the digest of its graph.
    other = [each.replace("entity/Q1>", "entity/Q2>") for each in lines]
    assert len(set(other) - set(lines)) == 1
    file.write_text("".join(other), encoding="utf-8")
    links = "has in <https://w3id.org/contested-kg/graph/links> was changed after the build"
    assert links in misbuilt(file, assets)
    # Of a file without graphs nobody can tell what was made of what.
    triples = "".join(re.sub(r" <[^>]*> \.$", " .", each, flags=re.M) for each in lines[:50])
    (file.parent / "data.nt").write_text(triples, encoding="utf-8")
    assert misbuilt(file.parent / "data.nt", assets) == ""


def test_the_summary_counts(tree):
    counts = summary(tree.facts())
    assert counts.pop("triples") > 1000
    assert counts == {
        "documents": 3,
        "passages": 27,
        "factual passages": 27,
        "passages with claims": 4,
        "claims": 6,
        "carried claims": 2,
        "withdrawn claims": 1,
        "propositions": 4,
        "disputes": 0,
        "entities": 15,
        "unasserted events and plans": 2,
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id:ann <http://other.example/p> id:bob .", "The property <http://other.example/p>"),
        ("id:ann a <http://other.example/C> .", "The class <http://other.example/C>"),
    ],
)
def test_a_namespace_without_a_prefix_is_one_sentence(text, what):
    quads = ox.parse(f"{PREFIXES} graph:beta {{ {text} }}", format=ox.RdfFormat.TRIG)
    with pytest.raises(DataError, match=f"{what} has no prefix in ontology/prefixes.ttl; add"):
        list(describe_dataset(quads, Prefixes.read(Assets(ROOT).prefixes)))


def test_the_metadata_count_what_is_there(tree):
    quads = tree.quads()
    facts = Facts(quads)
    metadata = iri("graph/metadata")
    rest = [q for q in quads if q.graph_name.value != metadata]
    triples = {(q.subject, q.predicate, q.object) for q in rest}
    assert facts.text(iri(""), "void:triples") == str(len(triples))
    persons = sum(obj == ox.NamedNode(iri("ontology/Person")) and predicate.value.endswith("#type")
                  for _, predicate, obj in triples)  # fmt: skip
    assert facts.text(iri("partition/class/Person"), "void:entities") == str(persons)
    assert facts.text(iri("partition/property/rdf-subject"), "void:triples") == "7"
    derived = [q for q in rest if q.graph_name.value == iri("graph/derived")]
    assert facts.text(iri("graph/derived"), "void:triples") == str(len(derived))


def test_the_data_of_this_repository_build():
    facts = Facts(build_dataset(Assets(ROOT)))
    assert len(facts.instances("SourceDocument")) == 5
