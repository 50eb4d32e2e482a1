"""Servers of an app, each one process that a test may kill."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import workers
from tests.unit.behaviour.process import Server


@contextmanager
def serving(app: Path, **environment: str) -> Iterator[Server]:
    """Serve the ``app`` of a module, which makes no errors of its own."""
    with workers.serving(app, **environment) as server:
        yield server
        assert "Traceback" not in server.log, server.log


def kill(server: Server) -> None:
    """End it at once, whatever it is doing."""
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(30)
