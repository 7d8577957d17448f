"""`python -m tests.benchmarks`: our server and its peers, in turn, in one run.

See README.md beside this file.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from .engines import ENGINES, ROOT, EngineError, Place, free_port, running
from .graph import write_graph
from .measure import LOADS, Facts, Measured, Plan, check, load, memory_of, questions_of
from .questions import read_questions
from .report import OFF, ON, Run, markdown, write
from .same import Row
from .world import World

#: Names of a run, the engine behind each, and its settings.
CACHE_OFF = {"KG_CACHE_LIMIT": "0"}
LARGE = {
    OFF: ("ours", CACHE_OFF),
    ON: ("ours", {}),
    "oxigraph": ("oxigraph", {}),
    "oxigraph-memory": ("oxigraph-memory", {}),
    "virtuoso": ("virtuoso", {}),
}
#: rdflib joins the parts of these two as written: it takes minutes, and cannot be stopped.
TOO_LONG = ("casualties-of-an-operation", "chain-of-command")
SMALL = {OFF: ("ours", CACHE_OFF), "rdflib-endpoint": ("rdflib-endpoint", {})}


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Return the options of a run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--claims", type=int, default=42_000, help="claims of the large graph")
    parser.add_argument("--small-claims", type=int, default=3_900, help="0 leaves it out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--concurrency", default="1,8,32", help="connections, by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="measured, of each round")
    parser.add_argument("--draws", type=int, default=20, help="parameter sets of each question")
    parser.add_argument("--loads", default=",".join(LOADS), help="of " + ", ".join(LOADS))
    parser.add_argument("--engines", default="", help="of " + ", ".join(ENGINES) + "; else all")
    parser.add_argument("--output", type=Path, default=Path("benchmark"), help="folder of tables")
    parser.add_argument("--generate", type=Path, help="only write the large graph to this file")
    return parser.parse_args(given)


def plan_of(options: argparse.Namespace) -> Plan:
    """Return the plan that the options ask for."""
    return Plan(
        draws=options.draws,
        concurrency=tuple(int(each) for each in options.concurrency.split(",")),
        rounds=options.rounds,
        seconds=options.seconds,
        loads=tuple(options.loads.split(",")),
    )


def main() -> None:
    """Run all of it and write the tables."""
    options = arguments()
    if options.generate:
        world = World(options.claims, options.seed)
        count = write_graph(world, ROOT / "ontology", options.generate)
        say(f"{count:,} statements in {options.generate}")
        return
    plan, run = plan_of(options), Run({}, {}, _notes(options))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as temporary:
        folder = Path(temporary)
        chosen = options.engines.split(",") if options.engines else list(ENGINES)
        scales = (("large", options.claims, LARGE), ("small", options.small_claims, SMALL))
        for name, claims, engines in scales:
            if claims:
                world = World(claims, options.seed)
                Scale(run, name, world, plan, folder / name).measure(
                    {key: each for key, each in engines.items() if each[0] in chosen}
                )
        if "ours" in chosen:
            run.notes.append(f"- {_bundled(folder)}")
    say(markdown(run))
    for path in write(run, options.output):
        say(str(path))


@dataclass
class Scale:
    """One graph and what is known about its answers so far."""

    run: Run
    name: str
    world: World
    plan: Plan
    folder: Path
    statements: int = 0
    known: dict[str, list[Row]] = field(default_factory=dict)

    def measure(self, engines: dict[str, tuple[str, dict[str, str]]]) -> None:
        """Generate the graph and put each engine to the test."""
        data = self.folder / "graph.nq"
        self.folder.mkdir()
        self.statements = write_graph(self.world, ROOT / "ontology", data)
        say(f"{self.name}: {self.world.claims:,} claims, {self.statements:,} statements")
        self.run.facts[self.name], self.run.measured[self.name] = [], []
        for number, (name, (engine, settings)) in enumerate(engines.items()):
            ports = free_port(), free_port()
            place = Place(data, self.folder / str(number), ports, settings)
            try:
                self.engine(name, engine, place)
            except EngineError as error:
                self.run.notes.append(f"- {name}: {error}")
                say(f"{name}: {error}")

    def engine(self, name: str, engine: str, place: Place) -> None:
        """Start one engine, compare its answers, and put every load on it."""
        left_out = TOO_LONG if self.name == "small" else ()
        questions = [each for each in read_questions() if each.name not in left_out]
        with running(engine, place) as server:
            server.name = name
            facts = Facts(name, self.statements, server.load, server.start, memory_of(server))
            self.run.facts[self.name].append(facts)
            plan = self.plan.for_slow() if engine == "rdflib-endpoint" else self.plan
            plan = plan.with_parameters() if self.name == "small" else plan
            asked = {q.name: q for name in plan.loads for q in questions_of(name, questions)}
            known = self.known
            facts.deviations = check(server, [*asked.values()], self.world, plan.draws, known)
            said = facts.deviations or "answers are equal"
            say(f"{name}: load {facts.load:.1f} s, start {facts.start:.2f} s; {said}")
            for each in plan.loads:
                for measured in load(server, each, questions, self.world, plan):
                    self.run.measured[self.name].append(measured)
                    facts.peak = max(facts.peak, memory_of(server))
                    _say_load(measured)


def _bundled(folder: Path) -> str:
    """Return how long `kg serve` takes from its start to the first answer on our own graph."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "KG_SNAPSHOTS": str(folder / "snapshots")}
    subprocess.run([sys.executable, "-m", "kg", "build"], env=env, check=True, cwd=ROOT,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    seconds = []
    for number in range(5):
        settings = {"KG_SNAPSHOTS": str(folder / "snapshots")}
        place = Place(None, folder / f"start-{number}", (free_port(), 0), settings)
        with running("ours", place) as server:
            seconds.append(server.start)
    spent = sorted(seconds)[2]
    verdict = "met" if spent < 1.5 else "missed"
    return f"`kg serve` on our own graph, start to first answer: {spent:.2f} s (1.5 s: {verdict})"


def _notes(options: argparse.Namespace) -> list[str]:
    machine = f"{os.cpu_count()} processors shared by client and server"
    state = (
        f"Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f} at the start"
    )
    return [
        f"- {time.strftime('%Y-%m-%d %H:%M')}, {machine}, {state}",
        f"- `python -m tests.benchmarks {' '.join(sys.argv[1:])}`, seed {options.seed}",
    ]


def _say_load(each: Measured) -> None:
    say(
        f"  {each.engine:18} {each.load:10} {each.concurrency:3} {each.rate:9.1f}/s"
        f" median {each.median:8.2f} p95 {each.p95:8.2f} ms"
        f" cpu {each.client:.2f}+{each.server:.2f} {each.failed or ''}"
    )


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
