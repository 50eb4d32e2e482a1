"""Readers of events and sockets in the test's own event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from vivace import Vivace
from vivace.types import Message


class Event:
    """A server-sent event, taken apart."""

    def __init__(self, text: str) -> None:
        fields = dict(line.split(": ", 1) for line in text.splitlines() if line)
        self.id = fields.get("id")
        self.type = fields.get("event")
        self.data: Any = json.loads(fields["data"]) if "data" in fields else None
        self.is_comment = text.startswith(":")


class Reader:
    """A browser that reads events."""

    def __init__(self) -> None:
        self.start: Message = {}
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.start = message
            return
        for text in message.get("body", b"").decode().split("\n\n"):
            if text:
                self._events.put_nowait(Event(text))
        if not message.get("more_body", False):
            self._events.put_nowait(None)

    async def next(self) -> Event | None:
        """The next event, or ``None`` at the end."""
        return await asyncio.wait_for(self._events.get(), 10)

    async def until(self, type: str) -> Event:
        """The next event of this type."""
        while True:
            event = await self.next()
            assert event is not None, f"The stream ended before {type}"
            if event.type == type:
                return event


@asynccontextmanager
async def reading(
    app: Vivace, path: str, query: str, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Reader]:
    """Read events of a room, and go away."""
    reader = Reader()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "client": ("10.0.0.1", 5000),
        "server": ("testserver", 80),
    }
    task = asyncio.create_task(app(scope, reader.receive, reader.send))
    try:
        yield reader
    finally:
        reader.gone.set()
        await asyncio.wait_for(task, 10)
