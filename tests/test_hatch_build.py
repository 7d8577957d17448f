"""The wheel's snapshot is built and checked; a fault stops the build with one sentence."""

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest

from kg.errors import DataError


@pytest.fixture
def hook(root, monkeypatch):
    """Return the hook's module, on stand-ins for what it calls."""
    spec = importlib.util.spec_from_file_location("hatch_build", root / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    build, validate = ModuleType("kg.build"), ModuleType("kg.validate")
    build.build_snapshot = lambda settings: settings.snapshots / "abc"
    validate.validate_snapshot = lambda path, assets: SimpleNamespace(conforms=True)
    snapshots, marked = ModuleType("kg.snapshots"), []
    snapshots.mark_validated = marked.append
    monkeypatch.setitem(sys.modules, "kg.build", build)
    monkeypatch.setitem(sys.modules, "kg.validate", validate)
    monkeypatch.setitem(sys.modules, "kg.snapshots", snapshots)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return SimpleNamespace(snapshot=module._snapshot, build=build, validate=validate, marked=marked)


def test_a_valid_snapshot_is_returned(hook, root, tmp_path):
    assert hook.snapshot(root, tmp_path) == tmp_path / "abc"
    assert hook.marked == [tmp_path / "abc"]


def test_settings_of_the_builder_do_not_matter(hook, root, tmp_path, monkeypatch):
    monkeypatch.setenv("KG_DOCUMENTS", str(tmp_path))
    seen = []
    hook.build.build_snapshot = lambda settings: seen.append(settings) or tmp_path
    hook.snapshot(root, tmp_path)
    assert (seen[0].documents, seen[0].source) == (None, root)


def test_a_fault_in_the_data_is_one_sentence(hook, root, tmp_path):
    def broken(settings):
        raise DataError("data/a.ttl, line 3: nonsense.")

    hook.build.build_snapshot = broken
    with pytest.raises(SystemExit, match=r"cannot be built: data/a\.ttl, line 3: nonsense\."):
        hook.snapshot(root, tmp_path)


def test_an_invalid_snapshot_stops_the_build(hook, root, tmp_path):
    hook.validate.validate_snapshot = lambda path, assets: SimpleNamespace(conforms=False)
    with pytest.raises(SystemExit, match="not valid"):
        hook.snapshot(root, tmp_path)
    assert hook.marked == []
