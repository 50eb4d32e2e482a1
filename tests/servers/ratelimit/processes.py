"""Servers in processes of their own: the app's, and Redis."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
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


class RedisProcess:
    """A Redis of one's own, which can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("There is no redis-server.")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}"
        self._command = [
            *(program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--save", "", "--appendonly", "no"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until = time.monotonic() + 30
        with redis.Redis.from_url(self.url) as client:
            while True:
                with suppress(redis.ConnectionError):
                    client.ping()
                    return
                assert time.monotonic() < until
                time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, with all that it has counted."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def suspend(self) -> None:
        """Have it take connections, and never answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
