"""The app, in server processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.servers.workers import connect, stop
from tests.unit.behaviour.process import Server

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Limited:
    """A server of the app that is running."""

    url: str
    #: Each with a connection of its own, by the process that it has come to.
    connections: list[tuple[str, httpx.Client]]

    @property
    def clients(self) -> list[httpx.Client]:
        """One to each process."""
        return list(dict(self.connections).values())


@contextmanager
def serving(
    redis_url: str, prefix: str, *, processes: int, connections: int = 1, timeout: float = 30
) -> Iterator[Limited]:
    """Serve the app, and connect to it until each process has its share of connections."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "limited_app:app", "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", "--workers", str(processes)),
            # The app itself reads what proxies say.
            *("--timeout-keep-alive", "600", "--no-access-log", "--no-proxy-headers"),
        ],
        env={
            **os.environ,
            "LIMITED_REDIS": redis_url,
            "LIMITED_PREFIX": prefix,
            "LIMITED_TIMEOUT": str(timeout),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    opened: list[tuple[str, httpx.Client]] = []
    try:
        server.wait_until_ready()
        url = f"http://127.0.0.1:{server.port}"
        opened = connect(url, server, processes, connections)
        yield Limited(url, opened)
        assert "Traceback" not in server.log, server.log
    finally:
        for _, client in opened:
            client.close()
        stop(server)
