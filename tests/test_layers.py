"""A module of kg imports only from modules to its left; an unplaced module fails."""

import ast
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "kg"

# Lowest first, and leftmost first within a line. A new module gets its place here.
LAYERS = (
    "errors settings assets",
    "codings writing",
    "rdf context compact format names occurrences spans dates counts media scan rows facts",
    "sssom links sources references wording check",
    "carry documents segments copies evidence passages",
    "gazetteer mentions",
    "rules origins derive propositions differences coverage clashes disputes",
    "metadata entities protocol results datasets store disk snapshots queries",
    "connection service rewrite remote record writer sample",
    "things batches reconciliation suggestions extension reconciler accepting",
    "confine worker served loader tables asking link",
    "generation pool cache replies",
    "monitor repeats wire describe answers report validate",
    "streams progress jsonld selection csvw frames graphml review catalogue",
    "executables build export release examples pages endpoint graphstore",
    "addresses dataset describing views profiles reference signposts texts paths openapi",
    "manifest reconcile guides resources publish",
    "app",
    "terminal curating cli __main__",
)
ORDER = ["__init__", *" ".join(LAYERS).split()]


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


def test_imports_go_left():
    sources = {path.stem: path.read_text() for path in SOURCES.glob("*.py")}
    assert faults(sources) == []


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
