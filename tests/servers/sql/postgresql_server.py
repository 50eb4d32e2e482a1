"""A server of PostgreSQL that belongs to a test, which may kill it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from tests.unit.sql.databases import execute

#: Whom the server runs as where the tests run as root, as which it refuses to.
OWNER = "postgres"


def find_programs() -> Path:
    """Where initdb and postgres are; the test is skipped where they are not."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (directory / "initdb").exists():
            return directory
    pytest.skip("PostgreSQL is not installed on this machine.")


class PostgreSQLServer:
    """One on a port of its own."""

    def __init__(self, directory: Path) -> None:
        self._programs = find_programs()
        self._directory = directory
        self._data = directory / "data"
        self._user = OWNER if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port: int = free.getsockname()[1]
        if self._user is not None:
            shutil.chown(directory, self._user)
        initdb = [str(self._programs / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres"]
        command = [*initdb, str(self._data)]
        subprocess.run(command, check=True, capture_output=True, user=self._user)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        if self._process is not None:
            return
        options = {"port": self._port, "listen_addresses": "127.0.0.1", "fsync": "off"}
        settings = [f"--{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, "-k", self._directory, *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                execute(self.url, "SELECT 1")
                return
            except OperationalError:
                assert self._process.poll() is None, "The server has ended."
                assert time.monotonic() < deadline, "The server does not start."
                time.sleep(0.02)

    def kill(self) -> None:
        """End it and all that it has started, at once: as a power cut does."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def own_postgresql() -> Iterator[PostgreSQLServer]:
    """A server that runs, and is gone afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        # Others may not look into the directories of pytest's.
        server = PostgreSQLServer(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.kill()
