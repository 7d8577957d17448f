"""Every answer of the reconciliation service is valid against the JSON Schemas of API 0.2.

`KG_W3C` names the folder in which the schemas lie as `reconciliation-0.2/`, with the examples of
the specification; the examples that are wrong on purpose prove that the schemas refuse.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jsonschema
import pytest
from manifests import UNSET
from referencing import Registry
from referencing.jsonschema import DRAFT7
from serving import serving

pytestmark = pytest.mark.conformance

WORLD = Path(__file__).parents[1] / "reconciliation" / "world.trig"
SPACE = "https://reconciliation-api.github.io/specs/0.2/schemas/"
#: Folder of examples, and whether there are wrong ones among them.
EXAMPLES = {
    "manifest": True,
    "reconciliation-query-batch": True,
    "reconciliation-result-batch": True,
    "data-extension-response": True,
    "data-extension-query": False,
    "data-extension-property-proposal": False,
    "suggest-entities-response": False,
    "suggest-properties-response": False,
    "suggest-types-response": False,
}
PEOPLE = {"ids": ["ana-ames", "bo-birch", "lund", "gone"]}
EVERYTHING = [
    {"id": each, "settings": {"accounts": True}}
    for each in ("name", "type", "mentionedIn", "wikidata", "wikidataClose", "memberOf", "hasName")
]
BATCH = {
    "q0": {"query": "Ana Ames"},
    "q1": {"query": "RW", "type": ["Organization", "Faction"], "type_strict": "all", "limit": 3},
    "q2": {"query": "nobody at all"},
    "q3": {"query": "Lund", "properties": [{"pid": "tookPlaceIn", "v": {"id": "lund"}}]},
    "q4": {"properties": [{"pid": "memberOf", "v": ["Rain Watch", 7, True]}]},
}


def folder() -> Path:
    root = os.environ.get("KG_W3C")
    assert root, UNSET
    return Path(root) / "reconciliation-0.2"


@pytest.fixture(scope="module")
def validate() -> Callable[[str, object], None]:
    schemas = {path.stem: json.loads(path.read_text()) for path in folder().glob("schemas/*.json")}
    resources = [
        (address, DRAFT7.create_resource(schema))
        for name, schema in schemas.items()
        for address in (SPACE + f"{name}.json", schema["$id"])
    ]
    registry = Registry().with_resources(resources)

    def check(name: str, value: object) -> None:
        # The property proposal's own $id lies in the draft; its references are the same.
        schema = {**schemas[name], "$id": SPACE + f"{name}.json"}
        jsonschema.Draft7Validator(schema, registry=registry).validate(value)

    return check


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    place = tmp_path_factory.mktemp("reconcile")
    with (
        serving(place, WORLD.read_text("utf-8"), "world.trig") as server,
        httpx.Client(base_url=server.url, timeout=15) as each,
    ):
        yield each


@pytest.mark.parametrize(
    ("schema", "path", "parameters"),
    [
        ("manifest", "/reconcile", {}),
        ("reconciliation-result-batch", "/reconcile", {"queries": json.dumps(BATCH)}),
        (
            "data-extension-response",
            "/reconcile",
            {"extend": json.dumps({**PEOPLE, "properties": EVERYTHING})},
        ),
        ("data-extension-property-proposal", "/reconcile/properties", {}),
        (
            "data-extension-property-proposal",
            "/reconcile/properties",
            {"type": "Person", "limit": "3"},
        ),
        ("suggest-entities-response", "/reconcile/suggest/entity", {"prefix": "a"}),
        ("suggest-entities-response", "/reconcile/suggest/entity", {"prefix": ""}),
        ("suggest-properties-response", "/reconcile/suggest/property", {"prefix": ""}),
        ("suggest-types-response", "/reconcile/suggest/type", {"prefix": ""}),
    ],
)
def test_answers_are_valid(
    client: httpx.Client,
    validate: Callable[[str, object], None],
    schema: str,
    path: str,
    parameters: dict[str, str],
) -> None:
    answer = client.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    validate(schema, found)
    assert found.get("result") != [], "an empty answer proves nothing"


def test_what_we_ask_is_valid(validate: Callable[[str, object], None]) -> None:
    validate("reconciliation-query-batch", BATCH)
    validate("data-extension-query", {**PEOPLE, "properties": EVERYTHING})


def test_single_queries_have_the_form_of_one_result(
    client: httpx.Client, validate: Callable[[str, object], None]
) -> None:
    one = client.get("/reconcile", params={"query": "Ana Ames"}).json()
    validate("reconciliation-result-batch", {"q0": one})


def test_wrong_queries_of_the_specification_are_refused(client: httpx.Client) -> None:
    wrong = sorted(folder().glob("examples/reconciliation-query-batch/invalid/*.json"))
    assert len(wrong) == 3
    for path in wrong:
        answer = client.post("/reconcile", data={"queries": path.read_text("utf-8")})
        assert answer.status_code == 400, path.name


@pytest.mark.parametrize(("name", "has_wrong"), EXAMPLES.items())
def test_the_schemas_tell_right_from_wrong(
    validate: Callable[[str, object], None], name: str, has_wrong: bool
) -> None:
    right = sorted(folder().glob(f"examples/{name}/valid/*.json"))
    wrong = sorted(folder().glob(f"examples/{name}/invalid/*.json"))
    assert right
    assert bool(wrong) is has_wrong
    for path in right:
        validate(name, json.loads(path.read_text("utf-8")))
    for path in wrong:
        with pytest.raises(jsonschema.ValidationError):
            validate(name, json.loads(path.read_text("utf-8")))
