"""Source documents and their passages, as `data/documents.ttl` and `data/passages/` register them.

The repository holds no source text, only digests and offsets; `kg.evidence` compares them with
the files where these are at hand.

Offsets are Unicode code points of the UTF-8 text as it is in the file (line
breaks untouched), end exclusive; digests are SHA-256 in small hexadecimal.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kg.errors import DataError, EvidenceError
from kg.facts import Facts
from kg.rdf import DOCUMENTS, PASSAGES, TERMS, read_turtle


@dataclass(frozen=True)
class Passage:
    """One registered stretch of a document; `start` and `end` in code points.

    `kind` is the local name of a passage kind (`sentence`, `heading`, `listLine`,
    `infoboxLine`); `no_claims` the reason why a passage states nothing; `copy_of`
    and `near_copies` are IRIs of earlier passages with the same or nearly the same text.
    """

    iri: str
    number: int
    kind: str
    section: str
    start: int
    end: int
    sha256: str
    factual: bool = True
    field_label: str | None = None
    no_claims: str | None = None
    copy_of: str | None = None
    near_copies: tuple[str, ...] = ()

    def of(self, text: str) -> str:
        """Return the passage itself, cut out of the text of its document."""
        return text[self.start : self.end]


@dataclass(frozen=True)
class SourceDocument:
    """One registered document: digest, lengths (code points and bytes), passages."""

    slug: str
    file_digits: str
    sha256: str
    length: int
    byte_length: int
    passages: tuple[Passage, ...]

    @property
    def iri(self) -> str:
        """The IRI of the document."""
        return DOCUMENTS + self.slug


def digest(content: str | bytes) -> str:
    """Return the SHA-256 of bytes, or of a text's UTF-8 bytes, in hexadecimal.

    >>> digest("")[:12]
    'e3b0c44298fc'
    """
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, of whatever size; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def passage_iri(slug: str, number: int) -> str:
    """Return the IRI of a passage.

    >>> passage_iri("x", 7)
    'https://w3id.org/contested-kg/passage/x/007'
    """
    return f"{PASSAGES}{slug}/{number:03d}"


def load_documents(data: Path) -> tuple[SourceDocument, ...]:
    """Read `documents.ttl` and `passages/*.ttl` of a data folder, in order of their file digits.

    A document whose passages are not there yet has none. Raises `DataError` for broken
    Turtle or a missing value, `EvidenceError` for passages that overlap, are out of
    order or reach beyond their document.
    """
    documents = []
    for record in _records(data / "documents.ttl", "SourceDocument"):
        path = data / "passages" / f"{record.subject.removeprefix(DOCUMENTS)}.ttl"
        passages = load_passages(path, record.subject) if path.exists() else ()
        record.text("versionOf")  # without its work, who says what independently cannot be counted
        document = _document(record, passages)
        check_offsets(document)
        documents.append(document)
    return tuple(sorted(documents, key=lambda document: (document.file_digits, document.slug)))


def load_passages(path: Path, document: str) -> tuple[Passage, ...]:
    """Read the passages of one Turtle file in order of number; each must name `document`."""
    passages = []
    for record in _records(path, "Passage"):
        if record.text("document") != document:
            raise DataError(
                f"{path.name}: {record.subject} must have the document {document}, as its file has."
            )
        passages.append(_passage(record))
    return tuple(sorted(passages, key=lambda passage: passage.number))


def check_offsets(document: SourceDocument) -> None:
    """Raise `EvidenceError` unless passages are numbered from 1, in order, apart and inside."""
    end = 0
    for expected, passage in enumerate(document.passages, start=1):
        where = f"Document {document.slug}, passage {passage.number:03d}"
        span = f"offsets {passage.start}-{passage.end}"
        if passage.number != expected or passage.iri != passage_iri(document.slug, expected):
            raise EvidenceError(
                f"{where}: passage {expected:03d} was expected next; fix its number."
            )
        if passage.start < end:
            raise EvidenceError(
                f"{where}, {span}: it overlaps the passage before, which ends at {end}."
            )
        if not passage.start < passage.end <= document.length:
            raise EvidenceError(
                f"{where}, {span}: a passage has at least one character and ends by"
                f" {document.length}, the length of its document."
            )
        end = passage.end


@dataclass(frozen=True)
class _Record:
    """One subject of a Turtle file; its values are asked for by short names of predicates."""

    facts: Facts
    subject: str
    file: str

    def all(self, predicate: str) -> list[str]:
        return sorted(self.facts.texts(self.subject, predicate))

    def optional(self, predicate: str) -> str | None:
        values = self.all(predicate)
        if len(values) > 1:
            raise DataError(f"{self.file}: {self.subject} has two values of {predicate}; keep one.")
        return values[0] if values else None

    def text(self, predicate: str) -> str:
        value = self.optional(predicate)
        if value is None:
            raise DataError(f"{self.file}: {self.subject} has no {predicate}; add it.")
        return value

    def integer(self, predicate: str) -> int:
        value = self.text(predicate)
        if not value.isdecimal():
            raise DataError(
                f"{self.file}: {self.subject} has {value!r} as {predicate}; write a whole number."
            )
        return int(value)


def _records(path: Path, type_name: str) -> list[_Record]:
    """Return the subjects of a class in one Turtle file, sorted by IRI."""
    facts = Facts(read_turtle(path).quads)
    return [_Record(facts, each, path.name) for each in facts.instances(type_name)]


def _document(record: _Record, passages: tuple[Passage, ...]) -> SourceDocument:
    return SourceDocument(
        slug=record.subject.removeprefix(DOCUMENTS),
        file_digits=record.text("fileDigits"),
        sha256=record.text("sha256"),
        length=record.integer("length"),
        byte_length=record.integer("byteLength"),
        passages=passages,
    )


def _passage(record: _Record) -> Passage:
    return Passage(
        iri=record.subject,
        number=record.integer("number"),
        kind=record.text("kind").removeprefix(TERMS),
        section=record.text("section"),
        start=record.integer("oa:start"),
        end=record.integer("oa:end"),
        sha256=record.text("sha256"),
        factual=record.text("factual") == "true",
        field_label=record.optional("fieldLabel"),
        no_claims=record.optional("noClaims"),
        copy_of=record.optional("copyOf"),
        near_copies=tuple(record.all("nearCopyOf")),
    )
