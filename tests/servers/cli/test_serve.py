"""The commands that serve, as processes."""

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
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from tests.unit.cli.conftest import Write

APP = """
import os
from vivace import Request, Vivace

app = Vivace(title="Shop")


@app.get("/")
async def read_root(request: Request) -> dict[str, object]:
    return {
        "version": 1,
        "process": os.getpid(),
        "client": request.client.host,
        "scheme": request.url.scheme,
        "root_path": request.scope["root_path"],
        "runs_on_vivace": any(c.__module__ == "vivace.applications" for c in type(app).__mro__),
    }
"""


class Served:
    """A server under test: the lines it has printed, and what it answers."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def get(self, path: str = "/", headers: dict[str, str] | None = None) -> Any:
        """The JSON that the server answers, once it does."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", headers=headers or {})
        deadline = time.monotonic() + 40
        while True:
            try:
                with urlopen(request, timeout=5) as response:
                    return json.load(response)
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"The server does not answer:\n{self.output}")
                time.sleep(0.05)

    def wait_for(self, text: str) -> None:
        """Until the server has printed ``text``."""
        deadline = time.monotonic() + 40
        while text not in self.output:
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def wait_until(self, path: str, key: str, value: object) -> None:
        deadline = time.monotonic() + 40
        while self.get(path)[key] != value:
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(directory: Path, *arguments: str) -> Iterator[Served]:
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "COLUMNS": "60"}
    process = subprocess.Popen(
        [sys.executable, "-m", "vivace", *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process, port)
    try:
        yield served
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        finally:
            process.kill()
            served.reader.join(5)
            assert process.stdout is not None
            process.stdout.close()


def test_dev_serves_again_when_a_file_changes(write: Write, project: Path) -> None:
    write("main.py", "from version import V\n" + APP.replace(": 1,", ": V,"))
    write("version.py", "V = 1")
    with serving(project, "dev") as served:
        answer = served.get()
        assert answer["version"] == 1
        assert answer["process"] != served.process.pid
        # The watcher looks for changes from when it has started.
        time.sleep(0.5)
        write("version.py", "V = 200")
        served.wait_until("/", "version", 200)
    assert "Vivace, development" in served.output
    assert re.search(rf"Server +http://127\.0\.0\.1:{served.port} ", served.output)
    assert re.search(rf"Docs +http://127\.0\.0\.1:{served.port}/docs ", served.output)


def test_dev_says_what_is_wrong_and_serves_again_when_it_is_mended(
    write: Write, project: Path
) -> None:
    write("main.py", APP)
    with serving(project, "dev") as served:
        served.get()
        time.sleep(0.5)
        write(
            "main.py",
            "from __future__ import annotations\n"
            + APP
            + "\n@app.get('/{n}')\ndef read(n: list[Missing]) -> None: ...\n",
        )
        served.wait_for("It is tried again when a file changes.")
        write("main.py", APP + "\nimport missing_module\n")
        served.wait_for("Install what provides 'missing_module'")
        write("main.py", APP.replace(": 1,", ": 2,"))
        served.wait_until("/", "version", 2)
    assert "main.read, parameter 'n': " in served.output
    assert "Error: main could not be imported.\n" in served.output
    # Of a traceback there are only the lines of the program.
    assert set(re.findall(r'File ".*?([^/]+)", line', served.output)) == {"main.py"}


def test_run_serves_in_one_process(write: Write, project: Path) -> None:
    write("shop/__init__.py", "")
    write("shop/main.py", "from . import neighbour\n" + APP)
    write("shop/neighbour.py", "")
    proxied = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    with serving(project, "run", "shop/main.py", "--root-path", "/api") as served:
        answer = served.get(headers=proxied)
    assert answer == {
        "version": 1,
        "process": served.process.pid,
        "client": "192.0.2.1",
        "scheme": "https",
        "root_path": "/api",
        "runs_on_vivace": True,
    }
    assert "Vivace, production" in served.output
    assert f"http://0.0.0.0:{served.port}/docs" in served.output
    assert "shop.main:app" in served.output
    assert '"GET /api/ HTTP/1.1" 200' in served.output
    assert "Application shutdown complete" in served.output
    assert served.process.returncode == 0


def test_a_request_that_never_ends_does_not_keep_run_from_stopping(
    write: Write, project: Path
) -> None:
    write(
        "main.py",
        APP + "\nimport asyncio\n\n@app.get('/stuck')\nasync def wait() -> None:\n"
        "    print('it waits', flush=True)\n    await asyncio.sleep(3600)\n",
    )
    with serving(project, "run", "--graceful-timeout", "0") as served:
        served.get()
        stuck = threading.Thread(target=ask_in_vain, args=(served.port,))
        stuck.start()
        served.wait_for("it waits")
    stuck.join(20)
    assert not stuck.is_alive()
    assert served.process.returncode == 0


def ask_in_vain(port: int) -> None:
    with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/stuck", timeout=60):
        pass


@pytest.mark.parametrize("command", [["run", "--workers", "2"], ["dev"]])
def test_a_program_for_fastapi_runs_in_child_processes(
    write: Write, project: Path, command: list[str]
) -> None:
    write("main.py", APP.replace("from vivace", "from fastapi").replace("Vivace", "FastAPI"))
    with serving(project, *command, "--as-fastapi") as served:
        answer = served.get()
    assert answer["process"] != served.process.pid
    assert answer["runs_on_vivace"]


def test_a_port_in_use_is_an_error(write: Write, project: Path) -> None:
    write("main.py", APP)
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = str(occupant.getsockname()[1])
        result = subprocess.run(
            [sys.executable, "-m", "vivace", "run", "--host", "127.0.0.1", "--port", port],
            cwd=project,
            capture_output=True,
            text=True,
        )
    assert result.returncode != 0
    assert "address already in use" in result.stderr
    assert "Traceback" not in result.stderr
