"""Rules of every test run: pinned counts, no skipped test, reproducible examples.

`tests/counts.toml` pins how many tests each suite has; a full run of a suite that
collects another number fails, so a test cannot vanish unnoticed. After adding or
removing tests on purpose: `pytest --pin-counts` (and `pytest -m SUITE --pin-counts`).
Runs of chosen files or names are not counted.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
COUNTS = Path(__file__).with_name("counts.toml")

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("repeatable")

faults = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption(
        "--pin-counts", action="store_true", help="write this suite's count to tests/counts.toml"
    )


def pytest_configure(config):
    config.stash[faults] = []


def suite_of(config):
    """Name the suite that this run is a full run of: `default`, a marker, or None."""
    chosen = config.option
    narrowed = chosen.keyword or chosen.deselect or chosen.ignore or chosen.ignore_glob
    if narrowed or getattr(chosen, "lf", False):
        return None
    if config.args_source is not config.ArgsSource.TESTPATHS:
        return None
    options = config.getini("addopts")
    if chosen.markexpr == options[options.index("-m") + 1]:
        return "default"
    markers = [line.partition(":")[0] for line in config.getini("markers")]
    return chosen.markexpr if chosen.markexpr in markers else None


def pytest_collection_finish(session):
    suite, found = suite_of(session.config), len(session.items)
    if suite is None or session.testsfailed:
        return
    pinned = tomllib.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    if session.config.option.pin_counts:
        pinned[suite] = found
        COUNTS.write_text("".join(f"{name} = {pinned[name]}\n" for name in sorted(pinned)))
    elif pinned.get(suite) != found:
        session.config.stash[faults].append(
            f"suite {suite} has {found} tests, but tests/counts.toml pins {pinned.get(suite, 0)};"
            " if that is meant, add --pin-counts"
        )


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        skipped.append(report.nodeid)


skipped: list[str] = []


def pytest_sessionfinish(session, exitstatus):
    found = session.config.stash[faults]
    found += [f"{name} was skipped; a test runs or is removed" for name in skipped]
    if found and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    for fault in config.stash[faults]:
        terminalreporter.write_line(f"FAILED: {fault}", red=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout that the tests lie in."""
    return ROOT


@pytest.fixture(scope="session")
def real(root, tmp_path_factory):
    """Return settings whose current snapshot is the graph of this checkout, built once."""
    from kg.build import build_snapshot
    from kg.settings import Settings

    settings = Settings(snapshots=tmp_path_factory.mktemp("real"), source=root)
    build_snapshot(settings)
    return settings


@pytest.fixture(scope="session")
def documents_folder() -> Path:
    """Return the folder of the source texts, for tests marked `documents`."""
    folder = os.environ.get("KG_DOCUMENTS")
    if not folder:
        pytest.fail("set KG_DOCUMENTS to the folder of the source texts")
    return Path(folder)


@pytest.fixture(scope="session")
def endpoint(root, tmp_path_factory):
    """Build, serve, and yield a client of the server; all tests share it."""
    from serving import command_line

    env = {**os.environ, "KG_SNAPSHOTS": str(tmp_path_factory.mktemp("snapshots"))}
    command = [sys.executable, "-m", "kg"]
    built = subprocess.run(
        [*command, "build"], cwd=root, env=env, check=False, text=True, capture_output=True
    )
    assert built.returncode == 0, built.stderr
    with command_line(env) as client:
        yield client


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Serve two triples to the tests of one module (`tests/talking.py`)."""
    # Here, for other folders have this file without the modules beside it.
    from serving import serving
    from talking import TWO

    with serving(tmp_path_factory.mktemp("two"), TWO) as running:
        yield running


@pytest.fixture
def talk(two):
    """Connect to that server, to talk in bytes."""
    from talking import Talk

    talk = Talk(two)
    yield talk
    talk.socket.close()
