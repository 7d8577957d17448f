"""Links in headers, as the FAIR Signposting Profile has them."""

import re

from kg.media import HTML, named
from kg.signposts import Link, link_header, signposts

BASE = "https://w3id.org/contested-kg/"
NODE = BASE + "id/mqm"


def links(form) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in signposts(NODE, [BASE + "ontology/Faction"], "/root", form, "/root/"):
        found.setdefault(each.relation, []).append((each.target, each.media_type))
    return found


def test_a_page_names_the_thing_its_types_licence_and_data() -> None:
    page = links(HTML)
    assert page["cite-as"] == [(NODE, "")]
    assert [target for target, _ in page["type"]] == [
        "https://schema.org/AboutPage",
        BASE + "ontology/Faction",
    ]
    assert page["license"] == [("https://creativecommons.org/publicdomain/zero/1.0/", "")]
    assert ("/root/id/mqm.ttl", "text/turtle") in page["describedby"]
    assert {kind for _, kind in page["describedby"]} == {
        "text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml",
        "text/csv",
    }  # fmt: skip
    assert page["collection"] == [("/root/", "text/html")]


def test_data_lead_back_to_the_page() -> None:
    data = links(named("turtle"))
    assert data["describes"] == [("/root/id/mqm.html", "text/html")]
    assert data["cite-as"] == [(NODE, "")]
    assert "/root/id/mqm.ttl" not in [target for target, _ in data["alternate"]]
    assert "describedby" not in data


def test_a_header_is_what_rfc_8288_says() -> None:
    header = link_header(signposts(NODE, [], "", HTML))
    one = r'<[^<>"\s]+>; rel="[a-z-]+"(; type="[\w/+-]+")?'
    assert re.fullmatch(rf"{one}(, {one})*", header)


def test_what_would_break_the_header_is_left_out() -> None:
    bad = ["http://e/>; rel=x", "http://e/\r\nset-cookie: a", "http://e/ā", "no iri"]
    assert link_header(Link(each, "item") for each in bad) == ""
