"""The OpenAPI description of what the server answers, made from the tables that it works by.

Source: OpenAPI Specification 3.1. It is what API clients and the fuzzing suite read.
"""

from kg.media import FORMATS, Format, offered
from kg.paths import BUSY, Json, more_paths, parameter, refusals
from kg.protocol import FORM_TYPE, QUERY_TYPE
from kg.service_description import DESCRIPTION_FORMATS

_REFUSALS = {
    **BUSY,
    "400": "The query or a parameter is malformed; the sentence has line and column.",
    "403": "An update, a file, or SERVICE where it is not allowed: this endpoint only reads.",
    "406": "No format that the client accepts fits this query.",
    "413": "The request, the answer or the memory that it takes is above the limit.",
    "502": "A server that SERVICE names does not answer as it should.",
    "414": "The address is too long: send the query by POST.",
}
_PROBLEM: Json = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence: what is wrong."},
    },
}


def describe_api(title: str, description: str, version: str) -> Json:
    """Return the description of every path that a client may ask."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": description, "version": version},
        "paths": {
            "/sparql": {"get": _query_by_get(), "post": _query_by_post()},
            "/rdf-graph-store": {"get": _graph()},
            "/healthz": {"get": _text("The server is alive.")},
            "/readyz": {"get": _text("The graph is loaded.", also={"503": "It is not yet."})},
            "/metrics": {"get": _text("Figures in the Prometheus text format.")},
            **more_paths(),
        },
        "components": {"schemas": {"Problem": _PROBLEM}},
    }


def _query_by_get() -> Json:
    return {
        "summary": "Ask a SPARQL 1.1 query; without any parameter, get the service description.",
        "operationId": "query",
        "parameters": [parameter("query", "The text of one SPARQL 1.1 query.", {}), *_common()],
        "responses": _answers((*FORMATS, *DESCRIPTION_FORMATS)),
    }


def _query_by_post() -> Json:
    fields: Json = {each["name"]: {**each["schema"]} for each in _common()}
    form = {"type": "object", "required": ["query"], "properties": {"query": {"type": "string"}}}
    form["properties"] = {"query": {"type": "string"}, **fields}
    responses = _answers(FORMATS)
    responses |= refusals({"415": "The body is neither a form nor a query."})
    return {
        "summary": "Ask a SPARQL 1.1 query as a form or as the body itself.",
        "operationId": "queryByPost",
        "parameters": _common(),
        "requestBody": {
            "required": True,
            "content": {FORM_TYPE: {"schema": form}, QUERY_TYPE: {"schema": {"type": "string"}}},
        },
        "responses": responses,
    }


def _graph() -> Json:
    responses = _answers(offered("graph"))
    responses |= refusals({"404": "There is no such graph."})
    return {
        "summary": "Get one named graph, or with `default` the union of all (read only).",
        "operationId": "graph",
        "parameters": [
            parameter("graph", "The IRI of a named graph.", {"format": "iri"}),
            {**parameter("default", "The union of all graphs.", {}), "allowEmptyValue": True},
            _format(offered("graph")),
        ],
        "responses": responses,
    }


def _common() -> list[Json]:
    several: Json = {"type": "array", "items": {"type": "string", "format": "iri"}}
    return [
        parameter("default-graph-uri", "Graphs that make the default graph.", several),
        parameter("named-graph-uri", "Graphs that GRAPH may name.", several),
        parameter("timeout", "Seconds; lowers the limit.", {"type": "number"}),
        parameter("maxrows", "Most rows; a shorter answer says so.", {"type": "integer"}),
        _format(FORMATS),
    ]


def _format(rows: tuple[Format, ...]) -> Json:
    names = list(dict.fromkeys(name for row in rows for name in (row.name, row.extension)))
    return parameter("as", "Format, for clients that cannot send Accept.", {"enum": names})


def _answers(rows: tuple[Format, ...]) -> Json:
    types = [media_type for row in rows for media_type in (row.media_type, *row.aliases)]
    found: Json = {
        "200": {"description": "The answer.", "content": {each: {} for each in types}},
        "304": {"description": "The answer is the one that If-None-Match names."},
    }
    return found | refusals(_REFUSALS)


def _text(description: str, also: dict[str, str] | None = None) -> Json:
    responses = {"200": description, **(also or {})}
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "summary": description,
        "responses": {
            status: {"description": text, "content": content} for status, text in responses.items()
        },
    }
