"""What the start page is made of: questions in groups, text that cannot become markup."""

import json
from urllib.parse import parse_qs

from kg.examples import GROUPS, REST, grouped
from kg.pages import Pages, Start
from kg.queries import parse_question, questions

HEAD = "# title: Who did?\n# description: All of them.\n"
PARAMETER = "# param who: ?who entity optional — the one who did\n"


def start(**more: object) -> str:
    return Pages().start(
        Start(root="/root", endpoint="http://e/root/sparql", about="2 statements.", **more)
    )


def test_every_question_is_offered_once() -> None:
    offered = [each.name for group in grouped(questions()) for each in group.examples]
    assert sorted(offered) == sorted(each.name for each in questions())


def test_groups_name_questions_that_exist() -> None:
    known = {each.name for each in questions()}
    assert [name for _, names in GROUPS for name in names if name not in known] == []


def test_a_question_without_a_group_comes_last() -> None:
    new = parse_question("who-did", f"{HEAD}ASK {{}}\n")
    first, last = grouped([new, *(each for each in questions() if each.name == "figures")])
    assert (first.title, last.title) == ("Figures", REST)
    assert [each.name for each in last.examples] == ["who-did"]


def test_the_editor_gets_the_query_without_its_header() -> None:
    text = f"{HEAD}{PARAMETER}ASK {{\n  VALUES ?who {{ UNDEF }}\n  # kept\n}}\n"
    ((example,),) = [group.examples for group in grouped([parse_question("who-did", text)])]
    assert example.query == "ASK {\n  VALUES ?who { UNDEF }\n  # kept\n}"
    assert json.loads(example.parameters) == [
        {"name": "who", "variable": "who", "kind": "entity", "among": [], "help": "the one who did"}
    ]
    page = start(groups=grouped([parse_question("who-did", text)]))
    assert "Who did?" in page
    assert 'action="/root/sparql"' in page
    # Without scripts the link itself brings the query into the editor.
    assert parse_qs(example.fields) == {"query": [example.query]}
    assert f'href="/root/?{example.fields}"' in page


def test_pages_escape_what_they_show() -> None:
    page = start(groups=[], query="<script>1", prefixes={"a": '"><script>'})
    assert "<script>" not in page


def test_the_query_of_the_request_is_in_the_editor() -> None:
    assert ">ASK {} # mine</textarea>" in start(groups=[], query="ASK {} # mine")
