"""Links to Wikidata: each fault of a mapping is told with file and line; ours are complete."""

import csv
import re
from collections import Counter

import pyoxigraph as ox
import pytest
from tree import Tree

from kg.assets import Assets
from kg.errors import DataError
from kg.facts import Facts, expand
from kg.links import EXACT, NOT_FOUND, SKOS, SSSOM, SUFFIX, read_mappings
from kg.rdf import BASE
from kg.sources import read_sources

HEAD = f"""\
#curie_map:
#  id: {BASE}id/
#  kg: {BASE}ontology/
#  semapv: https://w3id.org/semapv/vocab/
#  skos: {SKOS}
#  sssom: {SSSOM}
#  wikidata: http://www.wikidata.org/entity/
#mapping_set_id: {BASE}mappings/test
"""
CELLS = {
    "subject_id": "id:ann",
    "predicate_id": "skos:exactMatch",
    "object_id": "wikidata:Q1",
    "mapping_justification": "semapv:ManualMappingCuration",
    "confidence": "0.90",
    "author_label": "curators",
    "mapping_date": "2026-11-22",
    "see_also": "https://example.org/a|https://example.org/b",
    "comment": "Born in the same town.",
}
LINE = HEAD.count("\n") + 2


def write(folder, *rows, name="wikidata", columns=tuple(CELLS)):
    """Write a file of mappings; a row is what differs from `CELLS`."""
    lines = ["\t".join(columns)]
    for row in rows:
        cells = {**CELLS, **row}
        lines.append("\t".join(cells[each] for each in columns))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}{SUFFIX}"
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def faults(folder):
    with pytest.raises(DataError) as caught:
        read_mappings(folder)
    return str(caught.value).splitlines()


def candidate(**cells):
    return {"predicate_id": "skos:mappingRelation", **cells}


def not_found(**cells):
    return {"object_id": "sssom:NoTermFound", "confidence": "", **cells}


def test_a_mapping_is_stated_and_recorded(tmp_path):
    write(tmp_path, {})
    (file,) = read_mappings(tmp_path)
    facts = Facts(file.quads(BASE + "graph/links"))
    assert facts.texts(BASE + "id/ann", EXACT) == ["http://www.wikidata.org/entity/Q1"]
    record = BASE + "mapping/ann-Q1"
    assert {name.rpartition("/")[2].rpartition("#")[2]: [each.value for each in values]
            for name, values in facts.predicates(record).items()} == {
        "type": [SSSOM + "Mapping"],
        "annotatedSource": [BASE + "id/ann"],
        "annotatedProperty": [EXACT],
        "annotatedTarget": ["http://www.wikidata.org/entity/Q1"],
        "mapping_justification": ["https://w3id.org/semapv/vocab/ManualMappingCuration"],
        "confidence": ["0.9"],
        "author_label": ["curators"],
        "authoredOn": ["2026-11-22"],
        "comment": ["Born in the same town."],
        "seeAlso": ["https://example.org/a", "https://example.org/b"],
    }  # fmt: skip


def test_candidates_and_what_was_not_found_are_never_stated(tmp_path):
    write(tmp_path, candidate(), name="wikidata-candidates")
    write(tmp_path, not_found(subject_id="id:bob"), name="wikidata-not-found")
    kinds = {}
    for file in read_mappings(tmp_path):
        kinds[file.kind] = len(file.rows)
        assert list(file.quads(BASE + "graph/links")) == []
    assert kinds == {"candidates": 1, "not-found": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"subject_id": ""}, "subject_id is empty."),
        ({"comment": " "}, "comment is empty; write what was compared."),
        ({"subject_id": "ann"}, "ann is neither a thing nor a term of ours."),
        ({"subject_id": "wikidata:Q2"}, "wikidata:Q2 is neither a thing nor a term of ours."),
        ({"object_id": "wikidata:q1"}, "wikidata:q1 is not an identifier such as wikidata:Q42."),
        ({"object_id": "wikidata:Q01"}, "wikidata:Q01 is not an identifier such as wikidata:Q42."),
        ({"object_id": "wd:Q1"}, "wd:Q1 is not an identifier such as wikidata:Q42."),
        ({"object_id": "wikidata:P1"}, "wikidata:P1 is not an identifier such as wikidata:Q42."),
        ({"object_id": "sssom:NoTermFound"},
         "sssom:NoTermFound is not an identifier such as wikidata:Q42."),
        ({"subject_id": "kg:led", "object_id": "wikidata:L1"},
         "wikidata:L1 is not an identifier such as wikidata:Q42 or wikidata:P31."),
        ({"predicate_id": "owl:sameAs"},
         "owl:sameAs is not for this file; write skos:exactMatch or skos:closeMatch."),
        ({"predicate_id": "skos:mappingRelation"},
         "skos:mappingRelation is not for this file; write skos:exactMatch or skos:closeMatch."),
        ({"predicate_id": "skos:broadMatch"},
         "skos:broadMatch is not for this file; write skos:exactMatch or skos:closeMatch."),
        ({"mapping_justification": "seen"},
         "seen is no justification; write one such as semapv:ManualMappingCuration."),
        ({"confidence": "1.1"}, "the confidence '1.1' is not from 0 to 1."),
        ({"confidence": "-0.1"}, "the confidence '-0.1' is not from 0 to 1."),
        ({"confidence": "high"}, "the confidence 'high' is not from 0 to 1."),
        ({"confidence": "NaN"}, "the confidence 'NaN' is not from 0 to 1."),
        ({"confidence": ""}, "the confidence '' is not from 0 to 1."),
        ({"mapping_date": "2026-02-30"}, "'2026-02-30' is no day such as 2026-11-22."),
        ({"mapping_date": "20261122"}, "'20261122' is no day such as 2026-11-22."),
        ({"author_label": ""}, "author_label is empty; write who made the mapping."),
        ({"see_also": "a file"}, "'a file' in see_also is no address; separate addresses by |."),
    ],
)  # fmt: skip
def test_fault_of_a_row(tmp_path, row, told):
    path = write(tmp_path, {"subject_id": "id:bob", "object_id": "wikidata:Q7"}, row)
    assert faults(tmp_path) == [f"{path}, line {LINE + 1}: {told}"]


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        ("wikidata-candidates", {},
         "skos:exactMatch is not for this file; write skos:mappingRelation."),
        ("wikidata-not-found", not_found(object_id="wikidata:Q1"),
         "wikidata:Q1 is not sssom:NoTermFound."),
        ("wikidata-not-found", not_found(predicate_id="skos:closeMatch"),
         "skos:closeMatch is not for this file; write skos:exactMatch."),
    ],
)  # fmt: skip
def test_a_file_holds_what_its_name_says(tmp_path, name, row, told):
    path = write(tmp_path, row, name=name)
    assert faults(tmp_path) == [f"{path}, line {LINE}: {told}"]


def test_terms_may_be_broader_narrower_or_the_other_way_round(tmp_path):
    names = ("skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch")
    rows = [
        {"predicate_id": name, "object_id": f"wikidata:P{n}"} for n, name in enumerate(names, 1)
    ]
    write(tmp_path, *({**row, "subject_id": "kg:led"} for row in rows))
    assert len(read_mappings(tmp_path)[0].rows) == 3


@pytest.mark.parametrize("column", ["subject_id", "object_id", "mapping_date", "comment"])
def test_a_column_that_is_missing(tmp_path, column):
    path = write(tmp_path, {}, columns=[each for each in CELLS if each != column])
    assert faults(tmp_path) == [f"{path}, line {LINE - 1}: the column {column} is missing."]


def test_a_row_with_too_many_cells(tmp_path):
    path = write(tmp_path, {"comment": "two\tcells"})
    assert faults(tmp_path) == [f"{path}, line {LINE}: the row has more cells than the header."]


def test_lines_are_counted_over_empty_ones(tmp_path):
    path = write(tmp_path, {"object_id": "wikidata:Q0"})
    path.write_text(path.read_text().replace("id:ann", "\n\nid:ann"))
    assert faults(tmp_path)[0].startswith(f"{path}, line {LINE + 2}: ")


def test_a_file_that_is_no_text(tmp_path):
    path = write(tmp_path, {})
    path.write_bytes(b"\xff\xfe")
    assert faults(tmp_path) == [
        f"{path} is not UTF-8 text: byte 0xff in line 1, at offset 0; save it as UTF-8."
    ]


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ({"subject_id": "id:bob"}, "wikidata:Q1"),
        ({"object_id": "wikidata:Q2"}, "id:ann"),
    ],
)
def test_two_exact_matches(tmp_path, row, cell):
    path = write(tmp_path, {})
    other = write(tmp_path, row, name="wikidata-more")
    (fault,) = faults(tmp_path)
    assert fault == (
        f"{path}, line {LINE}: {cell} has an exact match already, in {other}, line {LINE};"
        " one of the two is at most a close match."
    )


def test_a_close_match_may_share_an_item(tmp_path):
    write(tmp_path, {}, {"subject_id": "id:bob", "predicate_id": "skos:closeMatch"})
    assert len(read_mappings(tmp_path)[0].rows) == 2


def test_a_pair_that_stands_twice(tmp_path):
    path = write(tmp_path, {}, {"predicate_id": "skos:closeMatch"})
    assert faults(tmp_path) == [
        f"{path}, line {LINE + 1}: this pair stands already in {path}, line {LINE}; keep one."
    ]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("wikidata-candidates", candidate(object_id="wikidata:Q2")),
        ("wikidata-not-found", not_found()),
    ],
)
def test_what_is_linked_is_decided(tmp_path, name, row):
    path = write(tmp_path, {})
    other = write(tmp_path, row, name=name)
    assert faults(tmp_path) == [
        f"{other}, line {LINE}: id:ann is decided in {path}, line {LINE}; keep one."
    ]


def test_a_candidate_was_found(tmp_path):
    path = write(tmp_path, candidate(), name="wikidata-candidates")
    other = write(tmp_path, not_found(), name="wikidata-not-found")
    assert faults(tmp_path) == [
        f"{other}, line {LINE}: id:ann is decided in {path}, line {LINE}; keep one."
    ]


@pytest.mark.parametrize(
    ("name", "row", "told"),
    [
        (
            "wikidata",
            {"subject_id": "id:anne"},
            "there is no id:anne in the graph. Did you mean ann",
        ),
        (
            "wikidata",
            {"subject_id": "kg:chaird"},
            "the ontology has no term chaird. Did you mean chaired",
        ),
        ("wikidata-candidates", candidate(subject_id="id:zzz"), "there is no id:zzz in the graph."),
        ("wikidata-not-found", not_found(subject_id="id:zzz"), "there is no id:zzz in the graph."),
    ],
)
def test_an_unknown_subject_stops_the_build(tmp_path, name, row, told):
    tree = Tree(tmp_path / "tree")
    path = write(tree.root / "data/links", row, name=name)
    with pytest.raises(DataError) as caught:
        tree.quads()
    assert str(caught.value).startswith(f"{path}, line {LINE}: {told}")


def test_the_build_puts_links_into_their_graph(tmp_path):
    tree = Tree(tmp_path / "tree")
    write(tree.root / "data/links", {}, {"subject_id": "kg:led", "object_id": "wikidata:P4791"})
    graphs = {quad.graph_name.value for quad in tree.quads() if SKOS in quad.predicate.value
              and isinstance(quad.object, ox.NamedNode)
              and "wikidata" in quad.object.value}  # fmt: skip
    assert graphs == {BASE + "graph/links"}


# --- our own data


@pytest.fixture(scope="module")
def sources(root):
    return read_sources(Assets(root))


def states(root, sources):
    """Return the state of each entity: of its rows, else as `not-items.csv` says."""
    found = {}
    for file in sources.mappings:
        for row in file.rows:
            state = "candidate" if file.kind == "candidates" else file.kind
            subject = row.iris["subject_id"]
            if found.get(subject) != "mappings":
                found[subject] = state
    facts = Facts(sources.quads())
    with (root / "data/links/not-items.csv").open(encoding="utf-8", newline="") as file:
        rules = {(row["scope"], row["name"]) for row in csv.DictReader(file)}
    for entity in facts.subjects():
        if not entity.startswith(BASE + "id/"):
            continue
        name = entity.removeprefix(BASE + "id/")
        kind = facts.text(entity, "rdf:type").removeprefix(expand(""))
        fitting = {("entity", name), ("class", kind)}
        if facts.true(entity, "unnamed"):
            fitting.add(("marked", "unnamed"))
        if fitting & rules:
            found.setdefault(entity, "not an item")
        found.setdefault(entity, "undecided")
    return {entity: state for entity, state in found.items() if "/id/" in entity}


def test_every_thing_has_a_state(root, sources):
    """If one has none: link it, or list it in one of the files of `data/links/`."""
    found = states(root, sources)
    assert sorted(each for each, state in found.items() if state == "undecided") == []
    assert set(Counter(found.values())) == {"mappings", "candidate", "not-found", "not an item"}


def test_a_thing_without_a_state_is_found(tmp_path, root):
    tree = Tree(tmp_path / "tree")
    (tree.root / "data/links").mkdir()
    rules = (root / "data/links/not-items.csv").read_text()
    (tree.root / "data/links/not-items.csv").write_text(rules)
    found = states(tree.root, read_sources(Assets(tree.root)))
    assert found[BASE + "id/ann"] == "undecided"
    assert found[BASE + "id/someone"] == "not an item"


def test_what_is_no_item_exists_and_is_decided_nowhere_else(root, sources):
    facts = Facts(sources.quads())
    decided = {row.iris["subject_id"] for file in sources.mappings for row in file.rows}
    with (root / "data/links/not-items.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["reason"], row
            if row["scope"] == "entity":
                assert BASE + "id/" + row["name"] in facts, row
                assert BASE + "id/" + row["name"] not in decided, row
            elif row["scope"] == "class":
                assert expand(row["name"]) in facts, row


def test_labels_in_the_tables_are_the_graph_s(sources):
    facts = Facts(sources.quads())
    for file in sources.mappings:
        for row in file.rows:
            label = facts.text(row.iris["subject_id"], "rdfs:label")
            assert row.cells["subject_label"] == label, row.where


def test_every_link_has_a_file_that_shows_it(sources):
    for file in sources.mappings:
        for row in file.rows:
            assert row.iris["object_id"] == NOT_FOUND or row.cells["see_also"], row.where


AT_A_COMMIT = re.compile(r"https://github\.com/[^/]+/[^/]+/blob/[0-9a-f]{7,40}/.+")


def loose(addresses):
    """Return those that name no file at a commit, such as a folder in which others lie."""
    return sorted(
        each for each in addresses
        if not AT_A_COMMIT.fullmatch(each)
        or any(other.startswith(each + "/") for other in addresses)
    )  # fmt: skip


def test_evidence_is_a_file_at_a_commit(sources):
    """Who looks again finds the item in that very file."""
    shown = {each for file in sources.mappings for row in file.rows
             for each in row.cells.get("see_also", "").split("|") if each}  # fmt: skip
    assert shown
    assert loose(shown) == []


def test_evidence_that_is_none_is_found():
    at = "https://github.com/ann/b/blob"
    fine = f"{at}/0123abc/data/rows.json"
    assert loose({fine, f"{at}/0123abc/data", f"{at}/main/rows.json"}) == [
        f"{at}/0123abc/data",
        f"{at}/main/rows.json",
    ]


def test_never_the_same(sources):
    predicates = {quad.predicate.value for quad in sources.quads()}
    assert expand("owl:sameAs") not in predicates
