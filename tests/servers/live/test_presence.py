"""Who is there and how many connections they have, over two processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.servers.engines.nats_server import NatsServer
from tests.servers.engines.process import EngineProcess, run_engine
from tests.servers.engines.redis_server import DurableRedisServer
from tests.servers.workers import serving
from tests.unit.behaviour.process import Server
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

APP = Path(__file__).with_name("presence_app.py")
ENGINES: dict[str, type[EngineProcess]] = {"redis": DurableRedisServer, "nats": NatsServer}
#: Seconds that anything may take, on a machine that does much else.
TIMEOUT = 90.0
#: What the app lets each user have, and what each process lets in without asking.
MOST, OWN = 10, 1

Two = tuple[Server, Server]


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"live-{name}")) for name in ENGINES],
)
def presence(request: pytest.FixtureRequest) -> Iterator[Two]:
    """Two processes of an app; the last test may kill the other one."""
    with (
        run_engine(ENGINES[request.param]) as engine,
        serving(APP, LIVE_ENGINE=engine.url) as one,
        serving(APP, LIVE_ENGINE=engine.url) as other,
    ):
        yield one, other
        assert "Traceback" not in one.log + other.log


class Watcher:
    """A connection, and what it was told of who is there."""

    def __init__(self, stack: ExitStack, server: Server, user: str, room: str = "tea") -> None:
        url = f"ws://127.0.0.1:{server.port}/rooms/{room}?user={user}"
        opened = connect(url, open_timeout=TIMEOUT, close_timeout=5)
        self.socket: ClientConnection = stack.enter_context(opened)
        self.frames: list[dict[str, Any]] = []
        self.present = {member["user"] for member in self.read()["members"]}

    def read(self) -> dict[str, Any]:
        while True:
            frame: dict[str, Any] = json.loads(self.socket.recv(TIMEOUT))
            if frame["type"] != "ping":
                self.frames.append(frame)
                return frame

    def until_present(self, users: set[str]) -> None:
        """Read until these are there, and no others; nobody is told of twice."""
        while self.present != users:
            frame = self.read()
            joined, left = users_of(frame, "joined"), users_of(frame, "left")
            assert self.present.isdisjoint(joined)
            assert self.present >= left
            self.present = (self.present | joined) - left


def users_of(frame: dict[str, Any], type: str) -> set[str]:
    """Who has come, or gone, by a frame."""
    members: list[dict[str, Any]] = frame.get(type, [])
    if frame["type"] == type:
        members = [frame["member"]]
    return {member["user"] for member in members}


def test_many_who_come_and_go_at_once_are_told_together(presence: Two) -> None:
    users = [f"user{number}" for number in range(40)]
    with ExitStack() as stack, ThreadPoolExecutor(10) as threads:
        stays = Watcher(stack, presence[0], "stays")
        coming = [(presence[number % 2], user) for number, user in enumerate(users)]
        watchers = list(threads.map(lambda one: Watcher(stack, *one), coming))
        # However late it came: with its welcome and what it was told, each knows all.
        for watcher in (stays, *watchers):
            watcher.until_present({"stays", *users})
        list(threads.map(lambda watcher: watcher.socket.close(), watchers))
        stays.until_present({"stays"})
        # One for each who came, and one for each who went, would be 80, and a welcome.
        assert len(stays.frames) < 80


def fill(stack: ExitStack, server: Server, most: int = 2 * MOST) -> int:
    """Open as many connections of one user as there may be; how many that are."""
    for number in range(most):
        try:
            Watcher(stack, server, "ada", "counted")
        except InvalidStatus as refused:
            assert refused.response.status_code == 429
            return number
    return most


def test_the_connections_of_a_user_are_counted_over_all_processes(presence: Two) -> None:
    one, other = presence
    with ExitStack() as stack:
        assert fill(stack, one, 5) == 5
        assert fill(stack, other) == MOST + OWN - 5
        assert fill(stack, one) == 0
        Watcher(stack, one, "bob", "counted")
        # Those of a process that is killed are counted no longer than they are shown.
        other.process.kill()
        until, more = time.monotonic() + TIMEOUT, 0
        while more < MOST - 5:
            assert time.monotonic() < until
            more += fill(stack, one)
            time.sleep(0.1)
        assert more == MOST - 5
