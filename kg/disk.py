"""The graph in a folder on disk, for graphs larger than memory: built once, read by many.

`<snapshots>/stores/<fingerprint>-<version of the engine>/` holds the engine's files and, written
last, `store.json`. The folder gets its name when it is complete, so a half-built one is never
served. Who builds holds a lock, which ends with its process: a second server waits and finds the
store built, and what an interrupted building has left is removed.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kg.assets import environment
from kg.errors import DataError, InputError, KgError, pack_error, unpack_error
from kg.rdf import ENGINE_VERSION
from kg.store import EngineStore

RECORD = "store.json"
FOLDER = "stores"
_BUILDING = ".building"


def disk_folder(stores: Path, fingerprint: str) -> Path:
    """Return the folder of the store for this data: engines of other versions have their own."""
    return stores / f"{fingerprint}-{ENGINE_VERSION}"


def read_sizes(folder: Path) -> tuple[int, int] | None:
    """Return the quads of a store, and those copied for its union; None if it is not complete."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        return int(record["quads"]), int(record["copied"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def number_of_files(folder: Path) -> int:
    """Return how many files of data a store has: the most that a reader has open."""
    return len(list(folder.glob("*.sst")))


def build_disk(files: Sequence[str], folder: Path) -> None:
    """Build the store of these files in `folder`, unless another process has done so meanwhile.

    It is filled in a process of its own: the engine starts threads, and who calls may want to
    fork. Raises DataError for a broken file, InputError where the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.parent) as lock:
            if read_sizes(folder):
                return
            _remove_remains(folder)
            _fill_apart(files, folder, lock)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError(
        f"No disk store can be written to {folder.parent}: {error.strerror or error};"
        " make room, or set KG_SNAPSHOTS to another folder."
    )


def _fill_apart(files: Sequence[str], folder: Path, lock: int) -> None:
    """Fill the store in a new process, which has the lock too; raise what it could not do."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "kg.disk", str(folder), *files],
        env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, pass_fds=(lock,),
    )  # fmt: skip
    if done.stdout:
        raise unpack_error(json.loads(done.stdout))
    if done.returncode:
        raise InputError("The process that built the disk store was ended; try again.")


def main(folder: Path, files: list[Path]) -> None:
    """Fill a store in this process; what is foreseen and fails is told in JSON."""
    try:
        _fill(files, folder)
    except OSError as error:
        _tell(_unwritable(folder, error))
    except KgError as error:
        _tell(error)


def _tell(error: KgError) -> None:
    sys.stdout.write(json.dumps(pack_error(error)))


def _fill(files: list[Path], folder: Path) -> None:
    building = folder.with_name(f"{_BUILDING}-{folder.name}")
    store = EngineStore(folder=building)
    for path in files:
        store.load(path)
    copied = store.settle()
    record = json.dumps({"quads": len(store), "copied": copied})
    del store  # closes it
    (building / RECORD).write_text(record + "\n", "utf-8")
    for path in [*building.iterdir(), building]:
        _sync(path)
    building.rename(folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    """See to it that a file or folder is on the disk before its store gets its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_remains(folder: Path) -> None:
    for each in (folder, *folder.parent.glob(f"{_BUILDING}-*")):
        if each.exists():
            shutil.rmtree(each)


@contextmanager
def _locked(stores: Path) -> Iterator[int]:
    """Hold the lock on building, a descriptor; it goes with the last process that has it."""
    with (stores / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def open_disk(store: EngineStore, folder: Path, copied: int) -> EngineStore:
    """Have an empty store read the folder; raises DataError when it is not there any more."""
    try:
        store.open_folder(folder, copied)
    except OSError:
        raise DataError(
            f"The disk store {folder} is gone or damaged; restart to rebuild."
        ) from None
    return store


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
