"""A snapshot as a stream: the same statements, in the promised order, told of as they pass."""

import pyoxigraph as ox
import pytest

from kg.assets import Assets
from kg.rdf import canonical_nquads, union
from kg.streams import Source, by_subject

NQUADS = """
<a:a> <a:p> "x <a:y> .\\n"@en <a:g> .
<a:a> <a:p> "x" <a:g> .
<a:a> <a:p> "x" <a:h> .
<a:a> <a:p> "x"@en <a:h> .
<a:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <a:T> <a:h> .
<a:a/b> <a:p> <a:o> .
<a:a/b> <a:p> <a:o> <a:g> .
<a:a/b> <a:p> "7"^^<a:d> .
_:b <a:p> _:b <a:g> .
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "data.nq"
    path.write_bytes(canonical_nquads(ox.parse(NQUADS, format=ox.RdfFormat.N_QUADS)))
    heard = []
    return Source(path, Assets(tmp_path), heard.append), heard


def test_triples_are_the_union_once_each(source):
    found = list(source[0].triples())
    assert len(found) == len(set(found)) == 7
    assert set(found) == set(union(source[0].quads()))


def test_graphs_hold_what_the_file_holds(source):
    graphs = {name: list(quads) for name, quads in source[0].graphs()}
    assert list(graphs) == ["", "a:g", "a:h"]
    assert {quad for quads in graphs.values() for quad in quads} == set(source[0].quads())
    for name, quads in graphs.items():
        assert {str(quad.graph_name).strip("<>") for quad in quads} == {name or "DEFAULT"}


def test_types_come_first(source):
    ordered = list(by_subject(source[0].triples()))
    subjects = [str(quad.subject) for quad in ordered]
    assert subjects == sorted(subjects)
    assert str(ordered[subjects.index("<a:a>")].object) == "<a:T>"
    assert set(ordered) == set(source[0].triples())


def test_every_statement_is_told_of_once(source):
    stream, heard = source
    for pass_over in (
        stream.quads,
        stream.triples,
        lambda: (q for _, g in stream.graphs() for q in g),
    ):
        heard.clear()
        list(pass_over())
        assert sum(heard) == stream.size() == 9
