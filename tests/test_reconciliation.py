"""The reconciliation service: who is meant, how surely, and that no allegation is a value."""

import asyncio
import gzip
import json
import re
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from serving import Server, serving
from starlette.requests import Request
from starlette.responses import Response

from kg.batches import read_batch, read_extension, read_query
from kg.errors import InputError, NotFoundError, TooLargeError
from kg.extension import extend
from kg.matching import BEST_GUESS, SHORT, candidates, describe
from kg.names import normalize
from kg.pages import Pages
from kg.protocol import FORM_TYPE, Limits
from kg.reconcile import Reconcile
from kg.store import EngineStore
from kg.suggestions import flyout, propose, suggest
from kg.things import Thing, Things, things_in

WORLD = Path(__file__).parent / "reconciliation" / "world.trig"
BASE = "https://w3id.org/contested-kg/"
WIKIDATA_SERVICE = "http://127.0.0.1:9/api"


@pytest.fixture(scope="module")
def things() -> Things:
    store = EngineStore()
    store.load(WORLD)
    return things_in(store)


def found(things: Things, text: str, **more: object) -> list[dict]:
    return candidates(things, read_query(json.dumps({"query": text, **more}), things))


def best(things: Things, text: str, **more: object) -> tuple[str, float, bool]:
    first = found(things, text, **more)[0]
    return first["id"], first["score"], first["match"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana Ames", ("ana-ames", 100, True)),
        ("ana  AMES", ("ana-ames", 100, True)),
        ("Ames, Ana", ("ana-ames", 100, True)),
        ("A M Ames", ("ana-ames", 100, True)),
        (f"<{BASE}id/ana-ames>", ("ana-ames", 100, True)),
        ("id:ana-ames", ("ana-ames", 100, True)),
        ("Q101", ("ana-ames", 100, True)),
        ("https://www.wikidata.org/wiki/Q102", ("river-wing", 100, True)),
        # A part of the label, or a name that only a document gives, may mean another.
        ("Ames", ("ana-ames", 95, False)),
        ("the operation", ("heron", 95, False)),
        ("Blue Crane", ("heron", 95, False)),
        # A hidden name judges: it finds the thing, and a person decides.
        ("crane massacre", ("heron", 95, False)),
    ],
)
def test_exact_spellings(things: Things, text: str, expected: tuple[str, float, bool]) -> None:
    assert best(things, text) == expected


def test_a_hidden_spelling_is_found_and_never_shown(things: Things) -> None:
    assert suggested(things, "entity", "crane mass") == ["heron"]
    heron = things.things["heron"]
    told = [*heron.spellings, describe(things, heron), flyout(things, "entity", "heron")]
    shown = json.dumps(told)
    assert "Blue Crane" in shown
    assert "Massacre" not in shown
    assert all("Massacre" not in value.text for value in heron.values["name"])


def test_two_that_bear_one_name_are_no_match(things: Things) -> None:
    both = found(things, "RW")[:2]
    assert {each["id"] for each in both} == {"river-wing", "rain-watch"}
    assert [each["score"] for each in both] == [100, 100]
    assert not any(each["match"] for each in found(things, "RW"))


def test_a_class_decides_between_namesakes(things: Things) -> None:
    assert best(things, "Lund")[2] is False
    assert best(things, "Lund", type="Place") == ("lund", 100, True)
    assert best(things, "Lund", type=BASE + "ontology/Place", type_strict="any")[2] is True
    # As an organization it is only a part of the club's name.
    assert best(things, "Lund", type="Organization") == ("lund-club", 95, False)


def test_a_class_that_does_not_fit_halves_the_score_or_leaves_out(things: Things) -> None:
    assert best(things, "Bo Birch", type="Place") == ("bo-birch", 50, False)
    assert best(things, "Bo Birch", type="Actor") == ("bo-birch", 100, True)
    assert found(things, "Bo Birch", type="Place", type_strict="any") == []
    both = ["Faction", "Place"]
    assert best(things, "River Wing", type=both, type_strict="any")[0] == "river-wing"
    assert found(things, "River Wing", type=both, type_strict="all") == []


@pytest.mark.parametrize("text", ["Ana Amez", "Anna Ames", "Ames Anna", "River Wings", "Heron op"])
def test_guesses_are_below_every_exact_spelling(things: Things, text: str) -> None:
    guesses = found(things, text)
    assert guesses
    assert all(each["score"] <= BEST_GUESS < SHORT - 5 for each in guesses)
    assert not any(each["match"] for each in guesses)


@pytest.mark.parametrize("text", ["Zebedee Quux", "???", "قائد", "Q999"])
def test_strangers_have_no_candidate(things: Things, text: str) -> None:
    assert found(things, text) == []


def test_unnamed_people_are_never_candidates(things: Things) -> None:
    assert "unnamed-guards-901-001" in things.things
    for text in ("guards of Lund", "unnamed guards (901, passage 1)"):
        assert "unnamed-guards-901-001" not in {each["id"] for each in found(things, text)}


def test_hints_move_and_contradiction_unmatches(things: Things) -> None:
    def hinted(value: object, name: str = "memberOf") -> tuple[str, float, bool]:
        return best(things, "Ana Ames", properties=[{"pid": name, "v": value}])

    assert hinted("River Wing") == ("ana-ames", 100, True)
    assert hinted("RW") == ("ana-ames", 100, True)
    assert hinted({"id": "river-wing"}) == ("ana-ames", 100, True)
    assert hinted(["Rain Watch", "river wing"]) == ("ana-ames", 100, True)
    assert hinted("Rain Watch") == ("ana-ames", 95, False)
    assert hinted("Q101", "wikidata") == ("ana-ames", 100, True)
    assert hinted("Q7", "wikidata") == ("ana-ames", 95, False)
    # Of a thing of which nothing is known, nothing is contradicted.
    assert hinted("Lund", "tookPlaceIn") == ("ana-ames", 95, True)


def test_an_allegation_never_helps_a_candidate(things: Things) -> None:
    hint = [{"pid": "memberOf", "v": "River Wing"}]
    asked = found(things, "Bo Birch", properties=hint)[0]
    assert asked["score"] == 95
    assert {"id": "properties", "value": 0.0} in asked["features"]


def test_properties_alone(things: Things) -> None:
    query = read_query('{"properties": [{"pid": "memberOf", "v": "Rain Watch"}]}', things)
    assert [(each["id"], each["match"]) for each in candidates(things, query)] == [
        ("cy-cole", False)
    ]


def test_limit_and_order(things: Things) -> None:
    many = found(things, "Ana Ames Bo Birch River Lund")
    assert [each["score"] for each in many] == sorted((e["score"] for e in many), reverse=True)
    assert len(found(things, "RW", limit=1)) == 1


def test_every_spelling_of_every_named_thing_finds_it(things: Things) -> None:
    for thing in things.things.values():
        for spelling in () if thing.unnamed else thing.spellings:
            names = {each["id"] for each in found(things, spelling) if each["score"] >= SHORT}
            assert thing.id in names, spelling


def test_types_go_from_special_to_general(things: Things) -> None:
    assert things.things["river-wing"].types == ("Faction", "Organization", "Actor")
    assert [each["id"] for each in found(things, "River Wing")[0]["type"]] == [
        "Faction",
        "Organization",
        "Actor",
    ]
    assert "Court" not in things.types  # of which there is nothing


def test_descriptions_tell_apart_and_allege_nothing(things: Things) -> None:
    said = [describe(things, each) for each in things.things.values()]
    assert describe(things, things.things["ana-ames"]).startswith(
        "person; member of River Wing; also "
    )
    assert "in its own voice" in describe(things, things.things["heron"])
    assert not any("kill" in each or "alleg" in each for each in said)


@pytest.mark.parametrize(
    ("batch", "sentence"),
    [
        ("{", r"`queries` is not JSON \(line 1, column 2\)"),
        ("[" * 100_000, "too many levels"),
        ("[]", "not of the form"),
        ('{"q0": "Ana"}', "not of the form"),
        ('{"q0": {}}', "Query 'q0': a name"),
        ('{"q0": {"query": "  "}}', "a name in `query`"),
        ('{"q0": {"query": 7}}', "must be a text"),
        (json.dumps({"q0": {"query": "x" * 301}}), "at most 300 characters"),
        ('{"q0": {"query": "a", "props": []}}', "no field 'props'"),
        ('{"q0": {"query": "a", "type": "Persn"}}', "no type 'Persn'. Did you mean Person"),
        ('{"q0": {"query": "a", "type": [7]}}', "`type` must be"),
        ('{"q0": {"query": "a", "type_strict": "may"}}', "any, should, all, not 'may'"),
        ('{"q0": {"query": "a", "limit": 0}}', "`limit` must be"),
        ('{"q0": {"query": "a", "limit": "many"}}', "`limit` must be"),
        ('{"q0": {"query": "a", "limit": true}}', "`limit` must be"),
        ('{"q0": {"query": "a", "properties": {}}}', "`properties` must be a list"),
        ('{"q0": {"query": "a", "properties": [{"pid": "memberOf"}]}}', "needs `pid` and `v`"),
        ('{"q0": {"query": "a", "properties": [{"pid": "member", "v": 1}]}}', "memberOf"),
        ('{"q0": {"query": "a", "properties": [{"pid": "killed", "v": 1}]}}', "no property"),
        ('{"q0": {"query": "a", "properties": [{"pid": "name", "v": {}}]}}', "needs `id`"),
        ('{"q0": {"query": "a", "properties": [{"pid": "name", "v": [[]]}]}}', "must be a text"),
    ],
)
def test_bad_batches_are_told_in_one_sentence(things: Things, batch: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told:
        read_batch(batch, things)
    assert "\n" not in str(told.value)


def test_large_requests_are_refused(things: Things) -> None:
    with pytest.raises(TooLargeError, match="at most 200"):
        read_batch(json.dumps({f"q{n}": {"query": "a"} for n in range(201)}), things)
    with pytest.raises(TooLargeError, match="at most 10000"):
        read_extension(json.dumps({"ids": ["a"] * 10_001, "properties": []}), things)
    for hints in (
        [{"pid": "name", "v": ["x"] * 101}],
        [{"pid": "name", "v": ["x"] * 51}, {"pid": "memberOf", "v": ["x"] * 50}],
        [{"pid": "name", "v": []}] * 101,
    ):
        with pytest.raises(InputError, match="has 101 values; send at most 100"):
            read_query(json.dumps({"query": "a", "properties": hints}), things)


def test_what_is_compared_with_every_thing_is_brought_to_normal_form_once(
    monkeypatch: pytest.MonkeyPatch, things: Things
) -> None:
    made: Counter[str] = Counter()

    def counted(text: str) -> str:
        made[text] += 1
        return normalize(text)

    monkeypatch.setattr("kg.batches.normalize", counted)
    hints = [{"pid": "name", "v": ["Lund", "Bo Lund"]}]
    found = candidates(things, read_query(json.dumps({"properties": hints}), things))
    assert (len(things.things) > 2, bool(found)) == (True, True)
    assert made == {"Lund": 1, "Bo Lund": 1}


def test_what_clients_send_for_no_class(things: Things) -> None:
    for nothing in (None, "", [], [""]):
        assert read_query(json.dumps({"query": "a", "type": nothing}), things).types == ()
    asked = read_query('{"query": "a", "type": {"id": "Place"}}', things)
    assert asked.types == ("Place",)


def extended(things: Things, ids: list[str], *columns: dict) -> dict:
    asked = read_extension(json.dumps({"ids": ids, "properties": list(columns)}), things)
    return extend(things, asked, WIKIDATA_SERVICE)


def test_plain_values_are_given_and_allegations_are_not(things: Things) -> None:
    rows = extended(things, ["ana-ames", "bo-birch", "gone"], {"id": "memberOf"})["rows"]
    assert rows["ana-ames"] == {"memberOf": [{"id": "river-wing", "name": "River Wing"}]}
    assert rows["bo-birch"] == rows["gone"] == {"memberOf": []}


def test_accounts_name_their_speaker(things: Things) -> None:
    column = {"id": "memberOf", "settings": {"accounts": "on"}}
    rows = extended(things, ["ana-ames", "bo-birch"], column)["rows"]
    assert rows["bo-birch"]["memberOf"] == [
        {"str": "Cy Cole is reported to allege that: Bo Birch member of River Wing"}
    ]
    # What is plain is not said again, and what was withdrawn is not said at all.
    assert rows["ana-ames"]["memberOf"] == [{"id": "river-wing", "name": "River Wing"}]


def test_no_grave_predicate_is_offered_or_answered(things: Things) -> None:
    assert "killed" not in things.properties
    assert not any("killed" in {*each.values, *each.accounts} for each in things.things.values())
    with pytest.raises(InputError, match="no property 'killed'"):
        extended(things, ["ana-ames"], {"id": "killed"})
    everything = [{"id": each, "settings": {"accounts": True}} for each in propose_all(things)]
    assert "kill" not in json.dumps(extended(things, list(things.things), *everything))


def propose_all(things: Things) -> list[str]:
    return [each["id"] for each in propose(things, "", 0)["properties"]]


def test_names_types_documents_and_links(things: Things) -> None:
    wanted = ("name", "type", "mentionedIn", "wikidata", "wikidataClose")
    answer = extended(things, ["ana-ames", "lund"], *({"id": each} for each in wanted))
    row = answer["rows"]["ana-ames"]
    assert row["name"][0] == {"str": "Ana Ames"}
    assert row["type"] == [{"str": "person"}, {"str": "actor"}]
    assert row["mentionedIn"] == [{"str": "Alpha"}]
    assert row["wikidata"] == [{"id": "Q101", "name": "Q101"}]
    # A close match is not the same thing.
    assert answer["rows"]["lund"]["wikidata"] == []
    assert answer["rows"]["lund"]["wikidataClose"] == [{"id": "Q103", "name": "Q103"}]
    services = {each["id"]: each.get("service") for each in answer["meta"]}
    assert services["wikidata"] == WIKIDATA_SERVICE
    assert services["name"] is None


def test_extension_settings_and_faults(things: Things) -> None:
    column = {"id": "name", "settings": {"limit": "2"}}
    assert len(extended(things, ["ana-ames"], column)["rows"]["ana-ames"]["name"]) == 2
    for bad, sentence in (
        ({"id": "nam"}, "Did you mean name"),
        ({"id": "name", "settings": {"limit": "-1"}}, "setting `limit`"),
        ({"id": 7}, "needs `id`"),
    ):
        with pytest.raises(InputError, match=sentence):
            extended(things, ["ana-ames"], bad)
    often = extended(things, ["ana-ames"] * 9, *([{"id": "name"}] * 9), column)
    assert often == extended(things, ["ana-ames"], column)
    for text in ("[]", '{"ids": "x", "properties": []}', '{"ids": []}', "no"):
        with pytest.raises(InputError, match="`extend` is not"):
            read_extension(text, things)


def test_proposed_properties_fit_the_class(things: Things) -> None:
    def proposed(kind: str) -> set[str]:
        return {each["id"] for each in propose(things, kind, 0)["properties"]}

    general = {"name", "type", "mentionedIn", "wikidata", "wikidataClose", "hasName"}
    assert proposed("Person") == general | {"memberOf"}
    assert proposed("Actor") == general | {"memberOf"}
    assert proposed("Operation") == general | {"tookPlaceIn"}
    assert proposed("Place") == general
    assert len(propose(things, "Person", 2)["properties"]) == 2
    with pytest.raises(InputError, match="no type 'Cat'"):
        propose(things, "Cat", 0)


def suggested(things: Things, kind: str, prefix: str) -> list[str]:
    return [each["id"] for each in suggest(things, kind, prefix)["result"]]


def test_suggestions(things: Things) -> None:
    assert suggested(things, "entity", "lund") == ["lund", "lund-club", "feast"]
    assert suggested(things, "entity", "AM")[0] == "ana-ames"
    assert suggested(things, "entity", "anna ame") == ["ana-ames"]  # none begins so
    assert suggested(things, "entity", "unnamed") == []
    assert suggested(things, "type", "pers") == ["Person"]
    assert suggested(things, "property", "memb") == ["memberOf"]
    assert suggested(things, "property", "kill") == []
    whole = suggest(things, "entity", "")["result"]
    assert suggest(things, "entity", "", 2)["result"] == whole[2:]
    with pytest.raises(NotFoundError, match="entity, type, property"):
        suggest(things, "colour", "a")


def test_labels_and_short_names_are_suggested_first() -> None:
    """Somebody who types `kor` wants Korin, not the house that one text calls Kor's."""

    def named(name: str, *spellings: str) -> Thing:
        return Thing(name, spellings[0], spellings, {normalize(each): True for each in spellings})

    house = named("a-house", "house on the hill", "Kor's house")
    town, person = named("b-town", "Korin Town"), named("c-person", "Korin")
    assert suggested(Things([house, town, person], [], []), "entity", "kor") == [
        "c-person",
        "b-town",
        "a-house",
    ]


def test_flyouts_escape(things: Things) -> None:
    assert "&lt;b&gt;" in flyout(things, "entity", "feast")["html"]
    assert "Human being." in flyout(things, "type", "Person")["html"]
    assert flyout(things, "property", "memberOf")["id"] == "memberOf"
    for kind in ("entity", "type", "property"):
        with pytest.raises(NotFoundError, match=f"There is no {kind} 'x'"):
            flyout(things, kind, "x")


def test_keys_are_normalized(things: Things) -> None:
    assert all(normalize(key) == key for key in things.by_key)


# --- over HTTP ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("reconcile"), WORLD.read_text("utf-8"), "w.trig") as one:
        yield one


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=15) as each:
        yield each


class OpenRefine:
    """Does over HTTP what OpenRefine does with a service that it was given the address of."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.about = self.get("/reconcile")

    def get(self, address: str, **parameters: str) -> dict:
        answer = self.client.get(
            address, params=parameters or None, headers={"origin": "http://r:3333"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.json()

    def post(self, **form: object) -> dict:
        data = {name: json.dumps(value) for name, value in form.items()}
        answer = self.client.post("/reconcile", data=data)
        assert answer.status_code == 200, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.json()

    def reconcile(self, cells: list[str], **more: object) -> list[list[dict]]:
        queries = {f"q{n}": {"query": cell, **more} for n, cell in enumerate(cells)}
        answer = self.post(queries=queries)
        assert list(answer) == list(queries)
        return [answer[key]["result"] for key in queries]

    def guess_types(self, cells: list[str]) -> list[str]:
        """Return the classes of the best three for each of ten cells, the most frequent first."""
        counts: Counter[str] = Counter()
        for result in self.reconcile(cells[:10], limit=3):
            for rank, each in enumerate(result):
                for kind in each["type"]:
                    counts[kind["id"]] += 1 / (1 + rank)
        return [name for name, _ in counts.most_common()]

    def service(self, part: dict, **parameters: str) -> dict:
        return self.get(part["service_url"] + part["service_path"], **parameters)

    def flyout(self, kind: str, name: str) -> dict:
        part = self.about["suggest"][kind]
        path = part["flyout_service_path"].replace("${id}", urllib.parse.quote(name, safe=""))
        return self.get(part["service_url"] + path)


def test_a_session_of_openrefine(client: httpx.Client, server: Server) -> None:
    refine = OpenRefine(client)
    assert refine.about["versions"] == ["0.2"]
    assert refine.about["identifierSpace"] == BASE + "id/"
    column = ["Ana Ames", "Bo Birch", "Cy Cole", "Ames", "Ana Amez", "Bo Burch", "Cy", "Quux"]
    assert refine.guess_types(column)[:2] == ["Person", "Actor"]
    strict = {"type": "Person", "type_strict": "should", "limit": 5}
    results = refine.reconcile(column, **strict)
    matched = [result[0]["id"] if result and result[0]["match"] else None for result in results]
    assert matched == ["ana-ames", "bo-birch", "cy-cole", None, None, None, None, None]
    assert [result[0]["id"] for result in results[3:6]] == ["ana-ames", "ana-ames", "bo-birch"]
    offered = refine.service(refine.about["extend"]["propose_properties"], type="Person")
    wanted = [{"id": each["id"]} for each in offered["properties"]]
    people = [name for name in matched if name]
    table = refine.post(extend={"ids": people, "properties": wanted})
    assert [each["id"] for each in table["meta"]] == [each["id"] for each in wanted]
    assert table["rows"]["ana-ames"]["memberOf"][0]["id"] == "river-wing"
    assert table["rows"]["bo-birch"]["memberOf"] == []
    preview = client.get(refine.about["preview"]["url"].replace("{{id}}", "ana-ames"))
    assert "Ana Ames" in preview.text
    assert refine.about["view"]["url"] == f"{server.url}/id/{{{{id}}}}"


def test_suggest_services_from_the_manifest(client: httpx.Client) -> None:
    refine = OpenRefine(client)
    for kind, prefix, name in (
        ("entity", "ana", "ana-ames"),
        ("type", "per", "Person"),
        ("property", "mem", "memberOf"),
    ):
        part = refine.about["suggest"][kind]
        assert refine.service(part, prefix=prefix)["result"][0]["id"] == name
        assert refine.flyout(kind, name)["id"] == name
    logo = client.get(refine.about["logo"])
    assert logo.headers["content-type"].startswith("image/svg")


def test_ways_to_ask(client: httpx.Client) -> None:
    batch = json.dumps({"a": {"query": "Lund", "type": "Place"}})
    answers = [
        client.get("/reconcile", params={"queries": batch}),
        client.get("/reconcile/", params={"queries": batch}),
        client.post("/reconcile", data={"queries": batch}),
    ]
    assert len({each.text for each in answers}) == 1
    one = client.get("/reconcile", params={"query": '{"query": "Lund", "type": "Place"}'}).json()
    assert one == answers[0].json()["a"]
    assert client.get("/reconcile", params={"query": "Ana Ames"}).json()["result"][0]["match"]
    assert client.post("/reconcile", data={"queries": "{}"}).json() == {}


GZIPPED = {"content": gzip.compress(b"query=Lund"),
           "headers": {"content-type": FORM_TYPE, "content-encoding": "gzip"}}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "sentence"),
    [
        ("GET", "/reconcile?queries=%7B", {}, 400, "not JSON"),
        ("GET", "/reconcile?query=", {}, 400, "a name"),
        ("GET", "/reconcile?extend=7", {}, 400, "`extend` is not"),
        ("POST", "/reconcile", {"data": {"other": "1"}}, 400, "none of `queries`"),
        ("POST", "/reconcile", {"json": {"queries": []}}, 415, "x-www-form-urlencoded"),
        ("POST", "/reconcile", GZIPPED, 415, "without a content encoding"),
        ("DELETE", "/reconcile", {}, 405, "read-only"),
        ("GET", "/reconcile/suggest/colour?prefix=a", {}, 404, "nothing to suggest"),
        ("GET", "/reconcile/suggest/entity?prefix=a&cursor=x", {}, 400, "whole number"),
        ("GET", "/reconcile/flyout/entity", {}, 400, "`id` is missing"),
        ("GET", "/reconcile/flyout/entity?id=nobody", {}, 404, "no entity 'nobody'"),
        ("GET", "/reconcile/properties?type=Cat", {}, 400, "no type 'Cat'"),
        ("GET", "/reconcile/preview?id=nobody", {}, 404, "no entity 'nobody'"),
    ],
)
def test_faults_are_problem_documents(
    client: httpx.Client, method: str, path: str, more: dict, status: int, sentence: str
) -> None:
    answer = client.request(method, path, **more)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_half_a_surrogate_pair_is_given_back_as_it_came(client: httpx.Client) -> None:
    for field, asked in (
        ("queries", r'{"\ud800": {"query": "Ana Ames"}}'),
        ("extend", r'{"ids": ["\ud800"], "properties": [{"id": "name"}]}'),
    ):
        answer = client.post("/reconcile", data={field: asked})
        assert answer.status_code == 200
        assert rb'"\ud800"' in answer.content
        json.loads(answer.content)


@pytest.mark.parametrize(
    ("name", "path", "fields"),
    [
        ("extend", "/reconcile", {"extend": '{"ids": [], "properties": []}'}),
        ("suggest", "/reconcile/suggest/{kind}", {"prefix": "a"}),
    ],
)
def test_others_are_answered_beside_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, things: Things, name: str, path: str, fields: dict
) -> None:
    begun, others = threading.Event(), threading.Event()

    def slow(*_: object) -> dict:
        begun.set()
        return {"others were answered": others.wait(5)}

    async def asked() -> Response:
        service = SimpleNamespace(
            pool=SimpleNamespace(fingerprint="f", concurrent=1), limits=Limits(), seconds=5.0
        )
        reconcile = Reconcile(SimpleNamespace(service=service), Pages(), WIKIDATA_SERVICE)
        reconcile.index._things._made = "f", things
        encoded = urllib.parse.urlencode(fields).encode()
        scope = {"type": "http", "method": "GET", "headers": [], "query_string": encoded,
                 "path_params": {"kind": "entity"}}  # fmt: skip
        (route,) = (each for each in reconcile.routes if each.path == path)
        answer = asyncio.ensure_future(route.endpoint(Request(scope, asyncio.Event().wait)))
        await asyncio.to_thread(begun.wait, 5)
        others.set()
        return await answer

    monkeypatch.setattr(f"kg.reconcile.{name}", slow)
    assert json.loads(asyncio.run(asked()).body) == {"others were answered": True}


def test_a_long_answer_is_compressed(client: httpx.Client) -> None:
    answer = client.get("/reconcile", headers={"accept-encoding": "gzip"})
    assert (answer.headers["content-encoding"], "versions" in answer.json()) == ("gzip", True)


def test_few_wait_and_nothing_is_done_for_who_has_left(things: Things) -> None:
    pool = SimpleNamespace(concurrent=2, fingerprint="")
    service = SimpleNamespace(pool=pool, seconds=1.0)
    reconcile = Reconcile(SimpleNamespace(service=service), Pages(), WIKIDATA_SERVICE)

    class Client(Request):
        def __init__(self, *, left: bool) -> None:
            super().__init__({"type": "http", "method": "GET", "headers": []})
            self.left = left

        async def is_disconnected(self) -> bool:
            await asyncio.sleep(0)  # the others come
            return self.left

    async def ask() -> list[object]:
        work = [reconcile._in_turn(Client(left=each), {"query": "Ana Ames"}, things)
                for each in (False, True, False)]  # fmt: skip
        return await asyncio.gather(*work, return_exceptions=True)

    answer, gone, refused = asyncio.run(ask())
    assert json.loads(answer.body)["result"][0]["id"] == "ana-ames"
    assert "left" in str(gone)
    assert (refused.status, str(refused)[:18]) == (503, "2 requests are wai")


def test_bytes_that_are_no_text(client: httpx.Client) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/reconcile", content=b"queries=\xff", headers=kind)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The request body is not UTF-8 at byte 8.",
    )
    long = client.post("/reconcile", content=b"queries=" + b"x" * (1 << 20), headers=kind)
    assert long.status_code == 413


def test_other_sites_may_ask(client: httpx.Client) -> None:
    asks = {"origin": "http://e", "access-control-request-method": "POST"}
    for path in ("/reconcile", "/reconcile/suggest/entity", "/reconcile/preview"):
        answer = client.options(path, headers=asks)
        assert answer.status_code == 204
        assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_preview_may_be_framed_and_loads_nothing_but_its_style(client: httpx.Client) -> None:
    answer = client.get("/reconcile/preview", params={"id": "feast"})
    policies = answer.headers.get_list("content-security-policy")
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "frame-ancestors *" in policies[0]
    assert "script" not in policies[0]
    assert "<b>" not in answer.text
    loaded = re.findall(r'<link[^>]+href="([^"]+)"', answer.text)
    assert loaded == ["/static/preview.css"]
    assert client.get(loaded[0]).headers["content-type"].startswith("text/css")
    # Every other page keeps the policy that forbids frames.
    assert "frame-ancestors 'none'" in client.get("/").headers["content-security-policy"]


def test_a_preview_alleges_nothing(client: httpx.Client) -> None:
    page = client.get("/reconcile/preview", params={"id": "bo-birch"}).text
    assert "River Wing" not in page
    assert "1 more statement of this kind only some speaker makes" in page
    heron = client.get("/reconcile/preview", params={"id": "heron"}).text
    assert "no document says in its own voice that it happened" in heron


def test_answers_are_tagged(client: httpx.Client) -> None:
    first = client.get("/reconcile")
    again = client.get("/reconcile", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head("/reconcile")
    assert head.headers["content-length"] == first.headers["content-length"]
    assert head.content == b""


def test_the_names_follow_the_snapshot(tmp_path: Path) -> None:
    import asyncio

    from kg.pool import Pool
    from kg.reconcile import Index
    from kg.worker import LoaderConfig

    first, second = tmp_path / "1.trig", tmp_path / "2.trig"
    text = WORLD.read_text("utf-8")
    first.write_text(text, "utf-8")
    second.write_text(text.replace("Ana Ames", "Ina Imes"), "utf-8")

    async def labels() -> list[str]:
        pool = Pool(LoaderConfig((str(first),), workers=1))
        await pool.start()
        try:
            index = Index(pool, 10.0)
            one = await index.things()
            assert await index.things() is one  # not read again
            await pool.reload(LoaderConfig((str(second),), workers=1))
            two = await index.things()
            return [each.things["ana-ames"].label for each in (one, two)]
        finally:
            await pool.close()

    assert asyncio.run(labels()) == ["Ana Ames", "Ina Imes"]


def test_a_graph_of_another_kind_has_nothing_to_match(tmp_path: Path) -> None:
    with serving(tmp_path, '<u:a> <u:b> "c" <u:g> .\n') as one:
        about = httpx.get(f"{one.url}/reconcile").json()
        assert about["defaultTypes"] == []
        assert httpx.get(f"{one.url}/reconcile?query=c").json() == {"result": []}
