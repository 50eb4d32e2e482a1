"""One store object, made at import: several event loops."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import timedelta

import pytest

from vivace.auth import TokenFamily, User
from vivace.auth.stores.records import now

from .conftest import SHARED_PLACES, MakeStore


@pytest.fixture
def quick_collection() -> Iterator[None]:
    """Garbage is looked for only among what the test has made."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("quick_collection")
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


@pytest.mark.parametrize("place", SHARED_PLACES, indirect=True)
def test_a_store_works_in_two_event_loops_at_once(make_store: MakeStore) -> None:
    store = make_store()

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
