"""More than 550 faults of more than 80 kinds, seeded into the real graph, are all found.

Each fault is put on a node of its own, all into one graph, which is validated once: a
fault counts as found if its node violates a shape that is meant for its kind, which it
did not violate before.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox
import pytest
from shape_fixtures import ASSETS, SHAPE, pairs

from kg.build import build_dataset
from kg.facts import Facts, expand, typed
from kg.rdf import BASE
from kg.report import Report
from kg.validate import validate_snapshot

PER_KIND = 8
ID = BASE + "id/"
HEX = "f" * 63
OA_END = "http://www.w3.org/ns/oa#end"

Mutation = Callable[["Seeder", str], str]


def integer(number: int) -> ox.Literal:
    return typed(number, "integer")


@dataclass(frozen=True)
class Kind:
    """A kind of fault: which nodes can bear it, how it is made, and what must find it."""

    name: str
    fits: Callable[[Facts, str], bool]
    make: Mutation
    shapes: frozenset[str]


@dataclass
class Seeder:
    """The graph being spoilt; `make` functions change it and return the node at fault."""

    quads: set[ox.Quad]
    facts: Facts
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.of: dict[str, set[ox.Quad]] = {}
        for each in self.quads:
            self.of.setdefault(each.subject.value, set()).add(each)

    def drop(self, node: str, predicate: str) -> None:
        gone = {each for each in self.of[node] if each.predicate.value == expand(predicate)}
        self.of[node] -= gone
        self.quads -= gone

    def add(self, node: str, predicate: str, value: str | ox.Literal) -> None:
        obj = value if isinstance(value, ox.Literal) else ox.NamedNode(expand(value))
        quad = ox.Quad(ox.NamedNode(node), ox.NamedNode(expand(predicate)), obj)
        self.of.setdefault(node, set()).add(quad)
        self.quads.add(quad)

    def put(self, node: str, predicate: str, value: str | ox.Literal) -> str:
        self.drop(node, predicate)
        self.add(node, predicate, value)
        return node


def _is(name: str) -> Callable[[Facts, str], bool]:
    return lambda facts, node: expand(name) in facts.texts(node, "rdf:type")


def _claim(*parts: str, **values: str) -> Callable[[Facts, str], bool]:
    """Claims that stand, are no copies, are in no relation, and have these parts and values."""

    def fits(facts: Facts, node: str) -> bool:
        relations = ("copyOf", "repliesTo", "alternativeReadingOf", "supersedes", "missing")
        return (
            _is("Claim")(facts, node)
            and not any(facts.all(node, each) for each in relations)
            and not facts.true(node, "withdrawn")
            and all(facts.all(node, each) for each in parts)
            and all(facts.text(node, k) == expand(v) for k, v in values.items())
        )

    return fits


def _with_object(kind: type, datatype: str = "") -> Callable[[Facts, str], bool]:
    def fits(facts: Facts, node: str) -> bool:
        value = facts.one(node, "rdf:object")
        return (
            _claim()(facts, node)
            and isinstance(value, kind)
            and (not datatype or value.datatype.value == datatype)  # type: ignore[union-attr]
        )

    return fits


def _has_family(*families: str) -> Callable[[Facts, str], bool]:
    wanted = {expand(each) for each in families}
    return lambda facts, node: _claim()(facts, node) and facts.text(node, "family") in wanted


def _predicate(*names: str) -> Callable[[Facts, str], bool]:
    wanted = {expand(each) for each in names}
    return lambda facts, node: _claim()(facts, node) and facts.text(node, "rdf:predicate") in wanted


def _dated_plainly(facts: Facts, node: str) -> bool:
    plain = facts.text(node, "when").replace("/", "").replace("-", "").isdigit()
    return plain and _claim("earliestStart")(facts, node)


def _drop(part: str) -> Mutation:
    def make(seeder: Seeder, node: str) -> str:
        seeder.drop(node, part)
        return node

    return make


def _put(part: str, value: str | ox.Literal) -> Mutation:
    return lambda seeder, node: seeder.put(node, part, value)


def _add(part: str, value: str | ox.Literal) -> Mutation:
    def make(seeder: Seeder, node: str) -> str:
        seeder.add(node, part, value)
        return node

    return make


def _swap(seeder: Seeder, claim: str) -> str:
    subject, value = (seeder.facts.text(claim, part) for part in ("rdf:subject", "rdf:object"))
    seeder.put(claim, "rdf:subject", value)
    return seeder.put(claim, "rdf:object", subject)


def _leak(seeder: Seeder, claim: str) -> str:
    subject = seeder.facts.text(claim, "rdf:subject")
    predicate = seeder.facts.text(claim, "rdf:predicate")
    value = seeder.facts.one(claim, "rdf:object")
    seeder.add(subject, predicate, value if isinstance(value, ox.Literal) else value.value)
    return subject


def _elsewhere(seeder: Seeder, claim: str) -> str:
    own = seeder.facts.text(claim, "document")
    passages = seeder.facts.instances("Passage")
    other = next(each for each in passages if seeder.facts.text(each, "document") != own)
    seeder.add(claim, "evidence", other)
    return claim


def _swap_and_say_so(seeder: Seeder, claim: str) -> str:
    """Swap subject and object in the label too."""
    label = seeder.facts.text(claim, "rdfs:label")
    one, other = (seeder.facts.label(seeder.facts.text(claim, part))
                  for part in ("rdf:subject", "rdf:object"))  # fmt: skip
    swapped = label.replace(one, "\n").replace(other, one).replace("\n", other)
    seeder.put(claim, "rdfs:label", ox.Literal(swapped))
    return _swap(seeder, claim)


def _undate(seeder: Seeder, claim: str) -> str:
    for part in ("when", "whenKind", "earliestStart", "latestStart", "earliestEnd", "latestEnd"):
        seeder.drop(claim, part)
    return claim


def _end_before_start(seeder: Seeder, claim: str) -> str:
    seeder.put(claim, "earliestStart", _date("2030-01-01"))
    return seeder.put(claim, "latestEnd", _date("1930-01-01"))


def _low_above_high(seeder: Seeder, claim: str) -> str:
    seeder.put(claim, "low", integer(9_000_000))
    return seeder.put(claim, "high", integer(1))


def _label_of_another(seeder: Seeder, entity: str) -> str:
    other = next(each for each in seeder.facts.instances("Place") if each != entity)
    return seeder.put(entity, "rdfs:label", ox.Literal(seeder.facts.text(other, "rdfs:label")))


def _speaker_of_elsewhere(seeder: Seeder, claim: str) -> str:
    """Give a claim a named speaker of whom its document says nothing."""
    facts, document = seeder.facts, seeder.facts.text(claim, "document")
    known = {entity for passage in facts.instances("Passage")
             if facts.text(passage, "document") == document
             for entity in facts.texts(passage, "mentions")}  # fmt: skip
    strangers = sorted(each for each in facts.instances("Person") if each not in known)
    return seeder.put(claim, "speaker", next(e for e in strangers if not facts.true(e, "unnamed")))


def _shift_bound(seeder: Seeder, claim: str) -> str:
    day = seeder.facts.text(claim, "earliestStart")
    return seeder.put(claim, "earliestStart", _date(f"{int(day[:4]) - 1}{day[4:]}"))


def _reply_elsewhere(seeder: Seeder, claim: str) -> str:
    facts = seeder.facts
    works = {d: facts.text(d, "versionOf") for d in facts.instances("SourceDocument")}
    own = works[facts.text(claim, "document")]
    other = next(c for c in facts.standing_claims() if works[facts.text(c, "document")] != own)
    seeder.drop(claim, "note")
    seeder.add(claim, "replyKind", "contrasts")
    seeder.add(claim, "repliesTo", other)
    return claim


def _supersede_unrelated(seeder: Seeder, claim: str) -> str:
    facts, speaker = seeder.facts, seeder.facts.text(claim, "speaker")
    ends = {facts.text(claim, part) for part in ("rdf:subject", "rdf:object")}
    other = next(
        c for c in facts.standing_claims()
        if facts.text(c, "speaker") == speaker
        and not ends & {facts.text(c, part) for part in ("rdf:subject", "rdf:object")}
    )  # fmt: skip
    seeder.add(claim, "supersedes", other)
    return claim


def _reply_to_itself(seeder: Seeder, claim: str) -> str:
    seeder.add(claim, "replyKind", "contrasts")
    seeder.add(claim, "repliesTo", claim)
    return claim


def _superseding(seeder: Seeder, claim: str) -> str:
    speaker = seeder.facts.text(claim, "speaker")
    claims = seeder.facts.standing_claims()
    seeder.add(claim, "supersedes",
               next(c for c in claims if seeder.facts.text(c, "speaker") != speaker))  # fmt: skip
    return claim


def _date(day: str) -> ox.Literal:
    return ox.Literal(day, datatype=ox.NamedNode(expand("xsd:date")))


EDTF = ox.NamedNode("http://id.loc.gov/datatypes/edtf/EDTF")
COUNT = ox.NamedNode(expand("count"))
NOWHERE = ID + "nowhere-at-all"


def _kind(name: str, fits: Callable[[Facts, str], bool], make: Mutation, *shapes: str) -> Kind:
    return Kind(name, fits, make, frozenset(SHAPE + each for each in shapes))


KINDS = [
    # What few claims can bear comes first.
    _kind("low above high", _with_object(ox.Literal, COUNT.value), _low_above_high,
          "claim-low-above-high"),
    _kind("count unreadable", _with_object(ox.Literal, COUNT.value),
          _put("rdf:object", ox.Literal("scores", datatype=COUNT)), "claim-count-text"),
    _kind("date unreadable", _with_object(ox.Literal, EDTF.value),
          _put("rdf:object", ox.Literal("in spring", datatype=EDTF)), "claim-date-text"),
    _kind("leaked allegation", _claim(stance="alleged"), _leak,
          "plain-not-allowed", "plain-without-claim"),
    _kind("leaked report", _claim(stance="reported"), _leak,
          "plain-not-allowed", "plain-without-claim"),
    _kind("time without kind", _claim("whenKind"), _drop("whenKind"), "claim-time-without-kind"),
    _kind("end before start", _claim("earliestStart"), _end_before_start,
          "claim-bounds-crossed"),
    _kind("bound of another year", _dated_plainly, _shift_bound, "claim-bounds-differ"),
    _kind("limits of another figure", _with_object(ox.Literal, COUNT.value),
          _put("low", integer(7_777_777)), "claim-limits-differ"),
    _kind("role of another predicate", _has_family("commanded", "dating"),
          _put("role", "headquarters"), "claim-role-astray"),
    _kind("speaker whom the document never names", _claim("cue", stance="reported"),
          _speaker_of_elsewhere, "claim-names-the-absent"),
    _kind("no cue", _claim("cue", stance="reported"), _drop("cue"), "claim-without-cue"),
    _kind("no speaker", _claim(), _drop("speaker"), "claim-speaker"),
    _kind("no stance", _claim(), _drop("stance"), "claim-stance"),
    _kind("no polarity", _claim(), _drop("polarity"), "claim-polarity"),
    _kind("no modality", _claim(), _drop("modality"), "claim-modality"),
    _kind("no predicate", _claim(), _drop("rdf:predicate"), "claim-predicate"),
    _kind("no subject", _claim(), _drop("rdf:subject"), "claim-subject-or-missing"),
    _kind("no object", _claim(), _drop("rdf:object"), "claim-object-or-missing"),
    _kind("no evidence", _claim(), _drop("evidence"), "claim-evidence"),
    _kind("two speakers", _claim(), _add("speaker", NOWHERE), "claim-speaker"),
    _kind("duplicate identifier: two subjects", _claim(),
          _add("rdf:subject", ID + "karachi"), "claim-subject"),
    _kind("duplicate identifier: two objects", _claim(),
          _add("rdf:object", ID + "karachi"), "claim-object"),
    _kind("asserted by another than the document", _claim(stance="asserted"),
          _put("speaker", ID + "benazir-bhutto"), "claim-own-voice"),
    _kind("alleged by the document", _claim(stance="asserted"),
          _put("stance", "alleged"), "claim-other-voice"),
    _kind("subject and object of different classes swapped", _predicate("heldPost", "tookPlaceIn"),
          _swap, "claim-subject-domain", "claim-object-range"),
    _kind("wrong class in a claim", _has_family("commanded", "dating", "quantity"),
          _put("rdf:object", ID + "karachi"), "claim-object-range"),
    _kind("dangling subject", _claim(), _put("rdf:subject", NOWHERE), "claim-subject-domain"),
    _kind("dangling passage", _claim(),
          _put("evidence", BASE + "passage/nothing/001"), "claim-evidence"),
    _kind("passage of another document", _claim(), _elsewhere, "claim-of-another-document"),
    _kind("dangling reply", _claim(),
          _add("repliesTo", BASE + "claim/nothing/001-01"), "value-unknown"),
    _kind("reply without kind", _claim(),
          _add("repliesTo", BASE + "claim/nothing/001-02"), "claim-reply-without-kind"),
    _kind("reply to itself", _claim(), _reply_to_itself, "claim-reply-cycle"),
    _kind("supersedes another speaker's claim", _claim(),
          _superseding, "claim-superseded-by-another"),
    _kind("unknown modality", _claim(), _put("modality", "reported"), "claim-modality"),
    _kind("misspelt term", _claim(), _add("polarty", "affirmed"), "term-unknown"),
    _kind("claim predicate as qualifier", _claim(), _add("tookPlaceIn", ID + "karachi"),
          "term-misplaced"),
    _kind("qualifier of wrong class", _claim(), _add("where", ID + "benazir-bhutto"),
          "value-misplaced"),
    _kind("supersedes an unrelated claim", _claim(stance="asserted"), _supersede_unrelated,
          "claim-superseded-in-vain"),
    _kind("reply to another work", _claim(), _reply_elsewhere, "claim-answers-another-work"),
    _kind("curated in the future", _claim(), _put("curatedOn", _date("2999-01-01")),
          "claim-curated-too-late"),
    _kind("curated before its document", _claim(), _put("curatedOn", _date("1926-11-22")),
          "claim-curated-too-soon"),
    _kind("property of elsewhere", _is("Group"), _add("rdfs:comment", ox.Literal("It did it.")),
          "term-foreign"),
    _kind("class of elsewhere", _is("Person"), _add("rdf:type", "foaf:Person"), "class-foreign"),
    _kind("miscounted claims about a thing", _is("Event"), _put("claimsAbout", integer(777)),
          "entity-miscounted"),
    _kind("miscounted coverage", _is("Coverage"), _put("passageCount", integer(777)),
          "coverage-miscounted"),
    _kind("miscounted tally of disputes", lambda facts, node: bool(facts.all(node, "disputeCount")),
          _put("disputeCount", integer(777)), "tally-disputes-miscounted"),
    _kind("no origin", _is("Proposition"), _put("originCount", integer(0)),
          "proposition-origins"),
    _kind("dispute with a claim of no position", _is("Dispute"),
          _add("claim", BASE + "claim/mqm-militancy/004-01"), "dispute-claims-differ"),
    _kind("edit in an extract", lambda facts, node:
          facts.text(node, "differenceCause") == expand("extraction"),
          _put("differenceCause", "edit"), "difference-unrelated"),
    _kind("withdrawn without reason", _claim(),
          _add("withdrawn", ox.Literal(value=True)), "claim-without-reason"),
    _kind("no proposition", _claim(), _drop("states"), "claim-without-proposition"),
    _kind("family of another predicate", _has_family("tookPart"), _put("family", "naming"),
          "claim-family-differs"),
    _kind("label of another entity", _is("Person"), _label_of_another, "entity-label-shared"),
    _kind("loaded label", _is("Event"),
          _put("rdfs:label", ox.Literal("the massacre")), "entity-loaded-word"),
    _kind("two labels", _is("Organization"), _add("rdfs:label", ox.Literal("Other")),
          "entity-label"),
    _kind("actor and event", _is("Group"), _add("rdf:type", "Event"), "classes-disjoint"),
    _kind("digest cut short", _is("Passage"), _put("sha256", ox.Literal(HEX)), "passage-digest"),
    _kind("end of passage before its start", _is("Passage"), _put(OA_END, integer(0)),
          "passage-ends-before-start"),
    _kind("miscounted proposition", _is("Proposition"), _put("claimCount", integer(77)),
          "proposition-miscounted"),
    # What only the label of the claim, which the build wrote, can still tell.
    _kind("degree taken away", _claim("degree"), _drop("degree"), "claim-label-in-vain"),
    _kind("another role", _claim("role"), _put("role", "driver"), "label-differs"),
    _kind("another speaker", _claim("cue", stance="reported"), _put("speaker", ID + "nawaz-sharif"),
          "label-differs"),
    _kind("another subject", _predicate("heldPost"), _put("rdf:subject", ID + "zia-ul-haq"),
          "label-differs"),
    _kind("another mode", _claim(modality="actual"), _put("modality", "possible"), "label-differs"),
    _kind("denied instead of affirmed", _claim(polarity="affirmed"), _put("polarity", "denied"),
          "claim-label-voice"),
    _kind("alleged instead of reported", _claim("cue", stance="reported"),
          _put("stance", "alleged"), "claim-label-voice"),
    _kind("implied and not said so", lambda facts, node:
          _claim()(facts, node) and not facts.all(node, "readFrom"),
          _put("readFrom", "inference"), "label-differs"),
    _kind("no label", _is("Proposition"), _drop("rdfs:label"), "label-absent"),
    _kind("dispute about something else", _is("Dispute"), _put("about", ID + "adiala-jail"),
          "dispute-unfounded"),
    _kind("dispute of another kind", _is("Dispute"), _put("disputeKind", "contrastDispute"),
          "label-differs"),
    _kind("words for a property", lambda facts, node: bool(facts.all(node, "changedIn")),
          _put("changedIn", ox.Literal("stance")), "value-misplaced"),
    _kind("label of a passage", _is("Passage"), _add("rdfs:label", ox.Literal("They did it.")),
          "term-foreign"),
    _kind("claims not counted", lambda facts, node: bool(facts.all(node, "claimsAbout")),
          _drop("claimsAbout"), "entity-miscounted"),
    _kind("exclusive without a reason", lambda facts, node:
          _is("Post")(facts, node) and not facts.all(node, "exclusive"),
          _add("exclusive", ox.Literal(value=True)), "post-exclusive-unfounded"),
    _kind("named and unnamed", lambda facts, node:
          _is("Group")(facts, node) and not facts.all(node, "unnamed"),
          _add("unnamed", ox.Literal(value=True)),
          "actor-unnamed-unmarked"),
    _kind("lost character", _claim("wording"), _put("wording", ox.Literal("lo\ufffdt")),
          "statement-hidden-character"),
    _kind("letters of two alphabets", _is("Group"), _put("rdfs:label", ox.Literal("p\u0430rty")),
          "statement-hidden-character"),
    _kind("curators' word on a person", lambda facts, node: _is("EditorialClaim")(facts, node)
          and facts.text(node, "rdf:predicate") != expand("memberOf"),
          _put("rdf:subject", ID + "benazir-bhutto"), "claim-subject-domain"),
    _kind("tally of another year", lambda facts, node: bool(facts.all(node, "tallyYear")),
          _put("tallyYear", integer(1947)), "tally-identifier"),
    _kind("match of a term without record", _is("ClaimPredicate"),
          _add("skos:relatedMatch", "http://www.wikidata.org/entity/Q1"), "link-not-recorded"),
    _kind("mapping to another item", lambda facts, node:
          bool(facts.all(node, "owl:annotatedTarget")),
          _put("owl:annotatedTarget", "http://www.wikidata.org/entity/Q1"), "link-identifier"),
    _kind("swapped, and the label too", _predicate("subunitOf", "partOf", "memberOf"),
          _swap_and_say_so, "claim-label-of-another"),
    _kind("no longer dated", _claim("when"), _undate, "claim-label-in-vain"),
    _kind("implied, and no longer said so", _claim(readFrom="inference"), _drop("readFrom"),
          "claim-label-in-vain"),
    _kind("part of a part not said", lambda facts, node: bool(facts.all(node, "dcterms:isPartOf")),
          _drop("dcterms:isPartOf"), "plain-part-unfounded"),
]  # fmt: skip


def _spread(nodes: Iterator[str]) -> list[str]:
    """Order nodes so that neighbours come apart, in the same way each time."""
    return sorted(nodes, key=lambda each: hashlib.sha256(each.encode()).hexdigest())


def seed(quads: list[ox.Quad]) -> tuple[set[ox.Quad], list[tuple[Kind, str]]]:
    """Return the spoilt graph and the node of each fault."""
    union = {ox.Quad(each.subject, each.predicate, each.object) for each in quads}
    seeder, seeded = Seeder(union, Facts(quads)), []
    nodes = _spread(each for each in seeder.facts.subjects() if each.startswith(BASE))
    for kind in KINDS:
        fitting = (each for each in nodes
                   if each not in seeder.used and kind.fits(seeder.facts, each))  # fmt: skip
        for node, _ in zip(fitting, range(PER_KIND), strict=False):
            seeder.used.add(node)
            seeded.append((kind, kind.make(seeder, node)))
    return seeder.quads, seeded


@pytest.fixture(scope="module")
def dataset() -> list[ox.Quad]:
    return build_dataset(ASSETS)


@pytest.fixture(scope="module")
def clean(dataset: list[ox.Quad]) -> Report:
    return validate_snapshot(dataset, ASSETS)


def test_the_real_graph_conforms(clean: Report) -> None:
    assert [f"{each.focus}: {each.message}" for each in clean.results] == []


def test_every_seeded_fault_is_found(dataset: list[ox.Quad], clean: Report) -> None:
    spoilt, seeded = seed(dataset)
    found = pairs(validate_snapshot(spoilt, ASSETS).results) - pairs(clean.results)
    missed = [
        (kind.name, node)
        for kind, node in seeded
        if not any((node, shape) in found for shape in kind.shapes)
    ]
    assert missed == []
    assert len(seeded) >= 550
    assert len({kind.name for kind, _ in seeded}) == len(KINDS)
