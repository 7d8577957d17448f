"""The words of passages, for whoever has the source files: never part of the data.

With `KG_DOCUMENTS` set, pages show a passage once its digest is the one that the graph has.
"""

from collections.abc import Callable

from kg.assets import locate
from kg.documents import digest, load_documents
from kg.errors import KgError
from kg.evidence import passage_text, read_texts
from kg.settings import Settings

#: Gives the words of a passage by its IRI and their digest; None if they are not at hand.
Words = Callable[[str, str], str | None]


def words_of(settings: Settings) -> Words:
    """Return the look-up of a passage's words by its IRI and the digest that they must have."""
    if settings.documents is None:
        return _nothing
    try:
        documents = load_documents(locate(settings).data)
        texts = read_texts(documents, settings.documents)
    except KgError:
        return _nothing

    def words(passage: str, sha256: str) -> str | None:
        found = passage_text(texts, documents, passage)
        return found if found is not None and digest(found) == sha256 else None

    return words


def _nothing(_passage: str, _sha256: str) -> str | None:
    return None
