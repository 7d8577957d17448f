"""The rules of the plain graph: what stands without a speaker, and what does not."""

import pyoxigraph as ox
import pytest
from tree import ROOT, Tree, claim, count, edtf, iri, told

from kg import build
from kg.errors import DataError
from kg.rules import apply_rule

PLAIN = claim("alpha/001-01", "id:ann :heldPost id:mayor")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def plain(tree, *claims, predicate="heldPost", subject="id/ann"):
    tree.claims("alpha", *claims)
    return [each.removeprefix(iri("id/")) for each in tree.facts().texts(iri(subject), predicate)]


def test_a_neutral_assertion_stands_plainly(tree):
    assert plain(tree, PLAIN) == ["mayor"]


@pytest.mark.parametrize(
    "parts",
    [
        told("id:bob"),
        told("id:bob", ":alleged"),
        told("id:bob", ":doubted"),
        told("id:bob", ":asserted"),
        {"polarity": ":denied"},
        {"modality": ":intended"},
        {"modality": ":possible"},
        {"readFrom": ":layout"},
        {"readFrom": ":inference", "note": '"So we think."'},
        {"tenure": ":incoming"},
        {"degree": ":partial"},
        {"role": ":suspect"},
        {"withdrawn": "true", "reason": '"misread"'},
    ],
)
def test_a_claim_that_does_not_stand_plainly(tree, parts):
    assert plain(tree, claim("alpha/001-01", "id:ann :heldPost id:mayor", **parts)) == []


@pytest.mark.parametrize(
    "against",
    [
        claim("alpha/002-01", "id:ann :heldPost id:mayor", polarity=":denied"),
        claim("alpha/002-01", "id:ann :heldPost id:mayor",
              **told("id:bob", ":alleged", polarity=":denied")),
        claim("alpha/002-01", "id:ann :heldPost id:mayor", **told("id:bob", ":doubted")),
        claim("alpha/002-01", "id:ann :heldPost id:mayor", **told("id:bob", ":alleged")),
        claim("alpha/002-01", "id:bob :heldPost id:mayor",
              repliesTo="claim:alpha\\/001-01", replyKind=":contrasts"),
        claim("alpha/002-01", "id:bob :heldPost id:mayor",
              repliesTo="claim:alpha\\/001-01", replyKind=":dismisses"),
        claim("alpha/002-01", "id:bob :heldPost id:mayor", supersedes="claim:alpha\\/001-01"),
        claim("alpha/001-02", "id:bob :heldPost id:mayor",
              alternativeReadingOf="claim:alpha\\/001-01"),
    ],
)  # fmt: skip
def test_what_speaks_against_it(tree, against):
    assert plain(tree, PLAIN, against) == []
    withdrawn = against.replace(":evidence", ':withdrawn true ; :reason "x" ; :evidence')
    if "supersedes" not in against and "alternativeReading" not in against:
        assert plain(tree, PLAIN, withdrawn) == ["mayor"]


def test_a_contested_copy_contests_the_original(tree):
    other = claim("beta/001-01", "id:ann :heldPost id:mayor")
    denial = claim("beta/002-01", "id:bob :heldPost id:mayor",
                   repliesTo="claim:beta\\/001-01", replyKind=":denies")  # fmt: skip
    tree.claims("beta", other, denial)
    assert plain(tree, PLAIN) == []


def test_a_confirmation_does_no_harm(tree):
    reply = {"repliesTo": "claim:alpha\\/001-01", "replyKind": ":confirms"}
    confirmed = claim("alpha/002-01", "id:ann :heldPost id:mayor", **told("id:bob", **reply))
    assert plain(tree, PLAIN, confirmed) == ["mayor"]


@pytest.mark.parametrize(
    ("member", "body"),
    [("ann", "band"), ("rioters", "party"), ("ann", "rioters"), ("killing", "feast")],
)
def test_what_is_named_by_a_deed_never_stands_plainly(tree, member, body):
    """A crowd or an armed body blames its members, and they the body of which it is a part."""
    tree.write(
        "entities/more",
        """
        id:band a :ArmedGroup ; rdfs:label "Band" .
        id:rioters a :Group ; rdfs:label "rioters" .
        id:party a :PoliticalParty ; rdfs:label "Party" .
        id:killing a :Killing ; rdfs:label "killing" .""",
    )
    predicate = "partOf" if member == "killing" else "memberOf"
    said = [
        claim("alpha/001-01", f"id:{member} :{predicate} id:{body}"),
        claim("alpha/001-02", "id:ann :memberOf id:party"),
    ]
    assert plain(tree, *said, predicate=predicate, subject=f"id/{member}") == (
        ["party"] if member == "ann" else []
    )


def test_curators_make_nothing_plain_of_a_crowd(tree):
    tree.write("entities/more", 'id:rioters a :Group ; rdfs:label "rioters" .')
    tree.write("editorial", "\n".join(
        f"<https://w3id.org/contested-kg/claim/editorial/{name}> a :EditorialClaim ; "
        f' rdf:subject {s} ; rdf:predicate {p} ; rdf:object {o} ; :reason "known" .'
        for name, s, p, o in (("one", "id:ann", ":memberOf", "id:rioters"),
                              ("two", "id:town", ":containedIn", "id:land"),
                              ("three", "id:mayor", ":exclusive", "true"))))  # fmt: skip
    facts = tree.facts()
    assert not facts.all(iri("id/ann"), "memberOf")
    assert facts.texts(iri("id/town"), "containedIn") == [iri("id/land")]
    assert facts.true(iri("id/mayor"), "exclusive")


def test_a_hidden_name_never_stands_plainly(tree):
    tree.write(
        "entities/more",
        """
        id:rally a :Meeting ; rdfs:label "rally" ;
          <http://www.w3.org/2004/02/skos/core#hiddenLabel> "Rally of Shame" .""",
    )
    names = [
        claim("alpha/001-01", 'id:rally :hasName "Rally of Shame"'),
        claim("alpha/001-02", 'id:rally :hasName "May Rally"'),
    ]
    assert plain(tree, *names, predicate="hasName", subject="id/rally") == ["May Rally"]


def test_an_accusation_never_stands_plainly(tree):
    accusation = claim("alpha/001-01", "id:ann :perpetrated id:march")
    assert plain(tree, accusation, predicate="perpetrated") == []


def test_a_dispute_keeps_a_statement_from_standing_plainly(tree):
    tree.claims("alpha", PLAIN)
    store = ox.Store()
    store.extend(q for q in tree.quads() if q.predicate.value != iri("ontology/heldPost"))
    rule = ROOT / "ontology" / "rules" / "plain-triples.rq"
    assert len(list(apply_rule(store, rule, iri("graph/derived")))) == 1
    dispute, graph = ox.NamedNode(iri("dispute/1")), ox.NamedNode(iri("graph/derived"))
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    store.add(ox.Quad(dispute, kind, ox.NamedNode(iri("ontology/Dispute")), graph))
    member = ox.NamedNode(iri("ontology/claim"))
    store.add(ox.Quad(dispute, member, ox.NamedNode(iri("claim/alpha/001-01")), graph))
    assert list(apply_rule(store, rule, iri("graph/derived"))) == []


@pytest.mark.parametrize(
    "saying",
    [
        claim("alpha/001-01", "id:ann :led id:march"),
        claim("alpha/001-01", "id:march :killed " + count("5")),
    ],
)
def test_an_event_that_a_document_asserts(tree, saying):
    tree.claims("alpha", saying)
    assert not tree.facts().true(iri("id/march"), "unasserted")


@pytest.mark.parametrize(
    "saying",
    [
        "",
        claim("alpha/001-01", "id:ann :led id:march", **told()),
        claim("alpha/001-01", "id:ann :led id:march", polarity=":denied"),
        claim("alpha/001-01", "id:ann :led id:march", modality=":intended"),
        claim("alpha/001-01", "id:ann :demanded id:march"),
        claim("alpha/001-01", "id:feast :aimsAt id:march"),
        claim("alpha/001-01", "id:march :aimsAt id:town"),
        claim("alpha/001-01", 'id:march :hasName "The Walk"'),
        claim("alpha/001-01", "id:march :sameEventAs id:feast"),
        claim("alpha/001-01", 'id:march :describedAs "great"'),
    ],
)
def test_an_event_that_is_only_spoken_of(tree, saying):
    tree.claims("alpha", saying)
    facts = tree.facts()
    assert facts.true(iri("id/march"), "unasserted")
    assert facts.true(iri("id/plot"), "unasserted")
    assert not facts.true(iri("id/town"), "unasserted")


def test_parts_of_parts(tree):
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:twig :subunitOf id:branch"),
        claim("alpha/001-02", "id:branch :subunitOf id:guild"),
        claim("alpha/001-03", "id:march :partOf id:feast", **told(stance=":alleged")),
    )
    facts = tree.facts()
    assert set(facts.texts(iri("id/twig"), "dcterms:isPartOf")) == {
        iri("id/branch"),
        iri("id/guild"),
    }
    assert facts.texts(iri("id/march"), "dcterms:isPartOf") == []


def test_editorial_statements(tree):
    parts = "claim:{} a :EditorialClaim ; rdf:subject id:{} ; rdf:predicate :{} ; rdf:object {} ;"
    reason = " :reason 'x' .\n"
    tree.write(
        "editorial",
        parts.format("one", "mayor", "exclusive", "true") + reason
        + parts.format("two", "town", "containedIn", "id:land") + reason
        + parts.format("three", "land", "containedIn", "id:town") + " :withdrawn true ;" + reason,
    )  # fmt: skip
    facts = tree.facts()
    assert facts.true(iri("id/mayor"), "exclusive")
    assert facts.texts(iri("id/town"), "dcterms:isPartOf") == [iri("id/land")]
    assert facts.texts(iri("id/land"), "containedIn") == []


def test_curators_do_not_overrule_a_denial(tree):
    parts = "rdf:subject id:town ; rdf:predicate :containedIn ; rdf:object id:land"
    tree.write("editorial", f"claim:e a :EditorialClaim ; {parts} ; :reason 'x' .")
    denial = told("id:bob", polarity=":denied")
    said = claim("alpha/001-01", "id:town :containedIn id:land", **denial)
    assert plain(tree, said, predicate="containedIn", subject="id/town") == []
    assert plain(tree, PLAIN, predicate="containedIn", subject="id/town") == ["land"]

    withdrawn = said.replace(":evidence", ':withdrawn true ; :reason "x" ; :evidence')
    assert plain(tree, withdrawn, predicate="containedIn", subject="id/town") == ["land"]


def test_both_readings_of_ambiguous_words_stay_claims(tree):
    first = claim(
        "alpha/001-01", "id:ann :heldPost id:mayor", alternativeReadingOf="claim:alpha\\/001-02"
    )
    assert plain(tree, first, claim("alpha/001-02", "id:bob :heldPost id:mayor")) == []


def test_nothing_is_part_of_itself(tree):
    there = claim("alpha/001-01", "id:town :containedIn id:land")
    back = claim("alpha/001-02", "id:land :containedIn id:town")
    assert plain(tree, there, back, predicate="dcterms:isPartOf", subject="id/town") == ["land"]


def tallies(facts):
    """Return what is counted: the kind, the year or the strength, and the number."""
    found = [
        (*(facts.text(each, name) for name in ("tallyOf", "tallyYear", "disputeStrength")),
         facts.text(each, "claimCount") or facts.text(each, "disputeCount"))
        for each in facts.instances("Tally")
    ]  # fmt: skip
    return sorted(tuple(part.removeprefix(iri("ontology/")) for part in row) for row in found)


def test_a_tally_counts_claims_and_never_adds_up_their_figures(tree):
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:march :happenedOn " + edtf("1992-06-19")),
        claim("alpha/001-02", "id:march :killed " + count("5"), whom=":people"),
        claim("alpha/001-03", "id:march :killed " + count("70..250"), whom=":people",
              **told("id:bob", ":alleged")),
        claim("alpha/001-04", "id:march :killed " + count("900"), polarity=":denied"),
        claim("alpha/001-05", "id:march :numbered " + count("900")),
        claim("alpha/001-06", "id:feast :injured " + count("3")),
    )  # fmt: skip
    facts = tree.facts()
    assert tallies(facts) == [
        ("figureDispute", "", "exclusion", "1"),
        ("killed", "1992", "", "2"),
    ]
    assert facts.text(iri("id/march"), "claimsAbout") == "5"
    assert facts.text(iri("id/feast"), "claimsAbout") == "1"
    assert facts.text(iri("id/ann"), "claimsAbout") == ""


def test_what_is_dated_to_two_years_is_counted_in_both(tree):
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:march :happenedOn " + edtf("1992")),
        claim("alpha/001-02", "id:march :lasted " + edtf("1994-02/1994-03"), **told("id:bob")),
        claim("alpha/001-03", "id:march :happenedOn " + edtf("1996"), modality=":intended"),
        claim("alpha/001-04", "id:march :arrested " + count("5")),
        claim("alpha/001-05", "id:march :arrested " + count("7"), withdrawn="true", reason="'x'"),
    )
    assert tallies(tree.facts()) == [
        ("arrested", "1992", "", "1"),
        ("arrested", "1994", "", "1"),
        ("dateDispute", "", "exclusion", "1"),
    ]


@pytest.mark.parametrize(
    ("dated", "own", "year"),
    [
        ("happenedOn " + edtf("1992"), {}, "1992"),
        ("startedOn " + edtf("198X"), {}, ""),
        ("startedOn " + edtf("1992-06-19"), {}, "1992"),
        ("startedOn " + edtf("1991/1992"), {}, ""),
        ("lasted " + edtf("1978/1992"), {}, ""),
        ("lasted " + edtf("1992/.."), {}, ""),
        ("lasted " + edtf("1978/1992"), {"when": edtf("1985"), "whenKind": ":period"}, "1985"),
        ("happenedOn " + edtf("1992"), {"when": edtf("1985"), "whenKind": ":attestation"}, "1985"),
        ("happenedOn " + edtf("1992"), {"when": edtf("1985/1986"), "whenKind": ":period"}, ""),
        ("happenedOn " + edtf("1992"), {"when": edtf("1985/.."), "whenKind": ":period"}, ""),
    ],
)
def test_a_figure_is_of_a_year_only_if_its_time_lies_within_it(tree, dated, own, year):
    tree.claims(
        "alpha",
        claim("alpha/001-01", f"id:march :{dated}"),
        claim("alpha/001-02", "id:march :killed " + count("5"), **own),
    )
    assert tallies(tree.facts()) == ([("killed", year, "", "1")] if year else [])


@pytest.mark.parametrize(("end", "years"), [("1992-08", ["1992"]), ("1993-01", [])])
def test_what_is_said_to_go_on_past_its_year_is_of_none(tree, end, years):
    tree.claims(
        "alpha",
        claim("alpha/001-01", "id:march :startedOn " + edtf("1992-06-19")),
        claim("alpha/001-02", "id:march :endedOn " + edtf(end), **told("id:bob")),
        claim("alpha/001-03", "id:march :killed " + count("5")),
        claim("alpha/001-04", "id:feast :endedOn " + edtf("1999")),
    )
    assert [row[1] for row in tallies(tree.facts())] == years


def test_every_rule_is_used():
    names = {path.stem for path in (ROOT / "ontology" / "rules").glob("*.rq")}
    assert names == {*build.BEFORE_DISPUTES, *build.AFTER_DISPUTES}


def test_a_rule_adds_only_what_is_new(tree):
    store = ox.Store()
    store.extend(tree.quads())
    for path in sorted((ROOT / "ontology" / "rules").glob("*.rq")):
        assert list(apply_rule(store, path, iri("graph/derived"))) == [], path.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CONSTRUCT { ?s a ?o } WHERE { ?s a", "not valid SPARQL"),
        ("ASK {}", "must be a CONSTRUCT query"),
        (None, "cannot be read"),
    ],
)
def test_a_faulty_rule(tmp_path, text, expected):
    rule = tmp_path / "rule.rq"
    if text:
        rule.write_text(text)
    with pytest.raises(DataError, match=expected):
        list(apply_rule(ox.Store(), rule, iri("graph/derived")))


def test_plain_dates_and_numbers_do_not_exist(tree):
    tree.claims("alpha", claim("alpha/001-01", "id:march :happenedOn " + edtf("1992")))
    assert tree.facts().texts(iri("id/march"), "happenedOn") == []
