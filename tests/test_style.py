"""Ruff, mypy and the Turtle formatter have nothing to say about the repository."""

import ast
import subprocess
import sys

import pytest

from kg.assets import Assets
from kg.format import format_files
from kg.rdf import Prefixes

pytestmark = pytest.mark.style


def run(root, *command):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )


def test_ruff(root):
    result = run(root, "ruff", "check", "--no-cache", ".")
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy(root):
    result = run(root, "mypy", "--strict", "--cache-dir=/dev/null", "kg")
    assert result.returncode == 0, result.stdout + result.stderr


def test_turtle_is_canonical(root):
    assets = Assets(root)
    changed = format_files(assets.turtle_files(), Prefixes.read(assets.prefixes), check=True)
    assert [str(path.relative_to(root)) for path in changed] == []


def test_size_of_modules_and_functions(root):
    assert oversized(root / "kg") == []


def test_an_oversized_function_is_found(tmp_path):
    (tmp_path / "big.py").write_text("def f():\n" + "    x = 1\n" * 40)
    (tmp_path / "long.py").write_text("x = 1\n" * 301)
    assert oversized(tmp_path) == ["big.py: f has 41 lines", "long.py has 301 lines"]


def oversized(folder):
    """Name every module above 300 lines and every function above 40 lines of code."""
    found = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text()
        if len(text.splitlines()) > 300:
            found.append(f"{path.name} has {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                has_docstring = ast.get_docstring(node) is not None
                start = first.end_lineno + 1 if has_docstring else node.lineno
                if (size := node.end_lineno - start + 1) > 40:
                    found.append(f"{path.name}: {node.name} has {size} lines")
    return found
