"""`kg serve`: listen, have the graph loaded, and run the application (`kg/app.py`).

The application is imported only when the loader is at work: importing its libraries takes longer
than loading our own graph does.
"""

# ruff: noqa: PLC0415 - see above

import asyncio
import contextlib
import importlib.util
import socket
from pathlib import Path
from typing import cast

from kg.errors import InputError
from kg.pool import Pool
from kg.served import loader_config
from kg.settings import Settings


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises InputError for a taken port or a foreign address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        reason = (error.strerror or "refused").lower()
        raise InputError(
            f"Cannot listen on {host} port {port}: {reason}; choose another --port."
        ) from None
    return sock


def serve(
    settings: Settings,
    files: list[Path] | None = None,
    host: str | None = None,
    port: int | None = None,
) -> None:
    """Serve the files, or the current snapshot, until interrupted; SIGHUP loads anew.

    Prints the URLs. Raises KgError when the port is taken or the data cannot be loaded.
    """
    sock = listen(host or settings.host, settings.port if port is None else port)
    with contextlib.closing(sock):
        pool = Pool(loader_config(settings, files), settings.concurrent)
        from kg.app import run

        with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop) as runner:
            runner.run(run(settings, files, sock, pool))


def _loop() -> asyncio.AbstractEventLoop:
    """Return uvicorn's choice of event loop: the fast one where it is installed."""
    if importlib.util.find_spec("uvloop"):
        return cast(asyncio.AbstractEventLoop, importlib.import_module("uvloop").new_event_loop())
    return asyncio.new_event_loop()
