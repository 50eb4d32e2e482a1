"""Background tasks outlive their client; streams and sockets do not outlive the server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.sync.client import connect

from .process import Server, serving

MIDDLEWARE = ["none", "pure", "http", "gzip", "all"]
STREAMS = ["events", "silence", "lines", "response", "thread"]
SOCKETS = ["socket", "speaking"]
#: Seconds that a server has to stop; it takes far fewer, but the machine may be busy.
PATIENCE = 20


def wait_for(notes: Path, wanted: set[str]) -> set[str]:
    """The notes, once all that are wanted are there, or after some seconds."""
    deadline = time.monotonic() + PATIENCE
    while not wanted <= (found := set(notes.read_text().split("\n"))):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lasting") / "notes"


@pytest.fixture(scope="module")
def server(notes: Path) -> Iterator[Server]:
    with serving("lasting_app:app", NOTES=str(notes)) as server:
        yield server
    assert "Traceback" not in server.log, server.log


TASKS = ["async", "sync", "two", "dependency", "response", "streamed", "lines"]


def test_background_tasks_finish_though_the_client_has_gone(server: Server, notes: Path) -> None:
    names = {f"{kind}-{task}" for kind, task in itertools.product(MIDDLEWARE, TASKS)}
    for kind, task in itertools.product(MIDDLEWARE, TASKS):
        with server.connect() as connection:
            target = f"/tasks/{kind}/{task}?name={kind}-{task}"
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            # The client reads no more than the beginning of the reply.
            assert connection.recv(12) == b"HTTP/1.1 200"
    found = wait_for(notes, names)
    assert sorted(names - found) == []


def test_a_stopping_server_waits_for_background_tasks(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with serving("lasting_app:app", NOTES=str(notes), WITH="http") as server:
        for task in ("async", "sync"):
            assert server.client.get(f"/tasks/http/{task}?name={task}").status_code == 200
        server.terminate(within=PATIENCE)
    assert {"async", "sync", "cleaned up"} <= set(notes.read_text().split("\n"))


@pytest.mark.parametrize("middleware", ["none", "all"])
def test_open_streams_and_sockets_do_not_keep_a_server_from_stopping(
    tmp_path: Path, middleware: str
) -> None:
    notes = tmp_path / "notes"
    with (
        serving("lasting_app:app", NOTES=str(notes), WITH=middleware) as server,
        ExitStack() as clients,
    ):
        for name in STREAMS:
            connection = clients.enter_context(server.connect())
            connection.sendall(f"GET /{name}?name={name} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        for name in SOCKETS:
            url = f"ws://127.0.0.1:{server.port}/{name}?name={name}"
            assert clients.enter_context(connect(url)).recv()
        seconds = server.terminate(within=PATIENCE)
    first, *released, last_but_one, last = notes.read_text().splitlines()
    assert first == "started"
    # What requests have taken is given back first, then what the app has made.
    assert sorted(released) == sorted(f"{name} released" for name in (*STREAMS, *SOCKETS))
    assert [last_but_one, last] == ["pool closed", "cleaned up"]
    assert seconds < PATIENCE
    assert server.process.returncode in (0, -15)


def test_a_server_without_open_connections_stops_at_once(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    with serving("lasting_app:app", NOTES=str(notes)) as server:
        assert server.client.get("/alive").json() == "yes"
        server.client.close()
        server.terminate(within=PATIENCE)
    assert notes.read_text().splitlines() == ["started", "pool closed", "cleaned up"]
    assert "Traceback" not in server.log
