"""What a client of the reconciliation service asks, read from JSON and checked.

Sources: Reconciliation Service API 0.2, "Reconciliation Queries" and "Data Extension Queries";
its JSON Schemas reconciliation-query-batch and data-extension-query. Classes and properties are
checked against those that the service has: a misspelt one would else be passed over silently.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard, TypeVar

from kg.errors import InputError, TooLargeError
from kg.names import normalize
from kg.things import Things, Value

_STRICT = ("any", "should", "all")
_MOST_QUERIES = 200
_MOST_CANDIDATES = 100
_USUAL_CANDIDATES = 10
_MOST_IDS = 10_000
_LONGEST_NAME = 300
_MOST_VALUES = 100
_FIELDS = ("query", "type", "limit", "properties", "type_strict")

T = TypeVar("T")


@dataclass(frozen=True)
class Hint:
    """A property of the thing sought, with values of which it should have one."""

    property: str
    values: tuple[Value, ...]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The normalized text of each value, made once: it is compared with that of every thing."""
        return tuple(normalize(each.text) for each in self.values)


@dataclass(frozen=True)
class Query:
    """One cell of a table: its text, classes wanted and how strictly, hints, and how many."""

    text: str
    types: tuple[str, ...] = ()
    strict: str = "should"
    hints: tuple[Hint, ...] = ()
    limit: int = _USUAL_CANDIDATES


@dataclass(frozen=True)
class Column:
    """A property to fetch: at most `limit` values (0: all), with or without accounts."""

    property: str
    limit: int = 0
    accounts: bool = False


@dataclass(frozen=True)
class Extension:
    """The things whose values are wanted, and the properties, each of both once."""

    ids: tuple[str, ...]
    columns: tuple[Column, ...]


def read_batch(text: str, things: Things) -> dict[str, Query]:
    """Return the queries of a batch by their keys; raises InputError, TooLargeError."""
    batch = _json(text, "queries")
    if not isinstance(batch, dict) or not all(isinstance(each, dict) for each in batch.values()):
        raise InputError('`queries` is not of the form {"q0": {"query": "a name"}, …}.')
    if len(batch) > _MOST_QUERIES:
        raise TooLargeError(
            f"The batch has {len(batch)} queries; send at most {_MOST_QUERIES} at a time."
        )
    found = {}
    for key, each in batch.items():
        try:
            found[key] = _query(each, things)
        except InputError as error:
            raise InputError(f"Query {key[:40]!r}: {error}") from None
    return found


def read_query(text: str, things: Things) -> Query:
    """Return a single query: a JSON object, or else a name as it stands."""
    if text.lstrip().startswith("{"):
        return _query(_json(text, "query"), things)
    return _query({"query": text}, things)


def read_extension(text: str, things: Things) -> Extension:
    """Return what a data extension query wants; raises InputError, TooLargeError."""
    asked = _json(text, "extend")
    given = asked if isinstance(asked, dict) else {}
    ids, columns = given.get("ids"), given.get("properties")
    if not _all_of(ids, str) or not _all_of(columns, dict):
        raise InputError('`extend` is not of the form {"ids": ["…"], "properties": [{"id": "…"}]}.')
    if len(ids) > _MOST_IDS:
        raise TooLargeError(f"The request has {len(ids)} ids; send at most {_MOST_IDS} at a time.")
    wanted = {each.property: each for each in (_column(each, things) for each in columns)}
    return Extension(tuple(dict.fromkeys(ids)), tuple(wanted.values()))


def _json(text: str, field: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(f"`{field}` is not JSON ({where}).") from None
    except (ValueError, RecursionError):
        raise InputError(f"`{field}` is JSON with too long numbers or too many levels.") from None


def _all_of(value: object, kind: type[T]) -> TypeGuard[list[T]]:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _query(asked: Mapping[str, Any], things: Things) -> Query:
    if unknown := sorted(set(asked) - set(_FIELDS)):
        raise InputError(f"there is no field {unknown[0][:40]!r}; it has {', '.join(_FIELDS)}.")
    text = asked.get("query", "")
    if not isinstance(text, str) or len(text) > _LONGEST_NAME:
        raise InputError(f"`query` must be a text of at most {_LONGEST_NAME} characters.")
    hints = tuple(_hint(each, things) for each in _objects(asked.get("properties", [])))
    # Each is compared with those of every thing.
    if (values := sum(max(1, len(each.values)) for each in hints)) > _MOST_VALUES:
        raise InputError(f"`properties` has {values} values; send at most {_MOST_VALUES}.")
    if not text.strip() and not hints:
        raise InputError("a name in `query` or values in `properties` are needed.")
    strict = asked.get("type_strict") or "should"
    if strict not in _STRICT:
        raise InputError(f"`type_strict` must be one of {', '.join(_STRICT)}, not {strict!r:.40}.")
    return Query(
        text.strip(),
        tuple(things.type(each) for each in _types(asked.get("type"))),
        strict,
        hints,
        _limit(asked.get("limit")),
    )


def _types(value: object) -> Sequence[str]:
    """Return the classes wanted; some clients send a null, an empty text or an object."""
    many = value if isinstance(value, list) else [value] if value else []
    names = [each.get("id") if isinstance(each, dict) else each for each in many]
    if not _all_of(names, str):
        raise InputError("`type` must be the identifier of a type or a list of them.")
    return [each for each in names if each]


def _objects(value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not _all_of(value, dict):
        raise InputError('`properties` must be a list such as [{"pid": "memberOf", "v": "…"}].')
    return value


def _hint(asked: Mapping[str, Any], things: Things) -> Hint:
    name, values = asked.get("pid"), asked.get("v")
    if not isinstance(name, str) or values is None:
        raise InputError("each of `properties` needs `pid` and `v`.")
    many = values if isinstance(values, list) else [values]
    return Hint(things.property(name), tuple(_value(each) for each in many))


def _value(given: object) -> Value:
    if isinstance(given, dict):
        if not isinstance(given.get("id"), str):
            raise InputError("a value that is an object needs `id`.")
        return Value(str(given.get("name", "")), given["id"])
    if isinstance(given, str | int | float):
        return Value(str(given)[:_LONGEST_NAME])
    raise InputError("a value must be a text, a number, true, false or an object with `id`.")


def _column(asked: Mapping[str, Any], things: Things) -> Column:
    settings = asked.get("settings") or {}
    if not isinstance(asked.get("id"), str) or not isinstance(settings, dict):
        raise InputError("Each of `properties` needs `id`, and may have `settings`.")
    return Column(
        things.property(asked["id"]),
        # Forms send numbers and ticks as texts.
        _setting(settings.get("limit")),
        str(settings.get("accounts", "")).lower() in ("true", "on", "1"),
    )


def _setting(value: object) -> int:
    text = str(value or "0").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InputError(f"The setting `limit` must be a whole number, not {value!r:.40}.")
    return int(text)


def _limit(value: object) -> int:
    """Return a number of results, which is at least 1; nothing means the usual one."""
    if value is None:
        return _USUAL_CANDIDATES
    if not isinstance(value, int | float) or isinstance(value, bool) or value % 1 or value < 1:
        raise InputError(f"`limit` must be a whole number above 0, not {value!r:.40}.")
    return min(int(value), _MOST_CANDIDATES)
