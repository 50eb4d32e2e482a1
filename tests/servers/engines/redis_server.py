"""A Redis that belongs to a test."""

from __future__ import annotations

from tests.servers.engines.process import EngineProcess, find_program


class RedisServer(EngineProcess):
    """One that forgets all when it ends."""

    #: What is written to disk before an answer.
    kept: tuple[str, ...] = ("--appendonly", "no")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [
            *(find_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(self.directory), "--save", "", *self.kept),
        ]

    def is_ready(self) -> bool:
        return self.says(b"PING\r\n", b"+PONG")


class DurableRedisServer(RedisServer):
    """One that still has all that it has answered to when it is started again."""

    kept = ("--appendonly", "yes", "--appendfsync", "always")
