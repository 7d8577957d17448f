"""The command line as a user has it: exit codes, one sentence for each fault, no traceback."""

import io
import json
import re
import socket
import subprocess
import sys

import pyoxigraph as ox
import pytest
from shape_fixtures import FIXTURES, base, ontology, read_fixture, write_graph

from kg import cli
from kg.assets import PACKAGE
from kg.rdf import DERIVED, GRAPHS
from kg.snapshots import write_snapshot


@pytest.fixture
def kg(monkeypatch, capsysbinary, tmp_path, root):
    """Return a function that runs `kg` over the made-up world: (exit code, output, errors)."""
    quads = list(ox.parse(path=str(root / "tests/queries/world.trig"), format=ox.RdfFormat.TRIG))
    write_snapshot(quads, {}, "0", tmp_path / "snapshots")
    monkeypatch.setenv("KG_SNAPSHOTS", str(tmp_path / "snapshots"))
    monkeypatch.setenv("KG_SOURCE", str(root))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("KG_DOCUMENTS", raising=False)

    def run(*arguments):
        code = cli.run(arguments)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def test_version(kg):
    code, out, _ = kg("--version")
    assert code == 0
    assert re.fullmatch(r"\d+(\.\d+)*\n", out)


def test_help_names_every_command(kg):
    code, out, _ = kg("--help")
    assert code == 0
    for name in ("build", "validate", "query", "serve", "export", "passages", "format", "coverage"):
        assert f" {name} " in out


def test_question_as_a_table(kg):
    code, out, _ = kg("query", "who-held-post", "--post", "warden-of-lund", "--on=1994-05-19")
    first = next(line for line in out.splitlines() if "certain" in line)
    assert code == 0
    assert [cell.strip() for cell in first.strip("│\n").split("│")] == [
        "Warden of Lund", "Ana Ames", "certain", "1994-05-19", "attestation", "", "",
        "asserted", "affirmed", "actual", "the document", "alpha-2", "1",
        "Alpha, second version says that: Ana Ames held the post of Warden of Lund, on 1994-05-19",
    ]  # fmt: skip
    assert "3 rows" in out


def test_words_fill_parameters_in_order(kg):
    assert (
        kg("query", "who-held-post", "Warden", "1994-05-19")
        == kg("query", "who-held-post", "--on", "1994-05-19", "Warden")
        == kg("query", "who-held-post", "--on", "1994-05-19", "--post", "Warden")
    )


def test_brackets_in_data_are_shown(kg, tmp_path):
    file = tmp_path / "q.rq"
    file.write_text("SELECT ?x { VALUES ?x { '[red] [/x]' } }")
    assert "[red] [/x]" in kg("query", str(file))[1]


@pytest.mark.parametrize(
    ("form", "starts"),
    [
        ("csv", "post,holder,"),
        ("tsv", "?post\t"),
        ("json", '{"head":'),
        ("xml", "<?xml"),
    ],
)
def test_formats_of_a_table(kg, form, starts):
    code, out, _ = kg("query", "who-held-post", "Warden", "1994-05-19", "--format", form)
    assert code == 0
    assert out.startswith(starts)


def test_graph_of_a_table_is_its_claims(kg):
    _, out, _ = kg("query", "figures", "dock-raid", "-f", "ntriples")
    triples = ox.parse(out.encode(), format=ox.RdfFormat.N_TRIPLES)
    claims = {triple.subject.value.rpartition("/")[2] for triple in triples}
    assert claims == {"004-01", "002-01", "002-02"}


def test_graph_question_is_turtle(kg):
    code, out, _ = kg("query", "account", "--document", "alpha-1")
    assert code == 0
    assert len(list(ox.parse(out.encode(), format=ox.RdfFormat.TURTLE))) == 29


def test_a_graph_as_a_table_is_told_what_to_ask_for(kg):
    code, out, told = kg("query", "account", "--document", "alpha-1", "-f", "csv")
    assert (code, out) == (2, "")
    assert "makes a graph: ask for one of turtle, ntriples, jsonld" in told


def test_file_and_input(kg, monkeypatch, tmp_path):
    text = "# my own note\nASK { ?s ?p ?o }"
    file = tmp_path / "mine.rq"
    file.write_text(text)
    assert kg("query", str(file))[:2] == (0, "yes\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert kg("query", "-")[:2] == (0, "yes\n")


def test_own_file_with_parameters(kg):
    path = str(PACKAGE / "queries" / "posts-of.rq")
    assert kg("query", path, "--person", "Bo Birch")[1] == kg("query", "posts-of", "Bo Birch")[1]


def test_output_goes_to_a_file(kg, tmp_path):
    target = tmp_path / "out.csv"
    assert kg("query", "documents", "-f", "csv", "-o", str(target))[:2] == (0, "")
    assert target.read_text().startswith("document,title")


def test_list_and_help(kg):
    assert "who-held-post" in kg("query")[1]
    assert "--on" in kg("query", "who-held-post", "--help")[1]
    assert "kg query NAME --help" in kg("query", "--help")[1]


def test_coverage_sums_up(kg):
    code, out, _ = kg("coverage")
    assert code == 0
    assert out.endswith(
        "8 of 9 passages that state something have claims;"
        " 1 state nothing (kg query uncovered tells why); 41 claims.\n"
    )
    assert kg("coverage", "alpha-2")[1].count("alpha-2") == 3


def test_export_to_screen(kg, root):
    code, out, _ = kg("export", "--format", "nquads")
    quads = ox.parse(path=str(root / "tests/queries/world.trig"), format=ox.RdfFormat.TRIG)
    assert code == 0
    assert len(out.splitlines()) == len(set(quads))


def test_format_check_tells_and_changes_nothing(kg, tmp_path):
    file = tmp_path / "x.ttl"
    file.write_text("<http://a/s>   <http://a/p> 1 .\n")
    assert kg("format", "--check", str(file))[:2] == (1, f"not canonical: {file}\n")
    assert kg("format", str(file))[0] == 0
    assert kg("format", "--check", str(file))[:2] == (0, "")


def test_passages_are_proposed(kg, tmp_path):
    file = tmp_path / "note.txt"
    file.write_text("The warden spoke. The guard listened.")
    code, out, err = kg("passages", str(file))
    assert code == 0
    assert len(list(ox.parse(out.encode(), format=ox.RdfFormat.TURTLE))) > 10
    assert err.startswith("note: 2 passages")


FAULTS = {
    "unknown question": (["query", "who-hold-post"], "Did you mean who-held-post"),
    "unknown post": (["query", "who-held-post", "--post", "x", "--on", "1994-01-01"], "'x'"),
    "bad date": (["query", "who-held-post", "--on", "yesterday"], "is a day"),
    "no value": (["query", "who-held-post", "--on"], "--on needs a value"),
    "unknown parameter": (["query", "documents", "--colour", "red"], "no parameter --colour"),
    "too many words": (["query", "uncovered", "a", "b"], "no use for 'b'"),
    "unknown format": (["query", "documents", "-f", "cvs"], "Did you mean csv"),
    "table to a file": (["query", "documents", "-o", "x"], "--format csv"),
    "graph of a table without claims": (["query", "documents", "-f", "turtle"], "no claims"),
    "missing file": (["query", "missing.rq"], "There is no file missing.rq"),
    "folder as file": (["query", "{folder}/x.rq"], "cannot be read"),
    "bad query": (["query", "{bad}"], "Line 1"),
    "query in Latin-1": (["query", "{latin}"], "is not UTF-8"),
    "update": (["query", "{update}"], "read-only"),
    "unknown command": (["qury"], "No such command"),
    "unknown option": (["build", "--fast"], "No such option"),
    "bad port": (["serve", "--port", "99999"], "65535"),
    "port in use": (["serve", "--port", "{port}"], "{port}"),
    "unknown export": (["export", "-f", "turtel"], "Did you mean turtle"),
    "export without format": (["export"], "--format"),
    "no folder to write into": (["export", "-f", "trig", "-o", "{folder}/no/x"], "no folder"),
    "missing text": (["passages", "missing.txt"], "cannot be read"),
    "broken Turtle": (["format", "{bad}"], "not valid Turtle"),
    "missing snapshot": (["validate", "{folder}/none"], "no snapshot"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_end_as_one_sentence(kg, tmp_path, fault):
    (tmp_path / "x.rq").mkdir()
    (tmp_path / "bad.rq").write_text("SELECT * {")
    (tmp_path / "latin.rq").write_bytes(b"ASK { ?s ?p '\xe9' }")
    (tmp_path / "update.rq").write_text("CLEAR ALL")
    arguments, part = FAULTS[fault]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        places = {name: str(tmp_path / f"{name}.rq") for name in ("bad", "latin", "update")}
        places |= {"folder": str(tmp_path), "port": str(taken.getsockname()[1])}
        code, out, err = kg(*(word.format(**places) for word in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("kg: ")
    assert err.count("\n") == 1
    assert part.format(**places) in err
    assert "Traceback" not in err


def test_no_snapshot(kg, monkeypatch, tmp_path):
    monkeypatch.setenv("KG_SNAPSHOTS", str(tmp_path / "none"))
    monkeypatch.setattr("kg.snapshots.bundled_snapshot", lambda: None)
    code, _, err = kg("query", "documents")
    assert code == 2
    assert "kg build" in err


def test_bad_setting(kg, monkeypatch):
    monkeypatch.setenv("KG_PORT", "x")
    code, _, err = kg("query", "documents")
    assert code == 2
    assert err.startswith("kg: KG_PORT")


def test_validate_exit_codes(kg, tmp_path):
    code, out, _ = kg("validate", "--json")
    report = json.loads(out)
    assert (code, report["conforms"]) == (1, False)


def test_validate_tells_data_that_were_changed_after_the_build(kg, tmp_path):
    folder = write_snapshot(base() + ontology(), {}, "0", tmp_path / "snapshots")
    code, out, err = kg("validate")
    assert (code, out, err) == (0, "The graph conforms to every shape.\n", "")
    more = read_fixture(FIXTURES / "actor" / "valid-unnamed-in-copied-passages.ttl").quads
    write_graph(folder / "data.nq", [*base(), *ontology(), *more])
    code, out, err = kg("validate")
    assert (code, "conforms" in out) == (1, True)
    assert "not those that were built" in err
    assert kg("validate", str(folder / "data.nq"))[0] == 0


def test_validate_looks_at_nothing_older_than_its_sources(kg, tmp_path):
    quads = base() + ontology()
    folder = write_snapshot(quads, {}, "0", tmp_path / "snapshots", {"data/gone.ttl": "0" * 64})
    code, out, err = kg("validate")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"kg: data/\S+ and \d+ more changed after .* run `kg build`\.\n", err)
    assert kg("validate", str(folder)) == (0, "The graph conforms to every shape.\n", "")


def test_a_file_among_the_snapshots_is_none(kg, tmp_path):
    file = tmp_path / "snapshots" / "loose.nq"
    write_graph(file, [*base(), *ontology()])
    assert kg("validate", str(file)) == (0, "The graph conforms to every shape.\n", "")


def test_validate_tells_what_the_build_does_not_make_of_the_claims(kg, tmp_path):
    file = tmp_path / "copy" / "data.nq"
    file.parent.mkdir()
    quads = [*base(), *ontology()]
    graphs = [DERIVED, *[GRAPHS + "entities"] * len(quads)]
    write_graph(file, (ox.Quad(*each.triple, ox.NamedNode(graph))
                       for each, graph in zip(quads, graphs, strict=False)))  # fmt: skip
    for path in (file, file.parent):  # a folder without the record of a snapshot is no better
        code, out, err = kg("validate", str(path))
        assert (code, out) == (1, "The graph conforms to every shape.\n")
        assert err.startswith(
            "kg: data.nq has other statements than the build makes of its claims: "
        )


def test_a_release_is_not_asked_for_in_one_format(kg, tmp_path):
    code, _, err = kg("export", "--release", str(tmp_path / "release"), "--format", "turtle")
    assert code == 2
    assert "--release writes every format; leave out --format and --output." in err
    assert not (tmp_path / "release").exists()


def test_a_reader_that_has_enough_is_no_fault(kg):
    # It has ended long before there is anything to write.
    command = f"{sys.executable} -m kg export --format nquads | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
    assert done.stderr == ""


def test_whatever_else_exits_keeps_its_code(kg, monkeypatch):
    def leave(*args, **kwargs):
        sys.exit(3)

    monkeypatch.setattr(cli, "app", leave)
    with pytest.raises(SystemExit) as left:
        kg("documents")
    assert left.value.code == 3


def test_interrupt_is_quiet(kg, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", stop)
    assert kg("build") == (130, "", "")


def test_main_exits_with_the_code(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["kg", "qury"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
