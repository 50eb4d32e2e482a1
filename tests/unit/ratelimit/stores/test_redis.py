"""Counters in Redis: what is in it, and what becomes of it when Redis is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import AF_INET, SOCK_STREAM, socket

import pytest
import redis

from vivace.ratelimit import RedisStore, StoreUnavailable, Window
from vivace.ratelimit.rules import Rule, parse_rules

from ..conftest import REDIS, Clock

[RULE] = parse_rules("3/hour", "fixed")


@contextmanager
def deaf_server() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket(AF_INET, SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        server.listen(100)
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


def dead_address() -> str:
    """Where nothing listens."""
    with socket(AF_INET, SOCK_STREAM) as server:
        server.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{server.getsockname()[1]}"


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="redis"):
        RedisStore("http://localhost")


@pytest.mark.parametrize("prefix", ["", ":", "shop:", ":shop", " "])
def test_a_prefix_that_is_none_is_refused_at_once(prefix: str) -> None:
    with pytest.raises(ValueError, match="is empty, or begins or ends with a colon"):
        RedisStore("redis://localhost", prefix=prefix)


def test_it_does_not_show_its_password() -> None:
    store = RedisStore("redis://:secret@localhost")
    assert repr(store) == "RedisStore(prefix='vivace:ratelimit')"


@pytest.mark.parametrize("window", ["fixed", "sliding", "token"])
def test_every_key_has_the_prefix_and_an_end(redis_prefix: str, window: Window) -> None:
    [rule] = parse_rules("3/minute", window)

    async def take() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix)
        await store.take(rule, "ada", 1)

    asyncio.run(take())
    with redis.Redis.from_url(REDIS) as client:
        [name] = client.scan_iter(f"{redis_prefix}*")
        assert b"ada" in name
        assert 0 < int(str(client.ttl(name))) <= 60


def test_after_a_window_there_is_room_again(redis_prefix: str) -> None:
    windows: list[Window] = ["fixed", "sliding", "token"]
    rules = [parse_rules("2/second", window)[0] for window in windows]

    async def take() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        for rule in rules:
            taken = [(await store.take(rule, "ada", 1)).allowed for _ in range(3)]
            assert taken == [True, True, False]
        await asyncio.sleep(1.1)
        for rule in rules:
            assert (await store.take(rule, "ada", 2)).allowed

    asyncio.run(take())


def test_stores_of_one_prefix_count_together(redis_prefix: str) -> None:
    async def take(prefix: str) -> int:
        return (await RedisStore(REDIS, prefix=prefix).take(RULE, "ada", 1)).remaining

    assert [asyncio.run(take(redis_prefix)) for _ in range(3)] == [2, 1, 0]
    assert asyncio.run(take(f"{redis_prefix}-other")) == 2


def test_of_prefixes_that_look_like_patterns_one_is_cleared(redis_prefix: str) -> None:
    async def clear() -> list[int]:
        odd, other = (RedisStore(REDIS, prefix=redis_prefix + end) for end in (":[a]*?", ":axx"))
        for store in (odd, other):
            await store.take(RULE, "ada", 1)
        await odd.clear()
        return [(await store.read(RULE, "ada", 1)).remaining for store in (odd, other)]

    assert asyncio.run(clear()) == [3, 2]


def test_the_wait_for_a_window_is_never_too_short(redis_prefix: str) -> None:
    """Redis says whole seconds to the nearest: one that is over by then is not meant."""
    [rule] = parse_rules("1/2 seconds", "fixed")

    async def take() -> None:
        one, other = (RedisStore(REDIS, prefix=redis_prefix) for _ in range(2))
        await one.take(rule, "ada", 1)
        begun = time.monotonic()
        await asyncio.sleep(0.6)
        refused = await other.take(rule, "ada", 1)
        assert not refused.allowed
        assert time.monotonic() + refused.reset >= begun + 1.95

    asyncio.run(take())


# Away.


async def failing(store: RedisStore, rule: Rule = RULE) -> float:
    """How long it takes to hear that nothing can be counted."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as away:
        await store.take(rule, "ada", 1)
    assert 0 <= away.value.retry_after <= 60
    return time.monotonic() - started


@pytest.mark.parametrize("window", ["fixed", "sliding", "token"])
def test_where_nothing_listens_it_is_known_at_once(window: Window) -> None:
    [rule] = parse_rules("3/hour", window)
    store = RedisStore(dead_address(), timeout=60, pause=60)
    assert asyncio.run(failing(store, rule)) < 20


def test_nobody_waits_for_a_server_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def ask() -> None:
        with deaf_server() as url:
            store = RedisStore(url, timeout=0.1, pause=60)
            assert 0.09 < await failing(store) < 20
            # The time that one waits at most is far less than what it takes all of these.
            started = time.monotonic()
            for _ in range(1000):
                with pytest.raises(StoreUnavailable):
                    await store.take(RULE, "ada", 1)
            assert time.monotonic() - started < 20
            await store.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(ask())
    [record] = caplog.records
    assert record.name == "vivace.ratelimit"
    assert "out of reach" in record.message


def test_many_at_once_wait_together() -> None:
    async def ask() -> None:
        with deaf_server() as url:
            store = RedisStore(url, timeout=0.3, pause=60)
            started = time.monotonic()
            waits = await asyncio.gather(*(failing(store) for _ in range(200)))
            assert max(waits) < 20
            assert time.monotonic() - started < 20
            await store.close()

    asyncio.run(ask())


def test_a_server_that_is_back_counts_again(clock: Clock, redis_prefix: str) -> None:
    async def ask() -> None:
        store = RedisStore(dead_address(), prefix=redis_prefix, timeout=30, pause=5)
        await failing(store)
        store._connection._url = REDIS
        await store.close()
        clock.advance(4)
        await failing(store)
        clock.advance(2)
        assert (await store.take(RULE, "ada", 1)).remaining == 2

    asyncio.run(ask())


def test_a_connection_that_was_cut_is_made_anew(redis_prefix: str) -> None:
    async def ask() -> None:
        store = RedisStore(REDIS, prefix=redis_prefix, timeout=30)
        await asyncio.gather(*(store.take(RULE, str(key), 1) for key in range(5)))
        with redis.Redis.from_url(REDIS) as client:
            client.client_kill_filter(_type="normal", skipme=True, laddr=None)
        assert (await store.take(RULE, "1", 1)).remaining == 1

    asyncio.run(ask())


def test_what_cannot_be_cleared_is_said() -> None:
    async def clear() -> None:
        with pytest.raises(StoreUnavailable):
            await RedisStore(dead_address()).clear()

    asyncio.run(clear())
