"""What a release is, for catalogues and search engines: DCAT 3, VoID and schema.org.

The counts are those that the snapshot's own metadata graph has (`kg/metadata.py`); here come
the files, their digests, licence and version. Addresses of files are made under `RELEASE` and
written relative to the description, so that they hold wherever the folder is published.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.facts import expand, typed
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

_ENGLISH = "http://id.loc.gov/vocabulary/iso639-1/en"
_IANA = "https://www.iana.org/assignments/media-types/"


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


def dataset_facts(fingerprint: str, version: str, date: str, creator: str) -> Iterator[Quad]:
    """Yield what the dataset is for DCAT, VoID and schema.org; `creator` is the IRI for its makers.

    An empty version or date (xsd:date) is left out, for a graph that records none.
    """
    for prefix in ("dcat", "void", "schema"):
        yield say(DATASET, "rdf:type", f"{prefix}:Dataset")
    said: dict[str, str | Literal] = {
        "title name": Literal("Contested"),
        "description description": Literal(DESCRIPTION, language="en"),
        "license license": LICENSE,
        "identifier identifier": Literal(f"sha256:{fingerprint}"),
        **({"modified dateModified": typed(date, "date")} if date else {}),
        "creator creator": creator,
        "publisher publisher": creator,
    }
    for names, value in said.items():
        theirs, schema = names.split()
        yield say(DATASET, f"dcterms:{theirs}", value)
        yield say(DATASET, f"schema:{schema}", value)
    yield say(DATASET, "dcterms:language", _ENGLISH)
    yield say(DATASET, "schema:inLanguage", Literal("en"))
    yield say(DATASET, "schema:isAccessibleForFree", typed("true", "boolean"))
    if version:
        yield say(DATASET, "dcat:version", Literal(version))
        yield say(DATASET, "schema:version", Literal(version))
    for word in KEYWORDS:
        yield say(DATASET, "dcat:keyword", Literal(word, language="en"))
        yield say(DATASET, "schema:keywords", Literal(word, language="en"))
    for kind in ("foaf:Agent", "schema:Organization"):
        yield say(creator, "rdf:type", kind)
    for name in ("foaf:name", "schema:name"):
        yield say(creator, name, Literal(CREATOR))


def distribution(node: str, title: str, address: str, media_type: str) -> Iterator[Quad]:
    """Yield a file of the dataset as DCAT has it, which is also a DataDownload of schema.org."""
    yield say(DATASET, "dcat:distribution", node)
    yield say(DATASET, "schema:distribution", node)
    yield say(node, "rdf:type", "dcat:Distribution")
    yield say(node, "rdf:type", "schema:DataDownload")
    yield say(node, "dcterms:title", Literal(title, language="en"))
    yield say(node, "dcterms:license", LICENSE)
    for name in ("dcat:accessURL", "dcat:downloadURL", "schema:contentUrl"):
        yield say(node, name, address)
    yield say(node, "dcat:mediaType", _IANA + media_type)
    yield say(node, "schema:encodingFormat", Literal(media_type))


def say(subject: str, predicate: str, value: str | Literal) -> Quad:
    """Return a statement in the default graph; IRIs may be short names."""
    thing = NamedNode(expand(value)) if isinstance(value, str) else value
    return Quad(NamedNode(subject), NamedNode(expand(predicate)), thing)


def _file(file: File) -> Iterator[Quad]:
    address = RELEASE + file.path
    node, checksum = f"{address}#distribution", f"{address}#checksum"
    yield from distribution(node, file.title, address, file.media_type)
    yield say(node, "schema:name", Literal(file.title, language="en"))
    yield say(node, "dcat:byteSize", typed(file.size, "nonNegativeInteger"))
    yield say(node, "schema:contentSize", Literal(f"{file.size} B"))
    yield say(node, "schema:sha256", Literal(file.sha256))
    yield say(node, "spdx:checksum", checksum)
    yield say(checksum, "rdf:type", "spdx:Checksum")
    yield say(checksum, "spdx:algorithm", "spdx:checksumAlgorithm_sha256")
    yield say(checksum, "spdx:checksumValue", typed(file.sha256, "hexBinary"))
    if file.conforms:
        yield say(node, "dcterms:conformsTo", file.conforms)
    if file.dump:
        yield say(DATASET, "void:dataDump", address)
