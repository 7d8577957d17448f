"""The named questions: their form, what they answer over a made-up world, and bad input.

`tests/queries/world.trig` is small enough to answer every question by hand, and that is how
the CSV files beside it were written: each has the columns that matter, in our short names.
"""

import csv
import io
from datetime import date
from itertools import product
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from readings import ask_real

from kg.assets import Assets
from kg.dates import Bounds, status
from kg.derive import derive_claims
from kg.entities import local_name
from kg.errors import DataError, ForbiddenError, InputError, NotFoundError, QueryError
from kg.facts import Facts, expand
from kg.media import named
from kg.queries import ask, bind, find_question, parse_question, questions, read_names, restrict
from kg.rdf import BASE, read_turtle
from kg.store import EngineStore

HERE = Path(__file__).parent / "queries"
ALL = questions()

# File of expected rows: what the question is asked with.
CASES = {
    "who-held-post.certain": {"post": "warden-of-lund", "on": "1994-05-19"},
    "who-held-post.possible": {"post": "Warden of Lund", "on": "1994-01-15"},
    "who-held-post.before-all": {"post": "Warden", "on": "1970-01-01"},
    "who-held-post.within-period": {"post": "warden", "on": "1997-06-01"},
    "who-held-post.end-of-period": {"post": "id:warden-of-lund", "on": "1998-06-01"},
    "who-held-post.former": {"post": "clerk", "on": "1994-06-01"},
    "posts-of": {"person": "Bo Birch"},
    "posts-of.on-a-day": {"person": "bo birch", "on": "1997-06-01"},
    "who-commanded": {},
    "who-commanded.in-a-year": {"what": "warden-of-lund", "from": "1994", "to": "1994"},
    "who-commanded.possible": {"from": "1994-01-15", "to": "1994-01-15", "status": "possible"},
    "who-commanded.one-document": {"document": "901"},
    "who-commanded.of-a-conflict": {"what": "feud"},
    "chain-of-command": {"around": "ana-ames"},
    "chain-of-command.of-a-part": {"around": "dock-raid"},
    "participants": {"event": "Operation Heron"},
    "participants.targeted": {"event": "Grey Wing", "as": "targeted"},
    "participants.of-a-part": {"event": "dock-raid"},
    "participants.who": {"who": "traders"},
    "claims-about": {"about": "bo-birch"},
    "events-in": {"place": "lund", "from": "1994-04", "to": "1994-04"},
    "events-in.late": {"place": "lund", "from": "1994-06-15", "to": "1994-06-15"},
    "events-in.anywhere": {"from": "1994-07-11", "to": "1994-07-11"},
    "events-in.docks": {"place": "the docks", "from": "1994", "to": "1994"},
    "figures": {"of": "dock-raid"},
    "figures.whom": {"of": "dock-raid", "whom": ":people"},
    "figures.attacked": {"of": "traders"},
    "figures.of-others": {"of": "dock-raid", "whom": ":civilians"},
    "figures.of-a-place": {"of": "docks"},
    "casualties": {"of": "feud"},
    "casualties.injured": {"of": "feud", "kind": "injured"},
    "names-of": {"of": "heron"},
    "names-of.spellings": {"of": "A Ames"},
    "names-of.names": {"of": "heron", "source": "name"},
    "timeline": {"of": "the feud"},
    "when-was": {"what": "heron"},
    "where-was": {"what": "dock-raid"},
    "where-was.claimed": {"what": "quarrel"},
    "why": {"what": "heron"},
    "why.led-to": {"what": "calm"},
    "consequences": {"of": "heron"},
    "consequences.answered": {"of": "theft"},
    "membership": {"of": "Lund Guard"},
    "membership.of-one-kind": {"of": "Lund Guard", "predicate": "subunitOf"},
    "part-of": {},
    "part-of.whole": {"whole": "heron"},
    "what-became-of": {"who": "ana-ames"},
    "who-gave": {},
    "who-gave.received": {"to": "traders"},
    "days-between": {"first": "dock-raid", "second": "calm"},
    "infobox": {"document": "902"},
    "infobox.captured": {"field": "Commander1", "value": ":captured"},
    "infobox.listed": {"value": "guard"},
    "side-lists": {"conflict": "feud"},
    "side-lists.by-number": {"side": "1"},
    "side-lists.of-no-number": {"side": "2"},
    "who-says": {"speaker": "cy-cole"},
    "who-says.about": {"speaker": "cy-cole", "about": "heron"},
    "who-says.group": {"speaker": "traders"},
    "stances-on": {"about": "dock-raid"},
    "replies": {},
    "replies.about": {"about": "dock-raid"},
    "disputes": {"about": "dock-raid", "strength": "exclusion"},
    "corroboration": {"about": "heron", "predicate": "directed"},
    "coverage": {},
    "uncovered": {},
    "documents": {},
    "documents.one": {"document": "901"},
    "mentions": {"of": "ana-ames"},
    "mentions.counted": {"of": "ana-ames", "document": "901"},
    "figures-compared": {"of": "feud"},
    "what-changed": {"old": "alpha-1", "new": "902"},
    "agreement": {},
    "links": {},
    "links.of-a-post": {"entity": "warden-of-lund"},
}
#: Answered as a graph, and by the look-up itself.
ELSEWHERE = {"account", "spellings"}
RDFS_LABEL = expand("rdfs:label")


@pytest.fixture(scope="module")
def world(root):
    """Return the made-up world, with the labels and types of our ontology."""
    store = EngineStore()
    store.load(HERE / "world.trig")
    for path in (root / "ontology").rglob("*.ttl"):
        store.load(path)
    return store


def label(store):
    """Add the sentences that the build gives claims as labels."""
    derived = derive_claims(Facts(store._store))
    store._store.extend([each for each in derived if each.predicate.value == RDFS_LABEL])


@pytest.fixture(scope="module")
def names(world):
    return read_names(world)


def rows(body):
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def expected(case):
    with (HERE / f"{case}.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


def answered(store, names, question, given):
    values = {name: [value] for name, value in given.items()}
    return rows(ask(store, bind(find_question(question), values, names), named("csv")))


@pytest.mark.parametrize("case", CASES)
def test_answer(world, names, case):
    columns, wanted = expected(case)
    found = answered(world, names, case.partition(".")[0], CASES[case])
    assert [{name: local_name(row[name]) for name in columns} for row in found] == wanted


#: Tables whose rows are no claims: of documents, passages and links, and of pairs of claims.
OF_OTHERS = {"agreement", "coverage", "days-between", "documents", "figures-compared", "links",
             "mentions", "uncovered"}  # fmt: skip
#: Cases that find no claim, as they should.
EMPTY = {"casualties.injured", "figures.of-others", "names-of.spellings", "side-lists.of-no-number"}
QUALIFIED = [each for each in CASES if each.partition(".")[0] not in OF_OTHERS
             and each not in EMPTY]  # fmt: skip


@pytest.fixture(scope="module")
def marked(root):
    """Return the made-up world with every qualifier put on every claim, as the build labels it."""
    store, term = EngineStore(), f"{BASE}ontology/"
    for path in [HERE / "world.trig", *(root / "ontology").rglob("*.ttl")]:
        store.load(path)
    content = rows(ask(store, f"SELECT ?each {{ ?each <{term}content> true }}", named("csv")))
    marks = {local_name(row["each"]) for row in content} - {"when", "whenKind"}
    found = rows(ask(store, f"SELECT ?each {{ ?each a <{term}Claim> }}", named("csv")))
    claims = {row["each"] for row in found}
    lines = [f"<{claim}> <{term}{each}> 'mark-{each}' ." for claim in claims for each in marks]
    store._store.extend(ox.parse("\n".join(lines), format=ox.RdfFormat.TURTLE))
    label(store)
    return store, marks, claims


@pytest.mark.parametrize("case", QUALIFIED)
def test_no_table_leaves_out_what_belongs_to_the_content(marked, names, case):
    """Each qualifier stands in some column of the rows of its claim, if it is not asked for."""
    store, marks, claims = marked
    assert {"role", "degree", "where", "within"} < marks
    told = {}
    for row in answered(store, names, case.partition(".")[0], CASES[case]):
        about = row.get("claim") or row.get("now") or row.get("was")
        told[about] = told.get(about, "") + " ".join(row.values())
    assert claims & set(told)
    for claim in claims & set(told):
        lost = {each for each in marks if f"mark-{each}" not in told[claim]}
        assert lost <= set(CASES[case]), claim


def test_every_question_has_a_case_and_every_file_is_used():
    asked = {case.partition(".")[0] for case in CASES}
    assert asked | ELSEWHERE == {question.name for question in ALL}
    assert {path.stem for path in HERE.glob("*.csv")} == set(CASES)


@pytest.mark.parametrize("question", ALL, ids=lambda each: each.name)
def test_runs_as_it_is(question):
    empty = EngineStore()
    form = named("turtle" if question.name == "account" else "csv")
    assert len(ask(empty, question.text, form).splitlines()) <= 1


@pytest.mark.parametrize("question", ALL, ids=lambda each: each.name)
def test_is_portable(world, question):
    """Another engine, rdflib, reads the same text and finds the same rows."""
    other = rdflib.Dataset(default_union=True)
    other.parse(HERE / "world.trig", format="trig")
    store = EngineStore()
    store.load(HERE / "world.trig")
    if question.name == "account":
        theirs = {tuple(map(str, triple)) for triple in other.query(question.text)}
        ours = ox.parse(ask(store, question.text, named("ntriples")), format=ox.RdfFormat.N_TRIPLES)
        assert len(theirs) == len(list(ours)) > 100
        return
    theirs = sorted(
        tuple("" if value is None else str(value) for value in row)
        for row in other.query(question.text)
    )
    ours = ask(store, question.text, named("csv")).decode()
    assert sorted(map(tuple, list(csv.reader(io.StringIO(ours, newline="")))[1:])) == theirs


def test_only_terms_of_the_ontology(root):
    known = {
        quad.subject.value.rpartition("/")[2]
        for path in (root / "ontology").rglob("*.ttl")
        for quad in read_turtle(path).quads
    }
    for question in ALL:
        bare = "\n".join(line for line in question.text.splitlines() if not line.startswith("#"))
        used = {word.strip("|^(){},;.*+?") for word in bare.replace("/", " ").split()}
        parts = {part.strip("^(){},;.*+?") for word in used for part in word.split("|")}
        unknown = {part for part in parts if part.startswith(":") and part != ":"} - {
            f":{name}" for name in known
        }
        assert unknown == set(), question.name


DAYS = [None, date(1990, 1, 1), date(1992, 6, 1), date(1994, 12, 31)]


@pytest.mark.parametrize(
    ("question", "day_of"), [("who-held-post", ["on"]), ("who-commanded", ["from", "to"])]
)
def test_status_agrees_with_the_rule_in_python(names, question, day_of):
    """Every combination of known and unknown bounds, on days between, on and outside them."""
    kinds = [
        Bounds(*four)
        for four in product(DAYS, repeat=4)
        if list(filter(None, four)) == sorted(filter(None, four))
    ]
    store = EngineStore()
    lines = [_claim(number, bounds) for number, bounds in enumerate(kinds)]
    quads = ox.parse("".join(lines), format=ox.RdfFormat.TURTLE)
    store._store.extend(quads)
    holder = {"who-held-post": "holder", "who-commanded": "who"}[question]
    seen = set()
    for day in [date(1989, 1, 1), date(1991, 1, 1), *DAYS[1:], date(1993, 1, 1), date(1999, 1, 1)]:
        text = bind(find_question(question), {name: [str(day)] for name in day_of}, names)
        found = rows(ask(store, text, named("csv")))
        assert len(found) == len(kinds) > 60
        for row in found:
            wanted = status(kinds[int(local_name(row[holder]))], day)
            assert row["status"] == wanted, (row, day)
            seen.add(wanted)
    assert seen == {"certain", "possible", "ruled out", "unknown"}


def _claim(number, bounds):
    base = "https://w3id.org/contested-kg/"
    terms = "".join(
        f' ; <{base}ontology/{name}> "{day}"^^<http://www.w3.org/2001/XMLSchema#date>'
        for name, day in (
            ("earliestStart", bounds.earliest_start),
            ("latestStart", bounds.latest_start),
            ("earliestEnd", bounds.earliest_end),
            ("latestEnd", bounds.latest_end),
        )
        if day
    )
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    return (
        f"<{base}claim/x/{number}> <{base}ontology/family> <{base}ontology/commanded> ;"
        f' <{RDFS_LABEL}> "claim {number}" ;'
        f" <{rdf}predicate> <{base}ontology/heldPost> ;"
        f" <{rdf}object> <{base}id/post> ; <{rdf}subject> <{base}id/{number}> ;"
        f" <{base}ontology/stance> <{base}x> ; <{base}ontology/polarity> <{base}x> ;"
        f" <{base}ontology/modality> <{base}x> ; <{base}ontology/speaker> <{base}x> ;"
        f" <{base}ontology/evidence> <{base}p>{terms} .\n"
        f"<{base}p> <{base}ontology/document> <{base}d> ; <{base}ontology/number> 1 .\n"
    )


def test_events_in_is_certain_just_where_every_course_of_events_is(names):
    """Against all starts and ends that the bounds of a claim allow, on a few days."""
    kinds = [
        Bounds(*four)
        for four in product(DAYS, repeat=4)
        if list(filter(None, four)) == sorted(filter(None, four)) and any(four)
    ]
    store = EngineStore()
    lines = [
        _claim(number, bounds)
        .replace("ontology/commanded>", "ontology/dating>")
        .replace("<https://w3id.org/contested-kg/id/post>", f'"{number}"')
        + f"<{BASE}id/{number}> a <{BASE}ontology/Event> .\n"
        for number, bounds in enumerate(kinds)
    ]
    store._store.extend(ox.parse("".join(lines), format=ox.RdfFormat.TURTLE))
    days = [date(1989, 1, 1), *DAYS[1:], date(1993, 1, 1), date(1999, 1, 1)]
    seen = set()
    for first, last in product(days, repeat=2):
        if first > last:
            continue
        asked = {"from": [str(first)], "to": [str(last)], "status": ["certain"]}
        found = rows(ask(store, bind(find_question("events-in"), asked, names), named("csv")))
        wanted = {number for number, bounds in enumerate(kinds) if _surely(bounds, first, last)}
        assert {int(row["when"]) for row in found} == wanted, (first, last)
        seen |= wanted
    assert 10 < len(seen) < len(kinds)


def _surely(known, first, last):
    """Tell whether all starts and ends within the bounds overlap the period."""
    days = [date.min, *map(date.fromisoformat, ("1989-01-01", "1990-01-01", "1992-06-01")),
            date(1993, 1, 1), date(1994, 12, 31), date(1999, 1, 1), date.max]  # fmt: skip
    return all(
        start <= last and first <= end
        for start, end in product(days, repeat=2)
        if start <= end
        and (known.earliest_start or start) <= start <= (known.latest_start or start)
        and (known.earliest_end or end) <= end <= (known.latest_end or end)
    )


def test_account_is_the_graph_of_one_speaker(world, names):
    text = bind(find_question("account"), {"speaker": ["cy-cole"]}, names)
    triples = list(ox.parse(ask(world, text, named("ntriples")), format=ox.RdfFormat.N_TRIPLES))
    claims = {local_name(triple.subject.value) for triple in triples}
    assert claims == {"alpha-1/001-01", "beta/002-02"}


def _with(*claims, more=""):
    """Return the made-up world with claims more, each a subject, a predicate and an object.

    `more` is put before the first of them, as what else is said of it.
    """
    store = EngineStore()
    store.load(HERE / "world.trig")
    lines = [
        f"@base <{BASE}id/> . @prefix : <{BASE}ontology/> .",
        "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .",
    ]
    for number, (subject, predicate, obj) in enumerate(claims):
        lines += [
            f"<../claim/beta/more-{number}> {'' if number else more}",
            f"<{RDFS_LABEL}> 'more' ; rdf:subject <{subject}> ;",
            f"rdf:predicate :{predicate} ; rdf:object <{obj}> ; :speaker <../document/beta> ;",
            ":stance :asserted ; :polarity :affirmed ; :modality :actual ;",
            ":evidence <../passage/beta/001> .",
        ]
    store._store.extend(ox.parse("\n".join(lines), format=ox.RdfFormat.TURTLE))
    return store


def test_what_is_a_reason_on_one_side_is_a_consequence_on_the_other(names):
    reasons = ["causedBy", "inResponseTo", "statedReason", "followed"]
    given = [("calm", each, "quarrel") for each in reasons] + [("quarrel", "ledTo", "calm")]
    store = _with(*given)
    why = answered(store, names, "why", {"what": "calm"})
    told = {local_name(row["claim"]) for row in why if local_name(row["because"]) == "quarrel"}
    came = answered(store, names, "consequences", {"of": "quarrel"})
    assert len(came) == len(given)
    assert {local_name(row["claim"]) for row in came} == told
    assert {row["outcome"] for row in came} == {f"{BASE}id/calm"}


def test_who_stands_by_the_centre_is_not_listed_again_through_the_whole(names):
    asked = {"around": "dock-raid"}
    before = answered(_with(), names, "chain-of-command", asked)
    found = answered(_with(("ana-ames", "led", "dock-raid")), names, "chain-of-command", asked)
    claims = {local_name(row["claim"]) for row in found}
    assert claims == {local_name(row["claim"]) for row in before} | {"beta/more-0"}
    assert len(found) == len(claims)
    assert {row["through"] for row in found} == {""}
    assert {row["through"] for row in before} == {f"{BASE}id/heron"}


def test_casualties_of_a_place_are_those_of_what_happened_in_it_as_any_source_has_it(names):
    store = _with(("quarrel", "killed", "two"), ("calm", "killed", "two"))
    found = answered(store, names, "casualties", {"of": "lund"})
    scopes = {local_name(row["scope"]): row["containment"] for row in found}
    assert scopes == {"dock-raid": "claimed", "quarrel": "claimed"}


@pytest.mark.parametrize("of", ["lund", "docks", "feud", "heron", "calm", "dock-raid"])
def test_figures_go_down_to_every_part_that_casualties_go_down_to(names, of):
    """Of a place, a conflict, an operation, and of a thing with nothing under it."""
    store = _with(("quarrel", "partOf", "calm"), ("calm", "phaseOf", "heron"))
    lines = []
    for number, scope in enumerate(("quarrel", "calm", "feud-side-1", "heron", "feud")):
        lines.append(
            f"<{BASE}claim/beta/dead-{number}> a <{BASE}ontology/Claim> ;"
            f" <{RDFS_LABEL}> 'dead' ; <{expand('rdf:subject')}> <{BASE}id/{scope}> ;"
            f" <{expand('rdf:predicate')}> <{BASE}ontology/killed> ;"
            f' <{expand("rdf:object")}> "{number}"^^<{BASE}ontology/count> ;'
            f" <{BASE}ontology/speaker> <{BASE}document/beta> ;"
            f" <{BASE}ontology/stance> <{BASE}ontology/asserted> ;"
            f" <{BASE}ontology/polarity> <{BASE}ontology/affirmed> ;"
            f" <{BASE}ontology/modality> <{BASE}ontology/actual> ;"
            f" <{BASE}ontology/evidence> <{BASE}passage/beta/001> ."
        )
    store._store.extend(ox.parse("\n".join(lines), format=ox.RdfFormat.TURTLE))
    asked = {"of": of, "kind": "killed"}
    told = answered(store, names, "figures", asked)
    ledger = answered(store, names, "casualties", asked)
    assert {(row["of"], row["containment"], row["claim"]) for row in told} == {
        (row["scope"], row["containment"], row["claim"]) for row in ledger
    }
    wanted = {"heron": {"plain", "claimed"}, "lund": {"claimed"}, "feud": {"plain"}}
    assert wanted.get(of, set()) <= {row["containment"] for row in told}


def _counted(subject, predicate, number, more=""):
    """Return the made-up world with one figure more."""
    store, literal = _with((subject, predicate, "so-many"), more=more), f"{BASE}ontology/count"
    claim, part = f"<{BASE}claim/beta/more-0>", f"<{expand('rdf:object')}>"
    told = f'{claim} {part} "{number}"^^<{literal}> .'
    store._store.extend(ox.parse(told, format=ox.RdfFormat.TURTLE))
    return store


@pytest.mark.parametrize("question", ["figures", "casualties"])
@pytest.mark.parametrize(("whom", "number"), [("id:di-dale", 1), ("traders", 1), ("cy-cole", 0)])
def test_who_is_said_to_belong_to_a_group_is_counted_with_it(names, question, whom, number):
    store = _counted("quarrel", "killed", 2, more=":whom <di-dale> ; ")
    found = answered(store, names, question, {"of": "quarrel", "whom": whom})
    assert len({row["claim"] for row in found}) == number


@pytest.mark.parametrize(
    ("holder", "of", "through"),
    [
        ("feud-side-1", "feud", "sideOf"),
        ("feud-side-1", "guard", "foughtOn"),
        ("river-wing", "guard", "subunitOf"),
        ("river-wing", "river-wing", ""),
    ],
)
def test_figures_are_told_of_sides_and_parts_too(names, holder, of, through):
    store = _counted(holder, "strength", 40)
    found = answered(store, names, "figures", {"of": of, "kind": "strength"})
    assert {(local_name(row["of"]), local_name(row["through"])) for row in found} == {
        (holder, through)
    }


@pytest.mark.parametrize("about", ["cy-cole", "dock-raid"])
def test_a_reply_is_about_what_it_speaks_of_and_what_it_answers(names, about):
    answer = ":repliesTo <../claim/beta/002-01> ; :replyKind :denies ; "
    store = _with(("cy-cole", "led", "quarrel"), more=answer)
    found = answered(store, names, "replies", {"about": about})
    assert "beta/more-0" in {local_name(row["claim"]) for row in found}


def test_several_values_mean_any_of_them(world, names):
    found = rows(
        ask(
            world,
            bind(find_question("posts-of"), {"person": ["bo-birch", "cy-cole"]}, names),
            named("csv"),
        )
    )
    assert {local_name(row["holder"]) for row in found} == {"bo-birch", "cy-cole"}


@pytest.mark.parametrize(
    ("question", "values", "error", "part"),
    [
        ("who-held-post", {"post": ["Wardn"], "on": ["1994-01-01"]}, NotFoundError, "warden-of"),
        ("who-held-post", {"post": ["the Chair"], "on": ["1994-01-01"]}, InputError, "2 things"),
        ("who-held-post", {"post": ["clerk"]}, InputError, "needs --on"),
        ("who-held-post", {"on": ["1994"]}, InputError, "is a day, such as 1994-05-19"),
        ("who-held-post", {"on": ["1994-02-30"]}, InputError, "^--on: the calendar has no 1994-02"),
        ("events-in", {"from": ["1994-13"]}, InputError, "^--from: the calendar has no 1994-13.$"),
        ("side-lists", {"side": ["first"]}, NotFoundError, "No entity"),
        ("who-held-post", {"post": ["Lund"]}, NotFoundError, r"^'Lund' names lund .*no post\. Did"),
        ("who-held-post", {"post": ["id:lund"]}, NotFoundError, "which is no post"),
        ("participants", {"event": ["Ana Ames"]}, NotFoundError, "which is no event or plan"),
        ("disputes", {"kind": ["killed"]}, NotFoundError, "names :killed .* is no dispute kind"),
        ("stances-on", {"stance": ["denied"]}, NotFoundError, "is no stance"),
        ("events-in", {"status": ["sure"]}, InputError, "is certain, possible or unknown, not 's"),
        ("who-held-post", {"pots": ["clerk"]}, InputError, "Did you mean post?"),
        ("events-in", {"from": ["spring"], "to": ["1994"]}, InputError, "day, month or year"),
        ("spellings", {"x": ["1"]}, InputError, "takes: none"),
        ("who-commanded", {"document": ["heron"]}, NotFoundError, "No document"),
        ("account", {"claim": ["12"]}, InputError, "is no claim"),
        (
            "posts-of",
            {"on": ["1994-01-01", "1995-01-01"]},
            InputError,
            "^--on has 2 values; give one",
        ),
        ("who-commanded", {"to": ["1994", "1995"]}, InputError, "^--to has 2 values"),
        ("events-in", {"from": ["1995"], "to": ["1994"]}, InputError, "^--from 1995 is after --to"),
        ("who-commanded", {"from": ["1994-02"], "to": ["1994-01-31"]}, InputError, "is after"),
    ],
)
def test_bad_values(names, question, values, error, part):
    with pytest.raises(error, match=part.replace("?", r"\?")) as caught:
        bind(find_question(question), values, names)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("to", ["1994-03-01", "1994-03", "1994"])
def test_a_period_may_be_one_day(names, to):
    values = {"from": ["1994-03-01"], "to": [to]}
    assert '"1994-03-01"^^' in bind(find_question("events-in"), values, names)


def test_unknown_question_offers_near_names():
    with pytest.raises(NotFoundError, match=r"Did you mean who-held-post"):
        find_question("who-hold-post")


HEAD = "# title: T\n# description: D\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("# title: T\nASK {}", "title and a description"),
        (HEAD + "# help: me\nASK {}", "not of a known form"),
        (HEAD + "# param x: ?x colour optional — h\nASK {\nVALUES ?x { UNDEF }\n}", "has kind"),
        (HEAD + "# param x: ?x text optional — h\nASK { VALUES ?x { UNDEF } }", "needs a line"),
    ],
)
def test_bad_header(text, part):
    with pytest.raises(DataError, match=part):
        parse_question("mine", text)


def test_text_cannot_leave_its_literal(world, names):
    question = parse_question(
        "mine",
        HEAD + "# param say: ?x text optional — h\nSELECT ?x {\n  VALUES ?x { UNDEF }\n}",
    )
    value = 'a" } # \\ ?x\n} UNION'
    found = rows(ask(world, bind(question, {"say": [value]}, names), named("csv")))
    assert found == [{"x": value}]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT * {", QueryError),
        ("DELETE WHERE { ?s ?p ?o }", ForbiddenError),
        ("SELECT * { SERVICE <http://localhost/> { ?s ?p ?o } }", ForbiddenError),
    ],
)
def test_bad_sparql(world, text, error):
    with pytest.raises(error):
        ask(world, text, named("json"))


def test_prefixes_are_ours(root):
    listed = dict(_prefixes(root))
    for question in ALL:
        for line in question.text.splitlines():
            if line.startswith("PREFIX"):
                _, short, iri = line.split()
                assert listed[short.removesuffix(":")] == iri.strip("<>")


def _prefixes(root):
    from kg.rdf import Prefixes

    return Prefixes.read(Assets(root).prefixes)


def test_no_class_of_a_parameter_shuts_out_what_has_an_answer(real):
    """Asked with all that is of other classes, each question finds nothing; of these, something."""
    spelt = {
        row["entity"]: set(row["classes"].split())
        for row in rows(ask_real(real, "spellings").encode())
    }
    narrowed = [(question, each) for question in ALL for each in question.parameters
                if each.among and each.kind != "text"]  # fmt: skip
    assert len(narrowed) == 27
    for question, each in narrowed:
        inside = {iri for iri, classes in spelt.items() if not classes.isdisjoint(each.among)}
        others, these = (
            rows(ask_real(real, text=restrict(question.text, each.variable, sorted(iris))).encode())
            for iris in (set(spelt) - inside, inside)
        )
        assert not others, (question.name, each.name)
        assert these or question.name == "days-between", (question.name, each.name)
