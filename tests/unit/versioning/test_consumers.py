from __future__ import annotations

import pytest

from vivace.versioning import MemoryConsumers

pytestmark = pytest.mark.anyio


async def test_the_first_version_is_kept_until_it_is_changed() -> None:
    store = MemoryConsumers()
    assert await store.get("ada") is None
    await store.remember("ada", "1")
    await store.remember("ada", "2")
    await store.remember("bob", "2")
    assert (await store.get("ada"), await store.get("bob")) == ("1", "2")
    await store.change("ada", "3")
    assert await store.get("ada") == "3"
