"""A named question by its address: the answer of `kg query`, or one sentence why not.

Expected: passage 053 of 001 has Naseerullah Babar as interior minister on 19 May 1994, passage 052
in January 1994, at some day of that month.
"""

import asyncio
import csv
import html
import io
import re
import time
from types import SimpleNamespace

import pytest

from kg import inquiry
from kg.queries import questions

BASE = "https://w3id.org/contested-kg/"
HELD = {"post": "interior-minister", "on": "1994-01-15"}


def ask(endpoint, name, accept="*/*", **parameters):
    return endpoint.get(f"/example/{name}", params=parameters, headers={"accept": accept})


def table(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_question_with_its_parameters_is_answered(endpoint):
    rows = table(ask(endpoint, "who-held-post.csv", **HELD))
    found = {(row["holderName"], row["status"], row["when"]) for row in rows}
    assert ("Naseerullah Babar", "possible", "1994-01") in found
    assert {row["post"] for row in rows} == {f"{BASE}id/interior-minister-of-pakistan"}
    later = table(ask(endpoint, "who-held-post.csv", **{**HELD, "on": "1994-05-19"}))
    assert "certain" in {row["status"] for row in later}


@pytest.mark.parametrize(
    ("name", "accept", "more"),
    [
        ("who-held-post", "text/csv", {}),
        ("who-held-post", "*/*", {"as": "csv"}),
        ("who-held-post.csv", "text/html", {"as": "csv"}),
        ("who-held-post.json", "text/csv", {"as": "srj"}),
    ],
)
def test_the_format_is_named_by_ending_parameter_or_accept(endpoint, name, accept, more):
    answer = ask(endpoint, name, accept, **HELD, **more)
    if name.endswith(".json"):
        assert answer.headers["content-type"] == "application/sparql-results+json"
        assert answer.json()["results"]["bindings"]
    else:
        assert answer.content == ask(endpoint, "who-held-post.csv", **HELD).content


def test_several_values_are_any_of_them_and_an_empty_one_is_none(endpoint):
    days = {"on": "1994-05-19"}
    both = ["prime-minister-of-pakistan", "interior-minister"]
    one = table(ask(endpoint, "who-held-post.csv", **days, post=both[0]))
    two = table(ask(endpoint, "who-held-post.csv", **days, post=both))
    every = table(ask(endpoint, "who-held-post.csv", **days, post=""))
    assert 0 < len(one) < len(two) < len(every)


def test_every_question_can_be_asked_whole_at_its_address(endpoint):
    rows = table(ask(endpoint, "documents.csv", document=""))
    assert [row["digits"] for row in rows] == ["000", "001", "002", "003", "004"]
    assert table(ask(endpoint, "documents.csv", document="002")) == [rows[2]]
    askable = [each for each in questions() if each.name != "spellings"]
    assert all(each.parameters for each in askable)


def test_html_is_the_editor_with_the_values_filled_in(endpoint):
    for name, accept in (("who-held-post.html", "*/*"), ("who-held-post", "text/html")):
        answer = ask(endpoint, name, accept, **HELD)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/?ask=who-held-post&query=")
        page = html.unescape(endpoint.get(answer.headers["location"]).text)
        (editor,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
        assert f"VALUES ?post {{ <{BASE}id/interior-minister-of-pakistan> }}" in editor
        assert "1994-01-15" in editor
        assert "# title" not in editor


@pytest.mark.parametrize(
    ("parameters", "status", "sentence"),
    [
        ({"post": "interior-minister", "day": "1994-01-15"}, 400,
         "who-held-post has no parameter day; it takes: post, on, document."),
        ({"post": "interior-minister"}, 400, "who-held-post needs on: the day"),
        ({"on": "January"}, 400, "on is a day, such as 1994-05-19, not 'January'."),
        ({"on": "1994-01-15", "post": "nobody at all"}, 404, "No post is called"),
        ({"on": "1994-01-15", "as": "turtle"}, 406, "This query makes a table"),
        ({"on": "1994-01-15", "as": "pdf"}, 400, "as must be one of"),
        ({"on": "1994-01-15", "maxrows": "none"}, 400, "maxrows must be a whole number"),
        ({"on": "1994-01-15", "maxrows": ["1", "2"]}, 400, "The request has 2 `maxrows`"),
        ({"on": "1994-01-15", "timeout": ["1", "2"]}, 400, "The request has 2 `timeout`"),
        ({"on": "1994-01-15", "timeout": ""}, 400, "timeout must be a positive number"),
        ({"on": "1994-01-15", "as": ["csv", "csv"]}, 400, "The request has 2 `as` parameters"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_in_one_sentence(endpoint, parameters, status, sentence):
    answer = ask(endpoint, "who-held-post", **parameters)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


@pytest.mark.parametrize(
    ("name", "form", "sentence"),
    [
        ("who-held-post.csv", "json", "The address ends in .csv, but `as` names another format."),
        ("who-held-post.html", "csv", "The address ends in .html, but `as` names another format."),
        ("who-held-post.csv", ["csv", "json"], "The request has 2 `as` parameters; send one."),
    ],
)
def test_an_answer_has_one_format(endpoint, name, form, sentence):
    answer = ask(endpoint, name, **HELD, **{"as": form})
    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)


@pytest.mark.parametrize(
    ("parameters", "status", "sentence"),
    [
        ({"post": "x" * 301}, 400, "A value or its name is longer than 300 characters"),
        ({"x" * 301: "y"}, 400, "A value or its name is longer than 300 characters"),
        ({"post": ["x"] * 51}, 400, "The question has 51 values; send at most 50."),
        ({"post": "x" * 33_000}, 414, "The address is too long"),
        ({"on": "1994-01-15", "post": "x" * 300}, 404, f"No post is called '{'x' * 100}…'."),
    ],
)
def test_much_is_refused_before_it_takes_long(endpoint, parameters, status, sentence):
    answer = ask(endpoint, "who-held-post", **parameters)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)


def test_names_are_looked_for_in_two_threads_at_most(monkeypatch):
    """Stands in for `_bound`: what it does takes a processor for itself."""
    under_way, most = [], []

    def bound(*_):
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.02)
        under_way.pop()
        return ""

    class Answers:
        service = SimpleNamespace(pool=SimpleNamespace(fingerprint="print"))

        async def ask(self, *_):
            return "print", b"entity,source,name,kind\r\n"

    async def many():
        asked = inquiry.Inquiry(Answers(), None)
        await asyncio.gather(*(asked._filled(questions()[0], []) for _ in range(8)))

    monkeypatch.setattr(inquiry, "_bound", bound)
    asyncio.run(many())
    assert (len(most), max(most)) == (8, 2)


def test_without_parameters_it_is_described(endpoint):
    rows = table(ask(endpoint, "who-held-post.csv"))
    assert {row["node"] for row in rows} == {f"{BASE}example/who-held-post"}
    answer = ask(endpoint, "who-held-post", **{"as": "csv"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/example/who-held-post.csv")


def test_a_parameter_called_like_one_of_ours_is_the_questions(endpoint):
    rows = table(
        ask(endpoint, "participants.csv", event="operation-clean-up", **{"as": "executed"})
    )
    assert {row["predicate"] for row in rows} == {f"{BASE}ontology/executed"}


def test_unknown_questions_and_other_methods(endpoint):
    assert ask(endpoint, "who-held.csv", post="x").status_code == 404
    assert endpoint.post("/example/who-held-post.csv", params=HELD).status_code == 405
    head = endpoint.head("/example/who-held-post.csv", params=HELD)
    assert (head.status_code, head.content) == (200, b"")


def test_the_guides_tell_how(endpoint):
    guide = endpoint.get("/llms.txt").text
    addresses = re.findall(r"`\S+(/example/\S+\?\S+)`", guide)
    assert len(addresses) == 2
    assert all(table(endpoint.get(each)) for each in addresses)
    for question in questions():
        (line,) = [row for row in guide.splitlines() if f"/example/{question.name})" in row]
        said = line.rpartition("Parameters: ")[2]
        assert all(each.name in said for each in question.parameters), question.name
    described = endpoint.get("/openapi.json").json()["paths"]["/example/{name}"]["get"]
    assert {"200", "303", "400", "404", "406", "414"} <= set(described["responses"])
    assert described["parameters"][-1]["schema"]["type"] == "object"


def test_a_thing_in_the_form_that_as_names(endpoint):
    for name, ending in (("csv", "csv"), ("nt", "nt"), ("ntriples", "nt"), ("turtle", "ttl")):
        answer = endpoint.get("/id/altaf-hussain", params={"as": name})
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/id/altaf-hussain.{ending}"
    answer = endpoint.get("/id/altaf-hussain.html", params={"as": "csv"})
    assert answer.headers["location"] == "/id/altaf-hussain.csv"
    answer = endpoint.get("/id/altaf-hussain", params={"as": "pdf"})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("as must be one of html, turtle, ttl")


def test_a_file_ending_names_a_format(endpoint):
    asked = {"query": "CONSTRUCT WHERE { ?s a <https://w3id.org/contested-kg/ontology/Work> }"}
    answer = endpoint.get("/sparql", params={**asked, "as": "nt"})
    assert answer.headers["content-type"].startswith("application/n-triples")
    assert endpoint.get("/sparql?as=ttl").headers["content-type"].startswith("text/turtle")
