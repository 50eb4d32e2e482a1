"""A PostgreSQL that belongs to a test."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from sqlalchemy.exc import OperationalError
from tests.servers.engines.process import EngineProcess, find_program
from tests.unit.sql.databases import execute


def find_postgresql(name: str) -> str:
    """Where a program of PostgreSQL's is: the newest, where there are several."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return find_program(name, *map(str, installed))


class PostgreSQLServer(EngineProcess):
    """A cluster of its own."""

    # As root it refuses to run.
    owner = "postgres"
    # Told by SIGTERM, it waits until all have disconnected.
    ending = signal.SIGINT

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._data = directory / "data"
        initdb = [find_postgresql("initdb"), "--no-sync", "-A", "trust", "-U", "postgres"]
        command = [*initdb, str(self._data)]
        subprocess.run(command, check=True, capture_output=True, user=self.user)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def command(self) -> list[str]:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        settings = [f"--{name}={value}" for name, value in options.items()]
        data, sockets = str(self._data), str(self.directory)
        return [find_postgresql("postgres"), "-D", data, "-k", sockets, *settings]

    def is_ready(self) -> bool:
        try:
            execute(self.url, "SELECT 1")
        except OperationalError:
            return False
        return True
