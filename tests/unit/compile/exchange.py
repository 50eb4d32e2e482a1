"""One request to an app, message by message, without a client that makes sense of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio

Headers = list[tuple[bytes, bytes]]


@dataclass
class Reply:
    """What an app sent, and the class of what it raised."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Headers:
        return list(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages)


async def ask_async(
    app: Any, method: str, url: str, headers: Headers | None = None, body: bytes = b""
) -> Reply:
    """The reply to one request, of which the body arrives in one piece."""
    parts = urlsplit(url)
    reply = Reply()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        reply.messages.append(dict(message))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"test"), *(headers or [])],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "state": {},
    }
    try:
        await app(scope, receive, send)
    except Exception as error:
        reply.error = type(error).__name__
    return reply


def ask(
    app: Any, method: str, url: str, headers: Headers | None = None, body: bytes = b""
) -> Reply:
    return anyio.run(ask_async, app, method, url, headers, body)
