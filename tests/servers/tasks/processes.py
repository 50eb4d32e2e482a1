"""Servers and workers in processes of their own, and what they have noted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import httpx
from tests.servers.workers import connect, stop
from tests.unit.behaviour.process import Server

HERE = Path(__file__).parent


class Note(NamedTuple):
    """A line that a task has written."""

    event: str
    number: int
    process: int
    attempt: int
    id: str
    time: float


@dataclass
class Place:
    """An engine, with a name in it and a file that only one test has."""

    url: str
    name: str
    directory: Path
    #: Where results are kept, if not in the engine.
    results: str | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        results = {"TASKS_RESULTS": self.results} if self.results else {}
        return {
            **os.environ,
            "TASKS_URL": self.url,
            "TASKS_NAME": self.name,
            "TASKS_NOTES": str(self.file),
            "TASKS_GATE": str(self.gate),
            **results,
            **self.settings,
        }

    @property
    def file(self) -> Path:
        return self.directory / "notes"

    @property
    def gate(self) -> Path:
        return self.directory / "gate"

    def hold(self) -> None:
        """Have tasks that are begun from now on not end."""
        self.gate.touch()

    def let_go(self) -> None:
        self.gate.unlink(missing_ok=True)

    def forget(self) -> None:
        """Begin with no notes."""
        self.file.unlink(missing_ok=True)

    def notes(self, event: str) -> list[Note]:
        if not self.file.exists():
            return []
        found = []
        for line in self.file.read_text().splitlines():
            said, number, process, attempt, id, at = line.split()
            found.append(Note(said, int(number), int(process), int(attempt), id, float(at)))
        return [one for one in found if one.event == event]

    def numbers(self, event: str = "done") -> Counter[int]:
        return Counter(one.number for one in self.notes(event))

    def wait(self, condition: Callable[[], Any], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.file.read_text() if self.file.exists() else ""
            time.sleep(0.05)

    def wait_for_more(self, number: int) -> None:
        """Until so many more tasks have been done than now."""
        enough = sum(self.numbers().values()) + number
        self.wait(lambda: sum(self.numbers().values()) >= enough)


class Worker:
    """``vivace worker``, with its processes."""

    def __init__(self, place: Place, *options: str) -> None:
        self.log = place.directory / f"worker-{time.time_ns()}.log"
        command = [sys.executable, "-m", "vivace", "worker", "task_app:app", *options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                env=place.environment,
                cwd=HERE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, processes: int = 1) -> None:
        deadline = time.monotonic() + 90
        while self.said("The worker runs tasks") < processes:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def said(self, text: str) -> int:
        return self.log.read_text().count(text)

    def terminate(self, within: float) -> float:
        """Have it stop in good order; the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(within) == 0, self.log.read_text()
        return time.monotonic() - begun

    def kill(self) -> None:
        """End it with all of its processes, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def working(place: Place, *options: str, processes: int = 1) -> Iterator[Worker]:
    worker = Worker(place, "--processes", str(processes), *options)
    try:
        worker.wait_until_ready(processes)
        yield worker
    finally:
        worker.kill()


@contextmanager
def serving(place: Place, processes: int = 2) -> Iterator[list[httpx.Client]]:
    """A server of the app, and a client for each of its processes."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "task_app:app", "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", "--workers", str(processes)),
            *("--timeout-keep-alive", "600", "--no-access-log"),
        ],
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    clients: list[httpx.Client] = []
    try:
        server.wait_until_ready()
        connections = connect(f"http://127.0.0.1:{server.port}", server, processes)
        clients = [client for _, client in connections]
        yield clients
    finally:
        for client in clients:
            client.close()
        stop(server)


def send_until(ended: Event, client: httpx.Client, first: int = 0) -> list[int]:
    """Send one task after the other; the numbers of those that were accepted."""
    accepted: list[int] = []
    number = first
    while not ended.is_set():
        reply = client.post(f"/quick/{number}")
        assert reply.status_code in (200, 503), reply.text
        if reply.status_code == 200:
            accepted.append(number)
        number += 1
        time.sleep(0.01)
    return accepted
