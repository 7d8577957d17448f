"""A client of a reconciliation service: asks in batches, waits when told to, forgets nothing.

Source: Reconciliation Service API 0.2, "Sending Reconciliation Queries to a Service". Every
answer is added to a file at once, one JSON object a line, so that a run that was cut short goes
on where it ended, and a later reader can replay it without the service.
"""

import contextlib
import io
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.errors import BusyError, DataError, InputError, NotFoundError
from kg.files import read_text

Json = dict[str, Any]

BATCH = 10
TRIES = 6
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 120.0
_PASSING = (429, 500, 502, 503, 504)
_AGENT = "contested-kg (kg link; a reconciliation client)"


class KeptAnswers:
    """The answers kept in a file: `service`, `query`, `asked` (when) and `result` on each line.

    Raises NotFoundError without its folder, before anybody is asked; DataError for a broken line.
    """

    def __init__(self, path: Path) -> None:
        if not path.absolute().parent.is_dir():
            raise NotFoundError(f"There is no folder {path.parent} to keep answers in.")
        self.path = path
        self._known: dict[tuple[str, str], list[Json]] = {}
        # By the line breaks of files alone: a name may have one of Unicode's others.
        for number, line in enumerate(io.StringIO(read_text(path) if path.exists() else ""), 1):
            self._read(number, line)

    def _read(self, number: int, line: str) -> None:
        try:
            row = json.loads(line)
            self._known[row["service"], _canonical(row["query"])] = _checked(row)
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{self.path.name}, line {number}: this is no kept answer; remove the line."
            ) from None

    def get(self, service: str, query: Json) -> list[Json] | None:
        """Return the candidates that the service has named before; None if never asked."""
        return self._known.get((service, _canonical(query)))

    def put(self, service: str, asked: Sequence[tuple[Json, list[Json]]]) -> None:
        """Add the answers to a batch."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self.path.open("a", encoding="utf-8") as file:
            for query, result in asked:
                self._known[service, _canonical(query)] = result
                row = {"service": service, "query": query, "asked": now, "result": result}
                file.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")


class Reconciler:
    """Asks one service; `offline` takes from the kept answers only."""

    def __init__(
        self,
        service: str,
        answers: KeptAnswers,
        *,
        offline: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service, self.answers, self.offline, self.sleep = service, answers, offline, sleep

    def ask(self, batch: Sequence[Json]) -> list[list[Json] | None]:
        """Return the candidates for each query, None where offline and never asked.

        Raises BusyError when the service stays away, InputError when it refuses the queries,
        DataError when it does not answer as the protocol has it.
        """
        new = [each for each in batch if self.answers.get(self.service, each) is None]
        if not self.offline:
            for start in range(0, len(new), BATCH):
                part = new[start : start + BATCH]
                self.answers.put(self.service, list(zip(part, self._fetch(part), strict=True)))
        return [self.answers.get(self.service, each) for each in batch]

    def _fetch(self, batch: Sequence[Json]) -> list[list[Json]]:
        queries = {f"q{number}": each for number, each in enumerate(batch)}
        form = urllib.parse.urlencode({"queries": json.dumps(queries, ensure_ascii=False)})
        body = self._send(form.encode("ascii"))
        try:
            answer = json.loads(body)
            return [_checked(answer[key]) for key in queries]
        except (ValueError, KeyError, TypeError):
            raise DataError(
                f"{self.service} does not answer as a reconciliation service does; see"
                " KG_RECONCILIATION."
            ) from None

    def _send(self, form: bytes) -> bytes:
        """Post a form; waits twice as long before each further try, or as long as it is told."""
        said, told = "", 0.0
        for turn in range(TRIES):
            if turn:
                self.sleep(max(told, min(_FIRST_WAIT * 2 ** (turn - 1), _LONGEST_WAIT)))
            try:
                return _post(self.service, form)
            except urllib.error.HTTPError as error:
                if error.code not in _PASSING:
                    raise InputError(_refusal(self.service, error)) from None
                said, told = f"status {error.code}", _retry_after(error)
            except (OSError, ValueError) as error:
                said, told = str(getattr(error, "reason", error)) or type(error).__name__, 0.0
        raise BusyError(
            f"{self.service} did not answer in {TRIES} tries ({said}); what it has answered is"
            f" kept in {self.answers.path.name}: run the command again later."
        )


def _post(service: str, form: bytes) -> bytes:
    # The address is a setting, which takes http and https only.
    request = urllib.request.Request(service, form, {"User-Agent": _AGENT})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body


def _retry_after(error: urllib.error.HTTPError) -> float:
    text = error.headers.get("Retry-After", "").strip()
    return min(float(text), _LONGEST_WAIT) if text.isdecimal() else 0.0


def _refusal(service: str, error: urllib.error.HTTPError) -> str:
    if place := error.headers.get("Location"):
        return f"{service} has moved to {place}; set KG_RECONCILIATION to that."
    said = error.read(2000).decode("utf-8", "replace")
    with contextlib.suppress(ValueError, TypeError, KeyError):
        said = str(json.loads(said)["detail"])
    return f"{service} refused the queries with status {error.code}: {' '.join(said.split())[:300]}"


def _checked(answer: Json) -> list[Json]:
    """Return the candidates in an answer; raises KeyError or TypeError out of form."""
    result = [
        {
            "id": str(each["id"]),
            "name": str(each["name"]),
            "score": float(each["score"]),
            "match": each.get("match") is True,
            "description": str(each.get("description") or ""),
            "type": [_type(kind) for kind in each.get("type") or ()],
        }
        for each in answer["result"]
    ]
    return sorted(result, key=lambda each: -float(str(each["score"])))


def _type(kind: Json | str) -> Json:
    name = kind if isinstance(kind, str) else str(kind["id"])
    return {"id": name, "name": name if isinstance(kind, str) else str(kind.get("name") or name)}


def _canonical(query: Json) -> str:
    return json.dumps(query, ensure_ascii=False, sort_keys=True)
