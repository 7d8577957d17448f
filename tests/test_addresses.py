"""Between IRIs and addresses: every way to read a path, and no way into a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.addresses import FORMS, LONGEST, document_path, plain_path, readings
from kg.errors import InputError
from kg.media import HTML, named
from kg.queries import restrict

BASE = "https://w3id.org/contested-kg/"


def read(path: str) -> list[tuple[str, str | None]]:
    return [
        (each.iri.removeprefix(BASE), each.form.extension if each.form else None)
        for each in readings(path)
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/id/mqm", [("id/mqm", None), ("id/mqm/", None)]),
        ("/ontology/", [("ontology/", None)]),
        ("/id/mqm.ttl", [("id/mqm.ttl", None), ("id/mqm.ttl/", None), ("id/mqm", "ttl"),
                         ("id/mqm/", "ttl")]),
        ("/ontology/0.1.0", [("ontology/0.1.0", None), ("ontology/0.1.0/", None)]),
        ("/ontology/0.1.0.html", [("ontology/0.1.0.html", None), ("ontology/0.1.0.html/", None),
                                  ("ontology/0.1.0", "html"), ("ontology/0.1.0/", "html")]),
        ("/id/mqm.exe", [("id/mqm.exe", None), ("id/mqm.exe/", None)]),
        ("/.ttl", [(".ttl", None), (".ttl/", None)]),
        ("/id/.ttl", [("id/.ttl", None), ("id/.ttl/", None)]),
    ],
)  # fmt: skip
def test_a_path_is_read_as_an_iri_first_and_then_as_a_document(path, expected) -> None:
    assert read(path) == expected


@pytest.mark.parametrize(
    "path",
    ["", "/", "//", "//e/x", "//e/x.ttl", "/id/../x", "/./id", "/id/a b", "/id/a>", "/id/<a",
     '/id/"', "/id/{", "/id/}", "/a|b", "/a\\u003e", "/a^b", "/a`b", "/\x00", "/a\nb", "/\x7f",
     "/id/\ufffd", "/id/%", "/id/%zz", "/id/\ue000", "/id/a?b", "/id/a#b",
     "/" + "x" * (LONGEST + 1)],
)  # fmt: skip
def test_what_can_be_no_iri_has_no_reading(path) -> None:
    assert read(path) == []


@given(st.text(max_size=60))
def test_no_path_gets_out_of_its_brackets(text) -> None:
    for each in readings(f"/{text}"):
        line = restrict("  VALUES ?asked { UNDEF }", "asked", [each.iri])
        assert line == f"  VALUES ?asked {{ <{each.iri}> }}"
        assert not set(each.iri) & set('<>"{}|\\^` \n\r\t')


def test_a_query_takes_no_text_for_an_iri() -> None:
    with pytest.raises(InputError, match="no absolute IRI"):
        restrict("  VALUES ?x { UNDEF }", "x", ["http://e/> } #"])
    with pytest.raises(KeyError, match="the values of"):
        restrict("  VALUES ?x { UNDEF }", "y", [])


@given(st.from_regex(r"[a-z]{1,8}/[A-Za-z0-9._~-]{1,12}", fullmatch=True))
def test_there_and_back(local) -> None:
    """The documents of an IRI lead back to it, unless one is an identifier of its own."""
    iri = BASE + local
    if not readings(plain_path(iri)):
        assert local.endswith(("/.", "/.."))
        return
    assert readings(plain_path(iri))[0].iri == iri
    for form in FORMS:
        found = readings(document_path(iri, form))
        assert (iri, form) in [(each.iri, each.form) for each in found]


def test_addresses_are_percent_encoded() -> None:
    assert plain_path(f"{BASE}id/jinnāḥ") == "/id/jinn%C4%81%E1%B8%A5"
    assert document_path(f"{BASE}ontology/", HTML) == "/ontology.html"
    assert document_path(f"{BASE}id/a", named("csv")) == "/id/a.csv"


def test_six_forms_each_with_an_extension_of_its_own() -> None:
    assert [row.extension for row in FORMS] == ["html", "ttl", "jsonld", "nt", "rdf", "csv"]
