"""Promise 4 and neutrality over the whole graph, as the running endpoint gives it.

What may stand plainly is worked out here from the claims alone, in Python and without the
rules and shapes of the project, so that a fault in those cannot hide a leak.
"""

import re
from collections import defaultdict

import pyoxigraph as ox
import pytest

BASE = "https://w3id.org/contested-kg/"
TERMS = BASE + "ontology/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LOADED = re.compile(
    r"(?<!anti-)(?<!counter-)terroris|massacre|extremis|target killer|martyr|mafia|fascis|gangster"
    r"|hitm[ae]n|thug|murder",
    re.IGNORECASE,
)
# Kinds of which to name one tells no deed; anything else is an end of no plain triple.
BLAMELESS = {
    TERMS + each
    for each in (
        "AdvocacyOrganization", "Conflict", "Election", "Faction", "GovernmentBody",
        "MediaOrganization", "Meeting", "Operation", "Person", "Phase", "Place", "PoliticalParty",
        "Post", "SecurityForce", "StudentOrganization",
    )
}  # fmt: skip
CONTESTING = {TERMS + each for each in ("contrasts", "denies", "dismisses", "retracts")}


@pytest.fixture(scope="module")
def triples(endpoint):
    """Return every triple that the endpoint gives for the union of the graphs."""
    answer = endpoint.get(
        "/sparql",
        params={"query": "CONSTRUCT WHERE { ?s ?p ?o }"},
        headers={"accept": "application/n-triples"},
    )
    assert answer.status_code == 200
    parsed = ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)
    return {(each.subject, each.predicate.value, each.object) for each in parsed}


def index(triples):
    facts = defaultdict(lambda: defaultdict(set))
    for subject, predicate, value in triples:
        facts[subject.value][predicate].add(value)
    return facts


def values(node, name):
    return {each.value for each in node.get(name if ":" in name else TERMS + name, ())}


def stands(claim, facts, superseded):
    """Tell whether a claim may stand plainly by what it says of itself."""
    own = values(claim, "document")
    return (
        values(claim, "stance") == {TERMS + "asserted"}
        and values(claim, "polarity") == {TERMS + "affirmed"}
        and values(claim, "modality") == {TERMS + "actual"}
        and values(claim, "speaker") == own != set()
        and values(claim, "readFrom") <= {TERMS + "words"}
        and TERMS + "incoming" not in values(claim, "tenure")
        and not any(values(claim, each) for each in ("degree", "alternativeReadingOf", "withdrawn"))
        and not any(values(facts[role], "grave") for role in values(claim, "role"))
        and not superseded
    )


def content(claim):
    """Return the subject, predicate and object, or None where the text lost one of them."""
    parts = [list(claim.get(RDF + each, ())) for each in ("subject", "predicate", "object")]
    if all(parts):
        subject, predicate, value = (part[0] for part in parts)
        return subject, predicate.value, value
    return None


def typed(facts, name):
    """Return the nodes of a class of ours."""
    return {iri: node for iri, node in facts.items() if TERMS + name in values(node, RDF + "type")}


def leaks(triples):
    """Return the plain triples that no claim backs, or that something speaks against."""
    facts = index(triples)
    predicates, claims = typed(facts, "ClaimPredicate"), typed(facts, "Claim")
    superseded = {each for node in claims.values() for each in values(node, "supersedes")}
    backed = {content(node) for node in typed(facts, "EditorialClaim").values()}
    contested = set()
    for iri, node in claims.items():
        if stands(node, facts, iri in superseded):
            backed.add(content(node))
        if {TERMS + "denied", TERMS + "doubted", TERMS + "alleged"} & (
            values(node, "polarity") | values(node, "stance")
        ):
            contested.add(content(node))
        if values(node, "replyKind") & CONTESTING:
            contested |= {content(facts[each]) for each in values(node, "repliesTo")}
    for node in typed(facts, "Dispute").values():
        contested |= {content(facts[each]) for each in values(node, "claim")}
    neutral = {iri for iri in predicates if "true" in values(facts[iri], "mayBePlain")}
    blameless = {iri for iri, node in facts.items() if values(node, RDF + "type") & BLAMELESS}
    plain = {each for each in triples if each[1] in predicates}
    return {each for each in plain
            if each[1] not in neutral or each not in backed or each in contested
            or not all(end.value in blameless for end in each[::2]
                       if isinstance(end, ox.NamedNode))}  # fmt: skip


def test_no_allegation_stands_plainly(triples):
    assert leaks(triples) == set()


def test_a_deed_that_leaks_is_found(triples):
    """What a document says in its own voice of crowds, armed bodies and killings."""
    facts = index(triples)
    joined = {TERMS + each for each in ("memberOf", "subunitOf", "partOf", "tookPlaceIn")}
    backed = {content(node) for node in facts.values() if stands(node, facts, superseded=False)}
    leaked = {each for each in backed if each and each[1] in joined} - triples
    assert len(leaked) > 70
    assert leaked <= leaks(triples | leaked)


def test_an_allegation_that_leaks_is_found(triples):
    facts = index(triples)
    told = {TERMS + "alleged", TERMS + "reported"}
    leaked = {content(node) for node in facts.values() if values(node, "stance") & told}
    # What a document says in its own voice elsewhere may stand plainly already.
    leaked -= triples | {None}
    assert len(leaked) > 100
    assert leaked <= leaks(triples | leaked)


def unspoken(text):
    """Return a label without the words that it quotes together with those whose they are."""
    return re.sub(r"“[^”]*” \(words of [^)]+", "", text)


def loaded(triples):
    """Return the loaded words of the graph that stand outside claims and names, with their node."""
    facts = index(triples)
    return {
        (subject.value.removeprefix(BASE), value.value)
        for subject, predicate, value in triples
        if isinstance(value, ox.Literal) and LOADED.search(unspoken(value.value))
        if TERMS + "Claim" not in values(facts[subject.value], RDF + "type")
        and not predicate.endswith(("core#hiddenLabel", "core#example", "ontology/loadedWords"))
    }


def test_loaded_words_have_a_speaker_or_are_hidden(triples):
    assert loaded(triples) == set()
    hidden = {
        value.value
        for _, predicate, value in triples
        if predicate.endswith("core#hiddenLabel") and LOADED.search(value.value)
    }
    assert hidden == {"Lyari gangsters", "Pucca Qila Massacre", "Terrorism in Pakistan"}


@pytest.mark.parametrize("predicate", ["2000/01/rdf-schema#label", "2004/02/skos/core#altLabel"])
def test_a_loaded_label_is_found(triples, predicate):
    node = ox.NamedNode(BASE + "id/mqm")
    fault = (node, "http://www.w3.org/" + predicate, ox.Literal("mafia"))
    assert loaded(triples | {fault}) == {("id/mqm", "mafia")}


def test_a_loaded_word_may_be_quoted_with_its_speaker_only(triples):
    node = ox.NamedNode(BASE + "dispute/0")
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    quoted, bare = "that A is described as “mafia” (words of B)", "that A is described as “mafia”"
    assert loaded(triples | {(node, label, ox.Literal(quoted))}) == set()
    assert loaded(triples | {(node, label, ox.Literal(bare))}) == {("dispute/0", bare)}
