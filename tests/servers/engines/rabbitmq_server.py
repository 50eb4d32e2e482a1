"""A RabbitMQ that belongs to a test."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.engines.process import EngineProcess, find_program, free_port


class RabbitMQServer(EngineProcess):
    """A node of its own; it takes some seconds to start."""

    owner = "rabbitmq"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._distribution_port = free_port()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def command(self) -> list[str]:
        # What is in PATH on Debian wants to be root, and to change to a folder of its own.
        found = find_program("rabbitmq-server", "/usr/sbin")
        script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        return [str(script) if script.exists() else found]

    def environment(self) -> dict[str, str]:
        home = str(self.directory)
        return {
            **os.environ,
            "HOME": home,
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": home,
            "RABBITMQ_LOG_BASE": home,
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "plugins"),
            # One scheduler is enough, and leaves the cores to others.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
        }

    def is_ready(self) -> bool:
        return self.says(b"AMQP\x00\x00\x09\x01", b"\x01")
