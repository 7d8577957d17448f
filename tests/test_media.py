"""Choosing a format by `Accept`: RFC 9110 12.5.1."""

import pytest

from kg.errors import NotAcceptableError
from kg.media import FORMATS, _remembered, named, negotiate, offered, quality

RESULTS, GRAPHS = offered("results"), offered("graph")


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("TEXT/CSV", "csv"),
        ("text/csv;charset=utf-8", "csv"),
        ("text/csv, */*", "csv"),
        ("text/csv;q=0.5, text/tab-separated-values", "tsv"),
        ("text/tab-separated-values, text/csv", "tsv"),
        ("text/*, application/sparql-results+xml", "xml"),
        ("text/*", "csv"),
        ("text/*;q=0.5, text/csv;q=0.1", "tsv"),
        ("application/sparql-results+xml, application/sparql-results+json;q=0.9", "xml"),
        ("application/sparql-results+json;q=0, */*;q=0.1", "xml"),
        ("application/json", "json"),
        ("application/xml", "xml"),
        ("image/png, text/csv;q=0.001", "csv"),
        ("nonsense, text/csv", "csv"),
        ("text/csv;level=1;q=0.2, application/sparql-results+xml;q=0.1", "csv"),
    ],
)
def test_results_format(accept: str | None, name: str) -> None:
    assert negotiate(accept, RESULTS).format.name == name


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "turtle"),
        ("*/*", "turtle"),
        ("application/rdf+xml", "rdfxml"),
        ("application/ld+json;q=1.0, text/turtle;q=0.9", "jsonld"),
        ("application/n-quads", "nquads"),
        ("application/trig", "trig"),
        ("text/plain", "ntriples"),
        ("text/*", "turtle"),
        ("application/json", "jsonld"),
    ],
)
def test_graph_format(accept: str | None, name: str) -> None:
    assert negotiate(accept, GRAPHS).format.name == name


@pytest.mark.parametrize(
    "accept",
    ["image/png", "text/csv;q=0", "*/*;q=0", "text/html", "text/*;q=0.000, image/*"],
)
def test_nothing_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=r"application/sparql-results\+json"):
        negotiate(accept, RESULTS)


def test_alias_is_answered_under_its_own_name() -> None:
    assert negotiate("application/json", RESULTS).content_type == "application/json"
    assert negotiate("text/csv", RESULTS).content_type == "text/csv; charset=utf-8"


def test_wildcard_never_turns_into_an_alias() -> None:
    assert {negotiate("text/*", GRAPHS).media_type, negotiate("*/*", GRAPHS).media_type} == {
        "text/turtle"
    }


def test_most_specific_range_decides() -> None:
    assert quality("text/*;q=0.9, text/html;q=0.1, */*;q=0.5", "text/html") == 0.1
    assert quality("text/*;q=0.9", "text/html") == 0.9
    assert quality("text/*", "image/png") == 0.0
    assert quality(None, "image/png") == quality("nonsense", "image/png") == 1.0
    assert quality("text/csv;q=0.3, text/csv;q=0.7", "text/csv") == 0.3


def test_a_long_header_is_not_kept() -> None:
    kept = _remembered.cache_info().currsize
    assert negotiate("text/csv" + ";a=b" * 100, RESULTS).format.name == "csv"
    assert _remembered.cache_info().currsize == kept


def test_every_format_can_be_asked_for_by_each_of_its_types() -> None:
    assert len(FORMATS) == 10
    for row in FORMATS:
        assert named(row.name) is row
        for media_type in (row.media_type, *row.aliases):
            assert negotiate(media_type, offered(row.kind)).format is row


def test_of_thousands_of_ranges_the_first_hundred_are_read() -> None:
    assert quality("a/b," * 99 + "text/csv", "text/csv") == 1.0
    assert quality("a/b," * 100 + "text/csv", "text/csv") == 0.0
    assert negotiate("text/csv," + "a/b," * 15_000, RESULTS).format.name == "csv"
