"""An app in a server process of its own, spoken to over sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent


@dataclass
class Reply:
    """What came back over a raw connection; ``status`` is 0 where nothing came."""

    status: int
    head: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A running uvicorn process and its log."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = 0
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def exchange(self, request: bytes) -> Reply:
        """Send bytes as they are, close the sending side and read all that comes back."""
        with self.connect() as connection:
            try:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # The server has answered before it has read everything.
            return read_reply(connection)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 90
        while not (found := re.search(r"running on http://127\.0\.0\.1:(\d+)", self.log)):
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        self.port = int(found[1])
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def terminate(self, within: float) -> float:
        """Send SIGTERM; the seconds until the process had ended.

        Raises:
            TimeoutExpired: It had not after ``within`` seconds.
        """
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(within)
        self._reader.join(5)
        return time.monotonic() - started

    def close(self) -> None:
        if self.port:
            self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


def read_reply(connection: socket.socket) -> Reply:
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1] if head.startswith(b"HTTP/1.1 ") else b"0"
    return Reply(int(status), head.decode("latin-1"), body)


@contextmanager
def serving(app: str, *arguments: str, **environment: str) -> Iterator[Server]:
    """Serve ``app``, such as ``"shop_app:app"``, a module beside this one."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", app, "--app-dir", str(HERE)),
            *("--host", "127.0.0.1", "--port", "0", *arguments),
        ],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.close()
