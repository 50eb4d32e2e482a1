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

from .conftest import Run, Write

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


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, write: Write) -> dict[str, Any]:
    """What uvicorn is called with, in place of serving."""
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("VIVACE_DEV_APP", "")
    write("main.py", APP)
    called: dict[str, Any] = {}
    monkeypatch.setattr("uvicorn.run", lambda app, **settings: called.update(settings, app=app))
    return called


def test_the_settings_of_dev(run: Run, settings: dict[str, Any]) -> None:
    assert run("dev").exit_code == 0
    assert os.environ["VIVACE_DEV_APP"] == "main:app"
    assert settings == {
        "app": "vivace.cli.reloading:load_app",
        "factory": True,
        "host": "127.0.0.1",
        "port": 8000,
        "reload": True,
        "reload_dirs": None,
        "timeout_graceful_shutdown": 1,
        "root_path": "",
        "proxy_headers": True,
        "forwarded_allow_ips": None,
    }


def test_the_settings_of_run(run: Run, settings: dict[str, Any]) -> None:
    assert run("run").exit_code == 0
    assert settings == {
        "app": "main:app",
        "host": "0.0.0.0",
        "port": 8000,
        "workers": None,
        "root_path": "",
        "proxy_headers": True,
        "forwarded_allow_ips": None,
        "access_log": True,
        "timeout_graceful_shutdown": 25,
    }


@pytest.mark.parametrize(
    ("options", "setting", "value"),
    [
        ("dev --no-reload", "reload", False),
        ("dev --reload-dir . --reload-dir /", "reload_dirs", [".", "/"]),
        ("dev --host ::1", "host", "::1"),
        ("run --port 9000", "port", 9000),
        ("run --workers 4", "workers", 4),
        ("run --root-path /api", "root_path", "/api"),
        ("run --no-proxy-headers", "proxy_headers", False),
        (
            "run --forwarded-allow-ips ::1,::2",
            "forwarded_allow_ips",
            "::1,::2",
        ),
        ("run --no-access-log", "access_log", False),
        ("run --graceful-timeout 5", "timeout_graceful_shutdown", 5),
        ("run main.py --app second", "app", "main:second"),
        ("run main:second", "app", "main:second"),
        ("run --entrypoint main:second", "app", "main:second"),
    ],
)
def test_each_option_is_a_setting(
    run: Run, write: Write, settings: dict[str, Any], options: str, setting: str, value: object
) -> None:
    write("main.py", APP + "\nsecond = app")
    result = run(*options.split())
    assert result.exit_code == 0, result.stderr
    assert settings[setting] == value


def test_a_function_makes_the_app_in_each_process(
    run: Run, write: Write, settings: dict[str, Any]
) -> None:
    write("main.py", APP + "\ndef make_app() -> Vivace:\n    return app\n")
    result = run("run", "--app", "make_app")
    assert result.exit_code == 0, result.stderr
    assert settings["app"] == "main:make_app"
    assert settings["factory"] is True


def test_the_port_may_come_from_the_environment(
    run: Run, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "9000")
    run("run")
    assert settings["port"] == 9000


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("Vivace()", "/docs"),
        ("Vivace(docs_url='/api/docs')", "/api/docs"),
        ("Vivace(docs_url=None)", "/redoc"),
        ("Vivace(docs_url=None, redoc_url=None)", None),
        ("Vivace(openapi_url=None)", None),
    ],
)
@pytest.mark.usefixtures("settings")
def test_the_page_that_is_named(run: Run, write: Write, text: str, page: str | None) -> None:
    write("main.py", f"from vivace import Vivace\napp = {text}")
    output = run("run").stdout
    assert "Server  http://0.0.0.0:8000" in output
    assert re.findall(r"Docs +(\S+)", output) == ([f"http://0.0.0.0:8000{page}"] if page else [])


@pytest.mark.usefixtures("settings")
def test_an_address_of_ipv6_stands_in_brackets(run: Run) -> None:
    assert "http://[::1]:8000" in run("run", "--host", "::1").stdout
