"""The registry of documents and passages, and the faults it refuses."""

from dataclasses import replace
from pathlib import Path

import pytest

from kg.documents import check_offsets, digest, load_documents, load_passages, passage_iri
from kg.errors import DataError, EvidenceError
from kg.passages import propose_with_reasons, register, turtle

DATA = Path(__file__).parents[1] / "data"
TEXT = "= Wells =\n\nThe old wells fell dry in 1950. Nobody in town knew why.\n"
REGISTRY = """
@prefix : <https://w3id.org/contested-kg/ontology/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://w3id.org/contested-kg/document/wells> a :SourceDocument ; rdfs:label "Wells" ;
  :fileDigits "007" ; :sha256 "{sha256}" ; :length {length} ; :byteLength {length} ;
  :versionOf <https://w3id.org/contested-kg/id/work-wells> .
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    registry = REGISTRY.format(sha256=digest(TEXT), length=len(TEXT))
    (tmp_path / "documents.ttl").write_text(registry, encoding="utf-8")
    (tmp_path / "passages").mkdir()
    passages = register("wells", TEXT, propose_with_reasons(TEXT), [], {})
    (tmp_path / "passages" / "wells.ttl").write_text(turtle("wells", passages), encoding="utf-8")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_document_is_read_with_its_passages(source: Path) -> None:
    (document,) = load_documents(source)
    assert (document.slug, document.file_digits, document.length) == ("wells", "007", len(TEXT))
    assert document.iri == "https://w3id.org/contested-kg/document/wells"
    assert [p.iri for p in document.passages] == [passage_iri("wells", n) for n in (1, 2, 3)]
    assert [p.of(TEXT) for p in document.passages] == [
        "= Wells =",
        "The old wells fell dry in 1950.",
        "Nobody in town knew why.",
    ]


def test_a_document_without_passages_is_read(source: Path) -> None:
    (source / "passages" / "wells.ttl").unlink()
    assert load_documents(source)[0].passages == ()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("oa:start 11 ", "oa:start 8 ", "passage 002, offsets 8-42: it overlaps"),
        ("oa:end 67 ", "oa:end 999 ", "passage 003, offsets 43-999: .* ends by 68"),
        ("oa:end 67 ", "oa:end 43 ", "passage 003, offsets 43-43: "),
        (":number 3 ", ":number 4 ", "passage 004: passage 003 was expected"),
        ("p:003 a", "p:004 a", "passage 003: passage 003 was expected"),
    ],
)
def test_faulty_offsets_are_named(source: Path, old: str, new: str, fault: str) -> None:
    edit(source / "passages" / "wells.ttl", old, new)
    with pytest.raises(EvidenceError, match=f"Document wells, {fault}"):
        load_documents(source)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("oa:start 11 ", 'oa:start "x" ', r"wells\.ttl.*'x'.*write a whole number"),
        (":factual true ;", "", r"wells\.ttl.*has no factual"),
        (":number 3 ", ":number 3, 4 ", "two values of number"),
        ("d:wells ;", "d:springs ;", "must have the document .*document/wells"),
        ("p:003 a", "p:003 a a", r"wells\.ttl, line \d+, column \d+: not valid Turtle"),
    ],
)
def test_faulty_passage_files_are_named(source: Path, old: str, new: str, fault: str) -> None:
    edit(source / "passages" / "wells.ttl", old, new)
    with pytest.raises(DataError, match=fault):
        load_documents(source)


def test_a_document_without_its_work_is_named(source: Path) -> None:
    edit(source / "documents.ttl", ":versionOf <https://w3id.org/contested-kg/id/work-wells>", "")
    with pytest.raises(DataError, match=r"documents\.ttl: \S+/wells has no versionOf; add it"):
        load_documents(source)


def test_a_registry_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"documents\.ttl cannot be read"):
        load_documents(tmp_path)


def test_the_five_documents_and_their_passages_are_registered() -> None:
    documents = load_documents(DATA)
    assert [(d.file_digits, d.slug, len(d.passages)) for d in documents] == [
        ("000", "operation-clean-up-1", 39),
        ("001", "operation-clean-up-2", 70),
        ("002", "mqm-militancy", 152),
        ("003", "mqm-insurrection-1978-1992", 52),
        ("004", "mqm-militancy-extract", 75),
    ]
    passages = [passage for document in documents for passage in document.passages]
    assert sum(passage.factual for passage in passages) == 342
    assert all(bool(passage.no_claims) != passage.factual for passage in passages)
    labelled = [p for p in passages if p.field_label]
    assert {p.kind for p in labelled} == {"infoboxLine"}
    assert len(labelled) == 48


def test_copies_point_to_an_earlier_root_that_is_registered() -> None:
    documents = load_documents(DATA)
    order = {p.iri: place for place, p in enumerate(p for d in documents for p in d.passages)}
    by_iri = {p.iri: p for d in documents for p in d.passages}
    for iri, passage in by_iri.items():
        for target in filter(None, (passage.copy_of, *passage.near_copies)):
            assert order[target] < order[iri]
            assert by_iri[target].copy_of is None
        if passage.copy_of:
            assert by_iri[passage.copy_of].sha256 == passage.sha256


def test_a_passage_file_of_another_document_is_refused(source: Path) -> None:
    with pytest.raises(DataError, match="must have the document other"):
        load_passages(source / "passages" / "wells.ttl", "other")


def test_check_offsets_accepts_touching_passages(source: Path) -> None:
    (document,) = load_documents(source)
    first, second, third = document.passages
    check_offsets(replace(document, passages=(first, second, replace(third, start=second.end))))
