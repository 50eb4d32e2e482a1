"""All stores do the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from vivace.answers import Answer
from vivace.idempotency import Held, MemoryStore, RedisStore, SqlStore, Store
from vivace.sql import Database

from ..conftest import REDIS

Check = Callable[[Store], Coroutine[None, None, None]]
Run = Callable[[Check], None]
ANSWER = Answer(201, ((b"x-a", b"\xff"),), b"\x00body\n")


@pytest.fixture(params=["memory", "redis", "sql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    def run(check: Check) -> None:
        asyncio.run(_run(check, make()))

    if request.param == "memory":
        make: Callable[[], Store] = MemoryStore
    elif request.param == "redis":
        prefix = request.getfixturevalue("redis_prefix")

        def make() -> Store:
            return RedisStore(REDIS, prefix=prefix, timeout=30)
    else:

        def make() -> Store:
            url = f"sqlite:///{tmp_path}/keys.db"
            return SqlStore(Database(url, metadata=SqlStore.metadata, create_tables=True))

    return run


async def _run(check: Check, store: Store) -> None:
    if isinstance(store, SqlStore):
        await store._database.open()
    try:
        await check(store)
    finally:
        await store.close()
        if isinstance(store, SqlStore):
            await store._database.close()


def test_the_first_takes_the_key_and_the_second_is_told(run: Run) -> None:
    async def check(store: Store) -> None:
        assert await store.begin("a", "f", "1", 60) is None
        assert await store.begin("a", "g", "2", 60) == Held("f", is_running=True)
        assert await store.begin("b", "f", "2", 60) is None
        assert await store.finish("a", "f", "1", ANSWER, 60)
        assert await store.begin("a", "f", "2", 60) == Held("f", False, ANSWER)

    run(check)


def test_of_many_at_once_one_takes_it(run: Run) -> None:
    async def check(store: Store) -> None:
        taken = await asyncio.gather(*(store.begin("a", "f", str(n), 60) for n in range(10)))
        assert taken.count(None) == 1
        assert taken.count(Held("f", is_running=True)) == 9

    run(check)


def test_what_could_not_be_kept_is_known_to_be_done(run: Run) -> None:
    async def check(store: Store) -> None:
        assert await store.begin("a", "f", "1", 60) is None
        assert await store.finish("a", "f", "1", None, 60)
        assert await store.begin("a", "f", "2", 60) == Held("f", is_running=False)

    run(check)


def test_what_is_freed_can_be_taken_again(run: Run) -> None:
    async def check(store: Store) -> None:
        assert await store.begin("a", "f", "1", 60) is None
        await store.free("a", "2")
        assert await store.begin("a", "f", "2", 60) is not None
        await store.free("a", "1")
        assert await store.begin("a", "g", "2", 60) is None
        # What is done stays so.
        assert await store.finish("a", "g", "2", ANSWER, 60)
        await store.free("a", "2")
        assert await store.begin("a", "g", "3", 60) == Held("g", False, ANSWER)

    run(check)


def test_a_lease_ends_unless_it_is_extended(run: Run) -> None:
    async def check(store: Store) -> None:
        assert await store.begin("a", "f", "1", 0.05) is None
        assert await store.begin("b", "f", "1", 0.05) is None
        assert await store.extend("b", "f", "1", 60)
        await asyncio.sleep(0.1)
        assert await store.begin("b", "f", "2", 60) is not None
        assert await store.begin("a", "f", "2", 60) is None
        # The first one is late: it changes nothing.
        assert not await store.extend("a", "f", "1", 60)
        assert not await store.finish("a", "f", "1", ANSWER, 60)
        await store.free("a", "1")
        assert await store.begin("a", "f", "3", 60) == Held("f", is_running=True)
        assert await store.finish("a", "f", "2", ANSWER, 60)
        assert not await store.finish("a", "f", "1", None, 60)
        assert await store.begin("a", "f", "3", 60) == Held("f", False, ANSWER)

    run(check)


def test_an_answer_is_kept_for_its_time(run: Run) -> None:
    async def check(store: Store) -> None:
        assert await store.begin("a", "f", "1", 60) is None
        assert await store.finish("a", "f", "1", ANSWER, 0.05)
        await asyncio.sleep(0.1)
        assert await store.begin("a", "g", "2", 60) is None
        assert await store.begin("a", "g", "3", 60) == Held("g", is_running=True)

    run(check)
