"""Engines of a test's own answer, end, and answer again with what they have kept."""

from __future__ import annotations

import pytest
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.postgresql_server import PostgreSQLServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.redis_server import DurableRedisServer, RedisServer

#: Not RabbitMQ, which takes long to start: the tests of tasks kill it, and start it again.
KINDS = [RedisServer, DurableRedisServer, NatsServer, PostgreSQLServer]


@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_is_killed_and_started_again(kind: type[EngineProcess]) -> None:
    with run_engine(kind) as engine:
        engine.kill()
        with pytest.raises(OSError, match="refused"):
            engine.says(b"", b"?")
        engine.start()
        assert engine.is_ready()
        engine.stop()
        with pytest.raises(OSError, match="refused"):
            engine.says(b"", b"?")


def test_what_redis_has_answered_to_is_there_again() -> None:
    with run_engine(DurableRedisServer) as engine:
        assert engine.says(b"SET kept 1\r\n", b"+OK")
        engine.kill()
        engine.start()
        assert engine.says(b"GET kept\r\n", b"$1\r\n1")
