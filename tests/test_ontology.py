"""The ontology is consistent, aligned, complete and in style."""

import owlrl
import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SKOS
from shape_fixtures import ASSETS, all_results, ontology, pool, write_graph

from kg.bridge import to_rdflib_graph
from kg.rdf import TERMS

KG = rdflib.Namespace(TERMS)
SCHEMA = rdflib.Namespace("https://schema.org/")
ALIGNED = {
    "prov": "http://www.w3.org/ns/prov#",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "crm": "http://www.cidoc-crm.org/cidoc-crm/",
    "sem": "http://semanticweb.cs.vu.nl/2009/11/sem/",
    "schema": "https://schema.org/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": str(SKOS),
    "cito": "http://purl.org/spar/cito/",
}
FAMILIES = {
    "commanded", "tookPart", "belonging", "organisationChange", "naming", "identity", "dating",
    "location", "structure", "quantity", "aim", "fateAndLaw", "speech", "transfer", "evaluation",
}  # fmt: skip
MAY_BE_PLAIN = {
    "heldPost", "memberOf", "subunitOf", "postIn", "studentWingOf", "founded", "splitFrom",
    "ancestorOf", "hasName", "phaseOf", "tookPlaceIn", "basedIn", "containedIn", "partOf",
}  # fmt: skip
# Kinds of which to name one tells no deed: the ends of plain triples.
ENDS_OF_PLAIN = {
    "Person", "PoliticalParty", "StudentOrganization", "AdvocacyOrganization", "MediaOrganization",
    "SecurityForce", "GovernmentBody", "Faction", "Place", "Post", "Conflict", "Phase", "Operation",
    "Election", "Meeting",
}  # fmt: skip
# What claims and disputes cannot be written without, by vocabulary class.
NEEDED = {
    "Stance": {"asserted", "reported", "alleged", "doubted"},
    "Polarity": {"affirmed", "denied"},
    "Modality": {"actual", "intended", "ordered", "expected", "possible"},
    "WhenKind": {"period", "point", "attestation"},
    "MissingState": {"lost", "statedUnknown"},
    "ReplyKind": {"denies", "dismisses", "confirms", "contrasts", "retracts"},
    "PassageKind": {"sentence", "heading", "listLine", "infoboxLine"},
    "Reading": {"inference", "layout", "words"},
    "Basis": {"computed", "stated", "curated"},
    "Strength": {"exclusion", "tension"},
    "Scope": {"withinDocument", "betweenVersions", "betweenWorks"},
}
QUALIFIERS = {"degree", "role", "under", "by", "within", "whom", "where", "when", "over"}


@pytest.fixture(scope="module")
def graph() -> rdflib.Graph:
    return to_rdflib_graph(ontology(), {})


def _local(nodes: object) -> set[str]:
    return {str(each).removeprefix(TERMS) for each in nodes}  # type: ignore[attr-defined]


def _errors(graph: rdflib.Graph) -> list[str]:
    """Return what OWL RL finds inconsistent: owlrl writes it into the closure."""
    closed = rdflib.Graph()
    closed += graph
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closed)
    errors = rdflib.Namespace("http://www.daml.org/2002/03/agents/agent-ont#")
    return [str(closed.value(node, errors.error)) for node in
            closed.subjects(RDF.type, errors.ErrorMessage)]  # fmt: skip


def test_consistent_under_owl_rl(graph: rdflib.Graph) -> None:
    assert _errors(graph) == []


def test_one_of_each_class_is_consistent(graph: rdflib.Graph) -> None:
    """No class is empty of necessity: none is below two disjoint ones."""
    populated = rdflib.Graph()
    populated += graph
    for each in graph.subjects(RDF.type, OWL.Class):
        populated.add((rdflib.URIRef(f"{each}-one"), RDF.type, each))
    assert _errors(populated) == []


def test_an_inconsistency_is_found(graph: rdflib.Graph) -> None:
    spoilt = rdflib.Graph()
    spoilt += graph
    spoilt.add((KG.Raid, RDFS.subClassOf, KG.Person))
    spoilt.add((KG.raidOne, RDF.type, KG.Raid))
    assert len(_errors(spoilt)) >= 1


@pytest.mark.parametrize("name", sorted(ALIGNED))
def test_aligned(name: str, graph: rdflib.Graph) -> None:
    relations = (SKOS.closeMatch, SKOS.exactMatch, RDFS.subClassOf, RDFS.subPropertyOf)
    targets = [o for s, p, o in graph if p in relations and str(s).startswith(TERMS)]
    assert any(str(each).startswith(ALIGNED[name]) for each in targets)


def test_never_equivalent_to_another_ontology(graph: rdflib.Graph) -> None:
    """An axiom would carry their domains and ranges into our data."""
    for relation in (OWL.equivalentClass, OWL.equivalentProperty, OWL.sameAs, OWL.inverseOf):
        assert list(graph.subject_objects(relation)) == []
    assert list(graph.subject_objects(RDFS.domain)) == []
    assert list(graph.subject_objects(RDFS.range)) == []


def test_families(graph: rdflib.Graph) -> None:
    assert _local(graph.subjects(RDF.type, KG.Family)) == FAMILIES
    for predicate in graph.subjects(RDF.type, KG.ClaimPredicate):
        assert _local(graph.objects(predicate, KG.family)) & FAMILIES, predicate
    used = _local(o for s, o in graph.subject_objects(KG.family))
    assert used == FAMILIES


def test_only_the_neutral_and_structural_may_be_plain(graph: rdflib.Graph) -> None:
    assert _local(graph.subjects(KG.mayBePlain, rdflib.Literal(True))) == (
        MAY_BE_PLAIN | ENDS_OF_PLAIN
    )


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_vocabulary_is_complete(name: str, graph: rdflib.Graph) -> None:
    assert _local(graph.subjects(RDF.type, KG[name])) == NEEDED[name]


def test_every_vocabulary_has_concepts_and_every_scheme_too(graph: rdflib.Graph) -> None:
    for each in graph.subjects(RDFS.subClassOf, SKOS.Concept):
        assert list(graph.subjects(RDF.type, each)), each
    for scheme in graph.subjects(RDF.type, SKOS.ConceptScheme):
        assert list(graph.subjects(SKOS.inScheme, scheme)), scheme


def test_qualifiers_are_content_and_attribution_is_not(graph: rdflib.Graph) -> None:
    content = _local(graph.subjects(KG.content, rdflib.Literal(True)))
    assert content >= QUALIFIERS
    assert content.isdisjoint({"speaker", "stance", "polarity", "cue", "evidence", "wording"})


def test_every_clash_kind_is_used(graph: rdflib.Graph) -> None:
    declared = _local(graph.subjects(RDF.type, KG.ClashKind))
    assert _local(graph.objects(None, KG.clash)) == declared


def test_domains_and_ranges_name_classes(graph: rdflib.Graph) -> None:
    known = set(graph.subjects(RDF.type, OWL.Class)) | set(graph.subjects(RDF.type, RDFS.Datatype))
    for relation in (SCHEMA.domainIncludes, SCHEMA.rangeIncludes):
        for each in graph.objects(None, relation):
            assert each in known or not str(each).startswith(TERMS), each


def test_class_tree_has_one_parent_each(graph: rdflib.Graph) -> None:
    for each in graph.subjects(RDF.type, OWL.Class):
        parents = [p for p in graph.objects(each, RDFS.subClassOf) if str(p).startswith(TERMS)]
        assert len(parents) <= 1, each


def test_definitions_of_classes_name_the_genus(graph: rdflib.Graph) -> None:
    """A subclass of Event, Organization or Actor is defined as one, by genus and difference."""
    exceptions = {"Court"}
    for parent in (KG.Event, KG.Organization, KG.Actor):
        for each in graph.subjects(RDFS.subClassOf, parent):
            if _local([each]) <= exceptions:
                continue
            definition = str(graph.value(each, SKOS.definition))
            assert definition.split(maxsplit=1)[0].lower() == str(
                graph.value(parent, RDFS.label)
            ), each


def test_style_of_terms(tmp_path: object) -> None:
    file = write_graph(tmp_path / "ontology.nq", ontology())  # type: ignore[operator]
    with pool() as processes:
        shapes = [ASSETS.shapes / "ontology.ttl"]
        assert processes.submit(all_results, file, shapes).result() == set()


def without_example(graph: rdflib.Graph) -> set[rdflib.term.Node]:
    return set(graph.subjects(RDF.type, SKOS.Concept)) - set(graph.subjects(SKOS.example))


def test_every_concept_has_an_example(graph: rdflib.Graph) -> None:
    assert without_example(graph) == set()
    stripped = rdflib.Graph() + graph
    stripped.remove((KG.alleged, SKOS.example, None))
    assert without_example(stripped) == {KG.alleged}
