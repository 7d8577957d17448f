"""Every check of what people wrote fires on its fault, and names place and remedy."""

import os

import pytest
from tree import PREFIXES, Tree, claim, count, edtf, passage

from kg.errors import DataError

GOOD = claim("alpha/001-01", "id:ann :led id:march")


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path, copies={"beta/009": "alpha/009"})


def fault(tree, *claims):
    tree.claims("alpha", *claims)
    with pytest.raises(DataError) as caught:
        tree.quads()
    return str(caught.value)


def test_faultless_sources_pass(tree):
    tree.claims("alpha", GOOD, claim("alpha/001-02", "id:march :killed " + count(">=46")))
    assert tree.facts().instances("Claim")


def test_broken_turtle(tree):
    line = PREFIXES.count("\n") + 1
    assert f"alpha.ttl, line {line}, column" in fault(tree, "id:ann :led ; .")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rdf:predicate": ":ledd"}, "the ontology has no term ledd. Did you mean led"),
        ({"stance": ":aserted"}, "no term aserted. Did you mean asserted"),
        ({"rdf:object": '"5"^^:cuont'}, "no term cuont. Did you mean count"),
        ({"rdfs:lable": '"x"'}, "rdf-schema# has no term lable. Did you mean label"),
        ({"rdf:subject": "id:anne"}, "there is no entity anne. Did you mean ann?"),
        ({"speaker": "d:alfa"}, "there is no document alfa. Did you mean alpha"),
        ({"evidence": f"{passage('alpha/001')}, {passage('alpha/090')}"},
         "there is no passage alpha/090. Did you mean alpha/00"),
        ({"repliesTo": "claim:alpha\\/001-02"}, "there is no claim alpha/001-02."),
        ({"when": edtf("1994-13"), "whenKind": ":point"}, "'1994-13' is not an EDTF date"),
        ({"when": edtf("1994/.."), "whenKind": ":point"}, "its kind must be period"),
        ({"when": '"1994"', "whenKind": ":point"}, "'1994' is not typed as a date"),
        ({"rdf:predicate": ":startedOn", "rdf:object": '"1994"'}, "is not typed as a date"),
        ({"rdf:predicate": ":happenedOn", "rdf:object": edtf("1994/..")}, "kind must be period"),
        ({"rdf:predicate": ":killed", "rdf:object": count("many")}, "'many' is not a count"),
        ({"amount": count("5..")}, "'5..' is not a count"),
        ({"rdf:predicate": ":speaker"}, "is no claim predicate"),
        ({"when": edtf("1994")}, "has only one of :when and :whenKind"),
        ({"whenKind": ":point"}, "has only one of :when and :whenKind"),
        ({"missing": "rdf:object"}, "has rdf:object and says that it is missing"),
        ({"evidence": passage("alpha/002")},
         "has the evidence alpha/002, but its identifier names passage alpha/001"),
        ({"evidence": None}, "has no :evidence; write :evidence p:001"),
        ({"rdf:type": ":Plan"}, "has two classes; keep the narrower one"),
        ({"note": "[ rdfs:label 'x' ]"}, "blank node"),
    ],
)  # fmt: skip
def test_a_fault_in_a_claim(tree, change, expected):
    assert expected in fault(tree, claim("alpha/001-01", "id:ann :led id:march", **change))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rdf:predicate": ":assertedd"}, "no term assertedd. Did you mean assisted or lasted?"),
        ({"stance": ":assert"}, "no term assert. Did you mean asserted?"),
        ({"wher": "id:town"}, "no term wher. Did you mean where or when?"),
        ({"rdf:type": ":Clam"}, "no term Clam. Did you mean Claim or Clash?"),
        ({"rdf:object": '"5"^^:cont'}, "no term cont. Did you mean count?"),
        ({"speaker": ":ann"}, "no term ann. Did you mean id:ann"),
        ({"speaker": "id:alpha"}, "no entity alpha. Did you mean d:alpha or d:alpha-two?"),
        ({"rdf:predicate": ":tookPlaceIn", "rdf:object": "id:marsh"},
         "no entity marsh. Define it in data/ or name another entity."),
        ({"rdf:predicate": ":heldPost", "rdf:object": "id:mayr"},
         "no entity mayr. Did you mean mayor?"),
        ({"rdf:predicate": "id:led"}, "which is no claim predicate. Did you mean :led or"),
    ],
)  # fmt: skip
def test_what_is_proposed_fits_the_place(tree, change, expected):
    assert expected in fault(tree, claim("alpha/001-01", "id:ann :led id:march", **change))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rdf:predicate": ":killed", "rdf:object": "12"}, "'12' is not typed as a number"),
        ({"rdf:predicate": ":killed", "rdf:object": '"12"'}, 'a number; write "12"^^:count.'),
        ({"rdf:predicate": ":killed", "rdf:object": '"twelve"'}, "'twelve' is not a count"),
        ({"amount": '"12"^^xsd:integer'}, "'12' is not typed as a number"),
        ({"over": '"P3D"'}, "'P3D' is not typed as a length of time"),
        ({"rdf:predicate": ":startedOn", "rdf:object": count("3")}, "'3' is not an EDTF date"),
    ],
)  # fmt: skip
def test_a_value_without_its_datatype(tree, change, expected):
    message = fault(tree, claim("alpha/001-01", "id:march :led id:march", **change))
    written = tree.root.joinpath("data/claims/alpha.ttl").read_text().splitlines()
    changed = list({"rdf:predicate": 0, **change}.values())[-1]
    number = next(n for n, line in enumerate(written, 1) if line.rstrip(" ;.").endswith(changed))
    assert f"alpha.ttl, line {number}: " in message
    assert expected in message


@pytest.mark.parametrize(
    "part", ["rdf:subject", "rdf:predicate", "rdf:object", "speaker", "stance", "polarity",
             "modality"],
)  # fmt: skip
def test_a_part_is_forgotten(tree, part):
    message = fault(tree, claim("alpha/001-01", "id:ann :led id:march", **{part: None}))
    written = part if ":" in part else f":{part}"
    assert f"claim alpha/001-01 has no {written}; write" in message


@pytest.mark.parametrize(
    ("part", "two"),
    [
        ("rdf:subject", "id:ann, id:bob"),
        ("rdf:predicate", ":led, :directed"),
        ("rdf:object", "id:march, id:feast"),
        ("speaker", "d:alpha, id:bob"),
        ("stance", ":asserted, :alleged"),
        ("polarity", ":affirmed, :denied"),
        ("modality", ":actual, :possible"),
        ("replyKind", ":denies, :confirms"),
    ],
)
def test_a_part_is_there_twice(tree, part, two):
    message = fault(tree, claim("alpha/001-01", "id:ann :led id:march", **{part: two}))
    assert f"has 2 values of {part if ':' in part else ':' + part};" in message


def test_a_lost_part_needs_no_value(tree):
    lost = {"rdf:object": None, "missing": "rdf:object", "missingState": ":lost"}
    tree.claims("alpha", claim("alpha/001-01", "id:ann :led id:march", **lost))
    assert "(lost in the text)" in tree.facts().label(
        "https://w3id.org/contested-kg/claim/alpha/001-01"
    )


def test_the_line_is_that_of_the_value(tree):
    message = fault(tree, GOOD, claim("alpha/001-02", "id:ann :led id:marsh"))
    lines = tree.claims("alpha", GOOD, claim("alpha/001-02", "id:ann :led id:marsh"))
    number = lines.read_text().splitlines().index("    rdf:object id:marsh ;") + 1
    assert f"alpha.ttl, line {number}: there is no entity marsh. Did you mean march" in message


def test_a_claim_identifier_twice_in_a_file(tree):
    again = claim("alpha/001-01", "id:ann :led id:march", note='"again"')
    assert "claim/alpha/001-01 is defined twice in this file" in fault(tree, GOOD, again)


def test_a_claim_identifier_in_two_files(tree):
    tree.claims("beta", GOOD)
    assert "is already defined in" in fault(tree, GOOD)


def test_a_claim_in_the_file_of_another_document(tree):
    tree.claims("beta", GOOD)
    with pytest.raises(DataError, match="is no claim of beta"):
        tree.quads()


def test_a_file_named_after_no_document(tree):
    tree.claims("alpha-too", claim("alpha/001-02", "id:ann :led id:march"))
    message = fault(tree, GOOD)
    assert "alpha-too.ttl is named after no registered document; data/documents.ttl has" in message
    assert "no d:alpha-too. Did you mean alpha-two or alpha?" in message


@pytest.mark.parametrize(
    ("part", "said"), [("passages", "a :Passage"), ("mentions", ":mentions id:ann")]
)
def test_passages_of_no_document_are_told_once(tree, part, said):
    statements = (f"{passage(f'gamma/00{number}')} {said} .\n" for number in (1, 2))
    path = tree.write(f"{part}/gamma", "".join(statements))
    sentence = f"{path} is named after no registered document; data/documents.ttl has no d:gamma."
    assert fault(tree, GOOD).splitlines()[0].startswith(sentence)
    assert len(fault(tree, GOOD).splitlines()) == 1


def test_an_identifier_with_too_few_digits(tree):
    assert "<passage, 3 digits>-<number, 2 digits>" in fault(tree, GOOD.replace("001-01", "001-1"))


def test_a_claim_without_its_class(tree):
    assert "lacks its class" in fault(tree, GOOD.replace("a :Claim ;", ""))


def test_an_identifier_in_other_digits(tree):
    number = "\u0660\u0660\u0661-\u0660\u0661"
    assert "is no claim of alpha" in fault(tree, claim(f"alpha/{number}", "id:ann :led id:march"))


@pytest.mark.parametrize("evidence", ["d:alpha", "id:ann"])
def test_evidence_that_is_no_passage(tree, evidence):
    """Of a passage that is copied, so that nothing is carried on such evidence."""
    beside = f"{passage('alpha/009')}, {evidence}"
    sentence = fault(tree, claim("alpha/009-01", "id:ann :led id:march", evidence=beside))
    assert "which is no passage; name passages as p:009" in sentence


@pytest.mark.parametrize("foreign", ["<http://example.org/guilt> 5", "a <http://example.org/Gang>"])
def test_a_vocabulary_of_elsewhere(tree, foreign):
    tree.write("entities/more", f'id:gang rdfs:label "gang" ; {foreign} .')
    line = PREFIXES.count("\n") + 1
    assert f"more.ttl, line {line}: <http://example.org/" in fault(tree, GOOD)
    assert "is of no vocabulary of ontology/prefixes.ttl" in fault(tree, GOOD)


@pytest.mark.parametrize(
    "name", ["claims/old/alpha.ttl", "claims/beta.TTL", "claim/alpha.ttl", "more.trig",
             "links/wikidata.tsv"],
)  # fmt: skip
def test_a_file_that_nothing_reads(tree, name):
    path = tree.root / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    assert f"{path} is read by nothing" in fault(tree, GOOD)


@pytest.mark.parametrize(
    ("file", "statement", "sentence"),
    [
        ("entities/more", "id:x a :Claim", "is a :Claim; define it in data/, part claims"),
        ("entities/more", "id:x a :Dispute", "is a :Dispute, which only the build makes"),
        ("entities/more", ":led :mayBePlain true", "is a term; terms are defined in ontology/"),
        ("mentions/alpha", 'id:ann rdfs:label "x"', "has only :mentions of passages of alpha"),
        ("mentions/alpha", f"{passage('beta/001')} :mentions id:ann", "of passages of alpha"),
    ],
)
def test_a_statement_out_of_place(tree, file, statement, sentence):
    tree.write(file, f"{statement} .")
    assert sentence in fault(tree, GOOD)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("id:ann :claimsAbout 3", "only the build writes"),
        ("id:mayor :exclusive true", "only the build writes"),
        ("id:ann :led id:march", "is said of https://w3id.org/contested-kg/id/ann by nobody"),
        (f"{passage('beta/001')} :mentions id:ann", "kg mentions writes :mentions"),
    ],
)
def test_what_is_not_written_by_hand(tree, statement, sentence):
    tree.write("entities/more", f"{statement} .")
    assert sentence in fault(tree, GOOD)


@pytest.mark.parametrize("part", ["document", "copyOf", "family", "rdfs:label"])
def test_what_is_not_written_on_a_claim(tree, part):
    assert "only the build writes" in fault(
        tree, claim("alpha/001-01", "id:ann :led id:march", **{part: '"x"'})
    )


@pytest.mark.parametrize(
    ("root", "sentence"),
    [("alpha/009", "is a copy of itself"), ("alpha/777", "which is no passage")],
)
def test_a_copy_of_nothing(tmp_path, root, sentence):
    tree = Tree(tmp_path, copies={"alpha/009": root})
    assert sentence in fault(tree, claim("alpha/001-01", "id:ann :led id:march"))


def test_a_claim_among_the_links(tree):
    tree.write("links/more", "<https://w3id.org/contested-kg/claim/alpha/009-01> a :Claim .")
    assert "is a :Claim; define it in data/, part claims" in fault(tree, GOOD)


@pytest.mark.parametrize("said", [":note 'x'", "rdfs:comment 'x'", "rdf:object id:ann"])
def test_of_the_file_itself_only_its_record_stands(tree, said):
    statement = f"<https://w3id.org/contested-kg/graph/alpha> {said} ."
    assert "of it stand only :curatedBy and :curatedOn" in fault(tree, GOOD, statement)


@pytest.mark.parametrize("name", ["homonyms.ttl", "editorial.ttl", "non-names.csv"])
def test_a_folder_in_the_place_of_a_file(tree, name):
    (tree.root / "data" / name).mkdir()
    assert f"{name} is no file that can be read" in fault(tree, GOOD)


def test_a_pipe_in_the_place_of_a_file(tree):
    pipe = tree.root / "data" / "claims" / "beta.ttl"
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    assert "beta.ttl is no file that can be read" in fault(tree, GOOD)


def test_a_text_that_the_parser_does_not_take(tree):
    tree.write("entities/more", f'id:ann rdfs:comment "{"x" * (17 << 20)}" .')
    assert "more.ttl has a name or a text that is too long" in fault(tree, GOOD)


def test_a_quoted_triple(tree):
    quoted = claim("alpha/001-02", "id:ann :led <<( id:ann :led id:march )>>")
    assert "has a quoted triple as its value" in fault(tree, quoted)


def test_a_broken_file_that_only_the_mentions_need(tree):
    tree.write("homonyms", f"{passage('beta/001')} :mentions .")
    assert "homonyms.ttl, line" in fault(tree, GOOD)


def test_an_entity_in_two_files(tree):
    tree.write("entities/more", 'id:ann a :Person ; rdfs:label "Ann" .')
    assert "id/ann is already defined in" in fault(tree, GOOD)


def test_an_entity_without_class(tree):
    tree.write("entities/more", 'id:cat rdfs:label "Cat" .')
    assert "id/cat has statements but no class" in fault(tree, GOOD)


def test_a_copy_with_claims_of_its_own(tree):
    tree.claims("beta", claim("beta/009-01", "id:ann :led id:march"))
    assert "passage beta/009, which is a copy; the claims of alpha/009" in fault(tree, GOOD)


def test_a_copy_of_a_copy(tmp_path):
    tree = Tree(tmp_path, copies={"beta/009": "alpha-two/009", "alpha-two/009": "alpha/009"})
    assert "itself a copy; name alpha/009" in fault(tree, GOOD)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("rdf:object true ; :reason 'x'", "needs exactly one rdf:subject"),
        ("rdf:subject id:mayor ; rdf:object true", "needs exactly one :reason"),
        ("rdf:subject id:mayor ; rdf:object true ; :reason 'x', 'y'", "exactly one :reason"),
    ],
)
def test_an_editorial_claim_lacks_a_part(tree, statement, expected):
    tree.write("editorial", f"claim:e a :EditorialClaim ; rdf:predicate :exclusive ; {statement} .")
    assert expected in fault(tree, GOOD)


def test_curators_may_not_accuse(tree):
    body = "rdf:subject id:ann ; rdf:predicate :perpetrated ; rdf:object id:march ; :reason 'x'"
    tree.write("editorial", f"claim:e a :EditorialClaim ; {body} .")
    assert "which curators may not say" in fault(tree, GOOD)


def test_an_editorial_statement_without_class(tree):
    tree.write("editorial", "claim:e :reason 'x' .")
    assert "write `a :EditorialClaim`" in fault(tree, GOOD)


def test_of_many_faults_the_first_ten_are_listed(tree):
    claims = [claim(f"alpha/001-{n:02d}", "id:ann :led id:march", stance=None) for n in range(15)]
    lines = fault(tree, *claims).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "… and more faults of this kind."
