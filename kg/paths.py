"""The addresses beside the SPARQL endpoint, as the OpenAPI description has them.

The things of the graph, the dataset and the guides (`kg/resources.py`, `kg/guides.py`), and the
reconciliation service (`kg/reconcile.py`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kg.addresses import FORMS
from kg.dataset import FORMS as DATASET_FORMS
from kg.media import FORMATS, HTML
from kg.protocol import FORM_TYPE

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
_PROBLEM: Json = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
    "text/plain": {"schema": {"type": "string"}},
}
#: What any answer from the graph may be refused with.
BUSY = {
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


def more_paths() -> Json:
    """Return the description of every address but those of the endpoint and of health."""
    return {
        **{path: {"get": _thing(path, what)} for path, what in _KINDS.items()},
        "/example/{name}": {"get": _question()},
        "/.well-known/void": {"get": _redirect("The description of the dataset, by Accept.")},
        "/dataset": {"get": _redirect("The description of the dataset, by Accept.")},
        **{
            f"/dataset.{row.extension}": {
                "get": _get("VoID, DCAT 3 and schema.org.", [row.media_type], BUSY)
            }
            for row in DATASET_FORMS
        },
        **{path: {"get": _get(summary, [kind], {"404": "There is none.", **BUSY})}
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
            parameter("page", "The part of a long description.", {"type": "integer"}),
            parameter("as", "The form, for clients that cannot send Accept.", {
                "enum": sorted({name for row in FORMS for name in (row.name, row.extension)})}),
        ],
        "responses": {
            "200": {"description": "A document.", "content": {each: {} for each in types}},
            "303": {"description": "The document that the client accepts."},
            "304": {"description": "The document is the one that If-None-Match names."},
            **refusals({
                "400": "The part is no whole number, or there is no such form.",
                "404": "There is no such thing; near spellings are offered.",
                "406": "No form that the client accepts can be sent.",
                **BUSY,
            }),
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
    names = sorted({name for row in (HTML, *FORMATS) for name in (row.name, row.extension)})
    described["parameters"][-1]["schema"]["enum"] = names
    described["parameters"].append({
        "name": "parameters", "in": "query", "style": "form", "explode": True,
        "description": "Those of the question, as `kg query NAME --help` and /llms.txt list them.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "example": {"post": "interior-minister", "on": "1994-01-15"},
    })  # fmt: skip
    described["responses"]["200"]["content"] = {each: {} for each in types}
    described["responses"] |= refusals({
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
            **refusals({"406": "No form that the client accepts can be sent."}),
        },
    }


def _get(summary: str, types: Iterable[str], texts: Mapping[str, str],
         parameters: Iterable[Json] = ()) -> Json:  # fmt: skip
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {
            "200": {"description": "The answer.", "content": {each: {} for each in types}},
            "304": {"description": "The answer is the one that If-None-Match names."},
            **refusals(texts),
        },
    }


def _reconciliation() -> Json:
    """Return the Reconciliation Service API 0.2, which OpenRefine speaks."""
    json = ["application/json"]
    texts = {"400": "A parameter is malformed.", **BUSY}
    fields = {
        "queries": "A batch of queries, in JSON.",
        "query": "One query, in JSON.",
        "extend": "A request for values of things, in JSON.",
    }
    asked = [parameter(name, text, {}) for name, text in fields.items()]
    main = _get("Reconcile names with things; without parameters, the manifest.", json,
                texts, asked)  # fmt: skip
    form = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
    post = _get("Reconcile names with things, by a form.", json,
                {**texts, "415": "The body is no form."})  # fmt: skip
    post["requestBody"] = {"required": True, "content": {FORM_TYPE: {"schema": form}}}
    kind = {**parameter("kind", "What is asked for.", {}), "in": "path", "required": True}
    return {
        "/reconcile": {"get": main, "post": post},
        "/reconcile/suggest/{kind}": {"get": _get(
            "Suggest entities, types or properties.", json,
            {**texts, "404": "There is no such kind."},
            [kind, parameter("prefix", "How the name begins.", {}),
             parameter("cursor", "How many to pass over.", {"type": "integer"})])},
        "/reconcile/flyout/{kind}": {"get": _get(
            "A short description in HTML, within JSON.", json,
            {**texts, "404": "There is no such thing."},
            [kind, parameter("id", "Which.", {})])},
        "/reconcile/properties": {"get": _get(
            "Propose properties of things of a type.", json,
            {**texts, "404": "There is no such type."},
            [parameter("type", "The type.", {}),
             parameter("limit", "The most.", {"type": "integer"})])},
        "/reconcile/preview": {"get": _get(
            "A preview of a thing.", ["text/html"],
            {**texts, "404": "There is no such thing."}, [parameter("id", "Which.", {})])},
    }  # fmt: skip


def parameter(name: str, description: str, schema: Json) -> Json:
    """Return a parameter of an address; `schema` adds to that it is a text."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


def refusals(texts: Mapping[str, str]) -> Json:
    """Return answers that refuse, by status, each with its sentence as a problem document."""
    return {
        status: {"description": text, "content": _PROBLEM} for status, text in texts.items()
    }  # fmt: skip
