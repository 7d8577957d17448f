"""The HTTP parser of the server, with a bound on what it keeps of a request's head.

uvicorn's fast parser collects headers without end; a client could fill the memory with them.
Source: RFC 6585, 5 (status 431).
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of request line and headers: more than any client or proxy sends.
LONGEST_HEAD = 64 * 1024

_SENTENCE = b"The headers of the request are too long.\n"
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_SENTENCE), _SENTENCE)
)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which closes a connection whose head does not end in time."""

    _received = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        """Take what came in, unless the head is too long already (asyncio's hook)."""
        if self._in_head and self._received > LONGEST_HEAD:
            self.transport.write(_REFUSAL)
            self.transport.close()
            return
        # The first part of a body may come with the head: what comes now counts the next time.
        self._received += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Stop counting (the parser's hook)."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count the next request of the connection anew (the parser's hook)."""
        self._in_head, self._received = True, 0
        super().on_message_complete()
