"""The read side of the SPARQL 1.1 Graph Store HTTP Protocol: whole graphs, by GET and HEAD.

Source: SPARQL 1.1 Graph Store HTTP Protocol, 4.2 (indirect identification: `?graph=IRI`,
`?default`) and 5.2 (GET). The default graph is the union of all named graphs, as in queries.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.answers import Answers
from kg.assets import probe
from kg.endpoint import any_method
from kg.errors import InputError, NotFoundError
from kg.protocol import IRI, Operation, operation, read_fields
from kg.responses import READING, guarded


class GraphStoreProtocol:
    """Answers requests for whole graphs."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        answer = guarded(self._answer, READING, "The graphs are read-only; they answer")
        self.routes: list[Route] = [any_method("/rdf-graph-store", answer)]
        self._everything = probe("graph")

    async def _answer(self, request: Request) -> Response:
        asked = self.read(request.scope["query_string"].decode("ascii", "replace"))
        await self._refuse_unknown(asked)
        return await self.answers.respond(request, asked)

    def read(self, query_string: str) -> Operation:
        """Return the query for the graph that the parameters name.

        Raises InputError unless they are `default` or one `graph` with an absolute IRI.
        """
        fields = read_fields(query_string)
        names = [name for name, _ in fields if name in ("default", "graph")]
        if len(names) != 1:
            raise InputError("Name one graph: ?default for the union of all, or ?graph=IRI.")
        wanted = [("query", self._everything)]
        for name, value in fields:
            if name == "graph":
                if not IRI.match(value):
                    raise InputError(f"graph must be an absolute IRI, not {value[:80]!r}.")
                wanted.append(("default-graph-uri", value))
            elif name in ("as", "timeout", "maxrows"):
                wanted.append((name, value))
        return operation(wanted)

    async def _refuse_unknown(self, asked: Operation) -> None:
        known = await self.answers.graphs()
        for name in asked.default_graphs or ():
            if name not in known:
                raise NotFoundError(f"There is no graph {name[:200]}.")
