"""A snapshot as a file to pass on, in every form that `FORMS` and `FOLDERS` list, byte-stable.

The dataset forms read back to the dataset's fingerprint, the union forms to that of the union
of all graphs (RDFC-1.0); the others are views. What is written depends on the statements, the
prefix list and the context alone. The graph is read as a stream, or held in memory once where
a form has to ask it.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from kg.assets import Assets, locate
from kg.context import make_context, read_context, write_context
from kg.csvw import write_tables
from kg.errors import InputError
from kg.files import filling, replacing
from kg.frames import write_frames
from kg.graphml import write_graphml
from kg.jsonld import write_dataset
from kg.names import suggest
from kg.progress import progress
from kg.rdf import Prefixes, RdfFormat, read_turtle, serialize_rdf, write_rdf
from kg.review import write_review
from kg.settings import Settings
from kg.snapshots import DATA, current_snapshot
from kg.streams import Source, by_subject

_CONTEXT = "context"


@dataclass(frozen=True)
class Form:
    """One way to write a snapshot into a file.

    `file` is its name in a release; `holds` says what it reads back to, "" for a view that
    leaves something out; `conforms` is the standard it follows beyond its media type.
    """

    file: str
    media_type: str
    title: str
    holds: Literal["dataset", "union", ""]
    write: Callable[[Source, BinaryIO], None]
    conforms: str = ""


def write_export(settings: Settings, form: str, output: Path | None) -> None:
    """Write the current snapshot in a form to `output`, a folder for `csv`; else to the screen.

    Raises `InputError` for an unknown form, a folder form without `output`, or what cannot be
    written, `NotFoundError` if there is no folder to write into.
    """
    _check(form)
    if form in FOLDERS:
        if output is None:
            raise InputError(f"{form} makes a folder of files; name one with --output.")
        with filling(output) as folder, progress(form, None) as advance:
            FOLDERS[form](_source(settings, advance), folder)
    elif output is None:
        _write(settings, form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with replacing(output) as file:
            _write(settings, form, file)


def ontology_context(assets: Assets) -> dict[str, object]:
    """Return our JSON-LD context as the ontology and the prefix list now have it."""
    files = [path for path in assets.turtle_files() if assets.ontology in path.parents]
    quads = [quad for path in files if path != assets.prefixes for quad in read_turtle(path).quads]
    return make_context(quads, Prefixes.read(assets.prefixes))


def _check(form: str) -> None:
    known = [*FORMS, *FOLDERS, _CONTEXT]
    if form not in known:
        what = f"There is no export format {form!r}" if form else "An export needs a --format"
        raise InputError(f"{what}; write one of {', '.join(known)}.{suggest(form, known)}")


def _source(settings: Settings, advance: Callable[[int], None]) -> Source:
    return Source(current_snapshot(settings) / DATA, locate(settings), advance)


def _write(settings: Settings, form: str, output: BinaryIO) -> None:
    """Write one file; the context alone is made from the ontology, without a snapshot."""
    if form == _CONTEXT:
        output.write(write_context(ontology_context(locate(settings))))
        return
    row = FORMS[form]
    counted = Source(current_snapshot(settings) / DATA, locate(settings)).size
    with progress(form, counted if row.holds else None) as advance:
        row.write(_source(settings, advance), output)


def _union(source: Source, output: BinaryIO, *, form: RdfFormat) -> None:
    prefixes = Prefixes.read(source.assets.prefixes)
    write_rdf(by_subject(source.triples()), output, form, prefixes)


def _ntriples(source: Source, output: BinaryIO) -> None:
    serialize_rdf(source.triples(), output, RdfFormat.N_TRIPLES)


def _trig(source: Source, output: BinaryIO) -> None:
    quads = (quad for _, graph in source.graphs() for quad in by_subject(graph))
    write_rdf(quads, output, RdfFormat.TRIG, Prefixes.read(source.assets.prefixes))


def _nquads(source: Source, output: BinaryIO) -> None:
    for block in source.blocks():
        output.write(block)
        source.advance(block.count(b"\n"))


def _jsonld(source: Source, output: BinaryIO) -> None:
    write_dataset(source.graphs(), read_context(source.assets.ontology), output)


_JSON_LD = "application/ld+json"

FORMS: dict[str, Form] = {
    "turtle": Form(
        "contested.ttl", "text/turtle", "The union of all graphs in Turtle", "union",
        partial(_union, form=RdfFormat.TURTLE),
    ),
    "ntriples": Form(
        "contested.nt", "application/n-triples", "The union of all graphs in N-Triples",
        "union", _ntriples,
    ),
    "rdfxml": Form(
        "contested.rdf", "application/rdf+xml", "The union of all graphs in RDF/XML",
        "union", partial(_union, form=RdfFormat.RDF_XML),
    ),
    "trig": Form(
        "contested.trig", "application/trig", "The dataset with its named graphs in TriG",
        "dataset", _trig,
    ),
    "nquads": Form(
        "contested.nq", "application/n-quads", "The dataset with its named graphs in N-Quads",
        "dataset", _nquads,
    ),
    "jsonld": Form(
        "contested.jsonld", _JSON_LD, "The dataset with its named graphs in JSON-LD",
        "dataset", _jsonld,
    ),
    "jsonld-person": Form(
        "persons.jsonld", _JSON_LD, "Every person with the claims that name him or her",
        "", partial(write_frames, kind="Person"),
    ),
    "jsonld-operation": Form(
        "operations.jsonld", _JSON_LD, "Every operation with the claims that name it",
        "", partial(write_frames, kind="Operation"),
    ),
    "jsonld-claim": Form(
        "claims.jsonld", _JSON_LD, "Every claim with its passages, answers and disputes",
        "", partial(write_frames, kind="Claim"),
    ),
    "graphml": Form(
        "relations.graphml", "application/xml", "The claims that relate one thing to another",
        "", write_graphml, "http://graphml.graphdrawing.org/xmlns",
    ),
    "wikidata-review": Form(
        "wikidata-review.csv", "text/csv",
        "What Wikidata could state, to read and judge: no upload format", "", write_review,
    ),
}  # fmt: skip
#: Forms of several files: what writes them into a folder and returns their paths.
FOLDERS: dict[str, Callable[[Source, Path], list[Path]]] = {"csv": write_tables}
