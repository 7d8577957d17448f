"""The redirect file for w3id.org: only directives that it allows, and every IRI to its path."""

import re
from pathlib import Path

import pytest

from kg.addresses import plain_path
from kg.rdf import BASE

FILE = Path(__file__).resolve().parent.parent / "ontology" / "w3id" / ".htaccess"
DIRECTIVE = re.compile(r"(Options|RewriteEngine|RewriteCond|RewriteRule|AddType|Header)\s+(.+)")
RULE = re.compile(r"(\S+)\s+(\S+)\s+\[([A-Z=,0-9]+)\]")
HOST = "https://contested.example.org"


def directives(text: str) -> list[tuple[str, str]]:
    """Return the directives of a file (Apache: one a line, comments on lines of their own)."""
    lines = [line.strip() for line in text.splitlines()]
    found = [DIRECTIVE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert None not in found
    return [(match[1], match[2]) for match in found]


def redirected(text: str, path: str) -> tuple[str, int]:
    """Return where the first rule that matches sends a path below the folder, and the status."""
    said = directives(text)
    assert ("RewriteEngine", "on") in said
    for name, value in said:
        if name == "RewriteRule":
            pattern, target, flags = RULE.fullmatch(value).groups()
            if match := re.search(pattern, path):
                status = re.search(r"R=(\d{3})", flags)
                return re.sub(r"\$(\d)", lambda each: match[int(each[1])], target), int(status[1])
    return "", 404


@pytest.mark.parametrize(
    "local",
    ["", "id/mqm", "claim/operation-clean-up-2/053-01", "ontology/", "ontology/0.1.0", "id/mqm.ttl",
     "dispute/ecaed55b9ae313f7/464ed975", "ontology/context.jsonld"],
)  # fmt: skip
def test_every_iri_is_sent_to_its_path_on_the_server(local: str) -> None:
    target, status = redirected(FILE.read_text(), local)
    assert status in (302, 303, 307)
    assert target == HOST + plain_path(BASE + local)


def test_a_file_that_says_something_else_is_found() -> None:
    with pytest.raises(AssertionError):
        directives("RewriteRul ^(.*)$ https://e/$1 [R=302,L]")
    with pytest.raises(AssertionError):
        redirected("RewriteRule ^(.*)$ https://e/$1 [R=302,L]", "id/mqm")
    wrong = "RewriteEngine on\nRewriteRule ^id/(.*)$ https://e/thing/$1 [R=302,L]"
    assert redirected(wrong, "id/mqm") == ("https://e/thing/mqm", 302)
    assert redirected(wrong, "claim/a/001-01") == ("", 404)
