"""One store object, made at import: several processes, several event loops."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from vivace.auth import RedisStore, SQLStore, Store, TokenFamily, User
from vivace.auth.stores.records import now

from .conftest import REDIS, MakeStore


@pytest.mark.parametrize(
    ("kind", "method"),
    [("sqlite", "fork"), ("sqlite", "spawn"), ("postgresql", "fork"), ("redis", "fork")],
)
def test_of_two_processes_that_replace_a_record_one_succeeds_at_a_time(
    kind: str, method: str, request: pytest.FixtureRequest
) -> None:
    if kind == "redis":
        address, prefix = REDIS, request.getfixturevalue("redis_prefix")
        store: Store = RedisStore(address, prefix=prefix)
    else:
        address, prefix = request.getfixturevalue(kind), ""
        store = SQLStore(address)
    family = TokenFamily(user_id="ada", epoch=0, expires_at=now() + timedelta(hours=1))

    async def prepare() -> None:
        await store.add(family)
        await store.close()

    asyncio.run(prepare())
    script = Path(__file__).with_name("racing.py")
    command = [sys.executable, str(script), method, kind, address, prefix, family.id]
    result = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert result.returncode == 0, result.stderr
    epoch, version, *_ = map(int, result.stdout.split())
    assert (epoch, version) == (50, 50)


def test_a_store_works_in_one_event_loop_after_another(make_store: MakeStore) -> None:
    """Also where it was not closed, as by a test client that was not entered."""
    store = make_store()
    user = User(name="ada")

    async def add() -> None:
        await store.open()
        await store.add(user)

    async def find() -> list[User]:
        return await store.find(User, name="ada")

    async def find_and_close() -> list[User]:
        try:
            return await find()
        finally:
            await store.close()

    asyncio.run(add())
    assert asyncio.run(find()) == [user]
    assert asyncio.run(find_and_close()) == [user]
    # Connections that were left open would be warned about, which is an error here.
    gc.collect()


def test_a_store_works_in_two_event_loops_at_once(make_shared_store: MakeStore) -> None:
    store = make_shared_store()

    async def work() -> None:
        await store.open()
        family = TokenFamily(user_id="ada", epoch=0, expires_at=now() + timedelta(hours=1))
        await store.add(family)
        there = await asyncio.to_thread(asyncio.run, elsewhere(family))
        assert await store.get(TokenFamily, family.id) == there
        await store.close()

    async def elsewhere(family: TokenFamily) -> TokenFamily | None:
        await store.open()
        replaced = await store.replace(family, epoch=1)
        await store.close()
        return replaced

    asyncio.run(work())
