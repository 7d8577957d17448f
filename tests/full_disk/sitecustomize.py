"""Stands in for a small disk where nothing can be mounted; Python imports it by its name.

Below FULL_DISK, files take FULL_DISK_ROOM bytes from this process; what goes beyond is sent to
/dev/full, the kernel's own device without any room, whose ENOSPC is a real one.
"""

import builtins
import io
import os
from pathlib import Path

DISK = Path(os.environ["FULL_DISK"])
ROOM = [int(os.environ["FULL_DISK_ROOM"])]
OPEN = io.open


class File(io.FileIO):
    def write(self, data):
        ROOM[0] -= len(data)
        if ROOM[0] >= 0:
            return super().write(data)
        with OPEN("/dev/full", "wb", buffering=0) as full:
            return full.write(data)


def open_there(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
    inside = isinstance(file, str | os.PathLike) and DISK in Path(file).absolute().parents
    if not inside or not set(mode) & set("wxa+"):
        return OPEN(file, mode, buffering, encoding, errors, newline, **more)
    written = io.BufferedWriter(File(file, mode.replace("b", "").replace("t", "")))
    return written if "b" in mode else io.TextIOWrapper(written, encoding, errors, newline)


builtins.open = io.open = open_there
