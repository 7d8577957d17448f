"""`kg build`: from the Turtle that people edit to one immutable snapshot.

Read, check, carry claims to identical passages, derive, describe, write. The documents,
where they are at hand, are only compared with their digests: they never change the result.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kg.assets import Assets, locate
from kg.carry import carried_claims
from kg.check import check_sources
from kg.coverage import describe_coverage
from kg.derive import derive_claims
from kg.differences import derive_differences
from kg.disputes import derive_disputes
from kg.documents import load_documents
from kg.evidence import verify_evidence, verify_quotations
from kg.examples import describe_examples
from kg.facts import Facts
from kg.links import unknown_subjects
from kg.mentions import check_curated
from kg.metadata import DATASET, DIGEST, describe_dataset
from kg.propositions import derive_propositions
from kg.queries import questions
from kg.rdf import DERIVED, GENERATED, TERMS, Prefixes, Quad, QuadStore, RdfFormat, parse_rdf
from kg.references import unknown_nodes
from kg.rules import apply_rule
from kg.settings import Settings
from kg.snapshots import source_digests, write_snapshot
from kg.sources import Sources, read_sources, stop

Step = Callable[[QuadStore, Path], Iterable[Quad]]

# Rules by name, in order: before the disputes are computed, and what depends on them.
BEFORE_DISPUTES = (
    "superclass-types",
    "claim-document",
    "claim-family",
    "claim-curation",
    "editorial-statements",
)
AFTER_DISPUTES = (
    "plain-triples",
    "unasserted",
    "part-of",
    "claims-about",
    "tally-casualties",
    "tally-disputes",
)


def build_snapshot(settings: Settings) -> Path:
    """Build the graph from the sources, write its snapshot and return the snapshot's folder.

    Raises `DataError` that names file, line and remedy for the faults of the sources, and
    `EvidenceError` where the texts at hand do not agree with what is registered.
    """
    assets = locate(settings)
    digests = source_digests(assets)  # before they are read: what is changed meanwhile is told
    quads = build_dataset(assets, settings.documents)
    facts = Facts(quads)
    version = facts.text(TERMS, "owl:versionInfo")
    return write_snapshot(quads, summary(facts), version, settings.snapshots, digests)


def build_dataset(assets: Assets, documents: Path | None = None) -> list[Quad]:
    """Return all statements of the graph, in no particular order; raises as `build_snapshot`."""
    sources = read_sources(assets)
    check_sources(sources)
    registered = load_documents(assets.data)
    if documents is not None:
        verify_evidence(registered, documents)
        verify_quotations(sources.of("claims"), registered, documents)
    return list(_completed(_input(sources, assets), assets))


def misbuilt(file: Path, assets: Assets) -> str:
    """Return a sentence on what in a file of the dataset is not as the build makes it, or "".

    The build is made anew from what is written and carried. Nothing can be said of a file without
    the graph of what is derived. Raises `DataError` as the build does.
    """
    given = set(parse_rdf(path=str(file), format=RdfFormat.from_extension(file.suffix[1:])))
    graphs = {each: getattr(each.graph_name, "value", "") for each in given}
    if DERIVED not in graphs.values():
        return ""
    written = [each for each, graph in graphs.items() if graph and graph not in GENERATED]
    built = set(_completed(written, assets))
    missing, extra = built - given, given - built
    digests = [{str(each.subject) for each in some if each.predicate.value == DIGEST}
               for some in (missing, extra)]  # fmt: skip
    if changed := sorted(set.intersection(*digests) - {f"<{DERIVED}>"}):
        return (
            f"What {file.name} has in {changed[0]} was changed after the build: the digest of that"
            " graph is another. Run `kg build`."
        )
    said = [f"{len(each):,} {what}, such as {min(each, key=str).triple}"
            for each, what in ((missing, "missing"), (extra, "too many"))
            if each]  # fmt: skip
    if not said:
        return ""
    return (
        f"{file.name} has other statements than the build makes of its claims: {'; '.join(said)}."
        " Run `kg build`."
    )


def _completed(quads: Iterable[Quad], assets: Assets) -> QuadStore:
    """Return what is written and carried with all that the build makes of it."""
    store = QuadStore()
    store.extend(quads)
    for step in _steps():
        store.extend(list(step(store, assets.ontology / "rules")))
    store.extend(list(describe_examples(questions())))
    store.extend(list(describe_dataset(store, Prefixes.read(assets.prefixes))))
    store.extend(list(describe_coverage(Facts(store))))
    return store


def summary(facts: Facts) -> dict[str, int]:
    """Return the counts of the table that `kg build` prints, in its order."""
    claims = facts.standing_claims()
    return {
        "documents": len(facts.instances("SourceDocument")),
        "passages": len(facts.instances("Passage")),
        "factual passages": sum(facts.true(each, "factual") for each in facts.instances("Passage")),
        "passages with claims": len({p for each in claims for p in facts.texts(each, "evidence")}),
        "claims": len(claims),
        "carried claims": sum(bool(facts.all(each, "copyOf")) for each in claims),
        "withdrawn claims": len(facts.instances("Claim")) - len(claims),
        "propositions": len(facts.instances("Proposition")),
        "disputes": len(facts.instances("Dispute")),
        "entities": sum("/id/" in each and bool(facts.all(each, "rdf:type"))
                        for each in facts.subjects()),
        "unasserted events and plans": sum(
            facts.true(each, "unasserted") for each in facts.subjects()),
        "triples": int(facts.text(DATASET, "void:triples") or 0),
    }  # fmt: skip


def _input(sources: Sources, assets: Assets) -> Iterator[Quad]:
    """Yield what is written and what is carried, once every reference leads somewhere."""
    carried = carried_claims(sources)
    quads = [*sources.quads(), *carried]
    facts = Facts(quads)
    defined = {each for each in facts.subjects() if facts.all(each, "rdf:type")}
    stop(unknown_subjects(sources.mappings, defined))
    stop(unknown_nodes(sources, facts))
    check_curated(assets, facts)
    yield from quads


def _steps() -> Iterator[Step]:
    """Yield the derivations; each sees what those before it have added."""
    yield from (_rule(name) for name in BEFORE_DISPUTES)
    yield _claims
    yield derive_disputes
    yield from (_rule(name) for name in AFTER_DISPUTES)


def _rule(name: str) -> Step:
    return lambda store, rules: apply_rule(store, rules / f"{name}.rq", DERIVED)


def _claims(store: QuadStore, _rules: Path) -> Iterator[Quad]:
    facts = Facts(store)
    yield from derive_claims(facts)
    yield from derive_propositions(facts)
    yield from derive_differences(facts)
