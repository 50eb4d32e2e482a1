"""A NATS with JetStream that belongs to a test."""

from __future__ import annotations

from tests.servers.engines.process import EngineProcess, find_program


class NatsServer(EngineProcess):
    """One whose streams are in files."""

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [
            *(find_program("nats-server", "/usr/sbin", "/usr/local/bin"), "-a", "127.0.0.1"),
            *("-p", str(self.port), "-js", "-sd", str(self.directory)),
        ]

    def is_ready(self) -> bool:
        return self.says(b"", b"INFO ")
