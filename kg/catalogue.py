"""What a release is, for catalogues and search engines: DCAT 3, VoID and schema.org.

The counts are those that the snapshot's own metadata graph has (`kg/metadata.py`); here come
the files, their digests, licence and version. Addresses of files are made under `RELEASE` and
written relative to the description, so that they hold wherever the folder is published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.metadata import DATASET, LICENSE
from kg.rdf import BASE, Literal, NamedNode, Quad
from kg.snapshots import Snapshot

#: Stands for the folder of the release; `relative` takes it away again.
RELEASE = BASE + "release/"
DESCRIPTION = (
    "A knowledge graph of contested events: who commanded what, when, says who, and who says"
    " otherwise. Every statement is a claim with its document, passage, speaker, stance and time;"
    " contradictory accounts stay side by side."
)
KEYWORDS = ("contested events", "knowledge graph", "provenance", "Operation Clean-up", "Karachi")
CREATOR = "The Contested contributors"

_DCAT = "http://www.w3.org/ns/dcat#"
_DCTERMS = "http://purl.org/dc/terms/"
_ENGLISH = "http://id.loc.gov/vocabulary/iso639-1/en"
_FOAF = "http://xmlns.com/foaf/0.1/"
_IANA = "https://www.iana.org/assignments/media-types/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SCHEMA = "https://schema.org/"
_SPDX = "http://spdx.org/rdf/terms#"
_VOID = "http://rdfs.org/ns/void#"
_XSD = "http://www.w3.org/2001/XMLSchema#"

Statements = Iterator[Quad]
Value = NamedNode | Literal


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
    metadata: Iterable[Quad], snapshot: Snapshot, date: str, files: Iterable[File]
) -> list[Quad]:
    """Return the description: the snapshot's own metadata, the dataset, and its files.

    `date` is the day of the newest curation, as xsd:date.
    """
    quads = {Quad(each.subject, each.predicate, each.object) for each in metadata}
    creator = RELEASE + "CITATION.cff#contributors"
    quads.update(dataset_facts(snapshot.dataset, snapshot.version, date, creator))
    for file in files:
        quads.update(_file(file))
    return sorted(quads, key=str)


def relative(document: bytes) -> bytes:
    """Return a serialised description with addresses of files relative to itself."""
    return document.replace(RELEASE.encode(), b"")


def dataset_facts(fingerprint: str, version: str, date: str, creator: str) -> Statements:
    """Yield what the dataset is for DCAT, VoID and schema.org; `creator` is the IRI for its makers.

    An empty version or date (xsd:date) is left out, for a graph that records none.
    """
    for kind in (_DCAT, _VOID, _SCHEMA):
        yield _say(DATASET, _RDF + "type", _iri(kind + "Dataset"))
    said: dict[str, Value] = {
        "title name": Literal("Contested"),
        "description description": Literal(DESCRIPTION, language="en"),
        "license license": _iri(LICENSE),
        "identifier identifier": Literal(f"sha256:{fingerprint}"),
        **({"modified dateModified": _typed(date, "date")} if date else {}),
        "creator creator": _iri(creator),
        "publisher publisher": _iri(creator),
    }
    for names, value in said.items():
        theirs, schema = names.split()
        yield _say(DATASET, _DCTERMS + theirs, value)
        yield _say(DATASET, _SCHEMA + schema, value)
    yield _say(DATASET, _DCTERMS + "language", _iri(_ENGLISH))
    yield _say(DATASET, _SCHEMA + "inLanguage", Literal("en"))
    yield _say(DATASET, _SCHEMA + "isAccessibleForFree", _typed("true", "boolean"))
    if version:
        yield _say(DATASET, _DCAT + "version", Literal(version))
        yield _say(DATASET, _SCHEMA + "version", Literal(version))
    for word in KEYWORDS:
        yield _say(DATASET, _DCAT + "keyword", Literal(word, language="en"))
        yield _say(DATASET, _SCHEMA + "keywords", Literal(word, language="en"))
    for kind in (_FOAF + "Agent", _SCHEMA + "Organization"):
        yield _say(creator, _RDF + "type", _iri(kind))
    for name in (_FOAF + "name", _SCHEMA + "name"):
        yield _say(creator, name, Literal(CREATOR))


def _file(file: File) -> Statements:
    """Yield one distribution, which is also a DataDownload of schema.org."""
    address = _iri(RELEASE + file.path)
    node = f"{RELEASE}{file.path}#distribution"
    checksum = f"{RELEASE}{file.path}#checksum"
    yield _say(DATASET, _DCAT + "distribution", _iri(node))
    yield _say(DATASET, _SCHEMA + "distribution", _iri(node))
    yield _say(node, _RDF + "type", _iri(_DCAT + "Distribution"))
    yield _say(node, _RDF + "type", _iri(_SCHEMA + "DataDownload"))
    yield _say(node, _DCTERMS + "title", Literal(file.title, language="en"))
    yield _say(node, _SCHEMA + "name", Literal(file.title, language="en"))
    yield _say(node, _DCTERMS + "license", _iri(LICENSE))
    yield _say(node, _DCAT + "accessURL", address)
    yield _say(node, _DCAT + "downloadURL", address)
    yield _say(node, _SCHEMA + "contentUrl", address)
    yield _say(node, _DCAT + "mediaType", _iri(_IANA + file.media_type))
    yield _say(node, _SCHEMA + "encodingFormat", Literal(file.media_type))
    yield _say(node, _DCAT + "byteSize", _typed(str(file.size), "nonNegativeInteger"))
    yield _say(node, _SCHEMA + "contentSize", Literal(f"{file.size} B"))
    yield _say(node, _SCHEMA + "sha256", Literal(file.sha256))
    yield _say(node, _SPDX + "checksum", _iri(checksum))
    yield _say(checksum, _RDF + "type", _iri(_SPDX + "Checksum"))
    yield _say(checksum, _SPDX + "algorithm", _iri(_SPDX + "checksumAlgorithm_sha256"))
    yield _say(checksum, _SPDX + "checksumValue", _typed(file.sha256, "hexBinary"))
    if file.conforms:
        yield _say(node, _DCTERMS + "conformsTo", _iri(file.conforms))
    if file.dump:
        yield _say(DATASET, _VOID + "dataDump", address)


def _say(subject: str, predicate: str, value: Value) -> Quad:
    return Quad(_iri(subject), _iri(predicate), value)


def _iri(text: str) -> NamedNode:
    return NamedNode(text)


def _typed(text: str, datatype: str) -> Literal:
    return Literal(text, datatype=_iri(_XSD + datatype))
