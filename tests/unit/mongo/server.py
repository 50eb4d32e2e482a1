"""A server that speaks MongoDB's protocol, as a process of its own."""

from __future__ import annotations

import gc
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tests.unit.suspending import suspend

#: Runs SecantusDB, and ends when its standard input does: so it never outlives the tests, however
#: these end. It is under the GPL, and imported nowhere else.
PROGRAM = """
import os, runpy, threading

def end_with_parent():
    os.read(0, 1)
    os._exit(0)

threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("secantus", run_name="__main__", alter_sys=True)
"""
LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


def is_installed() -> bool:
    return find_spec("secantus") is not None


def with_one_monitor(url: str) -> str:
    """``url`` with which a client watches its server by one connection.

    PyMongo leaves a socket to the garbage collector if a client is closed while it opens a second.
    """
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, "serverMonitoringMode=poll"]))
    return parts._replace(path=parts.path or "/", query=query).geturl()


class MongoServer:
    """A server on a port of its own, which can be killed and started again.

    Args:
        storage: Where it keeps its files.
        options: Of the command, as ``--standalone``.
    """

    def __init__(self, storage: Path, *options: str) -> None:
        self.port = 0
        self._storage = storage
        self._options = options
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return with_one_monitor(f"mongodb://127.0.0.1:{self.port}/")

    def start(self) -> None:
        """Start it, on the port that it had before, and wait until it listens."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", PROGRAM, "--port", str(self.port)),
                *("--storage-path", str(self._storage), "--cache-size", "64M", *self._options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self._log = Log(self._process.stdout)
        self.port = self._log.wait_for_port()

    def kill(self) -> None:
        """End it without any warning, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            self._log.close()
            assert process.stdin is not None
            process.stdin.close()

    def pause(self) -> None:
        """Have it accept connections, and answer nothing."""
        assert self._process is not None
        suspend(self._process)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


class Log:
    """What the process prints, read to the end so that it never waits for somebody to read."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._port: queue.Queue[int] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self._lines.append(line)
            if listening := LISTENING.search(line):
                self._port.put(int(listening[1]))

    def wait_for_port(self) -> int:
        """The port that is listened on."""
        try:
            return self._port.get(timeout=90)
        except queue.Empty:
            raise AssertionError(f"The server does not listen: {''.join(self._lines)}") from None

    def close(self) -> None:
        """To be called when the process has ended."""
        self._thread.join()
        self._stream.close()


@contextmanager
def running_server(*options: str) -> Iterator[MongoServer]:
    """A server that is started, and surely ended, with all that it kept."""
    with tempfile.TemporaryDirectory(prefix="vivace-mongo-") as storage:
        server = MongoServer(Path(storage), *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def clients_cut_short() -> Iterator[None]:
    """Around tests that close a client while it connects, or tell it that its server is away.

    PyMongo leaves the socket to the garbage collector.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
