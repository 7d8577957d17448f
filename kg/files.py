"""Texts that are read, and files that appear whole or not at all.

A file is written under another name beside its place and takes its place when it is complete, so
that a full disk leaves what was there before; a folder is filled in one of its own inside it. What
cannot be read or written is told in one sentence.
"""

import contextlib
import errno
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kg.errors import DataError, InputError, NotFoundError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def read_text(path: Path, *, as_it_is: bool = False) -> str:
    """Return a text in UTF-8, its line breaks as they are or each as one character.

    Raises `DataError` if it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="" if as_it_is else None) as file:
            return file.read()
    except UnicodeDecodeError:
        raise DataError(
            f"{path} is not UTF-8 text: {_wrong_byte(path)}; save it as UTF-8."
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None


def _wrong_byte(path: Path) -> str:
    """Say where the first byte stands that is not UTF-8: a text is decoded piece by piece."""
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"byte {content[error.start]:#04x} in line {line}, at offset {error.start}"
    return "it was changed while it was read"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends without an error.

    What is no file (a device, a pipe) is written to as it is. Raises NotFoundError without the
    folder, InputError if it cannot be written.
    """
    _need_folder(path)
    place = path.resolve()
    with _told(path):
        if place.exists() and not place.is_file():
            with place.open("wb") as file:
                yield file
            return
        beside = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
        try:
            with beside.open("xb") as file:
                yield file
            if place.exists():
                shutil.copymode(place, beside)
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def replace_text(path: Path, text: str) -> None:
    """Write a text file so that readers see the old text or the new, never a part."""
    with replacing(path) as file:
        file.write(text.encode())


@contextlib.contextmanager
def filling(folder: Path, last: str = "") -> Iterator[Path]:
    """Make a folder whose files go into `folder` when the block ends without an error.

    `last` names the file that tells others that all are there. Raises as `replacing`.
    """
    _need_folder(folder)
    is_new = not folder.exists()
    with _told(folder):
        folder.mkdir(exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as building:
                yield Path(building)
                for each in sorted(Path(building).iterdir(), key=lambda path: path.name == last):
                    each.replace(folder / each.name)
        except BaseException:
            if is_new:
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _need_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise NotFoundError(f"There is no folder {path.parent} to write {path.name} into.")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell a fault of writing in a sentence; one of reading has a file's name, and is passed on."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        inside = Path(error.filename or path).name.startswith(".")
        if error.filename is not None and not inside and error.errno not in _NO_ROOM:
            raise
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None
