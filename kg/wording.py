"""What a claim says, in words, always as its speaker's statement and never as ours.

What the text does not say outright is marked as such wherever a claim stands in words: in labels,
on pages, in tables and networks. `reading` is the one place that makes those marks.
"""

from collections.abc import Collection, Iterable, Sequence

from kg.facts import Facts, Value, expand
from kg.moments import in_words
from kg.rdf import TERMS, Literal, NamedNode

#: How a speaker says a thing, by stance and polarity; `shape:claim-label-voice` expects the same.
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

#: What marks a claim by what it is read from (`:readFrom`); what words say needs no mark.
READ_FROM = {"words": "", "layout": "from the layout", "inference": "implied, not said"}
#: What marks a claim that is an alternative reading of another.
_SEVERAL = "one of several readings"

#: What stands in a label that names no speaker for the words of one.
_UNSPOKEN = "(see the words of the claims)"


def statement(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return the claim as a sentence of its speaker.

    `qualifiers` are the properties (IRIs) that belong to the content.
    """
    stance, polarity = (_local(facts.text(claim, each)) for each in ("stance", "polarity"))
    verb = VERBS.get((stance, polarity), "says that")
    speaker = facts.label(facts.text(claim, "speaker"))
    return f"{speaker} {verb}: {_content(facts, claim, qualifiers)}{_read(facts, [claim])}"


def reading(facts: Facts, claims: Iterable[str]) -> str:
    """Return how the claims were read, in brackets: what marks all of them; empty for words."""
    each = [
        marks(facts.texts(claim, "readFrom"), facts.texts(claim, "alternativeReadingOf"))
        for claim in claims
    ]
    return bracketed(mark for mark in each[0] if all(mark in other for other in each))


def marks(sources: Iterable[str], alternatives: Collection[str]) -> list[str]:
    """Return what marks a claim, by what it is read from and the other readings of its words."""
    read = [READ_FROM.get(_local(each), f"read from {_local(each)}") for each in sources]
    return [each for each in (_SEVERAL if alternatives else "", *read) if each]


def bracketed(found: Iterable[str]) -> str:
    """Return marks as they stand after a sentence; empty without any.

    >>> bracketed(["one of several readings", "from the layout"])
    '(one of several readings; from the layout)'
    """
    joined = "; ".join(found)
    return f"({joined})" if joined else ""


def _read(facts: Facts, claims: Iterable[str]) -> str:
    read = reading(facts, claims)
    return f" {read}" if read else ""


def _content(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return the positive content of the claim, whoever speaks and whether affirmed or denied."""
    gap = GAPS.get(_local(facts.text(claim, "missingState")), "(missing)")
    subject, predicate, obj = (
        _named(facts, facts.one(claim, part)) or gap
        for part in ("rdf:subject", "rdf:predicate", "rdf:object")
    )
    is_open = _is_date(facts.one(claim, "rdf:object")) and _is_open(obj)
    if is_open and facts.text(claim, "rdf:predicate") != expand("lasted"):
        obj = f"some day {obj}"
    return f"{subject} {predicate} {obj}{_aside(facts, claim, qualifiers)}{_time(facts, claim)}"


def without_speaker(facts: Facts, claims: Sequence[str], qualifiers: list[str]) -> str:
    """Return what these claims share, for a label that names no speaker.

    So it has nobody's loaded words; and it is marked as a reading only if all of them are.
    """
    claim = claims[0]
    if facts.text(claim, "rdf:predicate") != expand("describedAs"):
        return _content(facts, claim, qualifiers) + _read(facts, claims)
    subject = _named(facts, facts.one(claim, "rdf:subject"))
    end = f"{_aside(facts, claim, qualifiers)}{_time(facts, claim)}{_read(facts, claims)}"
    predicate = _named(facts, facts.one(claim, "rdf:predicate"))
    return f"{subject} {predicate} {_UNSPOKEN}{end}"


def spoken(facts: Facts, label: str, claims: Collection[str]) -> str:
    """Return the label of a proposition with the words that it leaves out, and whose they are.

    `claims` are those that affirm it; without any, nobody is known whose the words are.
    """
    if not claims or _UNSPOKEN not in label:
        return label
    words, speakers = (
        sorted({_named(facts, facts.one(each, part)) for each in claims})
        for part in ("rdf:object", "speaker")
    )
    said = f"{', '.join(words)} (words of {' and '.join(speakers)})"
    return label.replace(_UNSPOKEN, said)


def _named(facts: Facts, value: Value | None) -> str:
    """Return the label of a node, a date in words, a number, or words in quotation marks."""
    if value is None:
        return ""
    if isinstance(value, NamedNode):
        return facts.label(value.value)
    if _is_date(value):
        return in_words(value.value)
    return f"“{value.value}”" if value.datatype.value == expand("xsd:string") else value.value


def _aside(facts: Facts, claim: str, qualifiers: list[str]) -> str:
    """Return modality and qualifiers in brackets."""
    modality = facts.text(claim, "modality")
    parts = [] if _local(modality) in ("", "actual") else [facts.label(modality)]
    for each in qualifiers:
        names = sorted(_named(facts, value) for value in facts.all(claim, each))
        if names:
            parts.append(f"{facts.label(each)}: {', '.join(names)}")
    return f" ({'; '.join(parts)})" if parts else ""


def time_of(facts: Facts, claim: str) -> str:
    """Return when it holds by the claim, such as `on 1994-05-19`; empty without a time."""
    when, kind = in_words(facts.text(claim, "when")), _local(facts.text(claim, "whenKind"))
    if not when:
        return ""
    if _is_open(when):
        return when if kind == "period" else f"some day {when}"
    is_day = kind != "period" and len(when) == _DAY and when[:4].isdecimal() and "/" not in when
    return f"{'on' if is_day else _TIMES.get(kind, 'in')} {when}"


def _is_date(value: Value | None) -> bool:
    return isinstance(value, Literal) and value.datatype.value == expand("edtf:EDTF")


def _is_open(told: str) -> bool:
    """Return whether a date in words has only one end: a day *on* it is some day of it."""
    return told.startswith(("until ", "since "))


def _time(facts: Facts, claim: str) -> str:
    time = time_of(facts, claim)
    return f", {time}" if time else ""


def _local(iri: str) -> str:
    return iri.removeprefix(TERMS)
