import hashlib

import pyoxigraph as ox
import pytest
import rdflib
from bridge import from_rdflib, from_rdflib_dataset

from kg import rdf
from kg.assets import Assets
from kg.bridge import to_rdflib, to_rdflib_graph
from kg.errors import DataError
from kg.rdf import Prefixes, parse_turtle

EX = "http://example.org/"
DECLARED = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
<http://example.org/a> sh:prefix "a" ; sh:namespace "http://a/" .
<http://example.org/b> sh:prefix "b" %s .
"""


@pytest.fixture(scope="module")
def prefixes(root):
    return Prefixes.read(Assets(root).prefixes)


def quads(*triples, graph=None):
    text = "\n".join(f"{triple} ." for triple in triples)
    return parse_turtle(text, "text", graph).quads


def test_the_prefix_list(prefixes):
    assert all(namespace.endswith(("/", "#")) for namespace in prefixes.values())
    assert prefixes[""] == rdf.TERMS
    assert prefixes["crm"] == "http://www.cidoc-crm.org/cidoc-crm/"
    assert {"id", "d", "graph", "oa", "prov", "skos", "sh", "edtf", "wd"} <= set(prefixes)


def test_names_expand_and_shorten(prefixes):
    assert prefixes.iri("id:mqm").value == rdf.BASE + "id/mqm"
    assert prefixes.iri(":when") == ox.NamedNode(rdf.TERMS + "when")
    assert prefixes.shorten(rdf.BASE + "id/mqm") == "id:mqm"
    assert prefixes.shorten(rdf.BASE + "id/a/b") == f"<{rdf.BASE}id/a/b>"
    assert prefixes.shorten("urn:x") == "<urn:x>"


@pytest.mark.parametrize("name", ["idd:mqm", "mqm"])
def test_an_unknown_prefix_is_named(prefixes, name):
    with pytest.raises(DataError, match=name):
        prefixes.iri(name)


def test_half_a_declaration_is_named(tmp_path):
    path = tmp_path / "prefixes.ttl"
    path.write_text(DECLARED % "")
    with pytest.raises(DataError, match=r"example.org/b.*lacks"):
        Prefixes.read(path)
    path.write_text(DECLARED % "; sh:namespace <http://b/>")
    with pytest.raises(DataError, match="must be a literal"):
        Prefixes.read(path)


def test_quads_go_into_the_named_graph(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text("@prefix e: <http://example.org/> . e:a e:b e:c .")
    graph = ox.NamedNode(EX + "graph")
    read = rdf.read_turtle(path, graph)
    assert [quad.graph_name for quad in read.quads] == [graph]
    assert read.prefixes == {"e": EX}


def test_a_syntax_error_has_file_line_and_column(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text("@prefix e: <http://example.org/> .\ne:a e:b f:c .")
    with pytest.raises(DataError, match=r"a\.ttl, line 2, column 9: not valid Turtle: .*f:"):
        rdf.read_turtle(path)


def test_unreadable_files_are_one_sentence(tmp_path):
    (tmp_path / "a.ttl").write_bytes(b"\xff")
    with pytest.raises(DataError, match="not UTF-8"):
        rdf.read_turtle(tmp_path / "a.ttl")
    (tmp_path / "a.ttl").write_bytes(b"\xef\xbb\xbf# nothing\n")
    with pytest.raises(DataError, match="begins with a byte order mark; save it"):
        rdf.read_turtle(tmp_path / "a.ttl")
    (tmp_path / "a.ttl").write_bytes(b"# nothing \0\n")
    with pytest.raises(DataError, match="has a null character"):
        rdf.read_turtle(tmp_path / "a.ttl")
    with pytest.raises(DataError, match="cannot be read"):
        rdf.read_turtle(tmp_path / "none.ttl")


def test_fingerprint_ignores_order_repetition_and_blank_labels():
    one = quads("<urn:a> <urn:b> _:x", "_:x <urn:c> 1")
    two = quads("_:y <urn:c> 1", "<urn:a> <urn:b> _:y", "_:y <urn:c> 1")
    assert rdf.fingerprint(one) == rdf.fingerprint(two)


def test_fingerprint_sees_every_part():
    base = quads("<urn:a> <urn:b> 1")
    others = [
        quads("<urn:a> <urn:b> 01"),
        quads('<urn:a> <urn:b> "1"'),
        quads("<urn:a> <urn:b> 1", graph=ox.NamedNode("urn:g")),
    ]
    assert len({rdf.fingerprint(each) for each in [base, *others]}) == 4


def test_union_fingerprint_is_that_of_the_statements():
    named = [*quads("<urn:a> <urn:b> 1", graph=ox.NamedNode("urn:g")), *quads("<urn:a> <urn:b> 1")]
    assert rdf.union_fingerprint(named) == rdf.fingerprint(quads("<urn:a> <urn:b> 1"))


def test_written_nquads_are_sorted_and_match_the_fingerprint(tmp_path):
    data = quads("<urn:b> <urn:b> 1", '<urn:a> <urn:b> "line\\nbreak", "é"@fr')
    mark = rdf.write_nquads(data, tmp_path / "data.nq")
    document = (tmp_path / "data.nq").read_bytes()
    assert document.splitlines() == sorted(document.splitlines())
    assert mark == hashlib.sha256(document).hexdigest() == rdf.fingerprint(data)
    assert rdf.fingerprint(ox.parse(document, format=ox.RdfFormat.N_QUADS)) == mark


TERMS = [
    ox.NamedNode("urn:a"),
    ox.BlankNode("b"),
    ox.Literal("text"),
    ox.Literal("text", language="en"),
    ox.Literal("01", datatype=ox.NamedNode(str(rdflib.XSD.integer))),
    ox.Literal("1992-06-19", datatype=ox.NamedNode(str(rdflib.XSD.date))),
    ox.Literal("198X", datatype=ox.NamedNode("http://id.loc.gov/datatypes/edtf/EDTF")),
]


@pytest.mark.parametrize("term", TERMS, ids=str)
def test_terms_survive_the_bridge(term):
    assert from_rdflib(to_rdflib(term)) == term


def test_other_nodes_do_not_cross_the_bridge():
    with pytest.raises(TypeError):
        from_rdflib(rdflib.Variable("x"))


def test_datasets_cross_the_bridge():
    data = [*quads("<urn:a> <urn:b> 1"), *quads("<urn:a> <urn:c> 2", graph=ox.NamedNode("urn:g"))]
    dataset = rdflib.Dataset()
    dataset.parse(data=rdf.canonical_nquads(data), format="nquads")
    assert rdf.fingerprint(from_rdflib_dataset(dataset)) == rdf.fingerprint(data)


def test_quoted_triples_have_no_place_in_rdflib():
    inner = ox.Triple(ox.NamedNode("urn:a"), ox.NamedNode("urn:b"), ox.Literal("c"))
    quad = ox.Quad(ox.NamedNode("urn:a"), ox.NamedNode("urn:b"), inner)
    with pytest.raises(DataError, match="quoted triple"):
        to_rdflib_graph([quad], {})
