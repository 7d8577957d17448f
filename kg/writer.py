"""Writing graphs to another server: by the Graph Store Protocol, or by SPARQL Update.

Sources: SPARQL 1.1 Graph Store HTTP Protocol, 5.3 to 5.5 (PUT, DELETE, POST); SPARQL 1.1
Protocol, 2.2.2 (update by POST). The text of a request is bounded by whoever calls.
"""

from dataclasses import replace
from urllib.parse import quote

from kg.assets import PROBES
from kg.connection import Access, Connection
from kg.errors import InputError, KgError, StoreLostError
from kg.protocol import UPDATE_TYPE
from kg.settings import is_service


class GraphStoreWriter:
    """Writes to the graph store at the URL of `access`; triples are lines of N-Triples in UTF-8."""

    def __init__(self, access: Access) -> None:
        self.access, self.connection = access, Connection(access)

    def replace(self, graph: str, triples: bytes) -> None:
        """Put these triples in the place of the graph's own."""
        self._send("PUT", graph, triples)

    def add(self, graph: str, triples: bytes) -> None:
        """Add triples to a graph."""
        self._send("POST", graph, triples)

    def remove(self, graph: str) -> None:
        """Remove a graph, if it is there."""
        self._send("DELETE", graph, b"")

    def _send(self, method: str, graph: str, body: bytes) -> None:
        separator = "&" if "?" in self.access.url else "?"
        url = f"{self.access.url}{separator}graph={quote(graph, safe='')}"
        headers = {"content-type": "application/n-triples"} if body else {}
        status = self.connection.status(method, url, body, headers)
        if not (status < 300 or (method == "DELETE" and status == 404)):
            raise _refused(self.access, "graph store", status)


class UpdateWriter:
    """Does the same by updates to the service at the URL of `access`."""

    def __init__(self, access: Access) -> None:
        self.access, self.connection = access, Connection(access)
        self._insert, self._drop = (
            (PROBES / f"{name}.ru").read_text("utf-8") for name in ("insert", "drop")
        )

    def replace(self, graph: str, triples: bytes) -> None:
        """Put these triples in the place of the graph's own, in one update."""
        drop = self._drop.replace("u:graph", graph).encode()
        self._send(drop + b" ;\n" + self._inserting(graph, triples))

    def add(self, graph: str, triples: bytes) -> None:
        """Add triples to a graph."""
        self._send(self._inserting(graph, triples))

    def remove(self, graph: str) -> None:
        """Remove a graph, if it is there."""
        self._send(self._drop.replace("u:graph", graph).encode())

    def _inserting(self, graph: str, triples: bytes) -> bytes:
        text = self._insert.replace("u:graph", graph).encode()
        return text.replace(b"TRIPLES\n}", triples + b"}")

    def _send(self, update: bytes) -> None:
        headers = {"content-type": UPDATE_TYPE}
        status = self.connection.status("POST", self.access.url, update, headers)
        if status >= 300:
            raise _refused(self.access, "update service", status)


Writer = GraphStoreWriter | UpdateWriter


def writer(access: Access, graph_store: str, update: str) -> Writer:
    """Return the way to write: to a graph store, an update service, or updates where one asks.

    Raises InputError for both, or for no URL of a server.
    """
    if graph_store and update:
        raise InputError("Name --graph-store or --update, not both.")
    for url in (graph_store, update):
        if url and not is_service(url):
            raise InputError(f"{url!r} is no http or https URL.")
    if graph_store:
        return GraphStoreWriter(replace(access, url=graph_store))
    return UpdateWriter(replace(access, url=update or access.url))


def _refused(access: Access, what: str, status: int) -> KgError:
    if status in (401, 403):
        return InputError(
            f"The {what} at {access.server} refuses us ({status}); set KG_STORE_USER and"
            " KG_STORE_PASSWORD to those of somebody who may write."
        )
    if status in (400, 404, 405, 415, 501) or 300 <= status < 400:
        return InputError(
            f"There is no {what} at {access.url} (status {status}); name the right one with"
            " --graph-store or --update."
        )
    return StoreLostError(
        f"The {what} at {access.server} has not stored what was sent (status {status}); see its"
        " log, perhaps its disk is full, and run the command again to go on."
    )
