"""Engines that belong to these tests, and two processes of the app over each."""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex

import pytest
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.redis_server import DurableRedisServer
from tests.unit.behaviour.process import Server

from .processes import Place

ENGINES: dict[str, type[EngineProcess]] = {"redis": DurableRedisServer, "nats": NatsServer}


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"live-{name}")) for name in ENGINES],
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with run_engine(ENGINES[request.param]) as engine:
        yield Place(engine, f"live_{token_hex(6)}")


@pytest.fixture(scope="session")
def two(place: Place) -> Iterator[tuple[Server, Server]]:
    """Two processes of the app, which are there for all tests."""
    with place.serving() as one, place.serving() as other:
        yield one, other
    for server in (one, other):
        assert "Traceback" not in server.log, server.log


@pytest.fixture
def third(place: Place) -> Iterator[Server]:
    """Another process, which may be killed."""
    with place.serving() as server:
        yield server
    assert "Traceback" not in server.log, server.log


@pytest.fixture
def room() -> str:
    """A room that nobody else is in."""
    return f"/rooms/{token_hex(6)}"
