"""Snapshots are complete or not there, never changed, and found again."""

import json

import pyoxigraph as ox
import pytest

from kg import snapshots
from kg.errors import DataError, InputError, NotFoundError
from kg.settings import Settings
from kg.snapshots import current_snapshot, mark_validated, read_snapshot, write_snapshot

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
    assert list(record) == ["fingerprints", "version", "counts", "validated"]
