"""What a worker is left: one socket, a bound on memory, no files, and no way out.

Two walls against queries that would reach out, beside the scan of their text (`kg/scan.py`):
a process has no free descriptor but those that its store still needs, and, where Linux offers it,
the kernel refuses it any new socket (seccomp, a filter of system calls that needs no rights).
Source: seccomp(2), Linux `include/uapi/linux/{seccomp,filter,audit}.h`.
"""

import contextlib
import ctypes
import os
import platform
import resource
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

_FIRST = 4  # after standard input, output and error, and the worker's one socket
#: By machine: how the kernel calls its architecture, and the numbers of socket and io_uring_setup.
_CALLS = {"x86_64": (0xC000003E, (41, 425)), "aarch64": (0xC00000B7, (198, 425))}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # 13 is EACCES
_OTHER_ABI = 0x40000000


def keep_only(sock: socket.socket) -> socket.socket:
    """Close every descriptor of this process but its socket and the three of every process."""
    lowest = os.dup2(sock.detach(), _FIRST - 1)
    for number in _descriptors():
        if number >= _FIRST:
            with contextlib.suppress(OSError):
                os.close(number)
    return socket.socket(fileno=lowest)


def confine(memory: int, files: int = 0, *, network: bool = False) -> None:
    """Leave this process `memory` more bytes, no core file, and what its store needs.

    A store may have so many `files` or connections open, some of which it may open later: as many
    descriptors are free, and none for a store in memory. Only the store of another server has the
    `network`.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash would write the graph to the disk
    _limit_memory(memory)  # reads a file, so before files are denied
    _limit_descriptors(files)
    if not network:
        _deny_sockets()


def _limit_memory(allowed: int) -> None:
    """Cap the address space at what is mapped now plus `allowed` bytes (Linux)."""
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + allowed
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_descriptors(files: int) -> None:
    """Let the lowest numbers be used that are free and that the store still needs."""
    taken = set()
    for number in _descriptors():
        with contextlib.suppress(OSError):
            os.fstat(number)
            taken.add(number)
    wanted = max(files - len([number for number in taken if number >= _FIRST]), 0)
    most = _FIRST
    while most in taken or wanted:
        wanted -= most not in taken
        most += 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _descriptors() -> Iterable[int]:
    """Return the numbers that may be taken; a limit may be so high that all are too many."""
    try:
        return [int(each.name) for each in Path("/proc/self/fd").iterdir()]
    except OSError:
        return range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 16))


def _deny_sockets() -> None:
    """Have the kernel refuse new sockets to this process; without effect where it cannot."""
    machine = platform.machine()
    if machine not in _CALLS or platform.system() != "Linux":
        return
    architecture, calls = _CALLS[machine]
    rules = [(_LOAD, 0, 0, 4), (_IF_EQUAL, 0, 3 + len(calls), architecture), (_LOAD, 0, 0, 0)]
    rules += [(_IF_EQUAL, 1 + len(calls) - place, 0, call) for place, call in enumerate(calls)]
    rules += [(_IF_AT_LEAST, 1, 0, _OTHER_ABI), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in rules))
    head = struct.pack("@HP", len(rules), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, head, 0, 0)
