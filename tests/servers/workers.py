"""The worker processes of one server, each with connections of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from tests.unit.behaviour.process import Server

#: A client has one connection and keeps it: so it stays with one process.
ONE = httpx.Limits(max_connections=1, keepalive_expiry=None)
#: For the requests of many threads, each over a connection of its own: a client takes long to make.
FRESH = httpx.Client(
    timeout=60,
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
    verify=False,
)


@contextmanager
def serving(app: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """Serve the ``app`` of a module; what it needs to know is in its environment.

    The ``arguments`` are those of uvicorn's command.
    """
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", f"{app.stem}:app", "--app-dir", str(app.parent)),
            *("--host", "127.0.0.1", "--port", "0", "--no-access-log", *arguments),
        ],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    try:
        server.wait_until_ready()
        yield server
    finally:
        stop(server)


def connect(
    url: str, server: Server, processes: int, connections: int = 1
) -> list[tuple[str, httpx.Client]]:
    """So many connections to each process, by its id: which one accepts is chance.

    The app has to say it, in the header ``X-Process`` of ``/health``.
    """
    kept: list[tuple[str, httpx.Client]] = []
    until = time.monotonic() + 120
    while len(kept) < processes * connections:
        assert time.monotonic() < until, server.log
        # Certificates, which take long to load, are not needed.
        client = httpx.Client(base_url=url, timeout=60, limits=ONE, verify=False)
        try:
            id = client.get("/health").headers["x-process"]
        except httpx.ConnectError:
            id = ""  # None of them listens yet.
        if id and [known for known, _ in kept].count(id) < connections:
            kept.append((id, client))
        else:
            client.close()
            time.sleep(0.01)
    return kept


def stop(server: Server) -> None:
    """Stop the server with all of its processes."""
    try:
        if server.process.poll() is None:
            server.terminate(60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.close()
