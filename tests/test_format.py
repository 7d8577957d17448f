import pytest

from kg.errors import DataError, InternalError
from kg.format import format_files, format_turtle
from kg.rdf import fingerprint, parse_turtle

OURS = {"": "https://w3id.org/contested-kg/ontology/", "id": "https://w3id.org/contested-kg/id/"}
MESSY = """@prefix c: <https://w3id.org/contested-kg/claim/x/> .
@prefix spare: <http://spare/> .
@prefix o: <https://w3id.org/contested-kg/ontology/> .
c:010-01 o:of <https://w3id.org/contested-kg/id/a>, 01, "x#y" .
c:002-01 a <https://w3id.org/contested-kg/ontology/Claim> ; <http://other/p> "1e0"^^<urn:t>, 'two
lines # none', "q\\"'"@en-GB .
"""
NEAT = """@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix c: <https://w3id.org/contested-kg/claim/x/> .
@prefix id: <https://w3id.org/contested-kg/id/> .

c:002-01 a :Claim ;
    :of 01 .

c:010-01 :of id:a .
"""
BLANKS = """@prefix : <https://w3id.org/contested-kg/ontology/> .
:s :p [ :q 2 ], [ :q 1 ], ( 1 :a "b" ), [ :q [ :q 3 ] ] .
"""


def test_layout_is_neat():
    messy = MESSY.replace(', 01, "x#y"', "").partition(" ; <http://other/p>")[0] + " ; o:of 01 ."
    assert format_turtle(messy.replace("o:", ":"), OURS) == NEAT


@pytest.mark.parametrize("text", [NEAT, BLANKS, MESSY.replace("'two\nlines # none'", "'''a\n#'''")])
def test_nothing_is_lost_and_the_form_is_stable(text):
    once = format_turtle(text, OURS)
    assert format_turtle(once, OURS) == once
    before, after = (fingerprint(parse_turtle(each, "text").quads) for each in (text, once))
    assert before == after


def test_unused_prefixes_go_and_ours_come():
    text = "@prefix spare: <http://spare/> .\n<https://w3id.org/contested-kg/id/a> <urn:x:p> 1 ."
    result = format_turtle(text, OURS)
    assert "spare" not in result
    assert "id:a" in result


def test_a_prefix_for_plain_numbers_only_is_dropped():
    ours = OURS | {"xsd": "http://www.w3.org/2001/XMLSchema#"}
    text = "@prefix e: <http://example.org/> .\ne:a e:b %s ."
    assert "xsd:" not in format_turtle(text % "1, true", ours)
    typed = '"1992-06-19"^^<http://www.w3.org/2001/XMLSchema#date>'
    assert "@prefix xsd:" in format_turtle(text % typed, ours)


def test_text_without_any_prefix():
    assert format_turtle("<urn:a> a <urn:b> .", {}) == "<urn:a> a <urn:b> .\n"


def test_own_prefixes_win_over_ours():
    text = "@prefix me: <https://w3id.org/contested-kg/id/> .\nme:a me:b me:c ."
    assert "me:a me:b me:c ." in format_turtle(text, OURS)


@pytest.mark.parametrize("text", ["# note\n<urn:a> <urn:b> 1 .", "<urn:a> <urn:b> 1 . # note"])
def test_a_comment_is_refused_because_it_would_be_lost(text):
    with pytest.raises(DataError, match="line 1: comments are not kept"):
        format_turtle(text, OURS, "a.ttl")


@pytest.mark.parametrize("text", ['"#"', "'#'", '"""\n#"\n"""', "'''#'''", "<urn:x#y>", '"\\"#"'])
def test_a_hash_inside_a_term_is_no_comment(text):
    assert format_turtle(f"<urn:a> <urn:b> {text} .", {})


def test_a_broken_file_is_named_with_line_and_column(tmp_path):
    path = tmp_path / "bad.ttl"
    path.write_text("<urn:a> <urn:b> .\n")
    with pytest.raises(DataError, match=r"bad\.ttl, line 1, column \d+"):
        format_files([path], OURS)


def test_files_are_written_only_without_check(tmp_path):
    path, neat = tmp_path / "a.ttl", tmp_path / "neat.ttl"
    path.write_text(BLANKS)
    neat.write_text(NEAT)
    assert format_files([path, neat], OURS, check=True) == [path]
    assert path.read_text() == BLANKS
    assert format_files([path, neat], OURS) == [path]
    assert format_files([path, neat], OURS, check=True) == []


def test_one_faulty_file_leaves_all_as_they_were(tmp_path):
    good, bad = tmp_path / "good.ttl", tmp_path / "bad.ttl"
    good.write_text(BLANKS)
    bad.write_text("nonsense")
    with pytest.raises(DataError):
        format_files([good, bad], OURS)
    assert good.read_text() == BLANKS


def test_windows_line_ends_are_not_canonical(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_bytes(NEAT.replace("\n", "\r\n").encode())
    assert format_files([path], OURS, check=True) == [path]


def test_unreadable_files_are_one_sentence(tmp_path):
    (tmp_path / "a.ttl").write_bytes(b"\xff")
    with pytest.raises(DataError, match="not UTF-8"):
        format_files([tmp_path / "a.ttl"], OURS)
    with pytest.raises(DataError, match="cannot be read"):
        format_files([tmp_path / "none.ttl"], OURS)


def test_a_lossy_serialiser_is_caught(monkeypatch):
    import rdflib

    monkeypatch.setattr(rdflib.Graph, "serialize", lambda *a, **k: "<urn:a> <urn:b> 2 .")
    with pytest.raises(InternalError, match="without changing a statement"):
        format_turtle("<urn:a> <urn:b> 1 .", {})
