"""From a text to its registered passages: segmentation, agreement, copies, Turtle.

`draft` is what `kg passages FILE` runs: it takes the spans that `kg.segments`
proposes, or a reviewed table, finds what they repeat of the registered
documents, and writes `data/passages/<document>.ttl`, with a report on how well
the proposals agree with the reviewed passages of the documents at hand. The rules
were made with the first five documents in view, so that agreement is an upper bound
for others: a reviewer reads every draft.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from kg import names
from kg.copies import Repetition, Text, repetitions
from kg.documents import Passage, SourceDocument, digest, passage_iri
from kg.errors import InputError
from kg.evidence import read_texts
from kg.facts import Value, expand, quad
from kg.files import read_text
from kg.format import lay_out
from kg.rdf import DOCUMENTS, GRAPHS, PASSAGES, TERMS, Literal
from kg.segments import HEADING, INFOBOX, KINDS, LIST, SENTENCE, Proposal, field_label, propose

#: Why a passage of a kind is proposed as stating nothing; a reviewer may say it better.
_REASONS = {
    HEADING: "A heading that only names its topic.",
    INFOBOX: "An infobox line without a value, or a caption of the box.",
    LIST: "A pointer to another article; nothing is said about it here.",
    SENTENCE: "The sentence states nothing that could be true or false.",
}
_COLUMNS = ("start", "end", "kind", "section", "factual")


@dataclass(frozen=True)
class Agreement:
    """How well proposed passages match reviewed ones; shares between 0 and 1.

    `f1` is over exact spans, `boundary_f1` over their starts and ends; `kinds`
    and `sections` are the shares of right ones among the spans that match.
    """

    precision: float
    recall: float
    f1: float
    boundary_f1: float
    kinds: float
    sections: float


@dataclass(frozen=True)
class Draft:
    """The outcome of `draft`: the passages, a report to print, and the Turtle to review."""

    passages: tuple[Passage, ...]
    report: str
    turtle: str


def draft(
    file: Path,
    documents: Sequence[SourceDocument],
    slug: str | None = None,
    reviewed: Path | None = None,
    folder: Path | None = None,
) -> Draft:
    """Make the passages of a text file, with a report and Turtle.

    `documents` are the registered ones; `folder` holds their files and is needed to
    find copies; `reviewed` is a CSV table with the columns start, end, kind, section,
    factual and, optionally, reason, which replaces the proposed segmentation. The
    slug defaults to the registered one, else to the file's name. Raises `InputError`.
    """
    text = read_text(file, as_it_is=True)
    name = slug or _slug(file, text, documents)
    proposals = read_reviewed(reviewed, text) if reviewed else propose_with_reasons(text)
    texts = {**(read_texts(documents, folder) if folder else {}), name: text}
    passages = register(name, text, proposals, documents, texts)
    report = _report(file, name, passages, documents, texts)
    return Draft(passages, report, turtle(name, passages))


def propose_with_reasons(text: str) -> list[tuple[Proposal, str | None]]:
    """Propose passages, each with the reason why it is held to state nothing, or None."""
    return [(p, None if p.factual else _REASONS[p.kind]) for p in propose(text)]


def read_reviewed(path: Path, text: str) -> list[tuple[Proposal, str | None]]:
    """Read a reviewed segmentation; labels of infobox lines come from the text.

    Raises `InputError` naming the row for a missing column, a bad offset or kind.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(read_text(path, as_it_is=True), newline="")))
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a CSV table: {error}.") from error
    return [_reviewed_row(row, text, f"{path.name}, row {i}") for i, row in enumerate(rows, 1)]


def _reviewed_row(row: Mapping[str, str], text: str, where: str) -> tuple[Proposal, str | None]:
    missing = [column for column in _COLUMNS if not row.get(column)]
    if missing:
        raise InputError(f"{where}: no value for {', '.join(missing)}.")
    kind, factual = row["kind"], row["factual"] == "yes"
    if kind not in KINDS:
        raise InputError(f"{where}: kind {kind!r} is none of {', '.join(KINDS)}.")
    if row["factual"] not in ("yes", "no"):
        raise InputError(f"{where}: factual must be yes or no.")
    if not (row["start"].isdecimal() and row["end"].isdecimal()):
        raise InputError(f"{where}: start and end must be whole numbers.")
    start, end = int(row["start"]), int(row["end"])
    if not start < end <= len(text):
        raise InputError(f"{where}: {start}-{end} is no span of a text of {len(text)} characters.")
    label = field_label(text[start:end]) if kind == INFOBOX else None
    reason = None if factual else row.get("reason") or _REASONS[kind]
    return Proposal(start, end, kind, row["section"], label, factual), reason


def register(
    slug: str,
    text: str,
    proposals: Iterable[tuple[Proposal, str | None]],
    documents: Sequence[SourceDocument],
    texts: Mapping[str, str],
) -> tuple[Passage, ...]:
    """Give the spans of a text their numbers and what they repeat of earlier documents.

    A document that is registered is compared with those before it, a new one with all.
    """
    spans = [(passage_iri(slug, n), n, *rest) for n, rest in enumerate(proposals, 1)]
    before = list(_texts_before(slug, documents, texts))
    own = [Text(iri, span.kind, text[span.start : span.end]) for iri, _, span, _ in spans]
    repeated = repetitions([*before, *own])
    return tuple(
        _passage(iri, number, span, reason, text, repeated.get(iri, Repetition()))
        for iri, number, span, reason in spans
    )


def _texts_before(
    slug: str, documents: Sequence[SourceDocument], texts: Mapping[str, str]
) -> Iterable[Text]:
    for document in documents:
        if document.slug == slug:
            return
        for passage in document.passages if document.slug in texts else ():
            yield Text(passage.iri, passage.kind, passage.of(texts[document.slug]))


def _passage(
    iri: str, number: int, span: Proposal, reason: str | None, text: str, repeats: Repetition
) -> Passage:
    return Passage(
        iri=iri,
        number=number,
        kind=span.kind,
        section=span.section,
        start=span.start,
        end=span.end,
        sha256=digest(text[span.start : span.end]),
        factual=span.factual,
        field_label=span.field_label,
        no_claims=reason,
        copy_of=repeats.copy_of,
        near_copies=tuple(sorted(repeats.near_copies)),
    )


def agreement(
    proposed: Sequence[Proposal | Passage], reviewed: Sequence[Proposal | Passage]
) -> Agreement:
    """Compare proposed with reviewed passages: exact spans, boundaries, kinds, sections."""
    ours = {(p.start, p.end): p for p in proposed}
    theirs = {(p.start, p.end): p for p in reviewed}
    common = ours.keys() & theirs.keys()
    edges = [{edge for span in spans for edge in span} for spans in (ours, theirs)]
    return Agreement(
        precision=_share(len(common), len(ours)),
        recall=_share(len(common), len(theirs)),
        f1=_share(2 * len(common), len(ours) + len(theirs)),
        boundary_f1=_share(2 * len(edges[0] & edges[1]), len(edges[0]) + len(edges[1])),
        kinds=_share(sum(ours[s].kind == theirs[s].kind for s in common), len(common)),
        sections=_share(sum(ours[s].section == theirs[s].section for s in common), len(common)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def turtle(slug: str, passages: Iterable[Passage]) -> str:
    """Write passages as the Turtle of `data/passages/<slug>.ttl`."""
    own = f"{PASSAGES}{slug}/"
    names = {"": TERMS, "oa": expand("oa:"), "xsd": expand("xsd:"), "d": DOCUMENTS, "p": own}
    quads = (
        quad(passage.iri, predicate, value, GRAPHS + slug)
        for passage in passages
        for predicate, value in _statements(DOCUMENTS + slug, passage)
    )
    return lay_out(quads, names, slug)


def _statements(document: str, passage: Passage) -> Iterator[tuple[str, str | Value]]:
    yield "rdf:type", "Passage"
    yield "document", document
    yield "kind", passage.kind
    yield "section", Literal(passage.section)
    yield "sha256", Literal(passage.sha256)
    yield "factual", Literal(passage.factual)
    yield "number", Literal(passage.number)
    yield "oa:start", Literal(passage.start)
    yield "oa:end", Literal(passage.end)
    if passage.field_label:
        yield "fieldLabel", Literal(passage.field_label)
    if passage.no_claims:
        yield "noClaims", Literal(passage.no_claims)
    if passage.copy_of:
        yield "copyOf", passage.copy_of
    for near in passage.near_copies:
        yield "nearCopyOf", near


def _report(
    file: Path,
    slug: str,
    passages: Sequence[Passage],
    documents: Sequence[SourceDocument],
    texts: Mapping[str, str],
) -> str:
    lines = [f"{slug}: {len(passages)} passages in {len(texts[slug])} characters"]
    counts = ((kind, sum(p.kind == kind for p in passages)) for kind in KINDS)
    lines.append("  " + ", ".join(f"{number} {kind}" for kind, number in counts if number))
    lines.append(
        f"  {sum(p.factual for p in passages)} state something,"
        f" {sum(p.copy_of is not None for p in passages)} are identical to earlier passages,"
        f" {sum(bool(p.near_copies) for p in passages)} nearly so"
    )
    known = next((each for each in documents if each.slug == slug), None)
    if known is None or known.sha256 != digest(texts[slug]):
        lines += ["  this is not the text that is registered"] if known else []
        lines.append(_registration(file, texts[slug], documents))
    unread = [d.slug for d in documents if d.slug not in texts]
    if unread:
        lines.append(f"  not compared, their files are not at hand: {', '.join(unread)}")
    rows = [
        _agreement_row(document, texts[document.slug])
        for document in documents
        if document.passages and digest(texts.get(document.slug, "")) == document.sha256
    ]
    if rows:
        lines += ["agreement of proposed with reviewed passages:", _HEADER, *rows]
    return "\n".join(lines) + "\n"


def _registration(file: Path, text: str, documents: Sequence[SourceDocument]) -> str:
    """Return what documents.ttl is to say of a file, as far as it shows."""
    own = re.match(r"[0-9]{3}", file.name)
    used = [int(each.file_digits) for each in documents if each.file_digits.isdecimal()]
    digits = own[0] if own else f"{max(used, default=-1) + 1:03d}"
    return (
        f'  for documents.ttl: :sha256 "{digest(text)}" ; :length {len(text)} ;'
        f' :byteLength {len(text.encode())} ; :fileDigits "{digits}" .'
    )


_COLUMN_NAMES = ("precision", "recall", "F1", "edges F1", "kind", "section")
_HEADER = f"  {'document':<34}" + "".join(f"{name:>10}" for name in _COLUMN_NAMES)


def _agreement_row(document: SourceDocument, text: str) -> str:
    shares = astuple(agreement(propose(text), document.passages))
    return f"  {document.slug:<34}" + "".join(f"{share:>10.3f}" for share in shares)


def _slug(file: Path, text: str, documents: Iterable[SourceDocument]) -> str:
    for document in documents:
        if document.sha256 == digest(text):
            return document.slug
    return names.slug(file.stem)
