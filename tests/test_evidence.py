"""Digests and offsets against the files: every change is found and named."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tree import BASE, Tree

from kg.documents import SourceDocument, digest, load_documents
from kg.errors import EvidenceError
from kg.evidence import Words, missing_texts, read_texts, verify_evidence, words_of
from kg.passages import propose_with_reasons, register
from kg.settings import Settings

DATA = Path(__file__).parents[1] / "data"
TEXT = "= Wells =\n\nThe old wells fell dry in 1950: “all nine”. Nobody knew why.\n"
SPANS = "002, offsets 11-54"
PASSAGE = f"{BASE}passage/alpha/002"


@pytest.fixture
def document() -> SourceDocument:
    passages = register("wells", TEXT, propose_with_reasons(TEXT), [], {})
    size = len(TEXT.encode())
    return SourceDocument("wells", "007", digest(TEXT), len(TEXT), size, passages)


def folder(path: Path, content: bytes, name: str = "007_abc.txt") -> Path:
    (path / name).write_bytes(content)
    (path / "another file").write_bytes(b"\xff not registered")
    return path


def test_intact_files_pass_whatever_they_are_called(
    tmp_path: Path, document: SourceDocument
) -> None:
    files = folder(tmp_path, TEXT.encode(), "renamed")
    assert verify_evidence([document], files) == 3
    assert read_texts([document], files) == {"wells": TEXT}


@pytest.mark.parametrize("position", range(len(TEXT.encode())))
def test_any_one_changed_byte_fails_with_document_passage_and_offset(
    tmp_path: Path, document: SourceDocument, position: int
) -> None:
    content = bytearray(TEXT.encode())
    content[position] ^= 1
    files = folder(tmp_path, bytes(content))
    assert read_texts([document], files) == {}
    with pytest.raises(EvidenceError) as caught:
        verify_evidence([document], files)
    named = r"Document wells \(file 007\), passage 00[123], offsets (\d+)-(\d+)\b"
    found = re.match(named, str(caught.value))
    assert found
    offset = len(TEXT.encode()[:position].decode(errors="ignore"))
    assert int(found[1]) - 2 <= offset <= int(found[2])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (TEXT.replace("dry", "dri"), f"passage {SPANS}: .* was changed here or before"),
        (TEXT.replace("”. N", "”.\tN"), "passage 003, .* offset 54, beside this passage"),
        (TEXT + "More.", "passage 003, .* what follows this last passage"),
        ("x" + TEXT, "passage 001, offsets 0-9"),
        (TEXT.replace("\n", "\r\n"), f"passage {SPANS}"),
    ],
)
def test_changes_are_described(
    tmp_path: Path, document: SourceDocument, content: str, fault: str
) -> None:
    files = folder(tmp_path, content.encode())
    with pytest.raises(EvidenceError, match=fault):
        verify_evidence([document], files)


def test_a_broken_character_is_named(tmp_path: Path, document: SourceDocument) -> None:
    files = folder(tmp_path, TEXT.encode().replace("“".encode(), b"\xe2\x20\x9c"))
    with pytest.raises(EvidenceError, match=f"passage {SPANS}: the byte at offset 43 is not UTF-8"):
        verify_evidence([document], files)


def test_a_broken_character_after_the_last_passage_is_named_by_it(
    tmp_path: Path, document: SourceDocument
) -> None:
    files = folder(tmp_path, TEXT.encode()[:-1] + b"\xff")
    with pytest.raises(EvidenceError, match=r"passage 003, .*: the byte at offset 71 is not UTF-8"):
        verify_evidence([document], files)


def test_a_shifted_offset_is_a_fault_of_the_data(tmp_path: Path, document: SourceDocument) -> None:
    first, second, third = document.passages
    shifted = replace(document, passages=(first, replace(second, start=12), third))
    files = folder(tmp_path, TEXT.encode())
    with pytest.raises(EvidenceError, match=r"passage 002, offsets 12-54: .* data/passages"):
        verify_evidence([shifted], files)


@pytest.mark.parametrize("change", [{"length": 3}, {"byte_length": 3}])
def test_a_wrong_length_is_named(
    tmp_path: Path, document: SourceDocument, change: dict[str, int]
) -> None:
    files = folder(tmp_path, TEXT.encode())
    with pytest.raises(EvidenceError, match="Document wells: its file has"):
        verify_evidence([replace(document, **change)], files)  # type: ignore[arg-type]


def test_texts_at_hand_are_compared_and_the_others_named(
    tmp_path: Path, document: SourceDocument
) -> None:
    absent = replace(document, slug="springs", file_digits="008", sha256=digest("springs"))
    files = folder(tmp_path, TEXT.encode())
    assert verify_evidence([document, absent], files) == 3
    assert missing_texts([document, absent], files) == ["springs"]
    (files / "008.txt").write_text("not springs")
    assert missing_texts([document, absent], files) == []
    with pytest.raises(EvidenceError, match="Document springs"):
        verify_evidence([document, absent], files)


def test_a_missing_file_or_folder_is_named(tmp_path: Path, document: SourceDocument) -> None:
    with pytest.raises(EvidenceError, match=f"{tmp_path} has none of the registered texts"):
        verify_evidence([document], folder(tmp_path, b"other", "008.txt"))
    with pytest.raises(EvidenceError, match="KG_DOCUMENTS"):
        verify_evidence([document], tmp_path / "nowhere")


@pytest.mark.documents
def test_the_registered_files_agree_with_every_digest_and_offset(documents_folder: Path) -> None:
    assert verify_evidence(load_documents(DATA), documents_folder) == 388


@pytest.mark.documents
@pytest.mark.parametrize("digits", ["000", "001", "002", "003", "004"])
def test_one_changed_byte_in_a_registered_file_fails(
    tmp_path: Path, documents_folder: Path, digits: str
) -> None:
    documents = load_documents(DATA)
    for path in documents_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    target = next(path for path in tmp_path.iterdir() if path.name.startswith(digits))
    content = bytearray(target.read_bytes())
    document = next(d for d in documents if d.file_digits == digits)
    passage = document.passages[len(document.passages) // 2]
    content[len(content.decode()[: passage.start].encode())] ^= 1
    target.write_bytes(bytes(content))
    place = rf"Document {document.slug} \(file {digits}\), passage {passage.number:03d}"
    with pytest.raises(EvidenceError, match=f"{place}, offsets {passage.start}-{passage.end}"):
        verify_evidence(documents, tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def recorded(tree: Tree) -> str:
    passages = load_documents(tree.root / "data")[0].passages
    return next(each.sha256 for each in passages if each.iri == PASSAGE)


def look_up(tree: Tree, documents: Path | None) -> Words:
    return words_of(Settings(source=tree.root, documents=documents))


def test_words_are_shown_with_the_files_at_hand(tree: Tree, tmp_path: Path) -> None:
    files = tmp_path / "files"
    tree.add_documents(files)
    assert len(look_up(tree, files)(PASSAGE, recorded(tree))) == 9


def test_words_of_another_digest_are_not_shown(tree: Tree, tmp_path: Path) -> None:
    """The graph that is served may register another text than the sources beside it."""
    files = tmp_path / "files"
    tree.add_documents(files)
    assert look_up(tree, files)(PASSAGE, "0" * 64) is None


def test_without_the_files_nothing_is_shown(tree: Tree, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert look_up(tree, None)(PASSAGE, recorded(tree)) is None
    assert look_up(tree, empty)(PASSAGE, recorded(tree)) is None
    missing = Settings(source=tmp_path, documents=empty)
    assert words_of(missing)(PASSAGE, recorded(tree)) is None
