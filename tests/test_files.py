"""Files appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from kg.errors import InputError, NotFoundError
from kg.files import filling, replace_text, replacing

FULL = Path("/dev/full")


def names(folder):
    return [each.name for each in folder.rglob("*")]


def write_and_fail(path, fault):
    with replacing(path) as file:
        file.write(b"new")
        raise fault


def fill_a_full_disk(folder):
    with filling(folder) as building:
        (building / "a").write_text("")
        FULL.write_text("x")


def test_a_file_takes_its_place_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path, fault):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(fault):
        write_and_fail(path, fault)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_mode_and_links_stay(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    replace_text(link, "new")
    assert link.is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o640)
    mask = os.umask(0o027)
    try:
        replace_text(tmp_path / "fresh", "")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o640


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    """The kernel's own full device answers every write with ENOSPC."""
    link = tmp_path / "full"
    link.symlink_to(FULL)
    with pytest.raises(InputError, match=r"full cannot be written: No space left on device\.$"):
        replace_text(link, "x")
    assert stat.S_ISCHR(FULL.stat().st_mode)


def test_a_fault_of_reading_is_not_told_as_one_of_writing(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a"):
        (tmp_path / "absent").read_bytes()
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there(tmp_path):
    path = tmp_path / "absent" / "a"
    with pytest.raises(NotFoundError, match=r"no folder .*/absent to write a into"):
        replace_text(path, "x")
    with pytest.raises(NotFoundError, match="no folder"), filling(path):
        pass


def test_a_folder_gets_its_files_at_the_end(tmp_path):
    folder = tmp_path / "out"
    with filling(folder, last="SUMS") as building:
        (building / "SUMS").write_text("1")
        (building / "sub").mkdir()
        (building / "sub" / "a").write_text("2")
        assert [each.name[:10] for each in folder.iterdir()] == [".building-"]
    assert sorted(each.name for each in folder.rglob("*")) == ["SUMS", "a", "sub"]


@pytest.mark.parametrize("is_new", [True, False])
def test_an_error_leaves_the_folder_as_it_was(tmp_path, is_new):
    folder = tmp_path / "out"
    if not is_new:
        folder.mkdir()
        (folder / "kept").write_text("")
    with pytest.raises(InputError, match=r"out cannot be written: No space left on device\.$"):
        fill_a_full_disk(folder)
    assert names(tmp_path) == ([] if is_new else ["out", "kept"])
