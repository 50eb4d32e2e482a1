"""WebSockets (RFC 6455)."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any

from starlette.exceptions import WebSocketException
from starlette.status import WS_1003_UNSUPPORTED_DATA, WS_1007_INVALID_FRAME_PAYLOAD_DATA
from starlette.websockets import (
    WebSocket as StarletteWebSocket,
    WebSocketDisconnect,
    WebSocketState,
)


class UnexpectedFrame(WebSocketException, KeyError):
    """A text frame came where a binary one is read, or the other way round.

    Where nobody catches it, the connection is closed with 1003 (RFC 6455, section 7.4.1). It is the
    ``KeyError`` that Starlette raises.
    """

    def __init__(self, expected: str) -> None:
        WebSocketException.__init__(
            self, WS_1003_UNSUPPORTED_DATA, f"A {expected} frame is expected."
        )


class InvalidJSON(WebSocketException, JSONDecodeError):
    """A frame holds no JSON.

    Where nobody catches it, the connection is closed with 1007 (RFC 6455, section 7.4.1). It is the
    ``JSONDecodeError`` that Starlette raises.
    """

    def __init__(self, error: JSONDecodeError) -> None:
        JSONDecodeError.__init__(self, error.msg, error.doc, error.pos)
        WebSocketException.__init__(
            self, WS_1007_INVALID_FRAME_PAYLOAD_DATA, "The frame is no valid JSON."
        )


class WebSocket(StarletteWebSocket):
    """A connection, as an endpoint has it.

    Raises:
        UnexpectedFrame: By the methods that receive: a frame is of the other kind.
        InvalidJSON: By :meth:`receive_json` and :meth:`iter_json`.
        WebSocketDisconnect: By the methods that receive: the client has gone.
    """

    async def receive_text(self) -> str:
        try:
            return await super().receive_text()
        except KeyError:
            raise UnexpectedFrame("text") from None

    async def receive_bytes(self) -> bytes:
        try:
            return await super().receive_bytes()
        except KeyError:
            raise UnexpectedFrame("binary") from None

    async def receive_json(self, mode: str = "text") -> Any:
        try:
            return await super().receive_json(mode)
        except KeyError:
            raise UnexpectedFrame(mode) from None
        except JSONDecodeError as error:
            raise InvalidJSON(error) from None
        except UnicodeDecodeError as error:
            raise InvalidJSON(JSONDecodeError("Invalid UTF-8", "", error.start)) from None
        except RecursionError:
            raise InvalidJSON(JSONDecodeError("Nested too deep", "", 0)) from None


__all__ = [
    "InvalidJSON",
    "UnexpectedFrame",
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketState",
]
