"""What a claim says, in words, always as its speaker's statement and never as ours."""

from kg.facts import Facts, Value, expand
from kg.rdf import TERMS, NamedNode

#: How a speaker says a thing, by stance and polarity.
VERBS = {
    ("asserted", "affirmed"): "says that",
    ("asserted", "denied"): "denies that",
    ("reported", "affirmed"): "is reported to say that",
    ("reported", "denied"): "is reported to deny that",
    ("alleged", "affirmed"): "is reported to allege that",
    ("alleged", "denied"): "is reported to allege the contrary of this",
    ("doubted", "affirmed"): "is reported, with doubt, to say that",
    ("doubted", "denied"): "is reported, with doubt, to deny that",
}
_TIMES = {"period": "throughout", "point": "within", "attestation": "at some moment of"}
_DAY = len("1994-05-19")
#: What stands where a part of the statement is missing, by the state of what is missing.
GAPS = {"lost": "(lost in the text)", "statedUnknown": "(stated to be unknown)"}


def statement(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return the claim as a sentence of its speaker.

    `qualifiers` are the properties (IRIs) that belong to the content.
    """
    stance, polarity = (_local(facts.text(claim, each)) for each in ("stance", "polarity"))
    verb = VERBS.get((stance, polarity), "says that")
    speaker = facts.label(facts.text(claim, "speaker"))
    return f"{speaker} {verb}: {content(facts, claim, qualifiers)}"


def content(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return the positive content of the claim, whoever speaks and whether affirmed or denied."""
    gap = GAPS.get(_local(facts.text(claim, "missingState")), "(missing)")
    subject, predicate, obj = (
        named(facts, facts.one(claim, part)) or gap
        for part in ("rdf:subject", "rdf:predicate", "rdf:object")
    )
    return f"{subject} {predicate} {obj}{_aside(facts, claim, qualifiers)}{_time(facts, claim)}"


def without_speaker(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return the content for a label that names no speaker, so without anybody's loaded words."""
    if facts.text(claim, "rdf:predicate") != expand("describedAs"):
        return content(facts, claim, qualifiers)
    subject = named(facts, facts.one(claim, "rdf:subject"))
    aside = _aside(facts, claim, qualifiers)
    return f"{subject} described as (see the words of the claims){aside}{_time(facts, claim)}"


def named(facts: Facts, value: Value | None) -> str:
    """Return the label of a node, a date or number as it stands, or words in quotation marks."""
    if value is None:
        return ""
    if isinstance(value, NamedNode):
        return facts.label(value.value)
    return f"“{value.value}”" if value.datatype.value == expand("xsd:string") else value.value


def _aside(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return modality and qualifiers in brackets."""
    modality = facts.text(claim, "modality")
    parts = [] if _local(modality) in ("", "actual") else [facts.label(modality)]
    for each in qualifiers:
        names = sorted(named(facts, value) for value in facts.all(claim, each))
        if names:
            parts.append(f"{facts.label(each)}: {', '.join(names)}")
    return f" ({'; '.join(parts)})" if parts else ""


def time_of(facts: Facts, claim: str) -> str:
    """Return when it holds by the claim, such as `on 1994-05-19`; empty without a time."""
    when, kind = facts.text(claim, "when"), _local(facts.text(claim, "whenKind"))
    if not when:
        return ""
    is_day = kind != "period" and len(when) == _DAY and when[:4].isdecimal() and "/" not in when
    return f"{'on' if is_day else _TIMES.get(kind, 'in')} {when}"


def _time(facts: Facts, claim: str) -> str:
    time = time_of(facts, claim)
    return f", {time}" if time else ""


def _local(iri: str) -> str:
    return iri.removeprefix(TERMS)
