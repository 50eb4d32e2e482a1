"""The app with files in server processes of its own, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
from tests.unit.behaviour.process import Server

HERE = Path(__file__).parent


@contextmanager
def serving(
    folder: Path, *, processes: int = 1, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Serve ``files_app`` with what it keeps in ``folder``."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "files_app:app", "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", "--no-access-log"),
            *("--workers", str(processes)),
        ],
        env={**os.environ, "FILES_FOLDER": str(folder), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    try:
        server.wait_until_ready()
        server.client.timeout = 120
        wait_until_answered(server)
        yield server
    finally:
        kill(server)
        server.close()


def wait_until_answered(server: Server) -> None:
    """With several processes the address is printed before any of them listens."""
    until = time.monotonic() + 40
    while True:
        with suppress(httpx.TransportError):
            server.client.get("/process")
            return
        assert time.monotonic() < until, server.log
        time.sleep(0.05)


def kill(server: Server) -> None:
    """End all processes of a server at once, as a fault would."""
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def peak_memory(server: Server) -> int:
    """The most that the process has had in memory so far, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


@contextmanager
def connections(server: Server, processes: int) -> Iterator[list[httpx.Client]]:
    """A client for each process of the server; each has one connection and keeps it."""
    found: dict[int, httpx.Client] = {}
    limits = httpx.Limits(max_connections=1, keepalive_expiry=None)
    until = time.monotonic() + 40
    with ExitStack() as stack:
        while len(found) < processes:
            assert time.monotonic() < until, server.log
            client = httpx.Client(base_url=server.client.base_url, limits=limits, timeout=20)
            stack.callback(client.close)
            found.setdefault(client.get("/process").json(), client)
        yield list(found.values())


def content_of(address: str, server: Server) -> bytes:
    response = server.client.get(address)
    assert response.status_code == 200, response.text
    return response.content


def wait_for(is_true: Callable[[], object]) -> None:
    """Wait for what another process does."""
    until = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_for_no_files(folder: Path) -> None:
    """What is left of an upload goes when the server has noticed that the client went away."""
    wait_for(lambda: not [path for path in folder.rglob("*") if path.is_file()])
