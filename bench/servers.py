"""Uvicorn with each of the apps, on loopback, each on the server's core."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen

from bench.environment import PROJECT, PYTHON
from bench.load import Load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.cases import Case

APPS: Final = {
    "bare": "bench.apps.bare:app",
    "fastapi": "bench.apps.framework:app",
    "vivace": "bench.apps.framework:app",
}


@dataclass(frozen=True)
class Answer:
    """What must be the same from every server."""

    status: int
    content_type: str | None
    body: bytes


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    process_id: int

    def load(self, case: Case) -> Load:
        """The request of a case to this server."""
        headers = {"Content-Type": "application/json"} if case.body else {}
        if case.needs_token:
            with urlopen(f"http://127.0.0.1:{self.port}/token", timeout=10) as response:
                headers["Authorization"] = f"Bearer {json.load(response)}"
        return Load(self.port, case.method, case.target, headers, case.body)

    def ask(self, case: Case) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(case.method, case.target, case.body, self.load(case).headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheader("content-type"), response.read())
        connection.close()
        return answer


@contextmanager
def run_server(name: str, core: int | None, app: str | None = None) -> Iterator[Server]:
    """Serve the app of that name, or `app`, pinned to `core`, until the context is left."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        command = [PYTHON, "-m", "bench.serve", app or APPS[name], str(listener.fileno())]
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "BENCH_FRAMEWORK": name},
            pass_fds=[listener.fileno()],
        )
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            port = listener.getsockname()[1]
            wait_until_served(process, port)
            yield Server(name, port, process.pid)
        finally:
            process.terminate()
            process.wait()


def wait_until_served(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once a request is answered, whatever the answer.

    Raises:
        RuntimeError: if the server ends, or answers nothing for 30 seconds.
    """
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/plain")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start: {process.args!r}")


def require_same_answers(servers: list[Server], case: Case) -> None:
    """Check that what is compared does the same work.

    Raises:
        RuntimeError: if two servers answer differently, or one of them with an error.
    """
    answers = {server.name: server.ask(case) for server in servers}
    if len(set(answers.values())) != 1 or next(iter(answers.values())).status != 200:
        raise RuntimeError(f"different answers in case {case.name}: {answers}")
