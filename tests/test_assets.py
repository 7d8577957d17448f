import shutil
from dataclasses import replace

import pytest

from kg import assets
from kg.assets import Assets, bundled_snapshot, locate
from kg.errors import NotFoundError
from kg.settings import Settings


@pytest.fixture
def source(tmp_path):
    for part in ("ontology", "data", "shapes"):
        (tmp_path / "source" / part).mkdir(parents=True)
    (tmp_path / "source" / "ontology" / "prefixes.ttl").write_text("")
    return tmp_path / "source"


def test_the_setting_wins(source, root):
    assert locate(Settings(source=source), start=root).root == source


def test_the_checkout_around_the_current_folder_is_found(source):
    (source / "data" / "deep").mkdir()
    assert locate(Settings(), start=source / "data" / "deep").root == source


def test_from_elsewhere_the_program_still_finds_its_own(tmp_path):
    assert locate(Settings(), start=tmp_path).complete()


def test_an_incomplete_source_is_named(source):
    shutil.rmtree(source / "shapes")
    with pytest.raises(NotFoundError, match="lacks"):
        locate(replace(Settings(), source=source))


def test_nothing_anywhere_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "PACKAGE", tmp_path / "kg")
    monkeypatch.setattr(assets, "_BUNDLE", tmp_path / "kg" / "bundle")
    with pytest.raises(NotFoundError, match="KG_SOURCE"):
        locate(Settings(), start=tmp_path)


def test_turtle_files_come_in_a_fixed_order(source):
    for name in ("data/b.ttl", "data/a.ttl", "shapes/c.ttl", "data/notes.md"):
        (source / name).write_text("")
    names = [str(path.relative_to(source)) for path in Assets(source).turtle_files()]
    assert names == ["ontology/prefixes.ttl", "data/a.ttl", "data/b.ttl", "shapes/c.ttl"]


def test_a_bundled_snapshot_counts_only_when_complete(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "_BUNDLE", tmp_path)
    (tmp_path / "snapshot").mkdir()
    assert bundled_snapshot() is None
    (tmp_path / "snapshot" / "snapshot.json").write_text("{}")
    assert bundled_snapshot() == tmp_path / "snapshot"
