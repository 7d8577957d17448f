"""Which passage names which entity: decisions, non-names, stored files, and the five texts."""

import re
from collections import defaultdict

import pyoxigraph as ox
import pytest
from tree import PREFIXES, ROOT

from kg import cli
from kg.assets import Assets
from kg.build import build_dataset
from kg.documents import SourceDocument, digest, load_documents
from kg.errors import DataError, InputError
from kg.evidence import read_texts
from kg.facts import Facts
from kg.gazetteer import SPELLINGS, Gazetteer, Unresolved
from kg.mentions import load_gazetteer, read_mentions, update_mentions
from kg.occurrences import places
from kg.passages import propose_with_reasons, register
from kg.rdf import ENTITIES, PASSAGES, parse_turtle, read_turtle

TEXT = "Ana came to Lund. Ana led the mill hands. Bo saw Ames of Lund.\n"
FACTS = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
id:ana a :Person ; rdfs:label "Ana Ames" ; skos:altLabel "Ana", "Ames" .
id:lund a :Place ; rdfs:label "Lund" .
id:hands a :Group ; rdfs:label "hands of the mill" ; skos:altLabel "mill hands" .
id:someone a :Person ; rdfs:label "Bo" ; :unnamed true .
"""
AMES = 'id:zoe a :Person ; rdfs:label "Zoe Ames" ; skos:altLabel "Ames" .'


def speaks(passage, entity):
    return (
        f"<urn:{passage}{entity}> a :Claim ; rdf:subject id:{entity} ;"
        f" :evidence <{PASSAGES}wells/{passage}> ."
    )


SPOKEN = speaks("002", "hands") + speaks("003", "someone")


def facts(*more):
    return Facts(parse_turtle(PREFIXES + FACTS + "\n".join(more), "test").quads)


def document(text=TEXT):
    passages = register("wells", text, propose_with_reasons(text), [], {})
    size = len(text.encode())
    return SourceDocument("wells", "007", digest(text), len(text), size, passages)


def read(gazetteer, text=TEXT):
    found = gazetteer.read(document(text), text)
    return found, {
        passage[-3:]: sorted(each.removeprefix(ENTITIES) for each in entities)
        for passage, entities in found.entities.items()
    }


def settled(passage, *entities):
    return {f"{PASSAGES}wells/{passage}": frozenset(ENTITIES + each for each in entities)}


def test_names_count_anywhere_descriptions_where_claims_speak_of_them():
    found, named = read(Gazetteer(facts(SPOKEN)))
    assert named == {"001": ["ana", "lund"], "002": ["ana", "hands"],
                     "003": ["ana", "lund", "someone"]}  # fmt: skip
    assert found.unresolved == ()
    found, named = read(Gazetteer(facts()))
    assert named["002"] == ["ana"]
    assert named["003"] == ["ana", "lund"]
    assert found.unresolved == (Unresolved(PASSAGES + "wells/003", "Bo"),)


def test_non_names_and_ordinary_words_need_no_entity():
    assert read(Gazetteer(facts(), non_names=("Bo saw",)))[0].unresolved == ()
    assert read(Gazetteer(facts(), ordinary=frozenset({"bo"})))[0].unresolved == ()
    inside = Gazetteer(facts(SPOKEN), ordinary=frozenset({"zed"}))
    assert [each.words for each in read(inside, "Ana met Zed.\n")[0].unresolved] == ["Zed"]


def test_words_side_by_side_are_told_as_one_name():
    left = read(Gazetteer(facts(SPOKEN)), "Ana met Zed Orr, Kit of Lund Mill.\n")[0].unresolved
    assert [each.words for each in left] == ["Zed Orr", "Kit", "Mill"]


def test_an_undecided_homonym_stops_and_names_the_line_to_add():
    with pytest.raises(DataError, match=r"wells/003 has the name 'Ames', which may be id:ana or"
                                        r" id:zoe; write in data/homonyms\.ttl"):  # fmt: skip
        read(Gazetteer(facts(SPOKEN, AMES)))


def test_claims_settle_a_homonym_and_curators_do_so_before_them():
    spoken = facts(SPOKEN, AMES, speaks("003", "zoe"))
    assert read(Gazetteer(spoken))[1]["003"] == ["lund", "someone", "zoe"]
    decided = read(Gazetteer(spoken, settled("003", "ana")))[1]
    assert decided["003"] == ["ana", "lund", "someone"]
    assert read(Gazetteer(spoken, settled("003", "ana", "zoe")))[1]["003"] == [
        "ana", "lund", "someone", "zoe",
    ]  # fmt: skip


def test_a_curator_may_say_what_no_spelling_tells():
    assert read(Gazetteer(facts(SPOKEN), settled("001", "hands")))[1]["001"] == [
        "ana", "hands", "lund",
    ]  # fmt: skip


def idle_spellings(gazetteer, texts):
    """Return a sentence for each spelling beside the labels that stands in none of the texts."""
    whole = "\n".join(texts)
    return [
        f"{gazetteer.facts.label(entity)!r} has the spelling {spelling!r}, which stands in no text."
        for spelling, entities in gazetteer.bearers.items()
        for entity in sorted(entities)
        if any(spelling in gazetteer.facts.texts(entity, each) for each in SPELLINGS)
        and next(places(whole, spelling), None) is None
    ]


def test_a_hidden_spelling_finds_as_a_shown_one_does():
    hidden = PREFIXES + FACTS.replace("skos:altLabel", "skos:hiddenLabel") + SPOKEN
    gazetteer = Gazetteer(Facts(parse_turtle(hidden, "test").quads))
    assert read(gazetteer)[1] == read(Gazetteer(facts(SPOKEN)))[1]
    assert len(idle_spellings(gazetteer, ["Ana met the mill hands."])) == 1


def test_spellings_that_stand_nowhere():
    assert idle_spellings(Gazetteer(facts(SPOKEN)), [TEXT]) == []
    assert idle_spellings(Gazetteer(facts(SPOKEN)), ["Ana met the mill hands."]) == [
        "'Ana Ames' has the spelling 'Ames', which stands in no text."
    ]


def test_written_turtle_reads_back():
    found, _ = read(Gazetteer(facts(SPOKEN)))
    triples = parse_turtle(found.turtle, "test").quads
    assert {(q.subject.value, q.object.value) for q in triples} == {
        (passage, each) for passage, entities in found.entities.items() for each in entities
    }
    assert found.turtle.splitlines()[2].startswith("@prefix p: ")
    assert found.count == len(triples) == 7


@pytest.fixture
def tree(tmp_path):
    """Return a copy of what the command reads, for one document with its text."""
    root = tmp_path / "root"
    (root / "shapes").mkdir(parents=True)
    (root / "ontology").symlink_to(ROOT / "ontology")
    text = document()
    write(root, "documents", f'd:wells a :SourceDocument ; rdfs:label "W" ; :fileDigits "007" ;'
          f' :sha256 "{text.sha256}" ; :length {text.length} ; :byteLength {text.length} ;'
          " :versionOf id:w . id:w a :Work .")  # fmt: skip
    write(root, "passages/wells", "".join(
        f'<{p.iri}> a :Passage ; :document d:wells ; :number {p.number} ; :kind :sentence ;'
        f' :section "s" ; oa:start {p.start} ; oa:end {p.end} ; :sha256 "{p.sha256}" ;'
        " :factual true .\n" for p in text.passages))  # fmt: skip
    write(root, "entities/all", FACTS)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "any.txt").write_text(TEXT, encoding="utf-8", newline="")
    return root


def write(root, name, text):
    path = root / "data" / f"{name}.ttl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PREFIXES + text, encoding="utf-8")


def test_the_command(tree, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KG_SOURCE", str(tree))
    monkeypatch.delenv("KG_DOCUMENTS", raising=False)
    assert cli.run(["mentions"]) == 2
    assert "set KG_DOCUMENTS" in capsys.readouterr().err
    monkeypatch.setenv("KG_DOCUMENTS", str(tmp_path / "texts"))
    stored = tree / "data" / "mentions" / "wells.ttl"
    assert cli.run(["mentions", "--check"]) == 1
    assert not stored.exists()
    assert "wells.ttl is not up to date" in capsys.readouterr().err
    assert cli.run(["mentions"]) == 1
    out, err = capsys.readouterr()
    assert out == "wells: 5 mentions in 3 passages, written\n"
    assert err == (
        "'Bo', which no entity is called, stands in wells/003; give the entity that skos:altLabel,"
        " or write it in data/non-names.csv.\n"
    )
    (tree / "data" / "non-names.csv").write_text("words,reason\nBo,a test\n")
    assert cli.run(["mentions", "--check"]) == 0
    write(tree, "homonyms", f"<{PASSAGES}wells/002> :mentions id:hands .")
    capsys.readouterr()
    assert cli.run(["mentions"]) == 0
    assert "id:hands" in stored.read_text()
    line, change = capsys.readouterr().out.splitlines()
    assert (line, change) == ("wells: 6 mentions in 3 passages, written", "  + wells/002 id:hands")


def test_what_a_spelling_changes_is_told(tree, tmp_path):
    update_mentions(Assets(tree), tmp_path / "texts")
    spelt = 'id:lund a :Place ; rdfs:label "Lund"'
    path = tree / "data" / "entities" / "all.ttl"
    assert path.read_text().count(spelt) == 1
    path.write_text(path.read_text().replace(spelt, spelt.replace("Lund", "Elsewhere")))
    update = update_mentions(Assets(tree), tmp_path / "texts", check=True)
    first, *changes = update.report.splitlines()
    assert first.startswith("wells: ")
    assert changes == ["  - wells/001 id:lund", "  - wells/003 id:lund"]
    assert any("'Lund', which no entity is called, stands in wells/001, wells/003;" in each
               for each in update.faults)  # fmt: skip


def test_a_text_that_was_not_read_is_told(tree, tmp_path):
    more = ('d:springs a :SourceDocument ; rdfs:label "S" ; :fileDigits "008" ; :length 7 ;'
            f' :byteLength 7 ; :sha256 "{digest("springs")}" ; :versionOf id:w .')  # fmt: skip
    path = tree / "data" / "documents.ttl"
    path.write_text(f"{path.read_text()}\n{more}")
    (tree / "data" / "non-names.csv").write_text("words,reason\nBo,a test\n")
    update = update_mentions(Assets(tree), tmp_path / "texts")
    assert update.faults == ()
    assert update.report.splitlines()[1:] == [
        "springs: no text at hand; its mentions stay as they are"
    ]
    (tmp_path / "texts" / "008 springs.txt").write_text("SPRINGS")
    [fault] = update_mentions(Assets(tree), tmp_path / "texts").faults
    assert re.match(r"springs: its file in \S+ is not the registered text", fault)


def test_a_non_name_needs_a_reason(tree, tmp_path):
    (tree / "data" / "non-names.csv").write_text("words,reason\nBo,\n")
    fault = r"non-names\.csv, line 2: a row needs words and a reason"
    with pytest.raises(DataError, match=fault):
        read_mentions(Assets(tree), tmp_path / "texts")
    with pytest.raises(DataError, match=fault):
        build_dataset(Assets(tree))
    (tree / "data" / "non-names.csv").write_bytes(b"words,reason\nB\xf8,a test\n")
    with pytest.raises(DataError, match=r"non-names\.csv is not UTF-8 text"):
        read_mentions(Assets(tree), tmp_path / "texts")


def test_a_non_name_is_listed_once(tree):
    (tree / "data" / "non-names.csv").write_text("words,reason\nBo,a test\nAda,one\nBo,two\n")
    with pytest.raises(DataError, match=r"non-names\.csv, line 4: 'Bo' stands there twice"):
        build_dataset(Assets(tree))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (f"<{PASSAGES}wells/099> :mentions id:hands", "there is no passage wells/099"),
        (f"<{PASSAGES}wells/002> :mentions id:nobody", "there is no entity nobody"),
        (f"<{PASSAGES}wells/002> :note id:hands", "is not for this file; write :mentions"),
    ],
)
def test_a_curators_statement_about_nothing(tree, tmp_path, statement, sentence):
    write(tree, "homonyms", f"{statement} .")
    with pytest.raises(DataError, match=rf"homonyms\.ttl, line \d+: .*{sentence}"):
        read_mentions(Assets(tree), tmp_path / "texts")
    with pytest.raises(DataError, match=rf"homonyms\.ttl, line \d+: .*{sentence}"):
        build_dataset(Assets(tree))


def test_a_curators_statement_that_is_not_stored_yet(tree, tmp_path):
    write(tree, "homonyms", f"<{PASSAGES}wells/002> :mentions id:hands .")
    fault = r"homonyms\.ttl, line \d+: passage wells/002 mentions hands, .*; run kg mentions"
    with pytest.raises(DataError, match=fault):
        build_dataset(Assets(tree))
    update_mentions(Assets(tree), tmp_path / "texts")
    build_dataset(Assets(tree))


def test_a_folder_without_the_texts(tree, tmp_path):
    with pytest.raises(InputError, match="none of the registered texts"):
        read_mentions(Assets(tree), tmp_path)


def mentioning(root, slug):
    """Return the documents with a stored mention of an entity."""
    wanted = ox.NamedNode(ENTITIES + slug)
    paths = (root / "data" / "mentions").glob("*.ttl")
    return sorted(p.stem for p in paths if any(q.object == wanted for q in read_turtle(p).quads))


@pytest.mark.parametrize(
    ("slug", "digits"),
    [
        ("operation-blue-fox", "000 001 002 004"),
        ("operation-clean-up", "000 001 002 003 004"),
        ("muzafar-hussain", "000"),
        ("jinnahpur", "000 001"),
        ("hakimullah-mehsud", "002"),
        ("dawn", "003"),
    ],
)
def test_documents_that_name_an_entity(root, slug, digits):
    named = [d.slug for d in load_documents(root / "data") if d.file_digits in digits.split()]
    assert mentioning(root, slug) == sorted(named)


def test_stored_mentions_are_of_passages_of_their_document(root):
    known = {d.slug: {p.iri for p in d.passages} for d in load_documents(root / "data")}
    stored = defaultdict(set)
    for path in (root / "data" / "mentions").glob("*.ttl"):
        stored[path.stem] = {quad.subject.value for quad in read_turtle(path).quads}
    assert stored.keys() == known.keys()
    assert {slug: passages - known[slug] for slug, passages in stored.items()} == {
        slug: set() for slug in known
    }


@pytest.mark.documents
def test_every_name_of_the_texts_is_known_and_the_stored_mentions_are_up_to_date(
    root, documents_folder
):
    assert update_mentions(Assets(root), documents_folder, check=True).faults == ()


@pytest.fixture(scope="module")
def texts(root, documents_folder):
    """Return the five texts by document."""
    return read_texts(load_documents(root / "data"), documents_folder)


@pytest.fixture(scope="module")
def gazetteer(root, texts):
    """Return all that is known of names."""
    return load_gazetteer(Assets(root), texts.values())


def changed(gazetteer, keep=lambda quad: True, more=()):
    quads = [quad for quad in quads_of(gazetteer.facts) if keep(quad)]
    return Gazetteer(Facts([*quads, *more]), gazetteer.settled, gazetteer.non_names,
                     gazetteer.ordinary)  # fmt: skip


def quads_of(facts):
    for subject in facts.subjects():
        for predicate, values in facts.predicates(subject).items():
            for value in values:
                yield ox.Quad(ox.NamedNode(subject), ox.NamedNode(predicate), value)


@pytest.mark.documents
@pytest.mark.parametrize(
    ("spelling", "passage", "words"),
    [
        ("JeI", "operation-clean-up-1/006", "JeI"),
        ("Muzafar Hussain", "operation-clean-up-1/031", "Muzafar"),
        ("Farooq Dada", "mqm-militancy/009", "Farooq"),
        ("Dada", "mqm-militancy/092", "Dada"),
        ("Blue Fox", "operation-clean-up-2/042", "Blue Fox"),
        ("Black Friday", "mqm-insurrection-1978-1992/032", "Black Friday"),
        ("APSMO", "mqm-insurrection-1978-1992/012", "APSMO"),
        ("Mobs", "mqm-insurrection-1978-1992/030", "Mobs"),
    ],
)
def test_a_forgotten_spelling_is_found(texts, gazetteer, spelling, passage, words):
    poorer = changed(gazetteer, lambda quad: getattr(quad.object, "value", "") != spelling)
    slug = passage.partition("/")[0]
    [found] = [each for each in load_documents(ROOT / "data") if each.slug == slug]
    left = {(each.passage, each.words) for each in poorer.read(found, texts[slug]).unresolved}
    assert (PASSAGES + passage, words) in left


@pytest.mark.documents
def test_every_spelling_stands_in_a_text(texts, gazetteer):
    assert idle_spellings(gazetteer, texts.values()) == []
    alt = ox.NamedNode("http://www.w3.org/2004/02/skos/core#altLabel")
    wrong = ox.Quad(ox.NamedNode(ENTITIES + "mqm"), alt, ox.Literal("Mutahida"))
    assert len(idle_spellings(changed(gazetteer, more=[wrong]), texts.values())) == 1
