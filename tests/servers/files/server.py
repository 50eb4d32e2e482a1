"""The app with files in server processes of its own, which can be killed and started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.servers import workers
from tests.unit.behaviour.process import Server

from .s3_server import Bucket

APP = Path(__file__).with_name("files_app.py")


@dataclass(frozen=True)
class Place:
    """A server that is there for several tests, and where it keeps what it has."""

    server: Server
    folder: Path
    bucket: Bucket | None = None
    processes: int = 1

    def contents(self) -> set[str]:
        """All that is kept, whole or not."""
        found = {str(path) for path in files_in(self.folder)}
        if self.bucket is not None:
            found |= {*self.bucket.objects(), *self.bucket.unfinished()}
        return found

    def received(self) -> list[tuple[str, str]]:
        """The keys and names of what has been uploaded resumably, in order."""
        lines = (self.folder / "received").read_text().splitlines()
        return [(key, name) for key, _, name in (line.partition(" ") for line in lines)]

    @contextmanager
    def clients(self) -> Iterator[list[httpx.Client]]:
        """One to each process of the server."""
        found = workers.connect(str(self.server.client.base_url), self.server, self.processes)
        try:
            yield [client for _, client in found]
        finally:
            for _, client in found:
                client.close()


@contextmanager
def serving(
    folder: Path, *, processes: int = 1, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Serve ``files_app`` with what it keeps in ``folder``."""
    arguments = ("--workers", str(processes), "--timeout-keep-alive", "600")
    settings = {"FILES_FOLDER": str(folder), **(environment or {})}
    with workers.serving(APP, *arguments, **settings) as server:
        server.client.timeout = 120
        wait_until_answered(server)
        yield server


def wait_until_answered(server: Server) -> None:
    """With several processes the address is printed before any of them listens."""
    until = time.monotonic() + 90
    while True:
        with suppress(httpx.TransportError):
            server.client.get("/health")
            return
        assert time.monotonic() < until, server.log
        time.sleep(0.05)


def peak_memory(server: Server) -> int:
    """The most that the process has had in memory since the last :func:`forget_peak`, in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def forget_peak(server: Server) -> None:
    """Have the peak be what the process has in memory now."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


def kill(server: Server) -> None:
    """End all processes of a server at once, as a fault would."""
    with suppress(ProcessLookupError):
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def content_of(address: str, server: Server) -> bytes:
    response = server.client.get(address)
    assert response.status_code == 200, response.text
    return response.content


def wait_for(is_true: Callable[[], object]) -> None:
    """Wait for what another process does."""
    until = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def wait_for_no_files(folder: Path) -> None:
    """What is left of an upload goes when the server has noticed that the client went away."""
    wait_for(lambda: not files_in(folder))
