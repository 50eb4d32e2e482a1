"""What only the store on Redis does."""

from __future__ import annotations

import asyncio
import time
from socket import AF_INET, SOCK_STREAM, socket

import pytest
import redis

from vivace.answers import Answer
from vivace.idempotency import Held, RedisStore, StoreUnavailable

from ..conftest import REDIS


def dead_address() -> str:
    """Where nothing listens."""
    with socket(AF_INET, SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{server.getsockname()[1]}"


def test_what_is_no_address_or_prefix_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="redis"):
        RedisStore("http://localhost")
    with pytest.raises(ValueError, match="is empty, or begins or ends with a colon"):
        RedisStore("redis://localhost", prefix="a:")


def test_it_does_not_show_its_password() -> None:
    assert (
        repr(RedisStore("redis://:secret@localhost")) == "RedisStore(prefix='vivace:idempotency')"
    )


def test_every_key_has_the_prefix_and_an_end(redis_prefix: str) -> None:
    async def keep() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        await store.begin("a", "f", "1", 60)
        await store.begin("b", "f", "1", 60)
        await store.finish("b", "f", "1", None, 60)
        await store.close()

    asyncio.run(keep())
    with redis.Redis.from_url(REDIS) as client:
        names = [*client.scan_iter(f"{redis_prefix}*")]
        assert len(names) == 2
        assert all(0 < int(str(client.ttl(name))) <= 60 for name in names)


def test_what_redis_has_lost_is_written_again(redis_prefix: str) -> None:
    async def lose() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        answer = Answer(200, (), b"x")
        with redis.Redis.from_url(REDIS) as client:
            await store.begin("a", "f", "1", 60)
            client.delete(f"{redis_prefix}:key:a")
            assert await store.extend("a", "f", "1", 60)
            assert await store.begin("a", "f", "2", 60) == Held("f", is_running=True)
            client.delete(f"{redis_prefix}:key:a")
            assert await store.finish("a", "f", "1", answer, 60)
            assert await store.begin("a", "f", "2", 60) == Held("f", False, answer)
        await store.close()

    asyncio.run(lose())


def test_what_is_sent_twice_as_a_connection_was_cut_is_done_once(redis_prefix: str) -> None:
    async def repeat() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        assert [await store.begin("a", "f", "1", 60) for _ in range(2)] == [None, None]
        finished = [await store.finish("a", "f", "1", None, 60) for _ in range(2)]
        assert finished == [True, True]
        await store.close()

    asyncio.run(repeat())


def test_where_nothing_listens_it_is_known_at_once() -> None:
    async def ask() -> None:
        store = RedisStore(dead_address(), timeout=60, pause=60)
        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(StoreUnavailable):
                await store.begin("a", "f", "1", 60)
        assert time.monotonic() - started < 20
        await store.close()

    asyncio.run(ask())
