from __future__ import annotations

from typing import Any

import pytest

from vivace.mongo import Mongo, MongoSettings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_pool_size": 0}, "max_pool_size of MongoSettings has to be at least 1"),
        ({"min_pool_size": 101}, "min_pool_size of MongoSettings has to be from 0 to"),
        ({"pool_timeout": 0}, "pool_timeout"),
        ({"connect_timeout": -1}, "connect_timeout"),
        ({"server_selection_timeout": 0}, "server_selection_timeout"),
        ({"response_timeout": 0}, "response_timeout"),
        ({"retry_after": -1}, "retry_after"),
    ],
)
def test_a_number_out_of_range_is_told_of(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MongoSettings(**setting)


async def options_of(url: str, settings: MongoSettings) -> Any:
    mongo = Mongo(url, settings=settings)
    options = mongo.current.client.options
    await mongo.close()
    return options


async def test_the_limits_reach_the_client() -> None:
    settings = MongoSettings(max_pool_size=7, pool_timeout=1.5, response_timeout=3)
    options = await options_of("mongodb://localhost/music", settings)
    assert options.pool_options.max_pool_size == 7
    assert options.pool_options.wait_queue_timeout == 1.5
    assert options.pool_options.connect_timeout == 2
    assert options.server_selection_timeout == 2
    assert options.pool_options.socket_timeout == 3


async def test_without_a_time_limit_there_is_none() -> None:
    settings = MongoSettings(response_timeout=None)
    options = await options_of("mongodb://localhost/music", settings)
    assert options.pool_options.socket_timeout is None


async def test_the_address_wins_over_the_limits_and_options_over_both() -> None:
    settings = MongoSettings(client_options={"connectTimeoutMS": 500})
    options = await options_of(
        "mongodb://localhost,localhost:27018/music?maxpoolsize=9&connectTimeoutMS=700", settings
    )
    assert options.pool_options.max_pool_size == 9
    assert options.pool_options.connect_timeout == 0.5
