"""The loader: a process that holds the graph, forks the workers and replaces those that end.

The server (`kg/generation.py`) starts it fresh as `python -m kg.loader`, so that it has no
threads and may fork. It loads the graph once; each worker (`kg/worker.py`) is a fork that shares
its pages, so that a killed one is replaced without loading again (10 ms at a million triples).

Frames: to the loader one JSON configuration; from it `NOTE` headers, where a worker's socket
travels with its header (SCM_RIGHTS).
"""

import contextlib
import gc
import hashlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from kg.errors import DataError, KgError
from kg.store import GraphStore
from kg.worker import LoaderConfig, confine, read_framed, work

# Kind (R ready, E error: length of the JSON; W worker born: pid; D worker dead: pid, signal).
NOTE = struct.Struct("!cII")


class Loader:
    """Holds the graph and keeps `config.workers` workers alive."""

    def __init__(self, control: socket.socket, config: LoaderConfig, store: GraphStore) -> None:
        self.control, self.config, self.store = control, config, store
        self.born: dict[int, float] = {}
        self.woken, self.waker = socket.socketpair()
        for sock in (self.woken, self.waker):
            sock.setblocking(False)  # noqa: FBT003 - positional only
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Fork workers and replace dead ones until the server closes the control socket."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(self.woken, selectors.EVENT_READ)
            while True:
                self._reap()
                while len(self.born) < self.config.workers:
                    self._fork()
                for key, _ in selector.select():
                    if key.fileobj is self.control:
                        return
                    self.woken.recv(4096)

    def stop(self) -> None:
        """End all workers."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pid in self.born:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while self.born:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            born = self.born.pop(pid, 0.0)
            ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            self.control.sendall(NOTE.pack(b"D", pid, ended))
            if time.monotonic() - born < 0.1:  # do not spin on one that cannot live
                time.sleep(0.05)

    def _fork(self) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self._child(theirs)
        theirs.close()
        self.born[pid] = time.monotonic()
        socket.send_fds(self.control, [NOTE.pack(b"W", pid, 0)], [ours.fileno()])
        ours.close()

    def _child(self, sock: socket.socket) -> None:
        """Return the life of a worker; never returns into the loader's code."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work(self.store, confine(sock, self.config.memory), self.config)
        finally:
            os._exit(0)


def load(config: LoaderConfig) -> tuple[GraphStore, str]:
    """Return the graph of the configured files, and the fingerprint of what was loaded.

    Raises DataError for a file that cannot be read or does not have the configured digest.
    """
    store = GraphStore(prefixes=config.prefixes, base=config.base, context=config.context)
    digests = [_digest(Path(name)) for name in config.files]
    if config.digest and digests != [config.digest]:
        raise DataError(
            f"The snapshot {config.digest[:16]} is damaged: its data do not have the digest that"
            " names it; run `kg build`."
        )
    for name in config.files:
        store.load(Path(name))
    store.settle()
    all_files = hashlib.sha256("".join(digests).encode()).hexdigest()
    return store, config.digest or all_files


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.") from None


def main(descriptor: int) -> None:
    """Run a loader over the control socket that the server passed on."""
    control = socket.socket(fileno=descriptor)
    config = LoaderConfig.from_json(read_framed(control))
    try:
        store, fingerprint = load(config)
    except KgError as error:
        _note(control, b"E", {"error": type(error).__name__, "message": str(error)})
        return
    _note(control, b"R", {"fingerprint": fingerprint, "quads": len(store)})
    gc.freeze()
    loader = Loader(control, config, store)
    try:
        loader.run()
    except OSError:
        pass  # the server is gone: nobody is left to be told
    finally:
        loader.stop()
        os._exit(0)


def _note(control: socket.socket, kind: bytes, about: dict[str, Any]) -> None:
    text = json.dumps(about).encode()
    control.sendall(NOTE.pack(kind, len(text), 0) + text)


if __name__ == "__main__":
    main(int(sys.argv[1]))
