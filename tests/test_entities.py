"""Look-ups by any spelling, and what is said where nothing or too much is found."""

import pytest

from kg import entities
from kg.entities import DOCUMENT, TERM, THING, Names, Spelling, local_name
from kg.errors import InputError, NotFoundError
from kg.names import normalize

BASE = "https://w3id.org/contested-kg/"
NAMES = Names(
    Spelling(BASE + local, source, name)
    for local, source, name in (
        ("id/interior-minister", "label", "Interior Minister"),
        ("id/interior-minister", "spelling", "Minister of the Interior"),
        ("id/river-party", "label", "River Party"),
        ("id/river-party", "spelling", "RP"),
        ("id/river-party-north", "label", "River Party (North)"),
        ("id/river-party-north", "spelling", "RP-N"),
        ("id/river-party-north", "spelling", "the Party"),
        ("id/rice-producers", "label", "Rice Producers"),
        ("id/rice-producers", "spelling", "the Party"),
        ("id/rp", "label", "Rupert Prior"),
        ("id/rp", "hidden", "the Butcher"),
        ("id/rp", "hidden", "RP-N"),
        ("id/rice-producers", "claim", "RP-N"),
        ("document/alpha", "label", "Alpha"),
        ("document/alpha", "digits", "007"),
        ("ontology/chaired", "label", "chaired"),
        ("ontology/startDispute", "label", "start dispute"),
    )
)
PEOPLE = Names(
    Spelling(BASE + "id/" + local, source, name, kind)
    for local, source, name, kind in (
        ("ann-reed", "label", "Ann Reed", "person"),
        ("ann-reed", "spelling", "Reed", "person"),
        ("bob-reed", "label", "Bob Reed (clerk)", "person"),
        ("reed-hall", "label", "Reed Hall", ""),
        ("reed-hall", "spelling", "the Hall", ""),
        ("cy-cole", "label", "Cy Cole", "person"),
        ("cy-cole", "spelling", "Cole", "person"),
        ("flight-of-cy-cole", "label", "flight of Cy Cole", ""),
        ("dee", "label", "Dee", "person"),
        ("ned-dee", "label", "Ned Dee", "person"),
        ("clerk-house", "label", "Clerk-House", ""),
        ("house-of-clerks", "label", "Clerk House", ""),
        ("unnamed-porter-001", "label", "porter at the gate (001)", "unnamed"),
        ("unnamed-porter-001", "spelling", "the porter", "unnamed"),
        ("unnamed-porter-001", "spelling", "Reed", "unnamed"),
    )
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("interior-minister", "id/interior-minister"),
        ("Interior Minister", "id/interior-minister"),
        (" interior   minister ", "id/interior-minister"),
        ("minister of the interior", "id/interior-minister"),
        ("id:interior-minister", "id/interior-minister"),
        (f"{BASE}id/interior-minister", "id/interior-minister"),
        (f"<{BASE}id/interior-minister>", "id/interior-minister"),
        ("rp-n", "id/river-party-north"),
        ("Interior-Minister", "id/interior-minister"),
        ("alpha", "document/alpha"),
        ("the butcher", "id/rp"),
        ("The Interior Minister", "id/interior-minister"),
        ("the RP-N", "id/river-party-north"),
    ],
)
def test_found_by(text, found):
    assert NAMES.find(text) == BASE + found


def test_the_label_to_the_letter_comes_before_one_that_is_alike():
    assert PEOPLE.find("Clerk-House") == BASE + "id/clerk-house"
    assert PEOPLE.find("Clerk House") == BASE + "id/house-of-clerks"


def test_identifier_comes_before_spelling():
    assert NAMES.find("rp") == BASE + "id/rp"
    assert NAMES.find("RP") == BASE + "id/river-party"


def test_spelling_comes_before_what_a_claim_calls_it():
    assert NAMES.find("RP-N") == BASE + "id/river-party-north"


def test_realms():
    assert NAMES.find("007", DOCUMENT) == BASE + "document/alpha"
    assert NAMES.find("chaired", TERM) == BASE + "ontology/chaired"
    assert NAMES.find("start dispute", TERM) == BASE + "ontology/startDispute"
    with pytest.raises(NotFoundError, match="No document"):
        NAMES.find("river-party", DOCUMENT)
    with pytest.raises(NotFoundError, match="No term"):
        NAMES.find("river-party", TERM)


def test_ambiguous_lists_candidates():
    with pytest.raises(InputError) as caught:
        NAMES.find("the party")
    assert "rice-producers (Rice Producers), river-party-north" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "near"), [("interior minster", "interior-minister"), ("River Parti", "river-party")]
)
def test_unknown_offers_near_spellings(text, near):
    with pytest.raises(NotFoundError, match=f"Did you mean {near}"):
        NAMES.find(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Cole", "cy-cole"),
        ("Dee", "dee"),
        ("Ann Reed", "ann-reed"),
        ("the hall", "reed-hall"),
        ("porter at the gate (001)", "unnamed-porter-001"),
        ("unnamed-porter-001", "unnamed-porter-001"),
    ],
)
def test_people_found_by(text, found):
    assert PEOPLE.find(text) == BASE + "id/" + found


def test_a_surname_that_others_bear_is_asked_back():
    with pytest.raises(InputError) as caught:
        PEOPLE.find("reed")
    assert str(caught.value) == (
        "'reed' names 2 things; write one of: ann-reed (Ann Reed), bob-reed (Bob Reed (clerk))."
    )


def test_the_unnamed_are_not_found_by_what_they_are_called_but_offered():
    with pytest.raises(NotFoundError, match=r"'the porter'\. Did you mean unnamed-porter-001\?$"):
        PEOPLE.find("the porter")


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Bob", "Did you mean bob-reed?"),
        ("cy", "Did you mean cy-cole or flight-of-cy-cole?"),
        ("reed clerk", "Did you mean bob-reed?"),
        ("clerk", "Did you mean bob-reed or clerk-house or house-of-clerks?"),
        ("cy kole", "Did you mean cy-cole?"),
        ("the clerk reed", "Did you mean bob-reed?"),
        ("Lieutenant-General (retired) Cy Cole", "Did you mean cy-cole?"),
    ],
)
def test_whole_words_are_offered_before_what_is_spelt_alike(text, near):
    with pytest.raises(NotFoundError) as caught:
        PEOPLE.find(text)
    assert str(caught.value).endswith(near)


@pytest.mark.parametrize("text", ["", "   ", "?", "zzzz", BASE + "id/nobody"])
def test_unknown_without_near_spellings(text):
    with pytest.raises(NotFoundError, match="No entity"):
        NAMES.find(text)


def test_a_long_name_is_not_repeated_whole():
    with pytest.raises(NotFoundError) as caught:
        NAMES.find("x" * 50_000)
    assert str(caught.value) == f"No entity is called '{'x' * 100}…'."
    with pytest.raises(InputError, match=r"^'the party\.{91}…' names 2 things"):
        NAMES.find("the party" + "." * 500)


def test_a_name_is_brought_to_its_normal_form_once(monkeypatch):
    names, made = Names(NAMES.spellings), []
    monkeypatch.setattr(entities, "normalize", lambda name: made.append(name) or normalize(name))
    assert names.find("Minister, of the Interior") == BASE + "id/interior-minister"
    first = len(made)
    assert names.find("the-butcher") == BASE + "id/rp"
    assert (first > 1, len(made) - first) == (True, 1)


def test_labels():
    assert NAMES.label(BASE + "id/rp") == "Rupert Prior"
    assert NAMES.label(BASE + "id/nobody") is None
    assert local_name("http://example.org/x") == "http://example.org/x"


def test_an_entity_comes_before_a_document_of_its_name():
    names = Names(
        Spelling(BASE + local, "label", "Feud")
        for local in ("id/feud", "document/feud", "ontology/feud")
    )
    assert names.find("feud") == names.find("Feud") == BASE + "id/feud"
    assert names.find("d:feud") == names.find("feud", DOCUMENT) == BASE + "document/feud"
    with pytest.raises(InputError, match=r"feud \(Feud\), :feud \(Feud\)"):
        names.find("feud", THING)
    assert names.find(":feud", THING) == BASE + "ontology/feud"
