"""The app, in processes of which each can be killed, and clients of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import workers
from tests.servers.engines.process import EngineProcess
from tests.unit.behaviour.process import Server
from websockets.sync.client import ClientConnection, connect

#: Seconds that anything may take, on a machine that does much else.
TIMEOUT = 90.0


@dataclass(frozen=True)
class Place:
    """Where processes share their rooms: an engine, and a name in it."""

    engine: EngineProcess
    name: str

    def serving(self, port: int = 0) -> AbstractContextManager[Server]:
        """Serve the app from one process."""
        return workers.serving(
            Path(__file__).with_name("live_app.py"),
            *("--port", str(port)),
            LIVE_ENGINE=self.engine.url,
            LIVE_NAME=self.name,
        )


class Client:
    """A client that keeps what it gets."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self._unread: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def say(self, text: str, ref: str | None = None) -> None:
        self.send(type="say", text=text, ref=ref)

    def read(self) -> dict[str, Any]:
        """The next frame that is no ping.

        Raises:
            TimeoutError: None came.
        """
        while not self._unread:
            frame: dict[str, Any] = json.loads(self.socket.recv(TIMEOUT))
            if frame["type"] != "ping":
                self._unread += singly(frame)
        self.frames.append(self._unread.pop(0))
        return self.frames[-1]

    def until(self, type: str, **members: Any) -> dict[str, Any]:
        """The next frame like this."""
        while True:
            frame = self.read()
            if frame["type"] == type and members.items() <= frame.items():
                return frame

    def users(self, type: str) -> list[str]:
        """Of whom it has been told so far that they have ``"joined"``, or ``"left"``."""
        return [frame["member"]["user"] for frame in self.frames if frame["type"] == type]

    @property
    def texts(self) -> list[str]:
        """What it has heard so far."""
        return [frame["text"] for frame in self.frames if frame["type"] == "said"]

    @property
    def position(self) -> str:
        """The id of the last event that it has."""
        ids = [frame["event_id"] for frame in self.frames if "event_id" in frame]
        return max(ids) if ids else "0"


@contextmanager
def joining(
    server: Server, room: str, query: str, headers: dict[str, str] | None = None
) -> Iterator[Client]:
    """A client in a room, welcome."""
    url = f"ws://127.0.0.1:{server.port}{room}?{query}"
    with connect(url, additional_headers=headers, open_timeout=TIMEOUT, close_timeout=5) as socket:
        client = Client(socket)
        client.until("welcome")
        yield client


def singly(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """A frame, or what it says of several users as a frame for each."""
    if frame["type"] != "presence":
        return [frame]
    return [
        {"type": type, "member": member} for type in ("joined", "left") for member in frame[type]
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)
