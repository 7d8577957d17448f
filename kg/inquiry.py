"""A named question asked by its address: `/example/<question>.csv?<parameter>=<value>`.

The parameters are those of `kg query`, read by the same code: a thing is named by any of its
spellings, a date is checked, and what the question does not take is refused. HTML leads to the
start page with the filled-in query in its editor. Without parameters the address is that of the
question's description, as of any thing (`kg/resources.py`).
"""

import asyncio
import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg.answers import Answers
from kg.endpoint import any_method, prefers_page
from kg.entities import Names
from kg.errors import AddressError, InputError, KgError
from kg.examples import without_header
from kg.media import FORMATS, HTML, Format, find
from kg.once import Once
from kg.protocol import LONGEST_ADDRESS, Fields, named_format, operation, read_fields
from kg.queries import Question, bind, find_question, parse_names, questions
from kg.responses import CORS, Handler, problem

#: What is said of the answer and not of the question, unless the question has one of that name.
_OF_THE_ANSWER = ("as", "timeout", "maxrows")
_METHODS = ("GET", "HEAD")
#: Characters of a value and number of values: every name is looked for among all spellings.
_LONGEST, _MOST = 300, 50
_DASHES = re.compile(r"(?<=\s)--(?=[a-z])|^--")


class Inquiry:
    """Answers questions with parameters; leaves every other request to `otherwise`."""

    def __init__(self, answers: Answers, otherwise: Handler) -> None:
        self.answers, self.otherwise = answers, otherwise
        self.questions = {each.name: each for each in questions()}
        self.routes: list[Route] = [any_method("/example/{name}", self.answer)]
        self._names = Once(answers.service.pool, self._read_names)
        self._turns = asyncio.Semaphore(2)

    async def answer(self, request: Request) -> Response:
        """Answer any request below `/example/`."""
        question, form = self._asked(request.path_params["name"])
        if question is None or request.method not in _METHODS:
            return await self.otherwise(request)
        try:
            fields = _read(request.scope["query_string"])
            if {name for name, _ in fields} <= {"page", *_of_the_answer(question)}:
                return await self.otherwise(request)
            return await self._answered(request, question, form, fields)
        except KgError as error:
            return problem(error, request.headers.get("accept"))

    def _asked(self, name: str) -> tuple[Question | None, Format | None]:
        """Return the question that the end of the path names, and the format if any."""
        if name in self.questions:
            return self.questions[name], None
        stem, _, ending = name.rpartition(".")
        form = find(ending, (HTML, *FORMATS))
        return (self.questions.get(stem) if form else None), form

    async def _answered(
        self, request: Request, question: Question, form: Format | None, fields: Fields
    ) -> Response:
        own = _of_the_answer(question)
        form, said = _wanted(form, [each for each in fields if each[0] in own])
        text = await self._filled(question, [each for each in fields if each[0] not in own])
        asked = operation([("query", text), *said])
        if form is HTML or (form is None and prefers_page(request.headers.get("accept"))):
            return _editor(request, question.name, without_header(text))
        return await self.answers.respond(request, asked)

    async def _filled(self, question: Question, fields: Fields) -> str:
        """Return the query with these values; an empty one, as forms send it, is none."""
        _refuse_much(fields)
        _, names = await self._names.get()
        async with self._turns:
            return await asyncio.to_thread(_bound, question, fields, names)

    async def _read_names(self) -> tuple[str, Names]:
        fingerprint, body = await self.answers.ask(find_question("spellings").text, "csv")
        return fingerprint, await asyncio.to_thread(parse_names, body)


def _read(encoded: bytes) -> Fields:
    if len(encoded) > LONGEST_ADDRESS:
        raise AddressError("The address is too long; send fewer or shorter values.")
    return read_fields(encoded.decode("ascii", "replace"))


def _refuse_much(fields: Fields) -> None:
    if len(fields) > _MOST:
        raise InputError(f"The question has {len(fields)} values; send at most {_MOST}.")
    if any(len(text) > _LONGEST for each in fields for text in each):
        raise InputError(f"A value or its name is longer than {_LONGEST} characters; shorten it.")


def _wanted(ending: Format | None, said: Fields) -> tuple[Format | None, Fields]:
    """Return the one format that the ending and `as` name, and what is said with it as `as`.

    HTML is no answer of a query and is left out there; a repeated `as` is left to be refused.
    """
    names = [value for name, value in said if name == "as"]
    if len(names) > 1:
        return ending, said
    asked = named_format(names[0], (HTML, *FORMATS)) if any(names) else ending
    if ending not in (None, asked):
        raise InputError(f"The address ends in .{ending.extension}, but `as` names another format.")
    rest = [each for each in said if each[0] != "as"]
    return asked, [*rest, ("as", asked.name)] if asked not in (None, HTML) else rest


def _bound(question: Question, fields: Fields, names: Names) -> str:
    values: dict[str, list[str]] = {}
    try:
        for name, value in fields:
            question.parameter(name)
            if value:
                values.setdefault(name, []).append(value)
        return bind(question, values, names)
    except InputError as error:
        # What the command line writes as an option has no dashes in an address.
        raise InputError(_DASHES.sub("", str(error))) from None


def _editor(request: Request, name: str, query: str) -> Response:
    """Lead to the start page, which takes the question and its text from its own address."""
    fields = urlencode({"ask": name, "query": query})
    location = f"{request.scope.get('root_path', '')}/?{fields}"
    headers = {**CORS, "location": location, "vary": "Accept", "cache-control": "public, no-cache"}
    return Response(status_code=303, headers=headers)


def _of_the_answer(question: Question) -> set[str]:
    return set(_OF_THE_ANSWER) - {each.name for each in question.parameters}
