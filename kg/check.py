"""Checks on what people wrote that stop the build, each fault with file, line and remedy.

Only what the derivations rely on is checked here; all else about the data is SHACL.
"""

import re
from collections.abc import Iterator

from kg.facts import Facts, Value, expand
from kg.literals import misread_literals
from kg.names import suggest
from kg.rdf import CLAIMS, DOCUMENTS, GRAPHS, PASSAGES
from kg.references import foreign_terms, undefined_terms
from kg.sources import SourceFile, Sources, stop

# What a claim must have once, with what to write where it is forgotten.
REQUIRED = {
    "rdf:subject": "rdf:subject id:…, or :missing rdf:subject where the text lost it",
    "rdf:predicate": "rdf:predicate with a claim predicate of the ontology",
    "rdf:object": "rdf:object …, or :missing rdf:object where the text lost it",
    "speaker": ":speaker d:… if the document says it in its own voice, else :speaker id:…",
    "stance": ":stance :asserted, :reported, :alleged or :doubted",
    "polarity": ":polarity :affirmed or :denied",
    "modality": ":modality :actual, :intended, :ordered, :expected or :possible",
}
AT_MOST_ONCE = (
    "when", "whenKind", "missing", "missingState", "over", "amount", "unit", "replyKind",
    "withdrawn", "curatedBy", "curatedOn",
)  # fmt: skip
# The part of data/ in which things of a class are defined, and what only the build makes.
_HOME = {"Claim": "claims", "EditorialClaim": "editorial", "Passage": "passages",
         "SourceDocument": "documents"}  # fmt: skip
_DERIVED = {"Coverage", "Difference", "Dispute", "Position", "Proposition", "Tally"}
# What only the build says of a thing; of a claim also its document, copies and label.
_BUILT = {"approximate", "claimsAbout", "earliestEnd", "earliestStart", "exclusive", "family",
          "high", "latestEnd", "latestStart", "low", "states", "unasserted"}  # fmt: skip
_BUILT_OF_CLAIMS = {"document", "copyOf", "rdfs:label"}
# What a file of claims says of itself.
_RECORD = ("curatedBy", "curatedOn")
_CLAIM = re.compile(re.escape(CLAIMS) + r"([^/]+)/([0-9]{3})-([0-9]{2})")


def check_sources(sources: Sources) -> None:
    """Raise `DataError` with the faults of the first check that finds any."""
    stop(foreign_terms(sources))
    facts = Facts(sources.quads())
    stop(undefined_terms(sources, facts))
    stop(_defined_twice(sources))
    stop(fault for file in sources.files for fault in _out_of_place(file))
    stop(_unregistered(sources, facts))
    stop(fault for file in sources.files for fault in _made_by_hand(file, facts))
    stop(fault for file in sources.of("passages") for fault in _chains(file, facts))
    stop(fault for file in sources.of("claims") for fault in _claims_file(file, facts))
    stop(fault for file in sources.of("editorial") for fault in _editorial(file, facts))
    stop(fault for file in sources.files for fault in misread_literals(file, facts))


def own_passage(claim: str) -> str:
    """Return the passage that a claim's identifier names.

    >>> own_passage("https://w3id.org/contested-kg/claim/x/007-02")
    'https://w3id.org/contested-kg/passage/x/007'
    """
    document, _, number = claim.removeprefix(CLAIMS).rpartition("/")
    return f"{PASSAGES}{document}/{number.partition('-')[0]}"


def _defined_twice(sources: Sources) -> Iterator[str]:
    """Yield a sentence for each entity, document, passage or claim with two definitions."""
    first: dict[str, tuple[SourceFile, Value]] = {}
    for file in (each for each in sources.files if each.part != "ontology"):
        for quad in file.quads:
            if quad.predicate.value == expand("rdf:type"):
                node, kind = quad.subject.value, quad.object  # type: ignore[union-attr]
                if node in first:
                    yield _twice(node, file, same=kind == first[node][1], earlier=first[node][0])
                first.setdefault(node, (file, kind))  # type: ignore[arg-type]


def _twice(node: str, file: SourceFile, *, same: bool, earlier: SourceFile) -> str:
    if file is earlier and not same:
        return f"{file.where(node)}: {node} has two classes; keep the narrower one."
    remedy = "keep one definition, or give the other the next free identifier."
    if file is earlier:
        return f"{file.where(node)}: {node} is defined twice in this file; {remedy}"
    return f"{file.where(node)}: {node} is already defined in {earlier.where(node)}; {remedy}"


def _out_of_place(file: SourceFile) -> Iterator[str]:
    """Yield what stands in a file that is for other things, and what nobody may write."""
    own_passages = f"{PASSAGES}{file.path.stem}/"
    for quad in file.quads:
        node, predicate = str(quad.subject.value), quad.predicate.value  # type: ignore[union-attr]
        name = str(quad.object.value).removeprefix(expand(""))  # type: ignore[union-attr]
        is_class = predicate == expand("rdf:type")
        home = _HOME.get(name, file.part)
        if node.startswith(expand("")) and file.part not in ("ontology", "links"):
            yield f"{file.where(node)}: {node} is a term; terms are defined in ontology/."
        elif file.part == "mentions" and (
            predicate != expand("mentions") or not node.startswith(own_passages)
        ):
            yield (
                f"{file.where(node)}: {node} has the property <{predicate}>; this file has only"
                f" :mentions of passages of {file.path.stem}, which kg mentions writes."
            )
        elif is_class and name in _DERIVED:
            yield f"{file.where(node)}: {node} is a :{name}, which only the build makes."
        elif is_class and home != file.part:
            yield f"{file.where(node)}: {node} is a :{name}; define it in data/, part {home}."


def _made_by_hand(file: SourceFile, facts: Facts) -> Iterator[str]:
    """Yield what the build or `kg mentions` writes, and what may only be claimed."""
    if file.part == "ontology":
        return
    built = {expand(each) for each in _BUILT}
    if file.part == "claims":
        built |= {expand(each) for each in _BUILT_OF_CLAIMS}
    predicates = set(facts.instances("ClaimPredicate"))
    for quad in file.quads:
        node, predicate = str(quad.subject.value), quad.predicate.value  # type: ignore[union-attr]
        if predicate in built:
            where = file.where(node, predicate)
            yield f"{where}: only the build writes <{predicate}>; take it out."
        elif predicate in predicates:
            yield (
                f"{file.where(node, predicate)}: <{predicate}> is said of {node} by nobody; write a"
                " claim with its speaker, in data/claims. The build makes plain what may be plain."
            )
        elif predicate == expand("mentions") and file.part != "mentions":
            yield (
                f"{file.where(node, predicate)}: kg mentions writes :mentions; what the words leave"
                " open is said in data/homonyms.ttl."
            )


def _unregistered(sources: Sources, facts: Facts) -> Iterator[str]:
    """Yield each file whose name is that of no document."""
    known = [each.removeprefix(DOCUMENTS) for each in facts.instances("SourceDocument")]
    for file in sources.of("passages", "claims", "mentions"):
        if file.path.stem not in known:
            yield (
                f"{file.path} is named after no registered document; data/documents.ttl has no"
                f" d:{file.path.stem}.{suggest(file.path.stem, known)}"
            )


def _claims_file(file: SourceFile, facts: Facts) -> Iterator[str]:
    own = Facts(file.quads)
    for subject in own.subjects():
        if subject == GRAPHS + file.path.stem:
            yield from _record(file, subject)
            continue
        found = _CLAIM.fullmatch(subject)
        if not found or found[1] != file.path.stem:
            yield (
                f"{file.where(subject)}: {subject} is no claim of {file.path.stem}; claims are"
                f" named {CLAIMS}{file.path.stem}/<passage, 3 digits>-<number, 2 digits>."
            )
        elif own.text(subject, "rdf:type") != expand("Claim"):
            yield f"{file.where(subject)}: {subject} lacks its class; write `a :Claim`."
        else:
            for fault in _claim(subject, own, facts):
                yield f"{file.where(subject)}: claim {subject.removeprefix(CLAIMS)} {fault}"


def _record(file: SourceFile, graph: str) -> Iterator[str]:
    """Yield what is said of the file itself beside who wrote it down, and when."""
    record = {expand(each) for each in _RECORD}
    for quad in file.quads:
        predicate = quad.predicate.value
        if quad.subject.value == graph and predicate not in record:  # type: ignore[union-attr]
            yield (
                f"{file.where(graph, predicate)}: <{predicate}> is said of"
                " the file; of it stand only :curatedBy and :curatedOn, all else is a claim."
            )


def _claim(claim: str, own: Facts, facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the parts of one claim."""
    missing = own.texts(claim, "missing")
    for part, remedy in REQUIRED.items():
        found, is_missing = len(own.all(claim, part)), expand(part) in missing
        if found > 1:
            yield f"has {found} values of {_written(part)}; make one claim for each."
        elif found and is_missing:
            yield f"has {_written(part)} and says that it is missing; take one of the two away."
        elif not found and not is_missing:
            yield f"has no {_written(part)}; write {remedy}."
    for part in AT_MOST_ONCE:
        if len(own.all(claim, part)) > 1:
            yield f"has {len(own.all(claim, part))} values of {_written(part)}; keep one."
    if bool(own.all(claim, "when")) != bool(own.all(claim, "whenKind")):
        yield "has only one of :when and :whenKind; write both (:period, :point or :attestation)."
    predicate = own.text(claim, "rdf:predicate")
    if predicate and expand("ClaimPredicate") not in facts.texts(predicate, "rdf:type"):
        names = [f":{_local(each)}" for each in facts.instances("ClaimPredicate")]
        near = suggest(_local(predicate), names, lambda each: each[1:])
        yield f"has the rdf:predicate {predicate}, which is no claim predicate.{near}"
    yield from _evidence(claim, own, facts)


def _evidence(claim: str, own: Facts, facts: Facts) -> Iterator[str]:
    passage, evidence = own_passage(claim), own.texts(claim, "evidence")
    short = passage.removeprefix(PASSAGES)
    if not evidence:
        yield f"has no :evidence; write :evidence p:{short[-3:]}, the passage in its identifier."
    elif passage not in evidence:
        named = ", ".join(each.removeprefix(PASSAGES) for each in evidence)
        yield (
            f"has the evidence {named}, but its identifier names passage {short}; correct the one"
            " that is wrong (identifiers of published claims stay)."
        )
    for each in evidence:
        if not each.startswith(PASSAGES):
            yield f"has the evidence {each}, which is no passage; name passages as p:{short[-3:]}."
        elif root := facts.text(each, "copyOf"):
            yield (
                f"rests on passage {each.removeprefix(PASSAGES)}, which is a copy; the claims of"
                f" {root.removeprefix(PASSAGES)} are carried to it, so write them there."
            )


def _chains(file: SourceFile, facts: Facts) -> Iterator[str]:
    """Yield each passage that copies itself, what is no passage, or a copy.

    Claims are carried from the first passage only.
    """
    for passage, root in ((q.subject.value, q.object.value) for q in file.quads  # type: ignore[union-attr]
                          if q.predicate.value == expand("copyOf")):  # fmt: skip
        where = f"{file.where(passage, root)}: passage {passage.removeprefix(PASSAGES)}"
        if root == passage:
            yield f"{where} is a copy of itself; take :copyOf out, or name the first such passage."
        elif expand("Passage") not in facts.texts(root, "rdf:type"):
            yield f"{where} is a copy of {root}, which is no passage; correct its name."
        elif first := facts.text(root, "copyOf"):
            yield (
                f"{where} is a copy of {root.removeprefix(PASSAGES)}, itself a copy; name"
                f" {first.removeprefix(PASSAGES)}."
            )


def _editorial(file: SourceFile, facts: Facts) -> Iterator[str]:
    """Yield what an editorial claim lacks, and what curators may not say."""
    own = Facts(file.quads)
    for subject in own.subjects():
        if own.text(subject, "rdf:type") != expand("EditorialClaim"):
            yield f"{file.where(subject)}: {subject} lacks its class; write `a :EditorialClaim`."
            continue
        for part in ("rdf:subject", "rdf:predicate", "rdf:object", "reason"):
            if len(own.all(subject, part)) != 1:
                yield f"{file.where(subject)}: {subject} needs exactly one {_written(part)}."
        predicate = own.text(subject, "rdf:predicate")
        if predicate not in ("", expand("exclusive")) and not facts.true(predicate, "mayBePlain"):
            yield (
                f"{file.where(subject)}: {subject} says {predicate}, which curators may not say;"
                " use :exclusive or a predicate with :mayBePlain true."
            )


def _local(iri: str) -> str:
    return iri.rpartition("/")[2]


def _written(part: str) -> str:
    return part if ":" in part else f":{part}"
