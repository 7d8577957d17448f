"""A module of kg imports only from modules to its left; an unplaced module fails."""

import ast
from pathlib import Path

import kg

SOURCES = Path(__file__).resolve().parent.parent / "kg"

# Lowest first, and leftmost first within a line. A new module gets its place here.
LAYERS = (
    "errors settings assets",
    "codings files progress",
    "rdf bridge facts context jsonld format",
    "names occurrences spans dates moments counts media scan rows",
    "rewrite federation",
    "sssom links sources references literals wording check",
    "carry documents segments copies evidence passages",
    "gazetteer mentions",
    "rules origins derive propositions differences coverage clashes disputes",
    "metadata entities protocol results merge store disk snapshots queries",
    "connection remote_service remote record writer sample",
    "things batches matching suggestions extension reconciliation_client accepting",
    "confine worker served loader tables asking link",
    "channel generation turns dashes watch pool renewal calls cache flights once responses",
    "incoming monitor repeats clients bounded wire service_description answers similar",
    "report validate",
    "streams selection csvw frames graphml review catalogue",
    "examples build export release pages endpoint graphstore",
    "addresses dataset describing views profiles reference signposts openapi",
    "manifest reconcile guides inquiry resources publish",
    "app",
    "serve",
    "terminal curating cli __main__",
)
ORDER = ["__init__", *" ".join(LAYERS).split()]

#: Which modules may import a library: it can be replaced there.
LIBRARIES = {
    "pyoxigraph": "rdf store",
    "pyshacl": "validate",
    "rdflib": "bridge endpoint references validate",
    "rdflib_endpoint": "endpoint",
    "fastapi": "app",
    "starlette": (
        "answers app endpoint graphstore guides incoming inquiry monitor reconcile resources"
        " responses"
    ),
}


def imported(tree):
    """Yield the modules of kg that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                yield "a relative import"
            elif node.module == "kg":
                yield from (alias.name for alias in node.names)
            elif node.module and node.module.startswith("kg."):
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (each.name.split(".")[1] for each in node.names if "kg." in each.name[:3])


def faults(sources):
    """Return a sentence for each module without a place and each import to the right."""
    found = []
    for name, text in sorted(sources.items()):
        if name not in ORDER:
            found.append(f"kg/{name}.py has no place in tests/test_layers.py")
            continue
        allowed = ORDER[: ORDER.index(name)]
        wrong = sorted(set(imported(ast.parse(text))) - set(allowed))
        found += [f"kg/{name}.py must not import {other}" for other in wrong]
    return found


def libraries(tree):
    """Yield the first names of all modules that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (each.name.split(".")[0] for each in node.names)


def strangers(sources):
    """Return a sentence for each import of a library outside the modules that are for it."""
    return [
        f"kg/{name}.py must not import {library}"
        for name, text in sorted(sources.items())
        for library in sorted(set(libraries(ast.parse(text))) & set(LIBRARIES))
        if name not in LIBRARIES[library].split()
    ]


def test_a_library_is_imported_where_it_can_be_replaced():
    sources = {path.stem: path.read_text() for path in SOURCES.glob("*.py")}
    assert strangers(sources) == []
    used = {(each, name) for name, text in sources.items() for each in libraries(ast.parse(text))}
    places = {(each, name) for each, names in LIBRARIES.items() for name in names.split()}
    assert places <= used, "a place that is not used any more"


def test_an_import_elsewhere_is_found():
    sources = {
        "store": "import pyoxigraph as ox",
        "facts": "import pyoxigraph as ox\nfrom kg.rdf import Quad",
        "build": "def f():\n    from pyshacl import validate",
        "pool": "from starlette.responses import Response\nimport fastapi.routing",
        "app": "from fastapi import FastAPI",
    }
    assert strangers(sources) == [
        "kg/build.py must not import pyshacl",
        "kg/facts.py must not import pyoxigraph",
        "kg/pool.py must not import fastapi",
        "kg/pool.py must not import starlette",
    ]


def test_imports_go_left():
    sources = {path.stem: path.read_text() for path in SOURCES.glob("*.py")}
    assert faults(sources) == []


def test_the_map_of_kg_names_every_module_once():
    lines = [line[20:] for line in kg.__doc__.splitlines() if line.startswith("    ")]
    assert sorted(" ".join(lines).split()) == sorted(ORDER[1:])


def test_kg_has_no_packages_inside():
    assert [path for path in SOURCES.rglob("*.py") if path.parent != SOURCES] == []


def test_each_kind_of_fault_fires():
    sources = {
        "errors": "from kg.cli import main",
        "names": "def f():\n    import kg.store",
        "rdf": "from kg import dates",
        "media": "from . import errors",
        "counts": "from kg.errors import KgError",
        "helpers": "",
    }
    assert faults(sources) == [
        "kg/errors.py must not import cli",
        "kg/helpers.py has no place in tests/test_layers.py",
        "kg/media.py must not import a relative import",
        "kg/names.py must not import store",
        "kg/rdf.py must not import dates",
    ]
