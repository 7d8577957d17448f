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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.confine import confine, keep_only
from kg.connection import Access
from kg.disk import build_disk, disk_folder, number_of_files, open_disk, read_sizes
from kg.documents import file_digest
from kg.errors import DataError, KgError, StoreLostError, pack_error
from kg.record import survey
from kg.remote import RemoteStore
from kg.remote_service import RemoteService
from kg.settings import is_remote
from kg.store import EngineStore, Store
from kg.worker import LoaderConfig, read_framed, work

# Kind (R ready, E error: length of the JSON; W worker born: pid; D worker dead: pid, signal).
NOTE = struct.Struct("!cII")
#: How a worker ends that finds nothing to open: a store that was on disk before.
_GONE = 3
#: Seconds until a worker that cannot reach its server makes room for one that tries again.
_PATIENCE = 1.0


@dataclass(frozen=True)
class Held:
    """What a loader holds: the data's fingerprint, their quads, and how a worker gets its store.

    `open` is called in the worker, after the fork; it raises KgError when there is nothing to
    open any more. `descriptors` are the files or connections that a store may have open; `said`
    is a sentence for who starts the server.
    """

    fingerprint: str
    quads: int
    open: Callable[[], Store]
    descriptors: int = 0
    said: str = ""


class Loader:
    """Holds the graph and keeps `config.workers` workers alive, and the spare one."""

    def __init__(self, control: socket.socket, config: LoaderConfig, held: Held) -> None:
        self.control, self.config, self.held = control, config, held
        self.gone = False
        self.born: dict[int, float] = {}
        self.woken, self.waker = socket.socketpair()
        for sock in (self.woken, self.waker):
            sock.setblocking(False)  # noqa: FBT003 - positional only
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Fork workers and replace dead ones until the server closes the control socket.

        Ends also when a new worker found nothing to open; the others answer on.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(self.woken, selectors.EVENT_READ)
            while True:
                self._reap()
                if self.gone:
                    return
                while len(self.born) < self.config.workers + self.config.spare:
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
            self.gone = self.gone or (os.WIFEXITED(status) and os.WEXITSTATUS(status) == _GONE)
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
        """Live the life of a worker; never return into the loader's code."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sock = keep_only(sock)
            store = self.held.open()
            network = is_remote(self.config.store)
            confine(self.config.memory, self.held.descriptors, network=network)
            work(store, sock, self.config)
        except DataError:
            os._exit(_GONE)
        except StoreLostError:
            time.sleep(_PATIENCE)
        finally:
            os._exit(0)


def load(config: LoaderConfig) -> Held:
    """Return what the configuration names; a store on disk that is not there yet is built.

    Raises DataError for a file that cannot be read or does not have the configured digest.
    """
    if config.store == "disk":
        return _on_disk(config)
    return _in_memory(config) if config.store == "memory" else _on_server(config)


def _in_memory(config: LoaderConfig) -> Held:
    store = _empty(config)
    fingerprint = _fingerprint(config)
    for name in config.files:
        store.load(Path(name))
    store.settle()
    return Held(fingerprint, len(store), lambda: store)


def _on_disk(config: LoaderConfig) -> Held:
    """Return the store on disk; its data were compared with their digest when it was built."""
    fingerprint = config.digest or _fingerprint(config)
    folder = disk_folder(Path(config.stores), fingerprint)
    if not read_sizes(folder):
        _fingerprint(config)
        build_disk(config.files, folder)
    quads, copied = read_sizes(folder) or (0, 0)
    return Held(
        fingerprint,
        quads,
        lambda: open_disk(_empty(config), folder, copied),
        number_of_files(folder),
    )


def _on_server(config: LoaderConfig) -> Held:
    """Return our graphs on another server, after a look at them; workers connect by themselves."""
    access = Access(config.store, config.user, config.password)
    service = RemoteService(access)
    with contextlib.closing(service.connection):
        record, said = survey(service)
    return Held(
        record.fingerprint,
        sum(record.graphs.values()),
        lambda: RemoteStore(access, record.graphs, _empty(config)),
        1,
        said,
    )


def _empty(config: LoaderConfig) -> EngineStore:
    return EngineStore(prefixes=config.prefixes, context=config.context)


def _fingerprint(config: LoaderConfig) -> str:
    """Return the fingerprint of the configured files; raises DataError if it is another."""
    digests = [_digest(Path(name)) for name in config.files]
    if config.digest and digests != [config.digest]:
        raise DataError(
            f"The snapshot {config.digest[:16]} is damaged: its data do not have the digest that"
            " names it; run `kg build`."
        )
    return config.digest or hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.") from None


def main(descriptor: int) -> None:
    """Run a loader over the control socket that the server passed on."""
    control = socket.socket(fileno=descriptor)
    config = LoaderConfig.from_json(read_framed(control))
    try:
        held = load(config)
    except KgError as error:
        _note(control, b"E", pack_error(error))
        return
    _note(
        control,
        b"R",
        {"fingerprint": held.fingerprint, "quads": held.quads, "said": held.said},
    )
    gc.freeze()
    loader = Loader(control, config, held)
    try:
        loader.run()
    except OSError:
        pass  # the server is gone: nobody is left to be told
    finally:
        if not loader.gone:
            loader.stop()
        os._exit(0)


def _note(control: socket.socket, kind: bytes, about: dict[str, Any]) -> None:
    text = json.dumps(about).encode()
    control.sendall(NOTE.pack(kind, len(text), 0) + text)


if __name__ == "__main__":
    main(int(sys.argv[1]))
