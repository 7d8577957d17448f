"""`kg link`: candidates from a service on loopback, kept, judged by a person, then written."""

import csv
import http.server
import io
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest
from rich.console import Console
from serving import Server, serving

from kg import cli
from kg.accepting import HEAD, add_accepted, write_candidates
from kg.errors import BusyError, DataError, InputError, NotFoundError
from kg.link import ANSWERS, Outcome, Search, accept, find, query
from kg.links import read_mappings
from kg.reconciliation_client import BATCH, TRIES, KeptAnswers, Reconciler
from kg.settings import Settings
from kg.snapshots import current_snapshot, write_snapshot
from kg.store import EngineStore
from kg.things import things_in

WORLD = Path(__file__).parent / "reconciliation" / "world.trig"
#: A graph that holds things called like ours, in the part of Wikidata.
ELSEWHERE = """
@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix id: <https://w3id.org/contested-kg/id/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<u:g> {
  :Q5 a owl:Class ; rdfs:label "human" .
  :Q2221906 a owl:Class ; rdfs:label "geographic location" .
  :P463 rdfs:label "member of" ; :mayBePlain true .
  id:Q11 a :Q5 ; rdfs:label "Bo Birch" ; :P463 id:Q13 .
  id:Q12 a :Q5 ; rdfs:label "Bo Birck" .
  id:Q13 a :Q2221906 ; rdfs:label "Rain Watch" .
  id:Q14 a :Q2221906 ; rdfs:label "Lund" .
  id:Q15 a :Q5 ; rdfs:label "Sy Cole" .
  id:Q16 a :Q5 ; rdfs:label "RW" .
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("elsewhere"), ELSEWHERE, "else.trig") as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, root: Path, server: Server) -> Settings:
    source = tmp_path / "source"
    for name in ("data", "shapes", "ontology"):
        (source / name).mkdir(parents=True)
    (source / "ontology" / "prefixes.ttl").write_bytes(
        (root / "ontology" / "prefixes.ttl").read_bytes()
    )
    quads = list(ox.parse(path=str(WORLD), format=ox.RdfFormat.TRIG))
    write_snapshot(quads, {}, "0", tmp_path / "snapshots")
    return Settings(
        snapshots=tmp_path / "snapshots",
        source=source,
        reconciliation=f"{server.url}/reconcile",
    )


class Stub:
    """A server that answers what it is told, in turn, and keeps what it was sent."""

    def __init__(self, *answers: tuple[int, dict[str, str], str]) -> None:
        self.answers, self.sent = list(answers), []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                stub.sent.append(json.loads(urllib.parse.parse_qs(body)["queries"][0]))
                status, headers, text = stub.answers.pop(0)
                if text == "empty":
                    text = json.dumps({key: {"result": []} for key in stub.sent[-1]})
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/api"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    made: list[Stub] = []

    def make(*answers: tuple[int, dict[str, str], str]) -> Stub:
        made.append(Stub(*answers))
        return made[-1]

    yield make
    for each in made:
        each.http.shutdown()
        each.http.server_close()


EMPTY = (200, {}, "empty")


def test_candidates_of_all_that_have_no_link(settings: Settings) -> None:
    outcome = find(settings, Search())
    by_thing: dict[str, list[str]] = {}
    for row in outcome.rows:
        by_thing.setdefault(row["subject_id"], []).append(row["object_id"])
    assert by_thing["id:bo-birch"] == ["wikidata:Q11", "wikidata:Q12"]
    assert by_thing["id:rain-watch"][0] == "wikidata:Q13"
    # Only nearly the same is no link yet; exactly the same is.
    assert by_thing["id:lund"][0] == "wikidata:Q14"
    assert not {"id:ana-ames", "id:river-wing", "id:unnamed-guards-901-001"} & set(by_thing)
    assert "heron" in outcome.without
    assert outcome.unasked == []
    sure = {row["object_id"] for row in outcome.rows if row["match"] == "true"}
    assert {"wikidata:Q11", "wikidata:Q14"} <= sure
    assert "wikidata:Q12" not in sure


def test_brackets_in_a_name_are_shown() -> None:
    row = {**ROW, "object_label": "Bo [/Birch]", "description": "a [bold] one"}
    out = io.StringIO()
    Console(file=out, width=200).print(Outcome([row], [], []).table())
    assert "Bo [/Birch]" in out.getvalue()
    assert "a [bold] one" in out.getvalue()


def test_chosen_things_only(settings: Settings) -> None:
    def subjects(search: Search) -> set[str]:
        return {row["subject_id"] for row in find(settings, search).rows}

    assert subjects(Search(names=["Bo Birch"])) == {"id:bo-birch"}
    assert subjects(Search(type="Person")) == {"id:bo-birch", "id:cy-cole"}
    with pytest.raises(InputError, match="no type 'Cat'"):
        subjects(Search(type="Cat"))
    with pytest.raises(NotFoundError, match="No entity is called 'Bob Burch'"):
        subjects(Search(names=["Bob Burch"]))
    with pytest.raises(InputError, match="alpha is no entity"):
        subjects(Search(names=["alpha"]))


def test_a_second_run_asks_nobody(settings: Settings, stub: Callable[..., Stub]) -> None:
    first = find(settings, Search())
    kept = (settings.snapshots / ANSWERS).read_text("utf-8")
    assert find(settings, Search()).rows == first.rows
    assert find(settings, Search(offline=True)).rows == first.rows
    assert (settings.snapshots / ANSWERS).read_text("utf-8") == kept
    rows = [json.loads(line) for line in kept.splitlines()]
    assert all(set(row) == {"service", "query", "asked", "result"} for row in rows)


def test_who_has_built_nothing_keeps_answers_too(settings: Settings, monkeypatch) -> None:
    """The snapshot that the wheel carries does not lie in the folder of snapshots."""
    monkeypatch.setattr("kg.snapshots.bundled_snapshot", lambda: current_snapshot(settings))
    bare = replace(settings, snapshots=settings.snapshots.parent / "new" / "folder")
    assert current_snapshot(bare) == current_snapshot(settings)
    assert find(bare, Search()).rows
    assert (bare.snapshots / ANSWERS).is_file()


def test_without_a_folder_for_answers_nobody_is_asked(
    settings: Settings, stub: Callable[..., Stub], tmp_path: Path
) -> None:
    service = stub((200, {}, "{}"))
    asked = replace(settings, reconciliation=service.url)
    with pytest.raises(NotFoundError, match="There is no folder"):
        find(asked, Search(answers=tmp_path / "absent" / "a.jsonl"))
    assert service.sent == []


def test_offline_without_answers_says_so(settings: Settings, tmp_path: Path) -> None:
    outcome = find(settings, Search(offline=True, answers=tmp_path / "none.jsonl"))
    assert outcome.rows == []
    assert "bo-birch" in outcome.unasked
    assert not (tmp_path / "none.jsonl").exists()


def test_queries_have_class_properties_and_links() -> None:
    store = EngineStore()
    store.load(WORLD)
    things = things_in(store)
    terms = {"Person": "Q5", "memberOf": "P463"}
    assert query(things.things["ana-ames"], things, terms) == {
        "query": "Ana Ames",
        "limit": 5,
        "type": "Q5",
        "type_strict": "should",
        "properties": [{"pid": "P463", "v": [{"id": "Q102", "name": "River Wing"}]}],
    }
    # No item is known for the value: its name is sent. What is only alleged is not sent at all.
    assert query(things.things["cy-cole"], things, terms)["properties"][0]["v"] == ["Rain Watch"]
    assert "properties" not in query(things.things["bo-birch"], things, terms)
    assert query(things.things["heron"], things, terms) == {"query": "Operation Heron", "limit": 5}


def test_batches_have_one_class_and_other_spellings_come_second(
    settings: Settings, stub: Callable[..., Stub]
) -> None:
    service = stub(*[EMPTY] * 30)
    asked = Settings(
        snapshots=settings.snapshots, source=settings.source, reconciliation=service.url
    )
    find(asked, Search())
    for batch in service.sent:
        assert len(batch) <= BATCH
        assert len({each.get("type") for each in batch.values()}) == 1
        assert len({len(each.get("properties", ())) for each in batch.values()}) == 1
    texts = [each["query"] for batch in service.sent for each in batch.values()]
    assert texts.index("RW") > texts.index("Rain Watch")
    # What is a part of the label, or only said in a document, may be many things elsewhere.
    assert "Operation Heron" in texts
    assert not {"the operation", "Blue Crane"} & set(texts)


def client(service: Stub, path: Path, waits: list[float]) -> Reconciler:
    return Reconciler(service.url, KeptAnswers(path), sleep=waits.append)


def test_back_off(stub: Callable[..., Stub], tmp_path: Path) -> None:
    service = stub((503, {}, ""), (429, {"retry-after": "7"}, ""), (502, {}, ""), EMPTY)
    waits: list[float] = []
    assert client(service, tmp_path / "a.jsonl", waits).ask([{"query": "x"}]) == [[]]
    assert waits == [1, 7, 4]


def test_a_service_that_stays_away(stub: Callable[..., Stub], tmp_path: Path) -> None:
    service = stub(EMPTY, *[(503, {}, "")] * TRIES)
    waits: list[float] = []
    asking = client(service, tmp_path / "a.jsonl", waits)
    batch = [{"query": f"x{n}"} for n in range(BATCH + 1)]
    with pytest.raises(BusyError, match=r"status 503.*kept in a\.jsonl"):
        asking.ask(batch)
    assert len(waits) == TRIES - 1
    # The first batch was kept: only what is missing is asked for again.
    service.answers.append(EMPTY)
    assert client(service, tmp_path / "a.jsonl", waits).ask(batch) == [[]] * (BATCH + 1)
    assert [each["query"] for each in service.sent[-1].values()] == ["x10"]


def test_nobody_listens(tmp_path: Path) -> None:
    waits: list[float] = []
    asking = Reconciler("http://127.0.0.1:9/", KeptAnswers(tmp_path / "a"), sleep=waits.append)
    with pytest.raises(BusyError, match="refused"):
        asking.ask([{"query": "x"}])
    assert waits == [1, 2, 4, 8, 16]


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        ((200, {}, "<html>"), DataError, "does not answer as a reconciliation service"),
        ((200, {}, "[]"), DataError, "does not answer as"),
        ((200, {}, '{"q0": {"result": [{"id": "Q1"}]}}'), DataError, "does not answer as"),
        ((400, {}, '{"detail": "No such type."}'), InputError, "status 400: No such type."),
        ((404, {}, "gone"), InputError, "status 404: gone"),
        ((307, {"location": "http://new/"}, ""), InputError, "has moved to http://new/"),
    ],
)
def test_faults_of_a_service(
    stub: Callable[..., Stub],
    tmp_path: Path,
    answer: tuple[int, dict[str, str], str],
    kind: type[Exception],
    sentence: str,
) -> None:
    waits: list[float] = []
    with pytest.raises(kind, match=sentence):
        client(stub(answer), tmp_path / "a.jsonl", waits).ask([{"query": "x"}])
    assert waits == []
    assert not (tmp_path / "a.jsonl").exists()


def test_a_broken_file_of_answers_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = {"service": "s", "query": {"query": "x"}, "asked": "", "result": []}
    path.write_text(json.dumps(good) + "\n{}\n")
    with pytest.raises(DataError, match=r"a\.jsonl, line 2"):
        KeptAnswers(path)
    path.write_bytes(b"\xff")
    with pytest.raises(DataError, match=f"{path} is not UTF-8 text"):
        KeptAnswers(path)


def test_a_name_with_a_line_break_of_unicode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    found = {"id": "Q1", "name": "Bo\u2028Birch", "score": 1.0, "match": False,
             "description": "", "type": []}  # fmt: skip
    KeptAnswers(path).put("s", [({"query": "x"}, [found])])
    assert KeptAnswers(path).get("s", {"query": "x"}) == [found]


# --- judged by a person -------------------------------------------------------------------------

ROW = {
    "subject_id": "id:bo-birch", "subject_label": "Bo Birch", "object_id": "wikidata:Q11",
    "object_label": "Bo Birch", "score": "100", "match": "true",
    "predicate_id": "skos:exactMatch", "confidence": "0.9", "comment": "Same birth\tyear.",
}  # fmt: skip
KNOWN = ("bo-birch", "cy-cole")


def judged(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text(write_candidates([{**ROW, **row} for row in rows]), "utf-8")
    return path


def accepted(folder: Path, *rows: dict[str, str]) -> tuple[int, Path]:
    """Have judged rows added to the links in a folder."""
    target = folder / "links" / "wikidata.sssom.tsv"
    table = judged(folder / "c.tsv", *rows)
    return add_accepted(table, target, KNOWN, "A. Person", "2026-01-02"), target


def test_only_accepted_rows_become_mappings(tmp_path: Path) -> None:
    number, target = accepted(tmp_path, {}, {"object_id": "wikidata:Q12", "predicate_id": ""})
    assert number == 1
    text = target.read_text("utf-8").removeprefix(HEAD)
    assert list(csv.DictReader(text.splitlines(), delimiter="\t")) == [{
        "subject_id": "id:bo-birch", "subject_label": "Bo Birch",
        "predicate_id": "skos:exactMatch", "object_id": "wikidata:Q11",
        "object_label": "Bo Birch", "confidence": "0.9", "comment": "Same birth year.",
        "mapping_justification": "semapv:ManualMappingCuration", "author_label": "A. Person",
        "mapping_date": "2026-01-02", "mapping_tool": "kg link",
    }]  # fmt: skip
    assert [len(file.rows) for file in read_mappings(target.parent)] == [1]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"predicate_id": "owl:sameAs"}, "line 3: owl:sameAs is not for this file"),
        (
            {"subject_id": "id:nobody", "object_id": "wikidata:Q12"},
            "line 3: there is no id:nobody in the graph",
        ),
        ({"subject_id": ""}, "line 3: subject_id is empty"),
        ({"object_id": "wikidata:P5"}, "not an identifier such as"),
        ({"object_id": "Q12"}, "not an identifier such as"),
        ({"comment": " "}, "comment is empty; write what was compared"),
        ({"confidence": "high"}, "'high' is not from 0 to 1"),
        ({"confidence": "2"}, "'2' is not from 0 to 1"),
        ({"object_id": "wikidata:Q12"}, "id:bo-birch has an exact match already, in .*, line 2"),
        ({"subject_id": "id:cy-cole"}, "wikidata:Q11 has an exact match already, in .*, line 2"),
    ],
)
def test_bad_judgements_are_refused(tmp_path: Path, row: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        accepted(tmp_path, {}, row)
    assert not (tmp_path / "links").exists()


def test_bad_files_are_refused(tmp_path: Path) -> None:
    path, target = tmp_path / "c.tsv", tmp_path / "links" / "wikidata.sssom.tsv"
    with pytest.raises(NotFoundError, match="There is no file"):
        add_accepted(path, target, KNOWN, "A", "2026-01-02")
    path.write_text("a\tb\n")
    with pytest.raises(InputError, match="the column subject_id is missing"):
        add_accepted(path, target, KNOWN, "A", "2026-01-02")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        add_accepted(path, target, KNOWN, "A", "2026-01-02")


def test_mappings_are_added_once_and_nothing_is_overwritten(tmp_path: Path) -> None:
    number, target = accepted(tmp_path, {})
    assert number == 1
    first = target.read_text("utf-8")
    assert first.startswith(HEAD)
    assert accepted(tmp_path, {}) == (0, target)
    with pytest.raises(DataError, match=r"c\.tsv, line 2: this pair stands already in .*, line 9"):
        accepted(tmp_path, {"predicate_id": "skos:closeMatch"})
    with pytest.raises(DataError, match="wikidata:Q11 has an exact match already"):
        accepted(tmp_path, {"subject_id": "id:cy-cole"})
    assert target.read_text("utf-8") == first


def test_what_other_files_say_of_a_thing_is_heard(tmp_path: Path) -> None:
    _, target = accepted(tmp_path, {})
    more = target.with_name("wikidata-candidates.sssom.tsv")
    text = target.read_text("utf-8").replace("skos:exactMatch", "skos:mappingRelation")
    more.write_text(text, "utf-8")
    target.unlink()
    other = {"object_id": "wikidata:Q12"}
    with pytest.raises(DataError, match=f"{more}, line 9: id:bo-birch is decided in .*c.tsv"):
        accepted(tmp_path, other)
    more.unlink()
    assert accepted(tmp_path, other)[0] == 1


def test_an_existing_file_is_kept_as_it_is(tmp_path: Path) -> None:
    _, path = accepted(tmp_path, {})
    lines = path.read_text("utf-8").removeprefix(HEAD).splitlines()
    head = HEAD + f"other\t{lines[0]}\n"
    path.write_text(f"{head}x\t{lines[1]}", "utf-8")  # without a line break at its end
    assert accepted(tmp_path, {"subject_id": "id:cy-cole", "object_id": "wikidata:Q12"})[0] == 1
    after = path.read_text("utf-8")
    assert after.startswith(f"{head}x\t{lines[1]}\n\tid:cy-cole\t")
    assert after.count("\n") == head.count("\n") + 2


def test_a_file_of_mappings_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    _, path = accepted(tmp_path, {})
    path.write_bytes(HEAD.encode() + b"\xff")
    with pytest.raises(DataError, match=f"{path} is not UTF-8 text: byte .* at offset {len(HEAD)}"):
        accepted(tmp_path, {})


def test_accept_writes_into_the_sources(settings: Settings, tmp_path: Path) -> None:
    path = judged(tmp_path / "c.tsv", {})
    number, target = accept(settings, path, "A. Person", "2026-01-02")
    assert number == 1
    assert target == settings.source / "data" / "links" / "wikidata.sssom.tsv"
    assert "A. Person" in target.read_text("utf-8")
    with pytest.raises(InputError, match="--author"):
        accept(settings, path, " ", "2026-01-02")


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def kg(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("KG_SNAPSHOTS", str(settings.snapshots))
    monkeypatch.setenv("KG_SOURCE", str(settings.source))
    monkeypatch.setenv("KG_RECONCILIATION", settings.reconciliation)
    monkeypatch.delenv("KG_DOCUMENTS", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def test_the_whole_way(
    kg: Callable[..., tuple[int, str, str]], settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "candidates.tsv"
    code, out, _ = kg("link", "--type", "Person", "--candidates", str(file))
    assert code == 0
    assert "Bo Birch" in out
    assert "2 things with candidates" in out
    assert not (settings.source / "data" / "links").exists()
    lines = file.read_text("utf-8").splitlines()
    lines[1] = lines[1].rstrip("\n")
    cells = lines[1].split("\t")
    columns = lines[0].split("\t")
    for name, value in (
        ("predicate_id", "skos:exactMatch"), ("confidence", "0.95"), ("comment", "Same dates."),
    ):  # fmt: skip
        cells[columns.index(name)] = value
    lines[1] = "\t".join(cells)
    file.write_text("\n".join(lines) + "\n", "utf-8")
    code, out, _ = kg("link", "--accept", str(file), "--author", "A. Person")
    assert code == 0
    assert out.startswith("1 mappings added to ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--accept", "absent.tsv", "--author", "A"), "There is no file absent.tsv"),
        (("--type", "Cat"), "no type 'Cat'"),
        (("nobody-of-this-name",), "No entity is called"),
        (("--answers", "/nonexistent/a.jsonl"), "There is no folder /nonexistent"),
    ],
)
def test_faults_are_one_sentence(
    kg: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], sentence: str
) -> None:
    code, _, err = kg("link", *arguments)
    assert code == 2
    assert sentence in err
    assert err.strip().count("\n") == 0


def test_a_bad_service_is_refused() -> None:
    with pytest.raises(InputError, match="KG_RECONCILIATION is 'ftp://x'"):
        Settings.from_environment({"KG_RECONCILIATION": "ftp://x"})
