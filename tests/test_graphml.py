"""GraphML: read by another library, one edge for each claim between two things."""

import io
import re

import networkx
import pyoxigraph as ox
import pytest
from exported import export

from kg.graphml import write_graphml
from kg.settings import Settings
from kg.snapshots import DATA, current_snapshot, write_snapshot
from kg.streams import Source

TERMS = "https://w3id.org/contested-kg/ontology/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#: XML Schema 1.0 Part 2, 3.3.4; ASCII suffices for our identifiers.
NMTOKEN = re.compile(r"[A-Za-z0-9._:-]+")
ALWAYS = {"claim", "predicate", "sentence", "speaker", "stance", "polarity", "modality", "passage"}


def read(body):
    return networkx.read_graphml(io.BytesIO(body), force_multigraph=True)


@pytest.fixture(scope="module")
def network(real):
    return read(export(real, "graphml"))


def test_one_edge_for_each_claim_between_things(real, network):
    quads = list(ox.parse(path=str(current_snapshot(real) / DATA), format=ox.RdfFormat.N_QUADS))
    ends = {"subject": {}, "object": {}}
    for quad in quads:
        part = quad.predicate.value.removeprefix(RDF)
        if part in ends and isinstance(quad.object, ox.NamedNode):
            ends[part][quad.subject.value] = quad.object.value
    wanted = {
        claim: (ends["subject"][claim], thing)
        for claim, thing in ends["object"].items()
        if claim in ends["subject"] and "/claim/" in claim and "/editorial/" not in claim
    }
    nodes = network.nodes(data="iri")
    found = {
        data["claim"]: (nodes[one], nodes[other]) for one, other, data in network.edges(data=True)
    }
    assert found == wanted
    assert network.number_of_edges() == len(wanted) > 1500


def test_every_edge_says_who_and_how(network):
    for *_, data in network.edges(data=True):
        assert set(data) >= ALWAYS
    kinds = {data["polarity"] for *_, data in network.edges(data=True)}
    assert kinds == {"affirmed", "denied"}
    assert any("time" in data and "disputes" in data for *_, data in network.edges(data=True))


def test_edges_carry_how_they_were_read_and_what_qualifies_them(network):
    """All values that the data have: 062-09 is one of two readings of "they"."""
    by_claim = {
        data["claim"].rpartition("/claim/")[2]: data for *_, data in network.edges(data=True)
    }
    edge = by_claim["mqm-militancy/062-09"]
    assert edge["alternative"].endswith("/claim/mqm-militancy/062-10")
    assert edge["note"].startswith('"They" may be')
    assert {data.get("readFrom", "words") for data in by_claim.values()} == {
        "words", "layout", "inference",
    }  # fmt: skip
    for name in ("cue", "role", "degree"):
        assert any(name in data for data in by_claim.values()), name


def test_identifiers_are_tokens_of_xml(network):
    names = [*network.nodes, *(key for *_, key in network.edges(keys=True))]
    assert [name for name in names if not NMTOKEN.fullmatch(name)] == []


def test_odd_text_and_withdrawn_claims(root, tmp_path):
    path = root / "tests/queries/world.trig"
    text = path.read_text().replace('"Bo Birch"', '"<Bo> & \\"Birch\\" ]]>"')
    quads = list(ox.parse(text, format=ox.RdfFormat.TRIG))
    write_snapshot(quads, {}, "0", tmp_path)
    whole = read(export(Settings(snapshots=tmp_path, source=root), "graphml"))
    assert '<Bo> & "Birch" ]]>' in dict(whole.nodes(data="label")).values()
    claim = next(data["claim"] for *_, data in whole.edges(data=True))
    mark = ox.Quad(
        ox.NamedNode(claim),
        ox.NamedNode(TERMS + "withdrawn"),
        ox.Literal("true", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean")),
        ox.NamedNode("https://w3id.org/contested-kg/graph/beta"),
    )
    folder = write_snapshot([*quads, mark], {}, "0", tmp_path)
    output = io.BytesIO()
    from kg.assets import Assets

    write_graphml(Source(folder / DATA, Assets(root)), output)
    left = {data["claim"] for *_, data in read(output.getvalue()).edges(data=True)}
    assert left == {data["claim"] for *_, data in whole.edges(data=True)} - {claim}
