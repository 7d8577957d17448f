"""One connection to one SPARQL server, and to no other address: no redirect is followed.

Sources: RFC 9110 (HTTP semantics), RFC 7617 (Basic), RFC 7616 (Digest) for name and password.
The name of the server is looked up once, when the connection is made ready; a proxy of the
environment is not used.
"""

import base64
import contextlib
import functools
import hashlib
import http.client
import os
import re
import secrets
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from kg.errors import StoreLostError

#: Seconds to wait for a connection.
CONNECT_SECONDS = 5.0

_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_CHALLENGE = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True)
class Access:
    """The URL of a service and who asks it; the password is not shown where this is printed.

    `patience` are the seconds to wait for the next bytes of an answer.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    patience: float = 3600.0

    @property
    def server(self) -> str:
        """The server as it may be told: scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


class Connection:
    """Sends requests to one server, one at a time, over a connection that is kept.

    Made ready, it looks up the server's name: raises StoreLostError when there is no such server.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        parts = urlsplit(access.url)
        self._host, self._tls = parts.hostname or "", parts.scheme == "https"
        self._port = parts.port or (443 if self._tls else 80)
        self._context = tls_context() if self._tls else None
        self._open: http.client.HTTPConnection | None = None
        self._wire: socket.socket | None = None
        self._challenge: dict[str, str] = {}
        self._number = 0
        try:
            self._addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError:
            raise self._lost("is not known") from None

    def request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Return the answer to a request, whatever its status; its body is still to be read.

        Raises StoreLostError when the server does not answer, ValueError for another server's URL.
        """
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self.access.server:
            raise ValueError("one connection reaches one server")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = self._send(method, target, body, headers or {})
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status == 401 and self.access.user and challenge:
            self._finish(answer)
            fields = _CHALLENGE.finditer(challenge)
            self._challenge = {each[1].lower(): each[2] or each[3] or "" for each in fields}
            self._challenge["scheme"] = challenge.split()[0].lower()
            answer = self._send(method, target, body, headers or {})
        return answer

    def status(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status of the answer to a request, of which nothing else is wanted.

        Raises as `request`; StoreLostError also for an answer that breaks off.
        """
        answer = self.request(method, url, body, headers)
        self._finish(answer)
        return answer.status

    def _finish(self, answer: http.client.HTTPResponse) -> None:
        """Read an answer to its end: then its connection is free for the next request."""
        try:
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise self._lost("broke its answer off") from None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._open:
            self._open.close()
        self._open = None

    def cut(self) -> None:
        """End a request from another thread: it is told that there is no answer."""
        if self._wire:
            with contextlib.suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)

    def _send(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        for kept in (self._open is not None, False):
            try:
                connection = self._open = self._open or self._connected()
                sent = {**headers, **self._credentials(method, target)}
                connection.request(method, target, body, sent)
                return connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # A server may close a connection that was idle: that is no failure.
                if not kept or isinstance(error, TimeoutError):
                    raise self._lost("does not answer") from None
        raise self._lost("does not answer")

    def _connected(self) -> http.client.HTTPConnection:
        where, patience = (self._host, self._port), self.access.patience
        connection = http.client.HTTPConnection(*where, timeout=patience)
        if self._context:
            connection = http.client.HTTPSConnection(
                *where, timeout=patience, context=self._context
            )
        connection.sock = self._wire = self._socket()
        connection.auto_open = 0  # it would look the name up again and wait for an hour
        return connection

    def _socket(self) -> socket.socket:
        for family, kind, protocol, _, address in self._addresses:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(CONNECT_SECONDS)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                wrapped = (
                    self._context.wrap_socket(sock, server_hostname=self._host)
                    if self._context
                    else sock
                )
                wrapped.settimeout(self.access.patience)
            except ssl.SSLCertVerificationError as error:
                sock.close()
                raise StoreLostError(
                    "The server of the store shows a certificate that is not trusted:"
                    f" {error.verify_message}; name the file of its authority in SSL_CERT_FILE."
                ) from None
            except OSError:
                sock.close()
            else:
                return wrapped
        raise self._lost("cannot be reached")

    def _lost(self, what: str) -> StoreLostError:
        return StoreLostError(f"The server of the store {what}; try again in a few seconds.")

    def _credentials(self, method: str, target: str) -> dict[str, str]:
        user, password = self.access.user, self.access.password
        if not self._challenge:  # nobody has asked yet, and some servers refuse what they did not
            return {}
        if self._challenge["scheme"] == "digest":
            self._number += 1
            asked = f"{method}:{target}"
            return {"authorization": _digest(self._challenge, user, password, asked, self._number)}
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"authorization": f"Basic {token}"}


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return a context for TLS that trusts whom this machine trusts, and needs no file later.

    OpenSSL looks into a folder of authorities (`SSL_CERT_DIR`) when it needs one, and a worker
    may open no file then. Source: SSL_CTX_load_verify_locations(3), the names of its files.
    """
    context, paths = ssl.create_default_context(), ssl.get_default_verify_paths()
    folders = os.environ.get(paths.openssl_capath_env, paths.openssl_capath)
    for folder in filter(None, folders.split(os.pathsep)):
        for path in Path(folder).glob("*.*"):
            if _HASHED.fullmatch(path.name):
                # OpenSSL too passes over what it cannot read.
                with contextlib.suppress(OSError):
                    context.load_verify_locations(path)
    return context


def _digest(said: Mapping[str, str], user: str, password: str, asked: str, number: int) -> str:
    """Return the credentials that answer a Digest challenge (RFC 7616, 3.4)."""

    def hashed(text: str) -> str:
        name = "sha256" if said.get("algorithm", "MD5").upper().startswith("SHA-256") else "md5"
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = said.get("realm", ""), said.get("nonce", "")
    secret, request = hashed(f"{user}:{realm}:{password}"), hashed(asked)
    fields = {"username": user, "realm": realm, "nonce": nonce, "uri": asked.partition(":")[2]}
    if "qop" in said:
        count, own = f"{number:08x}", secrets.token_hex(8)
        fields["response"] = hashed(f"{secret}:{nonce}:{count}:{own}:auth:{request}")
        fields["cnonce"] = own
    else:
        fields["response"] = hashed(f"{secret}:{nonce}:{request}")
    fields |= {name: said[name] for name in ("opaque",) if name in said}
    listed = ", ".join(f'{name}="{value}"' for name, value in fields.items())
    bare = f", algorithm={said['algorithm']}" if "algorithm" in said else ""
    return f"Digest {listed}{bare}" + (f", qop=auth, nc={count}" if "qop" in said else "")
