"""The servers of a run: each is started with one file of N-Quads and asked over HTTP.

Loading and starting are timed apart where the engine keeps a store on disk; the folder is
temporary. Every engine has the union of the named graphs as its default graph.
"""

import configparser
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 900


class EngineError(Exception):
    """A server that cannot be had, or does not start."""


@dataclass
class Engine:
    """A running server: where it answers, its processes, and what it took to get there.

    `load` are seconds from the file to a server that can be started, `start` those from the
    start of its process to its first answer.
    """

    name: str
    url: str
    process: subprocess.Popen[bytes]
    load: float = 0.0
    start: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where an engine may work: the data (none: our own graph), an empty folder, free ports."""

    data: Path | None
    folder: Path
    ports: tuple[int, int]
    settings: dict[str, str] = field(default_factory=dict)


def ours(place: Place) -> Engine:
    """Start `kg serve FILE`, with the settings given as environment."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **place.settings}
    files = [str(place.data)] if place.data else []
    command = [sys.executable, "-m", "kg", "serve", *files, "--port", str(place.ports[0])]
    return _started("ours", command, f"http://127.0.0.1:{place.ports[0]}/sparql", place, env=env)


def oxigraph(place: Place) -> Engine:
    """Load into a store on disk, as its documentation has it, and start the server over it."""
    program, store = _program("oxigraph"), place.folder / "store"
    begun = time.monotonic()
    _run([program, "load", "--location", str(store), "--file", str(place.data)], place)
    loaded = time.monotonic() - begun
    engine = _oxigraph_server("oxigraph", place, ["--location", str(store)])
    engine.load = loaded
    return engine


def oxigraph_memory(place: Place) -> Engine:
    """Start the server without a store on disk and send it the data."""
    engine = _oxigraph_server("oxigraph (memory)", place, [])
    begun = time.monotonic()
    with place.data.open("rb") as file:
        size = str(place.data.stat().st_size)
        headers = {"Content-Type": "application/n-quads", "Content-Length": size}
        url = engine.url.replace("/query", "/store?no_transaction")
        request = urllib.request.Request(url, file, headers, method="POST")
        urllib.request.urlopen(request, timeout=START_SECONDS).read()
    engine.load = time.monotonic() - begun
    return engine


def _oxigraph_server(name: str, place: Place, more: list[str]) -> Engine:
    bind = f"127.0.0.1:{place.ports[0]}"
    command = [_program("oxigraph"), "serve", "--bind", bind, "--union-default-graph", *more]
    return _started(name, command, f"http://{bind}/query", place)


def rdflib_endpoint(place: Place) -> Engine:
    """Start rdflib-endpoint's own command with its default store."""
    port = str(place.ports[0])
    command = [_program("rdflib-endpoint"), "serve", "--port", port, str(place.data)]
    return _started("rdflib-endpoint", command, f"http://127.0.0.1:{port}/", place)


def virtuoso(place: Place) -> Engine:
    """Load with Virtuoso's bulk loader and start it with buffers for 4 GB."""
    program, isql = _program("virtuoso-t"), _program("isql-vt", "isql")
    http, sql = place.ports
    _write_ini(place, http, sql)
    command = [program, "+foreground", "+configfile", str(place.folder / "virtuoso.ini")]
    url = f"http://127.0.0.1:{http}/sparql"
    begun = time.monotonic()
    engine = _started("virtuoso", command, url, place)
    steps = (
        f"ld_dir('{place.data.parent}', '{place.data.name}', 'urn:unused');",
        "rdf_loader_run();",
        "checkpoint;",
    )
    for step in steps:
        _run([isql, str(sql), "dba", "dba", f"exec={step}"], place)
    loaded = time.monotonic() - begun
    # Started again: what is timed is a server with its data, as for the others.
    with contextlib.suppress(subprocess.CalledProcessError):
        _run([isql, str(sql), "dba", "dba", "exec=shutdown;"], place)
    engine.process.wait(START_SECONDS)
    engine = _started("virtuoso", command, url, place)
    engine.load = loaded
    return engine


def _write_ini(place: Place, http: int, sql: int) -> None:
    ini = configparser.ConfigParser()
    ini.optionxform = str  # type: ignore[assignment,method-assign]
    base = place.folder / "virtuoso"
    ini["Database"] = {
        "DatabaseFile": f"{base}.db", "ErrorLogFile": f"{base}.log", "LockFile": f"{base}.lck",
        "TransactionFile": f"{base}.trx", "xa_persistent_file": f"{base}.pxa",
        "MaxCheckpointRemap": "50000", "TempStorage": "TempDatabase",
    }  # fmt: skip
    ini["TempDatabase"] = {
        "DatabaseFile": f"{base}-temp.db", "TransactionFile": f"{base}-temp.trx",
    }  # fmt: skip
    ini["Parameters"] = {
        "ServerPort": str(sql), "NumberOfBuffers": "340000", "MaxDirtyBuffers": "250000",
        "DirsAllowed": str(place.data.parent), "ServerThreads": "100", "ThreadsPerQuery": "2",
        "MaxClientConnections": "100", "CheckpointInterval": "0",
    }  # fmt: skip
    ini["HTTPServer"] = {
        "ServerPort": str(http), "ServerThreads": "64", "MaxKeepAlives": "64",
        "KeepAliveTimeout": "60", "MaxClientConnections": "64",
    }  # fmt: skip
    ini["SPARQL"] = {"ResultSetMaxRows": "1000000", "MaxQueryExecutionTime": "60"}
    with (place.folder / "virtuoso.ini").open("w") as file:
        ini.write(file)


ENGINES = {
    "ours": ours,
    "oxigraph": oxigraph,
    "oxigraph-memory": oxigraph_memory,
    "virtuoso": virtuoso,
    "rdflib-endpoint": rdflib_endpoint,
}


def _program(*names: str) -> str:
    """Return the path of a program, looked for beside the interpreter first."""
    beside = Path(sys.executable).parent
    for name in names:
        if found := shutil.which(name, path=f"{beside}{os.pathsep}{os.environ['PATH']}"):
            return found
    raise EngineError(f"There is no {' or '.join(names)} here; see tests/benchmarks/README.md.")


def _run(command: list[str], place: Place) -> None:
    with (place.folder / "log").open("ab") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log, cwd=place.folder)


def _started(
    name: str, command: list[str], url: str, place: Place, env: dict[str, str] | None = None
) -> Engine:
    begun = time.monotonic()
    with (place.folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=place.folder)
    query = urllib.parse.urlencode({"query": "ASK {}"})
    while time.monotonic() - begun < START_SECONDS:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{url}?{query}", timeout=60).read()
            return Engine(name, url, process, start=time.monotonic() - begun)
        time.sleep(0.01)
    process.kill()
    said = (place.folder / "log").read_text(errors="replace")[-2000:]
    raise EngineError(f"{name} does not start:\n{said}")


@contextlib.contextmanager
def running(name: str, place: Place) -> Iterator[Engine]:
    """Start an engine in an empty folder; end it and its processes afterwards."""
    place.folder.mkdir(parents=True)
    engine = ENGINES[name](place)
    try:
        yield engine
    finally:
        engine.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            engine.process.wait(20)
        if engine.process.poll() is None:
            engine.process.kill()
            engine.process.wait()
        shutil.rmtree(place.folder, ignore_errors=True)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
