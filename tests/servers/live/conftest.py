"""Engines that belong to these tests, and two processes of the app over each."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import pytest
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.redis_server import DurableRedisServer
from tests.unit.behaviour.process import Server

from .processes import serving

ENGINES: dict[str, type[EngineProcess]] = {"redis": DurableRedisServer, "nats": NatsServer}


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"live-{name}")) for name in ENGINES],
)
def engine(request: pytest.FixtureRequest) -> Iterator[EngineProcess]:
    with run_engine(ENGINES[request.param]) as running:
        yield running


@pytest.fixture
def two(engine: EngineProcess) -> Iterator[tuple[Server, Server]]:
    """Two processes of the app, with rooms of their own."""
    name = f"live_{token_hex(6)}"
    with serving(engine.url, name) as one, serving(engine.url, name) as other:
        yield one, other
        for server in (one, other):
            assert "Traceback" not in server.log, server.log
