"""What a release is, for catalogues and search engines: DCAT 3, VoID and schema.org.

The counts are those that the snapshot's own metadata graph has (`kg/metadata.py`); here come
the files, their digests, licence and version. Addresses of files are made under `_RELEASE` and
written relative to the description, so that they hold wherever the folder is published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.facts import quad, typed
from kg.metadata import DATASET, LICENSE, TITLE
from kg.rdf import BASE, Literal, Quad, union

#: Stands for the folder of the release; `relative` takes it away again.
_RELEASE = BASE + "release/"
DESCRIPTION = (
    "A knowledge graph of contested events: who commanded what, when, says who, and who says"
    " otherwise. Every statement is a claim with its document, passage, speaker, stance and time;"
    " contradictory accounts stay side by side."
)
#: What any dataset of this program is about; what one of them is about besides, its texts tell.
_KEYWORDS = ("contested events", "knowledge graph", "provenance")
CREATOR = "The Contested contributors"

_ENGLISH = "http://id.loc.gov/vocabulary/iso639-1/en"
_IANA = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True)
class Edition:
    """What a graph says of itself: version, day of its newest curation (xsd:date), subjects.

    `subjects` are the labels of what its documents name most. What it does not record is empty.
    """

    version: str = ""
    date: str = ""
    subjects: tuple[str, ...] = ()

    @property
    def keywords(self) -> tuple[str, ...]:
        """The keywords of the dataset."""
        return (*_KEYWORDS, *self.subjects)


@dataclass(frozen=True)
class File:
    """A file of a release: path in the folder, media type, title, size in bytes, SHA-256.

    `conforms` is the standard that it follows beyond its media type, `dump` tells whether it
    holds the whole graph in RDF.
    """

    path: str
    media_type: str
    title: str
    size: int
    sha256: str
    conforms: str = ""
    dump: bool = False


def describe_release(
    metadata: Iterable[Quad], fingerprint: str, edition: Edition, files: Iterable[File]
) -> list[Quad]:
    """Return the description: the snapshot's own metadata, the dataset, and its files."""
    quads = set(union(metadata))
    creator = _RELEASE + "CITATION.cff#contributors"
    quads.update(dataset_facts(fingerprint, edition, creator))
    for file in files:
        quads.update(_file(file))
    return sorted(quads, key=str)


def relative(document: bytes) -> bytes:
    """Return a serialised description with addresses of files relative to itself."""
    return document.replace(_RELEASE.encode(), b"")


def dataset_facts(fingerprint: str, edition: Edition, creator: str) -> Iterator[Quad]:
    """Yield what the dataset is for DCAT, VoID and schema.org; `creator` is the IRI for its makers.

    A version or date that the graph does not record is left out.
    """
    for prefix in ("dcat", "void", "schema"):
        yield quad(DATASET, "rdf:type", f"{prefix}:Dataset")
    said: dict[str, str | Literal] = {
        "title name": Literal(TITLE),
        "description description": Literal(DESCRIPTION, language="en"),
        "license license": LICENSE,
        "identifier identifier": Literal(f"sha256:{fingerprint}"),
        **({"modified dateModified": typed(edition.date, "date")} if edition.date else {}),
        "creator creator": creator,
        "publisher publisher": creator,
    }
    for names, value in said.items():
        theirs, schema = names.split()
        yield quad(DATASET, f"dcterms:{theirs}", value)
        yield quad(DATASET, f"schema:{schema}", value)
    yield quad(DATASET, "dcterms:language", _ENGLISH)
    yield quad(DATASET, "schema:inLanguage", Literal("en"))
    yield quad(DATASET, "schema:isAccessibleForFree", typed("true", "boolean"))
    if edition.version:
        yield quad(DATASET, "dcat:version", Literal(edition.version))
        yield quad(DATASET, "schema:version", Literal(edition.version))
    for word in edition.keywords:
        yield quad(DATASET, "dcat:keyword", Literal(word, language="en"))
        yield quad(DATASET, "schema:keywords", Literal(word, language="en"))
    for kind in ("foaf:Agent", "schema:Organization"):
        yield quad(creator, "rdf:type", kind)
    for name in ("foaf:name", "schema:name"):
        yield quad(creator, name, Literal(CREATOR))


def distribution(node: str, title: str, address: str, media_type: str) -> Iterator[Quad]:
    """Yield a file of the dataset as DCAT has it, which is also a DataDownload of schema.org."""
    yield quad(DATASET, "dcat:distribution", node)
    yield quad(DATASET, "schema:distribution", node)
    yield quad(node, "rdf:type", "dcat:Distribution")
    yield quad(node, "rdf:type", "schema:DataDownload")
    yield quad(node, "dcterms:title", Literal(title, language="en"))
    yield quad(node, "dcterms:license", LICENSE)
    for name in ("dcat:accessURL", "dcat:downloadURL", "schema:contentUrl"):
        yield quad(node, name, address)
    yield quad(node, "dcat:mediaType", _IANA + media_type)
    yield quad(node, "schema:encodingFormat", Literal(media_type))


def _file(file: File) -> Iterator[Quad]:
    address = _RELEASE + file.path
    node, checksum = f"{address}#distribution", f"{address}#checksum"
    yield from distribution(node, file.title, address, file.media_type)
    yield quad(node, "schema:name", Literal(file.title, language="en"))
    yield quad(node, "dcat:byteSize", typed(file.size, "nonNegativeInteger"))
    yield quad(node, "schema:contentSize", Literal(f"{file.size} B"))
    yield quad(node, "schema:sha256", Literal(file.sha256))
    yield quad(node, "spdx:checksum", checksum)
    yield quad(checksum, "rdf:type", "spdx:Checksum")
    yield quad(checksum, "spdx:algorithm", "spdx:checksumAlgorithm_sha256")
    yield quad(checksum, "spdx:checksumValue", typed(file.sha256, "hexBinary"))
    if file.conforms:
        yield quad(node, "dcterms:conformsTo", file.conforms)
    if file.dump:
        yield quad(DATASET, "void:dataDump", address)
