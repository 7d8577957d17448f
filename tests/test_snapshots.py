"""Snapshots are complete or not there, never changed, and found again."""

import json

import pyoxigraph as ox
import pytest

from kg import snapshots
from kg.assets import Assets
from kg.errors import DataError, InputError, NotFoundError
from kg.settings import Settings
from kg.snapshots import (
    current_snapshot,
    mark_validated,
    read_snapshot,
    refuse_outdated,
    source_digests,
    write_snapshot,
)

NODE = ox.NamedNode("http://example.org/a")
QUADS = [ox.Quad(NODE, NODE, NODE, NODE)]
MORE = [*QUADS, ox.Quad(NODE, NODE, ox.Literal("x"), NODE)]


def write(folder, quads=QUADS):
    return write_snapshot(quads, {"claims": 3}, "0.1.0", folder)


def test_what_is_written_is_read(tmp_path):
    folder = write(tmp_path / "new" / "folder")
    snapshot = read_snapshot(folder)
    assert (snapshot.dataset, snapshot.version) == (folder.name, "0.1.0")
    assert snapshot.counts == {"claims": 3}
    assert not snapshot.validated
    assert folder.stat().st_mode & 0o555 == 0o555
    assert (folder / "snapshot.json").stat().st_mode & 0o444 == 0o444


def test_the_newest_is_current_and_the_older_stays(tmp_path):
    older, newer = write(tmp_path), write(tmp_path, MORE)
    assert older != newer
    assert older.is_dir()
    assert current_snapshot(Settings(snapshots=tmp_path)) == newer
    assert write(tmp_path) == current_snapshot(Settings(snapshots=tmp_path)) == older


def test_an_intact_snapshot_keeps_its_mark(tmp_path):
    folder = write(tmp_path)
    data = (folder / "data.nq").stat().st_mtime_ns
    mark_validated(folder)
    assert write(tmp_path) == folder
    assert read_snapshot(folder).validated
    assert (folder / "data.nq").stat().st_mtime_ns == data


@pytest.mark.parametrize("name", ["data.nq", "snapshot.json"])
def test_a_damaged_snapshot_is_written_anew(tmp_path, name):
    folder = write(tmp_path)
    whole = (folder / name).read_bytes()
    (folder / name).unlink()
    assert write(tmp_path) == folder
    assert (folder / name).read_bytes() == whole
    (folder / name).write_text("changed")
    assert write(tmp_path) == folder
    assert (folder / name).read_bytes() == whole


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="set KG_SNAPSHOTS"):
        write(tmp_path / "file")


@pytest.mark.parametrize("text", ["", "[]", '{"counts": {}}'])
def test_a_broken_record(tmp_path, text):
    (tmp_path / "snapshot.json").write_text(text)
    with pytest.raises(DataError, match="is no snapshot"):
        read_snapshot(tmp_path)


def test_no_snapshot_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "bundled_snapshot", lambda: None)
    with pytest.raises(NotFoundError, match="run `kg build`"):
        current_snapshot(Settings(snapshots=tmp_path))


def test_the_bundled_snapshot_serves_until_one_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "bundled_snapshot", lambda: tmp_path / "bundled")
    assert current_snapshot(Settings(snapshots=tmp_path)) == tmp_path / "bundled"
    folder = write(tmp_path)
    assert current_snapshot(Settings(snapshots=tmp_path)) == folder


@pytest.mark.parametrize("name", ["../elsewhere", "0" * 64])
def test_a_pointer_to_nothing(tmp_path, name):
    (tmp_path / "current").write_text(name)
    with pytest.raises(NotFoundError, match="names a snapshot that is not there"):
        current_snapshot(Settings(snapshots=tmp_path))


def test_the_record_has_a_fixed_order(tmp_path):
    record = json.loads((write(tmp_path) / "snapshot.json").read_text())
    assert list(record) == ["fingerprints", "version", "counts", "validated", "sources"]


@pytest.fixture
def sources(tmp_path):
    """Two files that the build reads, and one that it does not."""
    assets = Assets(tmp_path / "sources")
    for name in ("ontology/prefixes.ttl", "data/claims/alpha.ttl", "data/README.md"):
        (assets.root / name).parent.mkdir(parents=True, exist_ok=True)
        (assets.root / name).write_text(name)
    return assets


def test_a_snapshot_knows_what_it_was_built_from(tmp_path, sources):
    digests = source_digests(sources)
    assert list(digests) == ["ontology/prefixes.ttl", "data/claims/alpha.ttl"]
    folder = write_snapshot(QUADS, {}, "0", tmp_path, digests)
    (sources.data / "README.md").write_text("other words")
    refuse_outdated(folder, sources)
    (sources.data / "claims" / "alpha.ttl").write_text("# a comment")
    with pytest.raises(InputError, match=r"data/claims/alpha.ttl changed after .* run `kg build`"):
        refuse_outdated(folder, sources)
    mark_validated(folder)
    assert write_snapshot(QUADS, {}, "0", tmp_path, source_digests(sources)) == folder
    refuse_outdated(folder, sources)
    assert read_snapshot(folder).validated


def test_files_that_came_or_went_are_changes(tmp_path, sources):
    folder = write_snapshot(QUADS, {}, "0", tmp_path, source_digests(sources))
    (sources.data / "claims" / "alpha.ttl").rename(sources.data / "beta.csv")
    with pytest.raises(InputError, match=r"data/beta.csv and 1 more changed"):
        refuse_outdated(folder, sources)


def test_a_snapshot_that_does_not_tell_its_sources_is_not_refused(tmp_path, sources):
    refuse_outdated(write(tmp_path), sources)
