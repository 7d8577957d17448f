"""Signals that ask for what is there now: one load at a time, and none is forgotten."""

import asyncio

import pytest

from kg.errors import DataError
from kg.renewal import Renewal


class Pool:
    """Loads for as long as it is told to; `served` is what it was asked to serve."""

    def __init__(self):
        self.served, self.at_work, self.most, self.go = [], 0, 0, asyncio.Event()

    @property
    def fingerprint(self):
        return self.served[-1] if self.served else "nothing"

    async def reload(self, what):
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await self.go.wait()
        self.at_work -= 1
        if what == "broken":
            raise DataError("It is broken.")
        self.served.append(what)


async def asked(there, times):
    """Ask so many times for what is there, which changes each time that it is looked at."""
    pool, looks = Pool(), iter(there)
    renewal = Renewal(pool, lambda: next(looks))
    for _ in range(times):
        renewal.ask()
        await asyncio.sleep(0)
    pool.go.set()
    for _ in range(9):
        await asyncio.sleep(0)
    return pool, list(looks)


@pytest.mark.parametrize(("times", "served"), [(1, ["a"]), (2, ["a", "b"]), (9, ["a", "b"])])
def test_one_is_loaded_at_a_time_and_once_more_for_all_who_asked_meanwhile(times, served):
    pool, left = asyncio.run(asked("abc", times))
    assert (pool.served, pool.most, left) == (served, 1, list("abc")[len(served) :])


def test_what_cannot_be_loaded_keeps_nobody_from_asking_again(capsys):
    pool, _ = asyncio.run(asked(["broken", "b"], 2))
    assert pool.served == ["b"]
    assert capsys.readouterr().err == "Still serving nothing: It is broken.\nNow serving b.\n"


def test_what_cannot_be_read_is_told(capsys):
    def config():
        raise OSError(24, "Too many open files")

    async def work():
        renewal = Renewal(Pool(), config)
        for _ in range(2):
            renewal.ask()
            await asyncio.sleep(0.01)

    asyncio.run(work())
    assert capsys.readouterr().err == "Still serving nothing: [Errno 24] Too many open files\n" * 2
