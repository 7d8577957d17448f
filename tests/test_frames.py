"""Framed JSON-LD: what another library's framing makes, and nothing said outside of claims."""

import json
from itertools import islice

import pyoxigraph as ox
import pytest
from exported import export
from pyld import jsonld

from kg.assets import Assets
from kg.errors import DataError
from kg.frames import Framer, frame_context
from kg.rdf import Prefixes
from kg.selection import Selection
from kg.snapshots import DATA, current_snapshot
from kg.streams import Source

BASE = "https://w3id.org/contested-kg/"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
NAMES = {"@id", "@type", "rdfs:label", "skos:altLabel", "unnamed", "unasserted",
         "skos:exactMatch", "skos:closeMatch"}  # fmt: skip
KINDS = {"person": "Person", "operation": "Operation", "claim": "Claim"}
ALWAYS = {"@embed": "@always"}
FRAME = {
    **ALWAYS,
    "replies": ALWAYS,
    "inPosition": {**ALWAYS, "@type": "Position", "inDispute": ALWAYS},
}


@pytest.fixture(scope="module")
def source(real):
    return Source(current_snapshot(real) / DATA, Assets(real.source))


@pytest.fixture(scope="module")
def documents(real):
    return {kind: json.loads(export(real, f"jsonld-{kind}")) for kind in KINDS}


@pytest.fixture(scope="module")
def triples(source):
    return {(quad.subject, quad.predicate, quad.object) for quad in source.triples()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_tree_says_what_the_graph_says(documents, triples, kind):
    body = json.dumps(documents[kind])
    read = list(ox.parse(body, format=ox.RdfFormat.JSON_LD))
    found = {(quad.subject, quad.predicate, quad.object) for quad in read}
    assert found <= triples
    roots = {thing.value for thing in of_class(triples, KINDS[kind])}
    context = documents[kind]["@context"]
    assert {expanded(node["@id"], context) for node in documents[kind]["@graph"]} == roots


def of_class(triples, local):
    return {s for s, p, o in triples if p.value == TYPE and o.value == BASE + "ontology/" + local}


def backwards(context):
    """Return the terms against the direction of a property, with that property's name."""
    return {
        name: value["@reverse"]
        for name, value in context.items()
        if isinstance(value, dict) and "@reverse" in value
    }


def expanded(name, context):
    prefix, _, local = name.partition(":")
    return name if local.startswith("//") else context[prefix] + local


def test_claims_are_whole(documents, triples):
    """Every statement about a claim stands in the document of claims."""
    body = json.dumps(documents["claim"])
    found = {
        (q.subject, q.predicate, q.object) for q in ox.parse(body, format=ox.RdfFormat.JSON_LD)
    }
    claims = of_class(triples, "Claim")
    wanted = {each for each in triples if each[0] in claims}
    assert wanted <= found


@pytest.mark.parametrize("kind", ["person", "operation"])
def test_nothing_is_said_outside_of_claims(documents, kind):
    context = documents[kind]["@context"]
    backward = set(backwards(context))
    claims = {node["@id"]: node for node in documents["claim"]["@graph"]}
    for node in documents[kind]["@graph"]:
        assert set(node) <= NAMES | backward, node["@id"]
        for part in backward & set(node):
            for claim in node[part]:
                assert claim == claims[claim["@id"]]


def test_every_claim_that_names_a_person_is_there(documents, triples):
    context = documents["person"]["@context"]
    roles = {
        context["rdf"] + short[4:] if short.startswith("rdf:") else context["@vocab"] + short: name
        for name, short in backwards(context).items()
    }
    claims = of_class(triples, "Claim")
    wanted = {}
    for s, p, o in triples:
        if s in claims and p.value in roles and isinstance(o, ox.NamedNode):
            wanted.setdefault((o.value, roles[p.value]), set()).add(s.value)
    found = 0
    for node in documents["person"]["@graph"]:
        for name in roles.values():
            claimed = {claim["@id"] for claim in node.get(name, [])}
            assert claimed == wanted.get((expanded(node["@id"], context), name), set())
            found += len(claimed)
    assert found > 500


def test_as_another_library_frames_it(source):
    """PyLD's framing of a claim's statements, with `@embed: @always`, is our tree."""
    context = frame_context(source)
    selection = Selection(source)
    framer = Framer(context, Prefixes.read(source.assets.prefixes))
    claims = [
        row["node"].value
        for row in selection.rows("frame-nodes", **{"class": BASE + "ontology/Claim"})
    ]
    disputed = {row["claim"].value for row in selection.rows("table-disputes")}
    answered = {
        value.value for row in selection.rows("table-claims") if (value := row.get("repliesTo"))
    }
    chosen = [*claims[::400], *islice(sorted(disputed), 3), *islice(sorted(answered), 3)]
    kinds = set()
    for claim in chosen:
        found = list(selection.triples("frame-claim", node=claim))
        ours = framer.tree(claim, found)
        flat = jsonld.from_rdf(
            ox.serialize(found, format=ox.RdfFormat.N_TRIPLES).decode(),
            {"format": "application/n-quads", "useNativeTypes": True},
        )
        frame = {"@context": context, "@id": claim, **FRAME}
        theirs = jsonld.frame(flat, frame, {"embed": "@always", "documentLoader": refuse})
        options = {"documentLoader": refuse}
        tree = jsonld.expand({"@context": context, **ours}, options)
        assert ordered(jsonld.expand(theirs, options)) == ordered(tree)
        kinds |= set(ours) & {"replies", "inPosition"}
    assert kinds == {"replies", "inPosition"}


def refuse(url, options):
    raise AssertionError(f"{url} was asked for")


def ordered(value):
    """Return expanded JSON-LD with its sets in one order."""
    if isinstance(value, dict):
        return {key: ordered(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted(
            (ordered(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True)
        )
    return value


def test_a_term_of_the_ontology_keeps_its_name(source, tmp_path):
    (tmp_path / "ontology").mkdir()
    context = {"@context": {"subjectOf": {"@type": "@vocab"}}}
    (tmp_path / "ontology/context.jsonld").write_text(json.dumps(context))
    with pytest.raises(DataError, match=":subjectOf cannot have this name"):
        frame_context(Source(source.data, Assets(tmp_path)))
