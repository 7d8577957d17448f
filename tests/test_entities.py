"""Look-ups by any spelling, and what is said where nothing or too much is found."""

import pytest

from kg.entities import DOCUMENT, TERM, THING, Names, Spelling, local_name
from kg.errors import InputError, NotFoundError

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
    ],
)
def test_found_by(text, found):
    assert NAMES.find(text) == BASE + found


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


@pytest.mark.parametrize("text", ["", "   ", "?", "zzzz", BASE + "id/nobody"])
def test_unknown_without_near_spellings(text):
    with pytest.raises(NotFoundError, match="No entity"):
        NAMES.find(text)


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
