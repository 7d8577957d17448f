"""Asking one running engine: first for equal answers, then under load, round by round."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from .client import Job, Outcome
from .engines import ROOT, Engine
from .questions import POINT, Question
from .same import Row, difference, rows_of, triples_of
from .world import World

RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"
_TICKS = os.sysconf("SC_CLK_TCK")

#: What a load consists of: the point look-ups, all questions with parameters, whole-graph ones.
LOADS = ("point", "mixed", "aggregate", "derived")


@dataclass(frozen=True)
class Plan:
    """How much is asked: parameter sets a question, connections, rounds, seconds of each."""

    draws: int = 20
    concurrency: tuple[int, ...] = (1, 8, 32)
    rounds: int = 3
    seconds: float = 3.0
    warm: float = 0.5
    loads: tuple[str, ...] = LOADS
    most: int = 0

    def for_slow(self) -> "Plan":
        """Return a plan for an engine that needs seconds for a query: few, at most 8 at once."""
        few = tuple(each for each in self.concurrency if each <= 8) or (1,)
        return replace(self, concurrency=few, rounds=1, seconds=120.0, warm=0.0, most=40, draws=2)

    def with_parameters(self) -> "Plan":
        """Return a plan without the questions over the whole graph."""
        loads = tuple(each for each in self.loads if each in ("point", "mixed"))
        return replace(self, loads=loads)


@dataclass
class Measured:
    """One load on one engine at one concurrency: medians over the rounds.

    `rate` is requests a second, `median` and `p95` milliseconds, `client` and `server` the
    shares of one processor that each took; `kinds` has median and p95 of each question.
    """

    engine: str
    load: str
    concurrency: int
    rate: float
    median: float
    p95: float
    client: float
    server: float
    failed: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass
class Facts:
    """One engine over one graph: seconds to load and to start, bytes of memory, deviations."""

    engine: str
    statements: int
    load: float
    start: float
    memory: int = 0
    peak: int = 0
    deviations: list[str] = field(default_factory=list)


def questions_of(load: str, questions: Iterable[Question]) -> list[Question]:
    """Return the questions that a load asks."""
    if load == "point":
        return [each for each in questions if each.name == POINT]
    return [each for each in questions if each.group == load]


def check(
    engine: Engine,
    questions: Sequence[Question],
    world: World,
    draws: int,
    known: dict[str, list[Row]],
) -> list[str]:
    """Compare each answer with the one known for its text; a first answer becomes the known one.

    Returns a line for each question with a deviation.
    """
    deviations = []
    for question in questions:
        for number in range(draws if question.parameters else 1):
            text = question.drawn(world, number)
            try:
                found = _answer(engine, question, text)
            except (OSError, ValueError, KeyError, SyntaxError) as error:
                deviations.append(f"{question.name}: no answer: {str(error)[:200]}")
                break
            if said := difference(known.setdefault(text, found), found):
                deviations.append(f"{question.name}, draw {number}: {said}")
                break
    return deviations


def _answer(engine: Engine, question: Question, text: str) -> list[Row]:
    accept = TRIPLES if question.is_graph else RESULTS
    url = f"{engine.url}?{urllib.parse.urlencode({'query': text})}"
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=300) as answer:
        body, media_type = answer.read(), answer.headers.get_content_type()
    return triples_of(body, media_type) if question.is_graph else rows_of(body)


def requests_of(
    engine: Engine, questions: Sequence[Question], world: World, draws: int, seed: int = 7
) -> tuple[list[str], list[int]]:
    """Return raw requests and the number of each one's question.

    Every stretch as long as the list of questions has each question once, in changing order,
    so that a slow engine is asked the same mixture as a fast one.
    """
    parts = urllib.parse.urlsplit(engine.url)
    chosen = random.Random(seed)
    requests, kinds = [], []
    for number in range(draws):
        for kind in chosen.sample(range(len(questions)), len(questions)):
            question = questions[kind]
            accept = TRIPLES if question.is_graph else RESULTS
            query = urllib.parse.urlencode({"query": question.drawn(world, number)})
            requests.append(
                f"GET {parts.path or '/'}?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                f"Accept: {accept}\r\nUser-Agent: benchmark\r\n\r\n"
            )
            kinds.append(kind)
    return requests, kinds


def load(
    engine: Engine, name: str, questions: Sequence[Question], world: World, plan: Plan
) -> Iterable[Measured]:
    """Put one load on an engine at each concurrency; yield what was measured."""
    asked = questions_of(name, questions)
    requests, kinds = requests_of(engine, asked, world, plan.draws)
    host, _, port = urllib.parse.urlsplit(engine.url).netloc.partition(":")
    for connections in plan.concurrency:
        job = Job(host, int(port), requests, kinds, connections, plan.warm, plan.seconds, plan.most)
        rounds = [_round(engine, job) for _ in range(plan.rounds)]
        yield summed(engine.name, name, connections, [each.name for each in asked], rounds)


def _round(engine: Engine, job: Job) -> tuple[Outcome, float]:
    _wait_until_idle(engine)
    before, begun = cpu_of(engine), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.client"],
        input=json.dumps(asdict(job)).encode(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
    )
    share = (cpu_of(engine) - before) / (time.monotonic() - begun)
    return Outcome(**json.loads(done.stdout)), share


def _wait_until_idle(engine: Engine, most: float = 60.0) -> None:
    """Wait, at most so many seconds, for queries of the last round that nobody waits for."""
    end = time.monotonic() + most
    spent = 1.0
    while spent > 0.02 and time.monotonic() < end:
        before = cpu_of(engine)
        time.sleep(0.2)
        spent = cpu_of(engine) - before


def summed(
    engine: str,
    name: str,
    connections: int,
    names: Sequence[str],
    rounds: Sequence[tuple[Outcome, float]],
) -> Measured:
    """Return the medians over the rounds; times of single questions are pooled."""
    rates, medians, p95s, clients = [], [], [], []
    pooled: list[list[float]] = [[] for _ in names]
    failed: dict[str, int] = {}
    for outcome, _ in rounds:
        times = [each for kind in outcome.times for each in kind]
        rates.append(len(times) / outcome.elapsed)
        medians.append(percentile(times, 50))
        p95s.append(percentile(times, 95))
        clients.append(outcome.cpu / outcome.elapsed)
        for kind, some in enumerate(outcome.times):
            pooled[kind].extend(some)
        for status, count in outcome.statuses.items():
            failed[status] = failed.get(status, 0) + count
    middle = statistics.median
    kinds = {
        each: (percentile(times, 50), percentile(times, 95))
        for each, times in zip(names, pooled, strict=True)
    }
    server = middle(share for _, share in rounds)
    figures = [middle(each) for each in (rates, medians, p95s, clients)]
    return Measured(engine, name, connections, *figures, server, failed, kinds)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the smallest value that so many percent do not exceed; nan of none.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 50), percentile([1.0, 2.0, 3.0, 4.0], 95)
    (2.0, 4.0)
    """
    ranked = sorted(values)
    if not ranked:
        return float("nan")
    return ranked[max(-(-len(ranked) * share // 100) - 1, 0)]


def processes_of(pid: int) -> list[int]:
    """Return a process and all processes below it that live."""
    found = [pid]
    for each in found:
        path = Path(f"/proc/{each}/task/{each}/children")
        if path.is_file():
            found += [int(child) for child in path.read_text().split()]
    return found


def memory_of(engine: Engine) -> int:
    """Return the bytes of memory of an engine's processes; a shared page counts once."""
    total = 0
    for pid in processes_of(engine.process.pid):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(
            int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return total


def cpu_of(engine: Engine) -> float:
    """Return the seconds of processor time that an engine's processes have taken."""
    total = 0
    for pid in processes_of(engine.process.pid):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))  # its own, and that of children that have ended
    return total / _TICKS
