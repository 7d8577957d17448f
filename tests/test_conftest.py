"""The pinned counts and the ban on skipped tests fire, and only where they should."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

INI = """
[pytest]
testpaths = tests
addopts = -m "not documents" -p no:cacheprovider
markers =
    documents: needs files
"""
TWO = "import pytest\ndef test_a(): pass\n@pytest.mark.documents\ndef test_b(): pass\n"


@pytest.fixture
def project(pytester):
    pytester.makeini(INI)
    folder = pytester.mkdir("tests")
    (folder / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    (folder / "test_it.py").write_text(TWO)
    (folder / "counts.toml").write_text("default = 1\ndocuments = 1\n")
    return pytester


def test_the_pinned_number_passes(project):
    assert project.runpytest_subprocess().ret == 0
    assert project.runpytest_subprocess("-m", "documents").ret == 0


def test_a_vanished_test_fails_the_run(project):
    (project.path / "tests" / "counts.toml").write_text("default = 2\ndocuments = 1\n")
    result = project.runpytest_subprocess()
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*suite default has 1 tests*pins 2*", "*1 passed*"])


def test_a_suite_without_a_pin_fails(project):
    (project.path / "tests" / "counts.toml").write_text("default = 1\n")
    assert project.runpytest_subprocess("-m", "documents").ret == 1


def test_a_chosen_file_is_not_counted(project):
    (project.path / "tests" / "counts.toml").write_text("default = 9\n")
    assert project.runpytest_subprocess("tests/test_it.py").ret == 0
    assert project.runpytest_subprocess("-k", "test_a").ret == 0


def test_pinning_is_deliberate(project):
    (project.path / "tests" / "counts.toml").write_text("default = 9\n")
    assert project.runpytest_subprocess("--pin-counts").ret == 0
    assert (project.path / "tests" / "counts.toml").read_text() == "default = 1\n"


def test_a_skipped_test_fails_the_run(project):
    (project.path / "tests" / "test_it.py").write_text(
        "import pytest\ndef test_a(): pytest.skip('no')\n"
    )
    result = project.runpytest_subprocess("tests/test_it.py")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*test_a was skipped*"])
