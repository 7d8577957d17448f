"""Compare the source files, where they are at hand, with the registered digests and offsets.

Whoever has the files, or some, points the setting `KG_DOCUMENTS` at their folder: then
`verify_evidence` checks the files and passages, `verify_quotations` looks for the words that claims
take from them, and `words_of` gives pages the passages themselves. Nothing here changes what is
built.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kg.assets import locate
from kg.documents import Passage, SourceDocument, digest, load_documents
from kg.errors import EvidenceError, KgError
from kg.facts import Facts
from kg.rdf import CLAIMS
from kg.settings import Settings
from kg.sources import SourceFile, stop

#: Gives the words of a passage by its IRI and their digest; None if they are not at hand.
Words = Callable[[str, str], str | None]

#: In what a claim keeps words of the text, and what stands for those that it leaves out.
_QUOTATIONS = ("cue", "wording", "whomWording")
_LEFT_OUT = "…"

#: What stands between passages; tried in turn to find a changed character there.
_WHITE = " \n\t\r\u00a0"


def read_texts(documents: Iterable[SourceDocument], folder: Path) -> dict[str, str]:
    """Return slug → text of the registered documents found in a folder, by digest alone.

    Files are recognised whatever they are called; those that are changed or
    missing are left out. Raises `EvidenceError` if the folder cannot be read.
    """
    by_digest = {digest(content): content for content in _contents(folder).values()}
    return {
        document.slug: _decode(document, by_digest[document.sha256])
        for document in documents
        if document.sha256 in by_digest
    }


def missing_texts(documents: Iterable[SourceDocument], folder: Path) -> list[str]:
    """Return the slugs of the registered documents of which a folder has no file.

    A file is a document's by its digest, or else by the digits in front of its name. Raises
    `EvidenceError` if the folder cannot be read.
    """
    contents = _contents(folder)
    return [each.slug for each in documents if _find(each, contents) is None]


def words_of(settings: Settings) -> Words:
    """Return the look-up of a passage's words, which gives None where something is missing."""
    known: dict[tuple[str, str], str] = {}
    if settings.documents is not None:
        with contextlib.suppress(KgError):
            documents = load_documents(locate(settings).data)
            texts = read_texts(documents, settings.documents)
            for document in (each for each in documents if each.slug in texts):
                for passage in document.passages:
                    words = passage.of(texts[document.slug])
                    known[passage.iri, digest(words)] = words
    return lambda passage, sha256: known.get((passage, sha256))


def verify_evidence(documents: Sequence[SourceDocument], folder: Path) -> int:
    """Check every file at hand and its passages; return the number of passages that agree.

    Raises `EvidenceError` naming document, passage and offsets of the first fault: a changed byte,
    or an offset that does not fit the file; and if none of the files is at hand.
    """
    contents = _contents(folder)
    found = {each: content for each in documents if (content := _find(each, contents)) is not None}
    if documents and not found:
        raise EvidenceError(
            f"{folder} has none of the registered texts: no file has a registered digest, or a name"
            " that begins with a document's digits; set KG_DOCUMENTS to the folder that has them."
        )
    for document, content in found.items():
        intact = digest(content) == document.sha256
        text = _decode(document, content)
        _verify_passages(document, text, intact=intact)
        if not intact:
            raise EvidenceError(_change_between_passages(document, text))
        if (len(text), len(content)) != (document.length, document.byte_length):
            raise EvidenceError(
                f"Document {document.slug}: its file has {len(text)} characters in {len(content)}"
                f" bytes; correct length and byteLength in documents.ttl."
            )
    return sum(len(document.passages) for document in found)


def verify_quotations(
    files: Iterable[SourceFile], documents: Sequence[SourceDocument], folder: Path
) -> None:
    """Raise `DataError` for words that a claim has in quotation and none of its passages has.

    `files` are those of claims; case, line breaks and curly apostrophes make no difference. Claims
    whose text is not at hand are passed over.
    """
    texts = read_texts(documents, folder)
    words = {
        passage.iri: passage.of(texts[document.slug])
        for document in documents if document.slug in texts
        for passage in document.passages
    }  # fmt: skip
    stop(fault for file in files for fault in _unquoted(file, words))


def _unquoted(file: SourceFile, words: Mapping[str, str]) -> Iterator[str]:
    own = Facts(file.quads)
    for claim in own.subjects():
        passages = own.texts(claim, "evidence")
        if not all(each in words for each in passages):
            continue
        text = _plain(" ".join(words[each] for each in passages))
        for part in _QUOTATIONS:
            for value in own.texts(claim, part):
                if any(_plain(each) not in text for each in value.split(_LEFT_OUT)):
                    yield (
                        f"{file.where(claim, value)}: claim {claim.removeprefix(CLAIMS)} has the"
                        f" :{part} {value!r}, which does not stand in its passage; write the words"
                        f" of the text, with {_LEFT_OUT} for what is left out."
                    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("\u2019", "'").split())


def _verify_passages(document: SourceDocument, text: str, *, intact: bool) -> None:
    for passage in document.passages:
        if digest(passage.of(text)) == passage.sha256:
            continue
        why = (
            "the offsets or the digest in data/passages are wrong, the file is the registered one"
            if intact
            else "the file was changed here or before; restore the registered file"
        )
        raise EvidenceError(f"{_place(document, passage)}: the text has another digest; {why}.")


def _place(document: SourceDocument, passage: Passage) -> str:
    return (
        f"Document {document.slug} (file {document.file_digits}), passage {passage.number:03d},"
        f" offsets {passage.start}-{passage.end}"
    )


def _change_between_passages(document: SourceDocument, text: str) -> str:
    """Say where the white space between the passages was changed, as exactly as can be found."""
    if not document.passages:
        return f"Document {document.slug}: its file was changed; restore the registered file."
    last = document.passages[-1]
    position = _changed_position(document, text)
    if position is None:
        return (
            f"{_place(document, last)}: every passage agrees but the file does not; its white"
            " space, or what follows this last passage, was changed; restore the registered file."
        )
    beside = next((p for p in document.passages if p.start > position), last)
    return (
        f"{_place(document, beside)}: the character at offset {position}, beside this passage,"
        " was changed; restore the registered file."
    )


def _changed_position(document: SourceDocument, text: str) -> int | None:
    """Find the one character outside all passages whose repair restores the digest."""
    inside = {i for passage in document.passages for i in range(passage.start, passage.end)}
    for position in range(len(text)):
        if position in inside:
            continue
        for white in _WHITE:
            if digest(text[:position] + white + text[position + 1 :]) == document.sha256:
                return position
    return None


def _contents(folder: Path) -> dict[str, bytes]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return {path.name: path.read_bytes() for path in files}
    except OSError as error:
        raise EvidenceError(
            f"The documents folder {folder} cannot be read ({error.strerror});"
            " set KG_DOCUMENTS to the folder with the source files."
        ) from error


def _find(document: SourceDocument, contents: Mapping[str, bytes]) -> bytes | None:
    """Choose a document's file: by digest, else by the digits in front of its name; or None."""
    for content in contents.values():
        if digest(content) == document.sha256:
            return content
    for name, content in contents.items():
        if name[:3] == document.file_digits:
            return content
    return None


def _decode(document: SourceDocument, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        offset = len(content[: error.start].decode())
        last = document.passages[-1] if document.passages else None
        near = next((p for p in document.passages if offset < p.end), last)
        where = _place(document, near) if near else f"Document {document.slug}"
        raise EvidenceError(
            f"{where}: the byte at offset {offset} is not UTF-8; restore the registered file."
        ) from error
