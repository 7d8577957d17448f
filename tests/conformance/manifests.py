"""Reads the manifests of the W3C SPARQL 1.1 test suites (folder in `KG_W3C`) as pytest cases.

Cases that are expected to fail stand in `expected-failures.toml`, by IRI, with a reason; they
are strict, so one that begins to pass must be taken out.
"""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from rdflib import RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UNSET = "KG_W3C is not set"

_FAILURES = tomllib.loads(Path(__file__).with_name("expected-failures.toml").read_text("utf-8"))


def suite(name: str) -> Path | None:
    """Return the folder of a SPARQL 1.1 suite, or None when `KG_W3C` is not set."""
    root = os.environ.get("KG_W3C")
    return Path(root) / "sparql11" / name if root else None


def manifest(folder: Path) -> Graph:
    """Return a folder's manifest, with file IRIs for its relative ones."""
    path = folder.resolve() / "manifest.ttl"
    return Graph().parse(path, format="turtle", publicID=path.as_uri())


def entries(graph: Graph) -> list[URIRef]:
    """Return the cases of a manifest, in its order."""
    return [case for head in graph.objects(None, MF.entries) for case in Collection(graph, head)]


def cases(names: Iterable[str], types: Iterable[str]) -> list:
    """Each case of the named suites that has one of the types, as a pytest parameter.

    Without `KG_W3C`, one case that fails and says so: a suite never vanishes quietly.
    """
    wanted, found = {MF[name] for name in types}, []
    for name in names:
        folder = suite(name)
        if folder is None:
            return [pytest.param(None, None, id=UNSET)]
        graph = manifest(folder)
        for case in entries(graph):
            if graph.value(case, RDF.type) in wanted:
                reason = _FAILURES.get(f"{name}#{case.rpartition('#')[2]}")
                marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
                label = f"{name}-{case.rpartition('#')[2]}"
                found.append(pytest.param(graph, case, id=label, marks=marks))
    return found


def local(iri: URIRef) -> Path:
    """Return the file behind a file IRI."""
    return Path(URIRef(iri).removeprefix("file://"))
