"""The examples in docstrings run."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parent.parent / "kg"
MODULES = sorted(path.stem for path in SOURCES.glob("*.py") if ">>> " in path.read_text())


@pytest.mark.parametrize("name", MODULES)
def test_examples_of(name):
    outcome = doctest.testmod(importlib.import_module(f"kg.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_wrong_example_fails():
    source = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(source, out=lambda text: None).failed == 1
