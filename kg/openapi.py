"""The OpenAPI description of what the server answers, made from the tables that it works by.

Source: OpenAPI Specification 3.1. It is what API clients and the fuzzing suite read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kg.addresses import FORMS
from kg.media import FORMATS, HTML, Format, offered
from kg.protocol import FORM_TYPE, QUERY_TYPE
from kg.service_description import DESCRIPTION_FORMATS

Json = dict[str, Any]

#: Kinds of things by their path, with what each is.
_KINDS = {
    "/id/{name}": "an entity: a person, body, event, place, post, work or item",
    "/claim/{document}/{number}": "a claim",
    "/document/{name}": "a source document",
    "/passage/{document}/{number}": "a passage of a document",
    "/dispute/{name}": "a dispute",
    "/proposition/{name}": "the content that claims share",
    "/ontology/{name}": "a class, property or concept of the ontology",
    "/ontology/": "the ontology",
    "/graph/{name}": "a named graph",
}
_IN_PROBLEM: Json = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    "text/plain": {"schema": {"type": "string"}},
}
#: What any answer from the graph may be refused with.
_BUSY = {
    "413": "The answer or the memory that it takes is above the limit.",
    "503": "Too many queries are running; Retry-After tells when to ask again.",
    "504": "The query was stopped at its time limit.",
}
_SUMMARIES = {
    "/guide.html": ("How to ask: claims, families, and which question finds what.", "text/html"),
    "/guide.md": ("The same in Markdown.", "text/markdown"),
    "/llms.txt": ("A guide for language models and other readers of plain text.", "text/plain"),
    "/robots.txt": ("What crawlers may read.", "text/plain"),
    "/sitemap.xml": ("The pages of documents, entities and disputes.", "application/xml"),
    "/ontology/context.jsonld": ("The JSON-LD context.", "application/ld+json"),
}
_REFUSALS = {
    **_BUSY,
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
            **_more_paths(),
        },
        "components": {"schemas": {"Problem": _PROBLEM}},
    }


def _query_by_get() -> Json:
    return {
        "summary": "Ask a SPARQL 1.1 query; without any parameter, get the service description.",
        "operationId": "query",
        "parameters": [_parameter("query", "The text of one SPARQL 1.1 query.", {}), *_common()],
        "responses": _answers((*FORMATS, *DESCRIPTION_FORMATS)),
    }


def _query_by_post() -> Json:
    fields = {"query": {"type": "string"}, **{each["name"]: each["schema"] for each in _common()}}
    form = {"type": "object", "required": ["query"], "properties": fields}
    return {
        "summary": "Ask a SPARQL 1.1 query as a form or as the body itself.",
        "operationId": "queryByPost",
        "parameters": _common(),
        "requestBody": {
            "required": True,
            "content": {FORM_TYPE: {"schema": form}, QUERY_TYPE: {"schema": {"type": "string"}}},
        },
        "responses": _answers(FORMATS, {"415": "The body is neither a form nor a query."}),
    }


def _graph() -> Json:
    return {
        "summary": "Get one named graph, or with `default` the union of all (read only).",
        "operationId": "graph",
        "parameters": [
            _parameter("graph", "The IRI of a named graph.", {"format": "iri"}),
            {**_parameter("default", "The union of all graphs.", {}), "allowEmptyValue": True},
            _format(offered("graph")),
        ],
        "responses": _answers(offered("graph"), {"404": "There is no such graph."}),
    }


def _common() -> list[Json]:
    several: Json = {"type": "array", "items": {"type": "string", "format": "iri"}}
    return [
        _parameter("default-graph-uri", "Graphs that make the default graph.", several),
        _parameter("named-graph-uri", "Graphs that GRAPH may name.", several),
        _parameter("timeout", "Seconds; lowers the limit.", {"type": "number"}),
        _parameter("maxrows", "Most rows; a shorter answer says so.", {"type": "integer"}),
        _format(FORMATS),
    ]


def _format(rows: tuple[Format, ...]) -> Json:
    names = list(dict.fromkeys(name for row in rows for name in (row.name, row.extension)))
    return _parameter("as", "Format, for clients that cannot send Accept.", {"enum": names})


def _answers(rows: tuple[Format, ...], more: Mapping[str, str] | None = None) -> Json:
    types = [media_type for row in rows for media_type in (row.media_type, *row.aliases)]
    return _responses("answer", types, {**_REFUSALS, **(more or {})})


def _text(description: str, also: dict[str, str] | None = None) -> Json:
    content = {"text/plain": {"schema": {"type": "string"}}}
    said = {"200": description, **(also or {})}.items()
    responses = {status: {"description": text, "content": content} for status, text in said}
    return {"summary": description, "responses": responses}


def _more_paths() -> Json:
    """Return the description of every address but those of the endpoint and of health."""
    return {
        **{path: {"get": _thing(path, what)} for path, what in _KINDS.items()},
        "/example/{name}": {"get": _question()},
        **{path: {"get": _redirect("The description of the dataset, by Accept.")}
           for path in ("/.well-known/void", "/dataset")},
        **{
            f"/dataset.{row.extension}": {
                "get": _get("VoID, DCAT 3 and schema.org.", [row.media_type], _BUSY)
            }
            for row in DESCRIPTION_FORMATS
        },
        **{path: {"get": _get(summary, [kind], {"404": "There is none.", **_BUSY})}
           for path, (summary, kind) in _SUMMARIES.items()},
        **_reconciliation(),
    }  # fmt: skip


def _thing(path: str, what: str) -> Json:
    names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    types = [row.media_type for row in FORMS]
    extensions = " ".join(f".{row.extension}" for row in FORMS)
    return {
        "summary": f"Get {what}: 303 to a document by Accept, or that document ({extensions}).",
        "parameters": [
            *({"name": each, "in": "path", "required": True, "schema": {"type": "string"}}
              for each in names),
            _parameter("page", "The part of a long description.", {"type": "integer"}),
            _format(FORMS),
        ],
        "responses": {
            **_responses("document", types, {
                "400": "The part is no whole number, or there is no such form.",
                "404": "There is no such thing; near spellings are offered.",
                "406": "No form that the client accepts can be sent.",
                **_BUSY,
            }),
            "303": {"description": "The document that the client accepts."},
            "410": {"description": "The claim was withdrawn; the document gives the reason.",
                    "content": {each: {} for each in types}},
        },
    }  # fmt: skip


def _question() -> Json:
    """Return the address of a named question: its description, or its answer to parameters."""
    described = _thing("/example/{name}", "a named question without its parameters")
    types = sorted({kind for row in (*FORMS, *FORMATS) for kind in (row.media_type, *row.aliases)})
    described["summary"] += (
        " With the question's parameters, its answer, in any format of /sparql by ending, `as` or"
        " Accept; HTML leads to the editor with the filled-in query."
    )
    described["parameters"][-1] = _format((HTML, *FORMATS))
    described["parameters"].append({
        "name": "parameters", "in": "query", "style": "form", "explode": True,
        "description": "Those of the question, as `kg query NAME --help` and /llms.txt list them.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "example": {"post": "interior-minister", "on": "1994-01-15"},
    })  # fmt: skip
    described["responses"]["200"]["content"] = {each: {} for each in types}
    described["responses"] |= _refusals({
        "400": "A parameter is unknown, missing or malformed; the sentence says which.",
        "404": "There is no such question, or nothing is called so; near spellings are offered.",
        "414": "The address is too long.",
    })  # fmt: skip
    return described


def _redirect(summary: str) -> Json:
    return {
        "summary": summary,
        "responses": {
            "303": {"description": "The document that the client accepts."},
            **_refusals({"406": "No form that the client accepts can be sent."}),
        },
    }


def _get(summary: str, types: Iterable[str], texts: Mapping[str, str],
         parameters: Iterable[Json] = ()) -> Json:  # fmt: skip
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": _responses("answer", types, texts),
    }


def _reconciliation() -> Json:
    """Return the Reconciliation Service API 0.2, which OpenRefine speaks."""
    json = ["application/json"]
    texts = {"400": "A parameter is malformed.", **_BUSY}
    fields = {
        "queries": "A batch of queries, in JSON.",
        "query": "One query, in JSON.",
        "extend": "A request for values of things, in JSON.",
    }
    asked = [_parameter(name, text, {}) for name, text in fields.items()]
    main = _get("Reconcile names with things; without parameters, the manifest.", json,
                texts, asked)  # fmt: skip
    form = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
    post = _get("Reconcile names with things, by a form.", json,
                {**texts, "415": "The body is no form."})  # fmt: skip
    post["requestBody"] = {"required": True, "content": {FORM_TYPE: {"schema": form}}}
    kind = {**_parameter("kind", "What is asked for.", {}), "in": "path", "required": True}
    return {
        "/reconcile": {"get": main, "post": post},
        "/reconcile/suggest/{kind}": {"get": _get(
            "Suggest entities, types or properties.", json,
            {**texts, "404": "There is no such kind."},
            [kind, _parameter("prefix", "How the name begins.", {}),
             _parameter("cursor", "How many to pass over.", {"type": "integer"})])},
        "/reconcile/flyout/{kind}": {"get": _get(
            "A short description in HTML, within JSON.", json,
            {**texts, "404": "There is no such thing."},
            [kind, _parameter("id", "Which.", {})])},
        "/reconcile/properties": {"get": _get(
            "Propose properties of things of a type.", json,
            {**texts, "404": "There is no such type."},
            [_parameter("type", "The type.", {}),
             _parameter("limit", "The most.", {"type": "integer"})])},
        "/reconcile/preview": {"get": _get(
            "A preview of a thing.", ["text/html"],
            {**texts, "404": "There is no such thing."}, [_parameter("id", "Which.", {})])},
    }  # fmt: skip


def _parameter(name: str, description: str, schema: Json) -> Json:
    """Return a parameter of an address; `schema` adds to that it is a text."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _responses(what: str, types: Iterable[str], texts: Mapping[str, str]) -> Json:
    """Return the responses of an address: what it sends in these types, or refuses."""
    return {
        "200": {"description": f"The {what}.", "content": {each: {} for each in types}},
        "304": {"description": f"The {what} is the one that If-None-Match names."},
        **_refusals(texts),
    }


def _refusals(texts: Mapping[str, str]) -> Json:
    """Return answers that refuse, by status, each with its sentence as a problem document."""
    return {
        status: {"description": text, "content": _IN_PROBLEM} for status, text in texts.items()
    }  # fmt: skip
