"""The store on disk: the answers of the store in memory, built once, safe from its own absence."""

import asyncio
import contextlib
import csv
import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from serving import ROOT, children
from test_queries import CASES, HERE, answered, expected
from test_worker import RUNAWAY, job, quads, running, within

import kg.disk
from kg.disk import RECORD, build_disk, disk_folder, read_sizes
from kg.entities import local_name
from kg.errors import (
    BusyError,
    DataError,
    InputError,
    MemoryLimitError,
    QueryError,
    StoreLostError,
    TimeLimitError,
    TooLargeError,
)
from kg.loader import load
from kg.protocol import Operation
from kg.queries import read_names
from kg.results import Caps
from kg.settings import Settings
from kg.store import Store
from kg.worker import Job, LoaderConfig


@pytest.fixture(scope="module")
def world(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return the made-up world of the named questions, on disk."""
    files = [HERE / "world.trig", *(root / "ontology").rglob("*.ttl")]
    return load(config(tmp_path_factory.mktemp("world"), *files)).open()


@pytest.fixture(scope="module")
def names(world):
    return read_names(world)


def config(stores: Path, *files: Path, **more: object) -> LoaderConfig:
    return LoaderConfig(tuple(map(str, files)), store="disk", stores=str(stores), **more)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq"
    path.write_text(quads(2000), "utf-8")
    return path


@pytest.mark.parametrize("case", CASES)
def test_named_questions_have_their_answers(world, names, case) -> None:
    columns, wanted = expected(case)
    found = answered(world, names, case.partition(".")[0], CASES[case])
    assert [{name: local_name(row[name]) for name in columns} for row in found] == wanted


def test_the_union_has_a_triple_of_two_graphs_once(tmp_path: Path) -> None:
    path = tmp_path / "both.nq"
    path.write_text(quads(3, "u:g") + quads(3, "u:h"), "utf-8")

    async def work() -> None:
        async with running(path, store="disk", stores=str(tmp_path / "stores")) as pool:
            reply = await pool.run(job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))
            assert b'"3"' in reply.body
            assert pool.current.quads == 6

    within(work)


def test_limits_hold(data: Path, tmp_path: Path) -> None:
    greedy = (
        "SELECT ?a ?d (GROUP_CONCAT(?f) AS ?x) { ?a ?b ?c . ?d ?e ?f } GROUP BY ?a ?d ORDER BY ?x"
    )

    async def work() -> None:
        limits = {"workers": 2, "memory": 64 << 20, "caps": Caps(rows=100)}
        async with running(data, store="disk", stores=str(tmp_path), **limits) as pool:
            runaway = asyncio.ensure_future(pool.run(job(RUNAWAY, 2.0)))
            await asyncio.sleep(0.2)
            assert b"true" in (await pool.run(job("ASK { <u:s7> ?p '7' }"))).body
            assert not runaway.done()
            with pytest.raises(TimeLimitError, match="2 seconds"):
                await runaway
            with pytest.raises(TooLargeError, match="100 rows"):
                await pool.run(job("SELECT * { ?s ?p ?o }"))
            with pytest.raises(MemoryLimitError):
                await pool.run(job(greedy, 20.0))
            os.kill(next(iter(pool.current.workers)).pid, signal.SIGKILL)
            assert b"true" in (await pool.run(job("ASK { <u:s8> ?p '8' }"))).body

    within(work)


def test_a_worker_reaches_no_network_and_no_other_file(data: Path, tmp_path: Path) -> None:
    called: list[int] = []

    async def serve_nobody(*_: object) -> None:
        called.append(1)

    async def work() -> None:
        listener = await asyncio.start_server(serve_nobody, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with running(data, workers=1, store="disk", stores=str(tmp_path)) as pool:
            # Built by hand, as if the scan had let it pass.
            text = f"ASK {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}"
            with pytest.raises((QueryError, StoreLostError)):
                await pool.run(Job(Operation(text, form="ASK"), "json"))
            (worker,) = pool.current.workers
            opened = len(list(Path(f"/proc/{worker.pid}/fd").iterdir()))
            limits = Path(f"/proc/{worker.pid}/limits").read_text()
            most = int(limits.partition("Max open files")[2].split()[0])
            assert most <= opened  # each number below the limit is taken
        listener.close()

    within(work)
    assert not called


def test_it_is_built_once_and_a_half_built_one_is_never_served(data: Path, tmp_path: Path) -> None:
    stores = tmp_path / "stores"
    source = load(config(stores, data))
    folder = disk_folder(stores, source.fingerprint)
    built = (folder / RECORD).stat().st_mtime_ns
    assert load(config(stores, data)).quads == 2000
    assert (folder / RECORD).stat().st_mtime_ns == built
    # What a builder leaves that is killed before it is done, under either name.
    (folder / RECORD).unlink()
    next(folder.glob("*.sst")).unlink()
    shutil.copytree(folder, stores / f".building-{folder.name}")
    again = load(config(stores, data))
    assert again.quads == len(again.open()) == 2000
    assert sorted(each.name for each in stores.iterdir()) == [".lock", folder.name]


def test_two_servers_may_build_at_once(data: Path, tmp_path: Path) -> None:
    stores = tmp_path / "stores"

    async def one() -> bytes:
        async with running(data, store="disk", stores=str(stores)) as pool:
            return (await pool.run(job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))).body

    async def work() -> None:
        answers = await asyncio.gather(one(), one())
        assert all(b'"2000"' in answer for answer in answers)

    within(work)
    assert len(list(stores.glob("*-*"))) == 1


def test_who_comes_while_one_builds_waits_for_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stores" / "store"
    entered: list[int] = []
    inside, gate = threading.Event(), threading.Event()
    fill = kg.disk._fill_apart

    def filling(*given) -> None:
        entered.append(1)
        inside.set()
        assert gate.wait(30)
        fill(*given)

    monkeypatch.setattr("kg.disk._fill_apart", filling)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(build_disk, [str(data)], folder)
        assert inside.wait(30)
        second = threads.submit(build_disk, [str(data)], folder)
        # There is no event to wait for: it may only be seen to wait.
        assert wait([second], timeout=0.5).not_done == {second}
        gate.set()
        first.result(30)
        second.result(30)
    assert len(entered) == 1
    assert read_sizes(folder) == (2000, 0)


def opened(pid: int) -> list[Path]:
    """Return the files that a process has open."""
    with contextlib.suppress(OSError):
        return [each.readlink() for each in Path(f"/proc/{pid}/fd").iterdir()]
    return []


BUILD = "import sys; from pathlib import Path; from kg.disk import build_disk;"
BUILD += "build_disk([sys.argv[1]], Path(sys.argv[2]))"


def test_the_lock_is_held_until_nobody_fills_any_more(tmp_path: Path) -> None:
    """Also by the process that fills, when the one that waits for it is killed."""
    folder, source = tmp_path / "stores" / "store", tmp_path / "data.nq"
    os.mkfifo(source)
    pipe = os.open(source, os.O_RDWR)  # what is filled in waits for more until this is closed
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(source), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    while not any(source in opened(pid) for pid in children(builder.pid)):
        assert builder.poll() is None
        time.sleep(0.02)
    builder.kill()
    builder.wait()
    with (tmp_path / "stores" / ".lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(pipe, quads(5).encode())
        os.close(pipe)
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert read_sizes(folder) == (5, 0)


@pytest.mark.parametrize("with_source", [True, False])
def test_a_store_that_is_removed_is_built_anew_or_missed(
    data: Path, tmp_path: Path, with_source: bool
) -> None:
    stores = tmp_path / "stores"

    async def ask(pool) -> str:
        try:
            reply = await pool.run(job("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"))
        except BusyError:
            return "busy"
        assert b'"2000"' in reply.body
        return "answered"

    async def work() -> None:
        async with running(data, store="disk", stores=str(stores)) as pool:
            assert await ask(pool) == "answered"
            before = pool.current
            if not with_source:
                data.unlink()
            shutil.rmtree(stores)
            pool.turns.patience = 1.0
            end = time.monotonic() + 10
            found = [await ask(pool)]
            while with_source and pool.current is before and time.monotonic() < end:
                found.append(await ask(pool))
                await asyncio.sleep(0.02)
            assert found[0] == "busy"
            assert await ask(pool) == ("answered" if with_source else "busy")

    within(work)


def test_a_snapshot_must_have_its_digest(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is damaged"):
        load(config(tmp_path / "stores", data, digest="0" * 64))
    assert not (tmp_path / "stores").exists()


def test_a_broken_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.nq"
    path.write_text(quads(3)[:-9], "utf-8")
    with pytest.raises(DataError, match=r"broken.nq, line 3"):
        load(config(tmp_path / "stores", path))


FULL_DISK = """
import resource, sys
from pathlib import Path
from kg.disk import build_disk
from kg.errors import KgError
if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # as if the disk were full there
    try:
        build_disk([sys.argv[1]], Path(sys.argv[2]))
    except KgError as error:
        print(error)
        sys.exit(2)
"""


def test_a_full_disk_is_one_sentence(data: Path, tmp_path: Path) -> None:
    script, folder = tmp_path / "full.py", tmp_path / "stores" / "store"
    script.write_text(FULL_DISK, "utf-8")
    built = subprocess.run(
        [sys.executable, str(script), str(data), str(folder)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert built.returncode == 2, built.stderr
    assert built.stdout.count("\n") == 1
    assert built.stdout.startswith("No disk store can be written to")
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(data: Path, tmp_path: Path) -> None:
    (tmp_path / "stores").write_text("a file", "utf-8")
    with pytest.raises(InputError, match="KG_SNAPSHOTS"):
        build_disk([str(data)], tmp_path / "stores" / "store")


def test_the_command_line_asks_it_too(real: Settings, tmp_path: Path) -> None:
    texts = []
    for store in ("memory", "disk"):
        asked = subprocess.run(
            [sys.executable, "-m", "kg", "query", "posts-of", "--format", "csv", "--store", store],
            capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "KG_SNAPSHOTS": str(real.snapshots)},
        )  # fmt: skip
        texts.append(sorted(csv.reader(io.StringIO(asked.stdout))))
    assert texts[0] == texts[1]
    assert len(texts[0]) > 10
