"""What is made once of the graph being served."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from kg.answers import Answers, Service
from kg.cache import Cache
from kg.channel import Reply
from kg.errors import BusyError, QueryError
from kg.once import Once
from kg.protocol import Limits
from kg.worker import LoaderConfig


def test_it_is_made_once_for_all_who_ask_and_anew_of_other_data():
    pool, made = SimpleNamespace(fingerprint="one"), []

    async def make():
        made.append(pool.fingerprint)
        await asyncio.sleep(0)
        return pool.fingerprint, len(made)

    async def ask():
        once = Once(pool, make)
        assert await asyncio.gather(*(once.get() for _ in range(3))) == [("one", 1)] * 3
        pool.fingerprint = "two"
        assert await once.get() == ("two", 2)
        assert await once.get() == ("two", 2)

    asyncio.run(ask())
    assert made == ["one", "two"]


def test_an_error_is_told_to_all_who_wait_and_to_no_other():
    pool, errors = SimpleNamespace(fingerprint="one"), [QueryError("No.")]

    async def make():
        await asyncio.sleep(0)
        if errors:
            raise errors.pop()
        return "one", "made"

    async def ask():
        once = Once(pool, make)
        told = await asyncio.gather(*(once.get() for _ in range(3)), return_exceptions=True)
        assert [str(each) for each in told] == ["No."] * 3
        assert await once.get() == ("one", "made")

    asyncio.run(ask())


class Replaced:
    """Stands for the workers: a new graph comes when the sizes of the old one are asked for."""

    fingerprint = "old"
    current = SimpleNamespace(config=LoaderConfig(()))

    async def run(self, job, dash=None):
        row = {"graph": f"u:{self.fingerprint}", "triples": "1"}
        if "?graph" not in job.operation.query:
            self.fingerprint, row = "new", {"triples": "1"}
        bindings = [{name: {"value": value} for name, value in row.items()}]
        body = json.dumps({"results": {"bindings": bindings}}).encode()
        return Reply(body, truncated=False, coding="identity", fingerprint=self.fingerprint,
                     worker=1)  # fmt: skip


def test_the_sizes_of_one_graph_do_not_stand_beside_those_of_another():
    async def ask():
        answers = Answers(Service(Replaced(), Cache(0), Limits(), 5.0, "t", "d", "0"))
        with pytest.raises(BusyError, match="just been replaced"):
            await answers.contents()
        found = await answers.contents()
        assert (found.fingerprint, found.graphs) == ("new", (("u:new", 1),))

    asyncio.run(ask())
