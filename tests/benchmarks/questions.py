"""The questions of a run: files of SPARQL, each with sets of parameters drawn by the seed.

A line `# param NAME: VALUE` says which constant of the query is replaced; `# group: NAME` to
which part of the run it belongs: mixed (with parameters), aggregate (whole graph, from the
claims), derived (whole graph, from what the build has derived).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .world import STORY, World, claim_iri, name_of

FOLDER = Path(__file__).with_name("questions")
POINT = "point-look-up"
_HEADER = re.compile(r"^# (\w+)(?: ([\w-]+))?: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """A file of SPARQL: its name, title and group, the text, and the constants to replace."""

    name: str
    title: str
    group: str
    text: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def is_graph(self) -> bool:
        """Whether the answer is a graph."""
        return "CONSTRUCT" in self.text

    def drawn(self, world: World, number: int) -> str:
        """Return the text with the parameters of a draw; draw 0 of two runs is the same."""
        text = self.text
        for name, constant in self.parameters:
            if constant not in text:
                raise ValueError(f"{self.name}: {constant} does not stand in the query")
            text = text.replace(constant, _DRAWS[name](world, number))
        return text


def read_questions() -> list[Question]:
    """Return all questions, by name."""
    return [read_question(path) for path in sorted(FOLDER.glob("*.rq"))]


def read_question(path: Path) -> Question:
    """Return one question; raises KeyError for one without title or group."""
    text = path.read_text(encoding="utf-8")
    found = _HEADER.findall(text)
    said = {name: value for name, parameter, value in found if not parameter}
    parameters = tuple((each, value) for name, each, value in found if name == "param")
    body = _HEADER.sub("", text).lstrip()
    return Question(path.stem, said["title"], said["group"], body, parameters)


def _thing(kind: str, salt: int, *, famous: bool = True) -> Callable[[World, int], str]:
    def draw(world: World, number: int) -> str:
        most = getattr(world, f"{kind}s")
        chosen = world.skewed(most, salt, number) if famous else world.draw(most, salt, number)
        return f"id:{kind}-{chosen}"

    return draw


def _day(later: int) -> Callable[[World, int], str]:
    def draw(world: World, number: int) -> str:
        day = world.start_of(world.draw(world.events, 55, number))
        return f'"{day.year + later}-{day.month:02}-15"^^xsd:date'

    return draw


def _led(world: World, number: int) -> tuple[str, str]:
    """Return a body, and a day on which somebody certainly led it."""
    event = world.draw(world.events // 4, 58, number) * 4 + 1
    unit = world.said(event * STORY + 8).value.rpartition("/")[2].rstrip(">")
    return f"id:{unit}", f'"{world.start_of(event).year + 1}-06-15"^^xsd:date'


def _district(world: World, number: int) -> str:
    """Return a place two levels below the largest."""
    return f"id:place-{min(6 + world.draw(25, 54, number), max((world.places - 2) // 5, 1))}"


def _claim(world: World, number: int) -> str:
    return f"<{claim_iri(world.draw(world.claims, 56, number))}>"


def _part(world: World, number: int) -> str:
    return f'"{name_of(world.draw(256, 57, number), 1).lower()}"'


_DRAWS: dict[str, Callable[[World, int], str]] = {
    "claim": _claim,
    "person": _thing("person", 50),
    "unit": _thing("unit", 51),
    "event": _thing("event", 52, famous=False),
    "operation": _thing("operation", 53),
    "place": _district,
    "led": lambda world, number: _led(world, number)[0],
    "day-led": lambda world, number: _led(world, number)[1],
    "day": _day(0),
    "year-later": _day(1),
    "part": _part,
    "many": lambda world, _: f">= {max(5, world.claims // 2000)}",
}
