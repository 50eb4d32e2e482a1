"""A Redis that may be away, as batteries use it. Where nothing listens needs no Redis."""

from __future__ import annotations

import asyncio
import logging
from socket import socket
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from vivace.outages import StoreUnavailable
from vivace.redis_connection import RedisConnection

logger = logging.getLogger("vivace.test")


def dead_address() -> str:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{free.getsockname()[1]}"


def connect(
    url: str = "redis://localhost", prefix: str = "shop", **options: Any
) -> RedisConnection:
    return RedisConnection(
        url,
        prefix=prefix,
        timeout=30,
        pause=60,
        options=options,
        what="The books",
        logger=logger,
    )


def test_what_makes_no_sense_is_refused_where_it_is_made() -> None:
    with pytest.raises(ValueError, match="redis"):
        connect("http://localhost")
    for prefix in ("", "shop:", " shop"):
        with pytest.raises(ValueError, match="is empty, or begins or ends with a colon"):
            connect(prefix=prefix)


def test_keys_begin_with_the_prefix() -> None:
    assert connect().key("book", "7") == "shop:book:7"


def test_a_loop_has_one_client_until_it_is_closed() -> None:
    connection = connect(max_connections=3)

    async def use() -> Any:
        client = connection.client()
        assert connection.client() is client
        assert client.connection_pool.max_connections == 3
        await connection.close()
        assert connection.client() is not client
        await connection.close()
        return client

    assert asyncio.run(use()) is not asyncio.run(use())


def test_a_redis_that_is_away_is_asked_once_in_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    connection = connect(dead_address())

    async def ask() -> None:
        for _ in range(3):
            with pytest.raises(StoreUnavailable) as away:
                await connection.run("return 1", [])
            assert 0 < away.value.retry_after <= 60
        await connection.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(ask())
    [record] = caplog.records
    assert record.getMessage().startswith("The books are out of reach: ")


def test_what_is_called_without_it_fails_alike() -> None:
    connection = connect()
    with pytest.raises(StoreUnavailable) as away, connection.failing():
        raise RedisConnectionError
    assert away.value.retry_after == 60
    with pytest.raises(KeyError), connection.failing():
        raise KeyError
