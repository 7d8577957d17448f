"""Another SPARQL server in a process of its own, with a made-up piece of Wikidata."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

HERE = Path(__file__).with_name("federation")
DATA = HERE / "wikidata.ttl"
START_SECONDS = 60


@contextlib.contextmanager
def wikidata_stand_in(program: str = "python") -> Iterator[str]:
    """Yield the address of a second SPARQL endpoint: a few lines of ours, or `oxigraph serve`."""
    with oxigraph() if program == "oxigraph" else few_lines() as address:
        yield address


@contextlib.contextmanager
def few_lines() -> Iterator[str]:
    """Yield the address of `federation/server.py` over the piece of Wikidata."""
    command = [sys.executable, str(HERE / "server.py"), str(DATA)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextlib.contextmanager
def oxigraph() -> Iterator[str]:
    """Yield the address of the `oxigraph` server over the piece of Wikidata."""
    command = shutil.which("oxigraph", path=Path(sys.executable).parent) or shutil.which("oxigraph")
    assert command, "pip install oxigraph"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [command, "serve", "--bind", address.removeprefix("http://")], stderr=subprocess.DEVNULL
    ) as process:
        try:
            load(address)
            yield f"{address}/query"
        finally:
            process.kill()


def load(address: str) -> None:
    """Put the piece of Wikidata into an `oxigraph` server that is starting."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            sent = httpx.post(
                f"{address}/store?default",
                content=DATA.read_bytes(),
                headers={"content-type": "text/turtle"},
            )
        except httpx.TransportError:
            assert time.monotonic() < end, "the server does not start"
            time.sleep(0.05)
        else:
            assert sent.is_success, sent.text
            return
