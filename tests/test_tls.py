"""Servers that speak TLS: those whom the machine trusts are asked, by confined workers too."""

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from remote_server import FakeServer, fake_server
from test_remote import config
from test_worker import within

from kg.calls import fetch
from kg.connection import tls_context
from kg.errors import ServiceError, StoreLostError
from kg.pool import Pool
from kg.protocol import operation
from kg.worker import Job

QUERY = "ASK { <u:s7> ?p '7' }"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of authorities, empty yet; nobody else is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'none'}:{tmp_path}")
    tls_context.cache_clear()
    yield tmp_path
    tls_context.cache_clear()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[FakeServer]:
    with fake_server() as running:
        speak_tls(running, authority, "127.0.0.1")
        yield running


def speak_tls(server: FakeServer, authority: trustme.CA, name: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server.speak_tls(context)


def ask(server: FakeServer) -> None:
    """Have a worker ask, which may open no file any more."""

    async def work() -> None:
        pool = Pool(config(server, workers=1))
        try:
            await pool.start()
            job = Job(operation([("query", QUERY)]), "json", seconds=5.0)
            assert b"true" in (await pool.run(job)).body
        finally:
            await pool.close()

    within(work)


def test_authorities_in_a_folder(authority: trustme.CA, server: FakeServer, folder: Path) -> None:
    (folder / "unread.0").write_text("named otherwise than OpenSSL names them")
    (folder / "00000000.0").write_text("broken")
    authority.cert_pem.write_to_path(str(folder / "0123abcd.0"))
    ask(server)


def test_authorities_in_a_file(authority: trustme.CA, server: FakeServer, folder: Path) -> None:
    authority.cert_pem.write_to_path(str(folder / "none.pem"))
    ask(server)


@pytest.mark.usefixtures("folder")
def test_nobody_is_trusted(server: FakeServer) -> None:
    with pytest.raises(StoreLostError, match=r"certificate that is not trusted: .*SSL_CERT_FILE"):
        ask(server)


def test_a_certificate_of_another_server(authority: trustme.CA, folder: Path) -> None:
    authority.cert_pem.write_to_path(str(folder / "none.pem"))
    with fake_server() as running:
        speak_tls(running, authority, "elsewhere.example")
        with pytest.raises(StoreLostError, match="not trusted: IP address mismatch"):
            ask(running)


def test_service_in_a_query(authority: trustme.CA, server: FakeServer, folder: Path) -> None:
    with pytest.raises(ServiceError, match="does not answer"):
        asyncio.run(fetch(f"{server.url}/query", QUERY, 1000, 5.0))
    tls_context.cache_clear()
    authority.cert_pem.write_to_path(str(folder / "none.pem"))
    assert b"true" in asyncio.run(fetch(f"{server.url}/query", QUERY, 1000, 5.0))
