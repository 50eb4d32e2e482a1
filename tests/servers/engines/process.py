"""An engine that belongs to a test, which may stop, kill and start it again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from tests.unit.suspending import suspend

#: How long an engine may take to start, or to end, in seconds, on a machine that does much else.
STARTING = 90.0


def find_program(name: str, *directories: str) -> str:
    """Where a program is, also outside of ``PATH``; the test is skipped where it is not."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(directories))
    if found is None:
        pytest.skip(f"There is no {name} on this machine.")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class EngineProcess(ABC):
    """An engine on a port of its own, which keeps what it has in ``directory``.

    What was written before :meth:`kill` is there again after :meth:`start`, where the engine has
    said that it has it.
    """

    #: Whom it runs as where the tests run as root; ``None`` for whoever runs them.
    owner: str | None = None
    #: What has it end in good order, whoever is connected.
    ending = signal.SIGTERM

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.user = self.owner if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self.user is not None:
            shutil.chown(directory, self.user)

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def command(self) -> list[str]:
        """What runs it in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers; an :class:`OSError` says that it does not."""

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def start(self) -> None:
        """Start it, if it does not run, and wait until it answers."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            self.command(),
            env=self.environment(),
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            start_new_session=True,
        )
        deadline = time.monotonic() + STARTING
        while True:
            with suppress(OSError):
                if self.is_ready():
                    return
            assert self._process.poll() is None, "The server has ended."
            assert time.monotonic() < deadline, "The server does not start."
            time.sleep(0.02)

    def stop(self) -> None:
        """Have it end by itself, in good order."""
        if self._process is not None:
            self._process.send_signal(self.ending)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
            self.kill()

    def kill(self) -> None:
        """End it and all that it has started, at once: as a power cut does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
            self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        """Until nobody listens: what was started by a script ends a little later than it."""
        deadline = time.monotonic() + STARTING
        while True:
            try:
                self.says(b"", b"?")
            except ConnectionRefusedError:
                return
            except OSError:
                pass
            assert time.monotonic() < deadline, "The server does not end."
            time.sleep(0.02)

    def suspend(self) -> None:
        """Have it take connections, and never answer."""
        if self._process is not None:
            suspend(self._process)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def says(self, request: bytes, expected: bytes) -> bool:
        """Whether it answers ``request`` with what begins so."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(request)
            return connection.recv(len(expected)) == expected


T = TypeVar("T", bound=EngineProcess)


@contextmanager
def run_engine(kind: type[T]) -> Iterator[T]:
    """One that runs, and is gone afterwards."""
    # Others may not look into the directories of pytest's.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        engine = kind(Path(directory))
        try:
            engine.start()
            yield engine
        finally:
            engine.kill()
