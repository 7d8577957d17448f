"""The record of a run: tables as CSV and Markdown, the goals with their ratios, a plot."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .measure import Facts, Measured

OFF, ON = "ours, cache off", "ours, cache on"
_MEGA = 1 << 20
_COLOURS = ("#1b4965", "#62b6cb", "#ca6702", "#ee9b00", "#6a994e", "#9b2226")


@dataclass(frozen=True)
class Goal:
    """Ours against a peer under one load: the ratio that is wanted, of rates or of p95."""

    ours: str
    peer: str
    load: str
    least: float
    scale: str = "large"
    figure: str = "rate"
    only: int | None = None


GOALS = (
    Goal(OFF, "oxigraph", "mixed", 2.5),
    Goal(OFF, "virtuoso", "mixed", 5.0),
    Goal(OFF, "rdflib-endpoint", "mixed", 60.0, scale="small"),
    Goal(OFF, "oxigraph", "point", 0.8),
    Goal(ON, "oxigraph", "point", 1.5),
    Goal(ON, "oxigraph", "mixed", 8.0),
    Goal(OFF, "virtuoso", "aggregate", 1.0),
    Goal(OFF, "virtuoso", "derived", 1.0),
    Goal(OFF, "oxigraph", "mixed", 1.0, figure="p95", only=32),
    Goal(OFF, "oxigraph", "point", 1.0, figure="p95", only=32),
)


@dataclass
class Run:
    """All that was measured, for each scale (large, small): facts of engines, and loads."""

    facts: dict[str, list[Facts]]
    measured: dict[str, list[Measured]]
    notes: list[str]

    def find(self, scale: str, engine: str, load: str, concurrency: int) -> Measured | None:
        """Return one measurement, if it was made."""
        for each in self.measured.get(scale, ()):
            if (each.engine, each.load, each.concurrency) == (engine, load, concurrency):
                return each
        return None


def ratio(ours: Measured, peer: Measured, figure: str) -> float:
    """Return how many times better ours is: more requests a second, or a lower p95."""
    if figure == "p95":
        return peer.p95 / ours.p95 if ours.p95 else math.nan
    return ours.rate / peer.rate if peer.rate else math.inf


def goal_rows(run: Run, goals: Iterable[Goal] = GOALS) -> list[list[str]]:
    """Return a row for each goal and concurrency that was measured, with met or missed."""
    rows = []
    for goal in goals:
        for concurrency in sorted({each.concurrency for each in run.measured.get(goal.scale, ())}):
            ours, peer = (
                run.find(goal.scale, name, goal.load, concurrency)
                for name in (goal.ours, goal.peer)
            )
            if ours and peer and goal.only in (None, concurrency):
                got = ratio(ours, peer, goal.figure)
                what = "requests/s" if goal.figure == "rate" else "p95"
                rows.append([
                    f"{goal.load}, {what}, {goal.ours.removeprefix('ours, ')}", goal.peer,
                    str(concurrency), f"{got:.2f}", f"{goal.least:g}",
                    "met" if got >= goal.least else "missed",
                ])  # fmt: skip
    return rows


def fact_rows(facts: Iterable[Facts]) -> list[list[str]]:
    """Return a row for each engine: what it took to load and start, and its memory."""
    return [
        [
            each.engine, f"{each.statements:,}", f"{each.load:.1f}", f"{each.start:.2f}",
            f"{each.memory / _MEGA:.0f}", f"{each.peak / _MEGA:.0f}",
            str(len(each.deviations)) if each.deviations else "none",
        ]
        for each in facts
    ]  # fmt: skip


def load_rows(measured: Iterable[Measured]) -> list[list[str]]:
    """Return a row for each load, engine and concurrency."""
    return [
        [
            each.load, each.engine, str(each.concurrency), f"{each.rate:.1f}",
            f"{each.median:.2f}", f"{each.p95:.2f}", f"{each.client:.2f}", f"{each.server:.2f}",
            " ".join(f"{status}: {count}" for status, count in each.failed.items()) or "none",
        ]
        for each in sorted(measured, key=lambda m: (m.load, m.concurrency))
    ]  # fmt: skip


def kind_rows(measured: Sequence[Measured], concurrency: int) -> list[list[str]]:
    """Return a row for each question with the median of every engine, at one concurrency."""
    engines = list(dict.fromkeys(each.engine for each in measured))
    chosen = [m for m in measured if m.concurrency == concurrency and m.load != "point"]
    names = list(dict.fromkeys(name for each in chosen for name in each.kinds))
    rows = []
    for name in names:
        medians = {each.engine: each.kinds[name][0] for each in chosen if name in each.kinds}
        rows.append([name, *(f"{medians.get(each, math.nan):.2f}" for each in engines)])
    return [["question", *engines], *rows]


FACT_HEAD = ["engine", "statements", "load s", "start s", "memory MB", "peak MB", "deviations"]
LOAD_HEAD = [
    "load", "engine", "connections", "requests/s", "median ms", "p95 ms", "client CPU",
    "server CPU", "not 200",
]  # fmt: skip
GOAL_HEAD = ["goal", "against", "connections", "ratio", "wanted", ""]


def markdown(run: Run) -> str:
    """Return the whole record in Markdown."""
    parts = ["# A run of the benchmark", "", *run.notes, "", "## Goals", ""]
    parts.append(_table(GOAL_HEAD, goal_rows(run)))
    for scale, facts in run.facts.items():
        measured = run.measured[scale]
        lowest = min((each.concurrency for each in measured), default=1)
        kinds = kind_rows(measured, lowest)
        parts += [
            f"## {scale.capitalize()} graph", "", _table(FACT_HEAD, fact_rows(facts)),
            _table(LOAD_HEAD, load_rows(measured)),
            f"Median milliseconds of each question, {lowest} connection(s):", "",
            _table(kinds[0], kinds[1:]),
        ]  # fmt: skip
        deviations = [f"- {each.engine}: {line}" for each in facts for line in each.deviations]
        parts += ["Deviations:", "", *(deviations or ["- none"]), ""]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write(run: Run, folder: Path) -> list[Path]:
    """Write `loads.csv`, `engines.csv`, `goals.csv`, `run.md` and `run.png`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "loads": [["scale", *LOAD_HEAD]],
        "engines": [["scale", *FACT_HEAD]],
        "goals": [GOAL_HEAD, *goal_rows(run)],
    }
    for scale in run.facts:
        tables["loads"] += [[scale, *row] for row in load_rows(run.measured[scale])]
        tables["engines"] += [[scale, *row] for row in fact_rows(run.facts[scale])]
    files = []
    for name, rows in tables.items():
        files.append(folder / f"{name}.csv")
        with files[-1].open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
    files.append(folder / "run.md")
    files[-1].write_text(markdown(run), encoding="utf-8")
    return [*files, *plot(run, folder / "run.png")]


def plot(run: Run, path: Path) -> list[Path]:
    """Draw requests a second by load, engine and concurrency; nothing without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError:
        return []
    mpl.use("Agg")
    from matplotlib import pyplot

    measured = run.measured.get("large") or run.measured["small"]
    loads = list(dict.fromkeys(each.load for each in measured))
    engines = list(dict.fromkeys(each.engine for each in measured))
    sizes = sorted({each.concurrency for each in measured})
    figure, panels = pyplot.subplots(1, len(loads), figsize=(4 * len(loads), 4), squeeze=False)
    for panel, load in zip(panels[0], loads, strict=True):
        for place, engine in enumerate(engines):
            chosen = {m.concurrency: m for m in measured if (m.load, m.engine) == (load, engine)}
            xs = [i + (place - len(engines) / 2) * 0.8 / len(engines) for i in range(len(sizes))]
            rates = [chosen[size].rate if size in chosen else 0 for size in sizes]
            colour = _COLOURS[place % len(_COLOURS)]
            panel.bar(xs, rates, 0.8 / len(engines), align="edge", label=engine, color=colour)
        panel.set_yscale("log")
        panel.set_title(load)
        panel.set_xticks(range(len(sizes)), [str(size) for size in sizes])
        panel.set_xlabel("connections")
    panels[0][0].set_ylabel("requests/s")
    panels[0][0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
    return [path]
