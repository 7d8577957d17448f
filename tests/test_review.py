"""The table of what Wikidata could state: one row a proposition, with who says so beside it."""

import csv
import io

import pyoxigraph as ox
import pytest
from exported import export
from tree import Tree, claim, edtf, iri, told

from kg.build import build_snapshot
from kg.review import COLUMNS, WARNING, date_qualifiers
from kg.settings import Settings
from kg.snapshots import current_snapshot

SKOS = "http://www.w3.org/2004/02/skos/core#"
LINKS = [
    (iri("id/ann"), "exactMatch", "Q1"),
    (iri("id/bob"), "exactMatch", "Q2"),
    (iri("id/mayor"), "closeMatch", "Q3"),
    (iri("id/guild"), "exactMatch", "Q4"),
    (iri("ontology/heldPost"), "closeMatch", "P39"),
    (iri("ontology/founded"), "relatedMatch", "P112"),
    (iri("ontology/startedOn"), "narrowMatch", "P571"),
    (iri("ontology/startedOn"), "exactMatch", "P580"),
    (iri("ontology/memberOf"), "closeMatch", "P463"),
    (iri("ontology/memberOf"), "narrowMatch", "P102"),
]
HELD = "id:ann :heldPost id:mayor"
SOLE = """<https://w3id.org/contested-kg/claim/editorial/one-mayor> a :EditorialClaim ;
  rdf:subject id:mayor ; rdf:predicate :exclusive ; rdf:object true ; :reason "One at a time." ;
  :curatedBy "Curators" ; :curatedOn "2026-11-01"^^xsd:date ."""
FIRST, OTHER = (f"claim:alpha\\/002-0{number}" for number in (1, 2))
IN_1994 = {"when": edtf("1994"), "whenKind": ":attestation"}


def tables(folder, *claims, slug="alpha", editorial=""):
    """Build a tree with these claims and curators' notes and return the rows of its table."""
    tree = Tree(folder / "tree")
    turtle = "".join(f"<{s}> <{SKOS}{p}> <http://www.wikidata.org/entity/{o}> .\n"
                     for s, p, o in LINKS)  # fmt: skip
    tree.write("links/wikidata", turtle)
    tree.write("editorial", editorial)
    tree.claims(slug, *claims)
    settings = Settings(source=tree.root, snapshots=folder / "snapshots")
    build_snapshot(settings)
    warning, _, table = export(settings, "wikidata-review").decode().partition("\r\n")
    assert warning == WARNING
    reader = csv.DictReader(io.StringIO(table, newline=""))
    rows = list(reader)
    assert tuple(reader.fieldnames) == COLUMNS
    return [{name: value for name, value in row.items() if value} for row in rows]


def test_the_first_line_says_that_it_is_no_upload_format():
    assert WARNING.startswith("# To read and judge, not to upload")


def test_one_row_with_everything_beside_it(tmp_path):
    (row,) = tables(
        tmp_path,
        claim("alpha/001-01", HELD, **IN_1994),
        claim("alpha/002-01", HELD, **IN_1994, **told("id:bob", cue='"said"')),
        claim("alpha/003-01", HELD, **IN_1994, **told("id:guild", polarity=":denied", cue='"no"')),
    )
    assert row == {
        "subject": "Q1",
        "subject label": "Ann",
        "subject match": "exactMatch",
        "property": "P39",
        "property fit": "closeMatch",
        "value": "Q3",
        "value label": "Mayor",
        "value match": "closeMatch",
        "point in time (P585)": "1994",
        "latest start date (P8555)": "1994-12-31",
        "earliest end date (P8554)": "1994-01-01",
        "stated in (P248)": "Alpha",
        "statement disputed by (P1310)": "Guild",
        "our predicate": "heldPost",
        "affirmed by": "Alpha: asserted | Bob: reported (said)",
        "denied by": "Guild: reported (no)",
        "claims": "alpha/001-01 | alpha/002-01 | alpha/003-01",
        "passages": "Alpha, 1 | Alpha, 2 | Alpha, 3",
        "disputes": row["disputes"],
    }
    assert "Mayor" in row["disputes"] or "Ann" in row["disputes"]


def test_a_rival_value_is_named_be_it_without_an_item(tmp_path):
    """One post has one holder: whom the other document names excludes the first."""
    day = {"when": edtf("1994-05-19"), "whenKind": ":attestation"}
    (row,) = tables(
        tmp_path,
        claim("alpha/001-01", HELD, **day),
        claim("alpha/002-01", "id:another :heldPost id:mayor", **day, **told("id:bob")),
        editorial=SOLE,
    )
    assert row["rival values"] == "rival value: another in a crowd (no Wikidata item)"
    assert row["statement disputed by (P1310)"] == "Bob"


def test_a_rival_value_with_an_item_has_its_own_row_too(tmp_path):
    day = {"when": edtf("1994-05-19"), "whenKind": ":attestation"}
    rows = tables(
        tmp_path,
        claim("alpha/001-01", HELD, **day),
        claim("alpha/002-01", "id:bob :heldPost id:mayor", **day),
        editorial=SOLE,
    )
    assert [row["rival values"] for row in rows] == ["rival value: Bob", "rival value: Ann"]


def test_a_tension_is_no_dispute_of_the_statement(tmp_path):
    """That something happened before what it follows is odd, and excludes neither."""
    claims = [
        claim("alpha/001-01", f"id:guild :startedOn {edtf('1984')}"),
        claim("alpha/002-01", f"id:guild :startedOn {edtf('1985')}", alternativeReadingOf=OTHER),
        claim("alpha/002-02", f"id:guild :startedOn {edtf('1986')}", alternativeReadingOf=FIRST),
    ]
    first = tables(tmp_path, *claims)[0]
    assert "start" in first["disputes"]
    assert "statement disputed by (P1310)" not in first


def test_what_is_one_of_several_readings_or_implied_is_marked(tmp_path):
    first, second = tables(
        tmp_path,
        claim("alpha/001-01", HELD, readFrom=":inference", note='"So we read it."'),
        claim("alpha/002-01", "id:bob :heldPost id:mayor", alternativeReadingOf=OTHER),
        claim("alpha/002-02", "id:bob :led id:march", alternativeReadingOf=FIRST),
    )
    assert first["affirmed by"] == "Alpha: asserted (implied, not said)"
    assert second["affirmed by"] == "Alpha: asserted (one of several readings)"


def test_a_relation_that_wikidata_has_the_other_way_round(tmp_path):
    (row,) = tables(tmp_path, claim("alpha/001-01", "id:ann :founded id:guild"))
    assert (row["subject"], row["property"], row["value"]) == ("Q4", "P112", "Q1")
    assert row["property fit"] == "the other way round"
    assert (row["subject label"], row["value label"]) == ("Guild", "Ann")


def test_a_date_is_a_value_and_the_property_fits_the_subject(tmp_path):
    (row,) = tables(tmp_path, claim("alpha/001-01", f"id:guild :startedOn {edtf('1984-03')}"))
    assert (row["subject"], row["property"], row["value"]) == ("Q4", "P571", "1984-03")


def test_a_member_of_no_party(tmp_path):
    (row,) = tables(tmp_path, claim("alpha/001-01", "id:ann :memberOf id:guild"))
    assert row["property"] == "P463"


def test_what_is_only_alleged(tmp_path):
    alleged = told("id:bob", ":alleged", cue='"claimed"')
    (row,) = tables(tmp_path, claim("alpha/001-01", HELD, **alleged))
    assert row["nature of statement (P5102)"] == "allegedly"


@pytest.mark.parametrize(
    "parts",
    [
        {"polarity": ":denied"},
        {"modality": ":intended"},
        {"withdrawn": "true", "reason": '"misread"'},
    ],
    ids=["denied", "intended", "withdrawn"],
)
def test_what_nobody_affirms_or_is_not_actual_is_left_out(tmp_path, parts):
    kept = claim("alpha/002-01", "id:bob :heldPost id:mayor")
    rows = tables(tmp_path, claim("alpha/001-01", HELD, **parts), kept)
    assert [row["subject"] for row in rows] == ["Q2"]


@pytest.mark.parametrize(
    "content",
    ["id:someone :heldPost id:mayor", "id:ann :led id:march", "id:ann :founded id:branch"],
    ids=["no item", "no property", "no value"],
)
def test_what_wikidata_cannot_state_is_left_out(tmp_path, content):
    assert tables(tmp_path, claim("alpha/001-01", content)) == []


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("1994-05-19", "point", {"P585": "1994-05-19"}),
        ("1992~", "point", {"P585": "1992", "P1480": "circa"}),
        ("1992?", "attestation", {"P585": "1992", "P1480": "presumably"}),
        ("1992/1994", "period", {"P580": "1992", "P582": "1994"}),
        ("/2014", "period", {"P582": "2014"}),
        ("2014/..", "period", {"P580": "2014"}),
        ("1992", "period", {}),
        ("197X", "attestation", {}),
    ],
)
def test_qualifiers_of_time(text, kind, wanted):
    found = date_qualifiers(text, kind)
    assert {name.rpartition("(")[2].rstrip(")"): value for name, value in found.items()} == wanted


def test_bounds_stand_where_no_plain_date_does(tmp_path):
    period = {"when": edtf("199X"), "whenKind": ":period"}
    (row,) = tables(tmp_path, claim("alpha/001-01", HELD, **period))
    assert row["earliest date (P1319)"] == "1990-01-01"
    assert row["latest date (P1326)"] == "1999-12-31"
    assert "start time (P580)" not in row


def test_a_plain_start_needs_no_bounds(tmp_path):
    period = {"when": edtf("1994/"), "whenKind": ":period"}
    (row,) = tables(tmp_path, claim("alpha/001-01", HELD, **period))
    assert row["start time (P580)"] == "1994"
    assert "earliest date (P1319)" not in row
    assert "latest start date (P8555)" not in row


def test_of_the_real_graph_every_row_has_items_and_a_property(root, tmp_path):
    settings = Settings(source=root, snapshots=tmp_path)
    build_snapshot(settings)
    lines = export(settings, "wikidata-review").decode().split("\r\n", 1)[1]
    rows = list(csv.DictReader(io.StringIO(lines, newline="")))
    data = current_snapshot(settings) / "data.nq"
    links = [
        quad.object
        for quad in ox.parse(path=str(data), format=ox.RdfFormat.N_QUADS)
        if quad.predicate.value.startswith(SKOS) and isinstance(quad.object, ox.NamedNode)
    ]
    known = {each.value for each in links}
    assert len(rows) >= 40
    for row in rows:
        for name in ("subject", "property"):
            assert f"http://www.wikidata.org/entity/{row[name]}" in known
        assert row["value"]
        assert row["affirmed by"]
        assert row["passages"]
