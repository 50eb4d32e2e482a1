"""Servers of an app, each one process that a test may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.workers import stop
from tests.unit.behaviour.process import Server


@contextmanager
def serving(app: Path, **environment: str) -> Iterator[Server]:
    """Serve the ``app`` of a module; what it needs to know is in its environment."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", f"{app.stem}:app", "--app-dir", str(app.parent)),
            *("--host", "127.0.0.1", "--port", "0", "--no-access-log"),
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
        assert "Traceback" not in server.log, server.log
    finally:
        stop(server)


def kill(server: Server) -> None:
    """End it at once, whatever it is doing."""
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(30)
