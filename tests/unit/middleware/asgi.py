"""A server of one request, for middleware that is tested without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import anyio

from vivace.types import ASGIApp, Message, Receive, Scope, Send


def http_scope(
    path: str = "/",
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> Scope:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("192.0.2.1", 4000),
        "server": ("testserver", 80),
    }
    return {**scope, **more}


class Connection:
    """What a server gives to an app, and what it gets from it.

    Args:
        chunks: The body of the request. After it, ``receive`` waits until :meth:`leave`.
    """

    def __init__(self, *chunks: bytes, scope: Scope | None = None) -> None:
        self.scope = http_scope() if scope is None else scope
        self.sent: list[Message] = []
        self._chunks = [*(chunks or (b"",))]
        self._has_left = anyio.Event()
        self.on_send: Callable[[Message], Any] | None = None

    def leave(self) -> None:
        self._has_left.set()

    async def receive(self) -> Message:
        if self._chunks:
            body = self._chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._chunks)}
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if self.on_send is not None:
            await self.on_send(message)
        await anyio.lowlevel.checkpoint()

    async def call(self, app: ASGIApp) -> Connection:
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def start(self) -> Message:
        (start,) = [m for m in self.sent if m["type"] == "http.response.start"]
        return start

    @property
    def headers(self) -> dict[str, str]:
        """Of several fields of a name, the values are joined."""
        found: dict[str, str] = {}
        for raw_name, raw_value in self.start["headers"]:
            name, value = raw_name.decode(), raw_value.decode("latin-1")
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def chunks(self) -> list[bytes]:
        return [m.get("body", b"") for m in self.sent if m["type"] == "http.response.body"]

    @property
    def is_complete(self) -> bool:
        return bool(self.sent) and not self.sent[-1].get("more_body", False)


def answering(
    *chunks: bytes, status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> ASGIApp:
    """An app that sends a response; of one chunk with its length, of more as a stream."""
    fields = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    if len(chunks) == 1:
        fields.append((b"content-length", str(len(chunks[0])).encode()))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": fields})
        for chunk in chunks:
            more = len(chunks) > 1
            await send({"type": "http.response.body", "body": chunk, "more_body": more})
        if len(chunks) != 1:
            await send({"type": "http.response.body", "body": b""})

    return app
