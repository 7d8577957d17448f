"""What the dataset is and how large: VoID (W3C Interest Group Note, 2011), in its own graph.

Counts are of distinct statements over all other graphs; the metadata graph does not count
itself, since its size would change with what it says. Each other graph has its digest, so that
who gets a dump can tell whether it is as it was built.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from kg.errors import DataError
from kg.facts import Value, expand, quad, typed
from kg.rdf import BASE, METADATA_GRAPH, TERMS, Literal, Prefixes, Quad, fingerprint

DATASET = BASE
TITLE = "Contested"
#: Gives a graph the digest of its statements.
DIGEST = expand("schema:sha256")
_PARTITIONS = BASE + "partition/"
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"


def describe_dataset(quads: Iterable[Quad], prefixes: Prefixes) -> Iterator[Quad]:
    """Yield the description of the dataset: its graphs, classes and properties with their sizes.

    The `schema:sha256` of a graph is that of its statements by themselves, by RDFC-1.0. Raises
    `DataError` for a class or property of a namespace without a prefix.
    """
    graphs: defaultdict[str, list[Quad]] = defaultdict(list)
    triples: set[tuple[str, str, str]] = set()
    for each in quads:
        graphs[str(each.graph_name).strip("<>")].append(Quad(*each.triple))
        triples.add((str(each.subject), each.predicate.value, str(each.object)))
    yield from _dataset(triples)
    for name, own in graphs.items():
        yield _say(DATASET, "void:subset", name)
        yield _say(name, "rdf:type", "void:Dataset")
        yield _say(name, "void:triples", typed(len(own), "integer"))
        yield _say(name, DIGEST, Literal(fingerprint(own)))
    kind = expand("rdf:type")
    classes = Counter(value.strip("<>") for _, predicate, value in triples if predicate == kind)
    properties = Counter(predicate for _, predicate, _ in triples)
    yield from _partitions(("class", "entities"), classes, prefixes)
    yield from _partitions(("property", "triples"), properties, prefixes)


def _dataset(triples: set[tuple[str, str, str]]) -> Iterator[Quad]:
    subjects = {subject for subject, _, _ in triples}
    yield _say(DATASET, "rdf:type", "void:Dataset")
    yield _say(DATASET, "dcterms:title", Literal(TITLE))
    yield _say(DATASET, "dcterms:license", LICENSE)
    yield _say(DATASET, "void:uriSpace", Literal(BASE))
    yield _say(DATASET, "void:vocabulary", TERMS)
    yield _say(DATASET, "void:triples", typed(len(triples), "integer"))
    yield _say(DATASET, "void:distinctSubjects", typed(len(subjects), "integer"))


def _partitions(names: tuple[str, str], sizes: Counter[str], prefixes: Prefixes) -> Iterator[Quad]:
    """Yield one partition for each class or property, with its size."""
    what, unit = names
    for iri, size in sizes.items():
        short = prefixes.shorten(iri)
        if short.startswith("<"):
            raise DataError(
                f"The {what} {short} has no prefix in ontology/prefixes.ttl; add its namespace."
            )
        local = short.strip(":").replace(":", "-")
        node = f"{_PARTITIONS}{what}/{local}"
        yield _say(DATASET, f"void:{what}Partition", node)
        yield _say(node, f"void:{what}", iri)
        yield _say(node, f"void:{unit}", typed(size, "integer"))


def _say(subject: str, predicate: str, value: str | Value) -> Quad:
    return quad(subject, predicate, value, METADATA_GRAPH)
