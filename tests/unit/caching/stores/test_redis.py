"""What only the store on Redis does."""

from __future__ import annotations

import asyncio
import time
from socket import AF_INET, SOCK_STREAM, socket

import pytest
import redis

from vivace.answers import Answer
from vivace.caching import Entry, RedisStore, StoreUnavailable

from ..conftest import REDIS


def dead_address() -> str:
    """Where nothing listens."""
    with socket(AF_INET, SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{server.getsockname()[1]}"


def test_what_is_no_address_or_prefix_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="redis"):
        RedisStore("http://localhost")
    for prefix in ("", ":", "a:"):
        with pytest.raises(ValueError, match="is empty, or begins or ends with a colon"):
            RedisStore("redis://localhost", prefix=prefix)


def test_it_does_not_show_its_password() -> None:
    assert repr(RedisStore("redis://:secret@localhost")) == "RedisStore(prefix='vivace:cache')"


def test_every_key_has_the_prefix_and_an_end(redis_prefix: str) -> None:
    async def keep() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        lead = await store.lead("a", ["tag of a client"], 10, 60)
        assert lead is not None
        await store.keep("a", Entry(Answer(200, (), b""), time.time(), 60), lead)
        assert await store.lead("b", [], 10, 60)
        await store.close()

    asyncio.run(keep())
    with redis.Redis.from_url(REDIS) as client:
        names = sorted(client.scan_iter(f"{redis_prefix}*"))
        assert [name.split(b":")[1] for name in names] == [b"entry", b"lead", b"tag"]
        assert all(0 < int(str(client.ttl(name))) <= 700 for name in names)
        assert not any(b"client" in name for name in names)


def test_what_another_version_has_written_is_not_found(redis_prefix: str) -> None:
    async def find() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        with redis.Redis.from_url(REDIS) as client:
            for value in (b"", b"[]", b"[]\n", b"[]\n[1,2]\nx", b"\xff\n\xff"):
                client.set(f"{redis_prefix}:entry:a", value)
                assert await store.find("a", []) is None
        await store.close()

    asyncio.run(find())


def test_where_nothing_listens_it_is_known_at_once() -> None:
    async def ask() -> None:
        store = RedisStore(dead_address(), timeout=60, pause=60)
        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(StoreUnavailable):
                await store.find("a", [])
            with pytest.raises(StoreUnavailable):
                await store.invalidate(["a"])
        assert time.monotonic() - started < 20
        await store.close()

    asyncio.run(ask())
