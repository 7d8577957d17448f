"""What a worker may still do: each wall is tried by a process that has run into it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from serving import ROOT

TRY = """
import errno, socket, sys
from pathlib import Path
from kg.confine import confine, keep_only
ours, theirs = socket.socketpair()
kept = keep_only(theirs)
held = open("/etc/hosts") if sys.argv[1] == "open" else None
confine(1 << 30, int(sys.argv[2]), network=sys.argv[3] == "network")
for what in (lambda: Path("/etc/hostname").read_text(), lambda: socket.socket()):
    try:
        what()
        print("done")
    except OSError as error:
        print(errno.errorcode[error.errno])
"""


def tried(*arguments: str) -> list[str]:
    found = subprocess.run(
        [sys.executable, "-c", TRY, *arguments],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return found.stdout.split()


@pytest.mark.parametrize(
    ("held", "files", "network", "wanted"),
    [
        ("none", "0", "none", ["EMFILE", "EACCES"]),  # a store in memory
        ("open", "1", "none", ["EMFILE", "EACCES"]),  # one on disk with its only file open
        ("open", "2", "none", ["done", "EACCES"]),  # one of whose files is not open yet
        ("none", "1", "network", ["done", "done"]),  # another server's
        ("none", "0", "network", ["EMFILE", "EMFILE"]),  # descriptors are a wall of their own
    ],
)
def test_walls(held: str, files: str, network: str, wanted: list[str]) -> None:
    assert tried(held, files, network) == wanted


def test_nothing_is_inherited(tmp_path: Path) -> None:
    code = TRY.replace("held =", "import os; print(len(os.listdir('/proc/self/fd'))); held =")
    path = tmp_path / "inherited"
    path.write_text("x")
    with path.open() as file, socket.socket() as sock:
        found = subprocess.run(
            [sys.executable, "-c", code, "none", "0", "none"],
            capture_output=True, text=True, check=True,
            pass_fds=[file.fileno(), sock.fileno()], env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert found.stdout.split()[0] == "5"  # three of every process, its socket, and the listing


def test_a_limit_of_a_billion_files_costs_nothing() -> None:
    """Containers have such limits: who counted up to them would be counting for minutes."""
    huge = "import resource; resource.getrlimit = lambda _: (1 << 30, 1 << 30)\n"
    found = subprocess.run(
        [sys.executable, "-c", huge + TRY, "open", "2", "none"], timeout=60,
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert found.stdout.split() == ["done", "EACCES"]
