"""Engines: those that are there, and those of a test's own, which may be killed."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.rabbitmq_server import RabbitMQServer
from tests.servers.engines.redis_server import DurableRedisServer

from vivace.tasks.engines.protocol import EngineSettings

from .processes import Place

REDIS = os.environ.get("VIVACE_TEST_REDIS", "redis://127.0.0.1:6379")
URLS = {
    "redis": REDIS,
    "rabbitmq": os.environ.get("VIVACE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/"),
    "nats": os.environ.get("VIVACE_TEST_NATS", "nats://127.0.0.1:4222"),
}
OWN: dict[str, type[EngineProcess]] = {
    "redis": DurableRedisServer,
    "rabbitmq": RabbitMQServer,
    "nats": NatsServer,
}


def kinds(group: str = "") -> Any:
    """Each engine; a ``group`` of tests shares what it has started for it."""
    marks = {
        kind: pytest.mark.xdist_group(f"tasks-{group}-{kind}") if group else () for kind in URLS
    }
    cases = [pytest.param(kind, marks=marks[kind]) for kind in URLS]
    return pytest.mark.parametrize("kind", cases, scope="module" if group else None)


async def clean_redis(url: str, name: str) -> None:
    import redis.asyncio

    async with redis.asyncio.Redis.from_url(url) as client:
        await client.ping()
        async for key in client.scan_iter(f"{{vivace:{name}}}*"):
            await client.delete(key)


async def clean_rabbitmq(url: str, name: str) -> None:
    import aio_pika

    queues = ["queue.default", "queue.urgent", "again", "dead"]
    queues += [f"delay.{round(1000 * 2.0**power)}" for power in range(-2, 21)]
    async with await aio_pika.connect(url, timeout=5) as connection:
        channel = await connection.channel()
        for queue in queues:
            await channel.queue_delete(f"vivace.{name}.{queue}")
            await channel.exchange_delete(f"vivace.{name}.{queue}")
        await channel.exchange_delete(f"vivace.{name}")


async def clean_nats(url: str, name: str) -> None:
    import nats

    client = await nats.connect(url, max_reconnect_attempts=1, connect_timeout=2)
    try:
        for stream in (f"vivace_{name}", f"vivace_{name}_dead", f"KV_vivace_{name}_results"):
            with suppress(nats.js.errors.NotFoundError):
                await client.jetstream().delete_stream(stream)
    finally:
        await client.close()


def make_settings(name: str, **changes: Any) -> EngineSettings:
    values: dict[str, Any] = {
        "name": name,
        "queues": ("default",),
        "lease": 5.0,
        "most_waiting": 1000,
        "most_dead": 1000,
        "keep_dead": 3600.0,
        "remember_keys": 60.0,
        "keep_results": 60.0,
        "timeout": 3.0,
        "replicas": 1,
    }
    return EngineSettings(**{**values, **changes})


CLEAN: dict[str, Any] = {"redis": clean_redis, "rabbitmq": clean_rabbitmq, "nats": clean_nats}


@contextmanager
def shared_place(kind: str, directory: Path) -> Iterator[Place]:
    """A name in an engine that is there; the test is skipped where it is not."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    url = URLS[kind]
    results = REDIS if kind == "rabbitmq" else None
    try:
        asyncio.run(CLEAN[kind](url, name))
    except Exception as error:
        pytest.skip(f"There is no {kind} at {url}: {error!r}")
    try:
        yield Place(url, name, directory, results)
    finally:
        asyncio.run(CLEAN[kind](url, name))
        if results:
            asyncio.run(clean_redis(results, name))


@pytest.fixture
def place(kind: str, tmp_path: Path) -> Iterator[Place]:
    with shared_place(kind, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def engine_of_module(kind: str) -> Iterator[EngineProcess]:
    with run_engine(OWN[kind]) as engine:
        yield engine


@pytest.fixture
def own_engine(engine_of_module: EngineProcess) -> EngineProcess:
    """An engine that only one test has at a time, and that is running."""
    engine_of_module.start()
    return engine_of_module


@pytest.fixture
def own_place(own_engine: Any, tmp_path: Path) -> Place:
    return Place(own_engine.url, f"own-{uuid.uuid4().hex[:12]}", tmp_path)
