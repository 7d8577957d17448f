"""Drafting passages: agreement, reviewed tables, Turtle, and the five registered documents."""

import hashlib
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest

from kg.documents import Passage, SourceDocument, digest, load_documents, load_passages
from kg.errors import InputError
from kg.evidence import read_texts
from kg.passages import agreement, draft, propose_with_reasons, read_reviewed, register, turtle
from kg.segments import HEADING, SENTENCE, Proposal, propose

DATA = Path(__file__).parents[1] / "data"
OLD = "The old wells of the valley fell dry in the summer of 1950. Nobody in town knew why.\n"
NEW = "= Wells =\n\nNobody in town knew why. The wells of the valley fell dry in summer 1950.\n"


def span(start: int, end: int, kind: str = SENTENCE, section: str = "(lead)") -> Proposal:
    return Proposal(start, end, kind, section)


def document(slug: str, digits: str, text: str) -> SourceDocument:
    passages = register(slug, text, propose_with_reasons(text), [], {slug: text})
    size = len(text.encode())
    return SourceDocument(slug, digits, digest(text), len(text), size, passages)


def test_agreement_of_spans_edges_kinds_and_sections() -> None:
    reviewed = [span(0, 4, HEADING, "(title)"), span(5, 9), span(10, 20)]
    proposed = [span(0, 4), span(5, 20)]
    result = agreement(proposed, reviewed)
    assert (result.precision, result.recall, result.f1) == (1 / 2, 1 / 3, 2 / 5)
    assert result.boundary_f1 == pytest.approx(2 * 4 / (4 + 6))
    assert (result.kinds, result.sections) == (0.0, 0.0)
    assert agreement(reviewed, reviewed).f1 == 1.0


def test_a_new_document_is_compared_with_the_registered_ones(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "any name").write_text(OLD, encoding="utf-8", newline="")
    (tmp_path / "New Wells.txt").write_text(NEW, encoding="utf-8", newline="")
    result = draft(tmp_path / "New Wells.txt", [document("old", "000", OLD)],
                   folder=tmp_path / "files")  # fmt: skip
    base = "https://w3id.org/contested-kg/passage/"
    title, copy, near = result.passages
    assert [p.iri for p in result.passages] == [f"{base}new-wells/{n:03d}" for n in (1, 2, 3)]
    assert (title.factual, bool(title.no_claims)) == (False, True)
    assert (copy.copy_of, near.near_copies) == (f"{base}old/002", (f"{base}old/001",))
    assert "1 are identical to earlier passages, 1 nearly so" in result.report
    assert "old" in result.report.splitlines()[-1]
    assert "1.000" in result.report.splitlines()[-1]


@pytest.mark.parametrize(("name", "digits"), [("New Wells.txt", "001"), ("007_wells.txt", "007")])
def test_the_report_tells_what_registers_a_new_text(tmp_path: Path, name: str, digits: str) -> None:
    """The digits in front of the file's name, or else the next that no document has."""
    raw = "Caf\u00e9s open.\n".encode()
    (tmp_path / name).write_bytes(raw)
    report = draft(tmp_path / name, [document("old", "000", OLD)], "cafes").report
    assert report.splitlines()[3] == (
        f'  for documents.ttl: :sha256 "{hashlib.sha256(raw).hexdigest()}" ; :length 12 ;'
        f' :byteLength 13 ; :fileDigits "{digits}" .'
    )


def test_without_the_files_the_report_says_what_was_not_compared(tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text(NEW, encoding="utf-8")
    result = draft(tmp_path / "new.txt", [document("old", "000", OLD)])
    assert "not compared, their files are not at hand: old" in result.report
    assert not any(p.copy_of or p.near_copies for p in result.passages)


def test_a_registered_document_keeps_its_name_and_is_not_compared_with_itself(
    tmp_path: Path,
) -> None:
    (tmp_path / "anything.txt").write_text(OLD, encoding="utf-8", newline="")
    registered = document("old", "000", OLD)
    result = draft(tmp_path / "anything.txt", [registered], folder=tmp_path)
    assert result.passages == registered.passages
    assert ":sha256" not in result.report


def test_another_text_than_the_registered_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "000.txt").write_text(NEW, encoding="utf-8", newline="")
    report = draft(tmp_path / "000.txt", [document("old", "000", OLD)], "old").report.splitlines()
    assert report[3] == "  this is not the text that is registered"
    assert digest(NEW) in report[4]


def test_turtle_reads_back_to_the_same_passages(tmp_path: Path) -> None:
    passages = (
        Passage("https://w3id.org/contested-kg/passage/x/001", 1, "infoboxLine", "(infobox)", 0, 9,
                digest("a"), field_label='Da"te'),
        Passage("https://w3id.org/contested-kg/passage/x/002", 2, "sentence", "A > B", 10, 12,
                digest("b"), factual=False, no_claims="A reason.",
                copy_of="https://w3id.org/contested-kg/passage/w/031",
                near_copies=("https://w3id.org/contested-kg/passage/w/032",)),
    )  # fmt: skip
    path = tmp_path / "x.ttl"
    path.write_text(turtle("x", passages), encoding="utf-8")
    assert load_passages(path, "https://w3id.org/contested-kg/document/x") == passages


def test_a_reviewed_table_replaces_the_proposal(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(NEW, encoding="utf-8", newline="")
    table = tmp_path / "reviewed.csv"
    table.write_text(
        "start,end,kind,section,factual,reason\n"
        "0,9,heading,(title),no,Only a title.\n"
        '11,84,sentence,"Wells, dry",yes,\n',
        encoding="utf-8",
    )
    first, second = draft(tmp_path / "text", [], slug="wells", reviewed=table).passages
    assert (first.no_claims, first.factual, first.end) == ("Only a title.", False, 9)
    assert (second.section, second.no_claims, second.start) == ("Wells, dry", None, 11)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("0,9,,(title),no", "row 1: no value for kind"),
        ("0,9,prose,(title),no", "kind 'prose' is none of"),
        ("0,x,heading,(title),no", "whole numbers"),
        ("9,9,heading,(title),no", "9-9 is no span"),
        ("0,999,heading,(title),no", "text of 85 characters"),
        ("0,9,heading,(title),maybe", "factual must be yes or no"),
    ],
)
def test_a_faulty_row_is_named(tmp_path: Path, row: str, fault: str) -> None:
    table = tmp_path / "reviewed.csv"
    table.write_text(f"start,end,kind,section,factual\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=fault):
        read_reviewed(table, NEW)


@pytest.mark.parametrize("content", [None, b"\xff\xfe well"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "well.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"well\.txt"):
        draft(tmp_path / "well.txt", [])


@pytest.fixture(scope="module")
def registered() -> tuple[SourceDocument, ...]:
    return load_documents(DATA)


@pytest.mark.documents
def test_proposals_agree_with_the_reviewed_passages(
    registered: tuple[SourceDocument, ...],
    documents_folder: Path,
) -> None:
    texts = read_texts(registered, documents_folder)
    assert len(texts) == 5
    for document in registered:
        result = agreement(propose(texts[document.slug]), document.passages)
        assert result.f1 > 0.99, document.slug
        assert result.kinds == 1.0, document.slug


@pytest.mark.documents
def test_stored_copies_are_those_that_the_files_show(
    registered: tuple[SourceDocument, ...],
    documents_folder: Path,
) -> None:
    texts = read_texts(registered, documents_folder)
    for document in registered:
        spans = [
            (Proposal(p.start, p.end, p.kind, p.section, p.field_label, p.factual), p.no_claims)
            for p in document.passages
        ]
        text = texts[document.slug]
        assert register(document.slug, text, spans, registered, texts) == document.passages


def test_identical_sentences_between_and_inside_documents(
    registered: tuple[SourceDocument, ...],
) -> None:
    digits = {p.iri: d.file_digits for d in registered for p in d.passages}
    clusters: dict[str, list[str]] = defaultdict(list)
    for document in registered:
        for passage in document.passages:
            if passage.copy_of:
                clusters[passage.copy_of].append(passage.iri)
    shared: Counter[tuple[str, str]] = Counter()
    for root, copies in clusters.items():
        shared.update(combinations(sorted({digits[iri] for iri in (root, *copies)}), 2))
    assert shared == {
        ("000", "001"): 12, ("001", "002"): 1, ("001", "003"): 1, ("001", "004"): 1,
        ("002", "003"): 8, ("002", "004"): 52, ("003", "004"): 5,
    }  # fmt: skip


def test_every_sentence_of_the_extract_is_a_copy_or_near_copy(
    registered: tuple[SourceDocument, ...],
) -> None:
    extract = next(d for d in registered if d.slug == "mqm-militancy-extract")
    alone = [
        p.number
        for p in extract.passages
        if p.kind == SENTENCE and not p.copy_of and not p.near_copies
    ]
    assert alone == []
