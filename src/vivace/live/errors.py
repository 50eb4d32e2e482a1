"""What a client is told: statuses, close codes, and frames of type ``error``."""

from __future__ import annotations

import logging
from typing import Any

from vivace import HTTPException, WebSocketException
from vivace.exceptions import ValidationException
from vivace.live.brokers.protocol import BrokerUnavailable, EntryTooLarge
from vivace.live.frames import Frame, own_frame
from vivace.live.messages import InvalidFrame

log = logging.getLogger("vivace.live")

# Registered by RFC 6455, section 7.4.1, and in the registry of its section 11.7.
UNSUPPORTED_DATA = 1003
#: Never sent: the connection broke.
ABNORMAL = 1006
INVALID_DATA = 1007
POLICY_VIOLATION = 1008
TOO_BIG = 1009
#: A fault of the program.
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
# For private use: section 7.4.2. With the last digits of the status of HTTP that says the same.
DISMISSED = 4403
SILENT = 4408
TOO_SLOW = 4008


#: After these it is worth coming back at once, or soon; 1001 and 1005 are what browsers say where a
#: page is reloaded, too.
COMING_BACK = frozenset({1001, 1005, ABNORMAL, SERVICE_RESTART, TRY_AGAIN_LATER, TOO_SLOW, SILENT})


class LiveUnavailable(HTTPException):
    """503 where the broker is away: what was to be sent is not acknowledged, and may be again."""

    def __init__(self) -> None:
        super().__init__(503, "The room is out of reach. Try again.", {"Retry-After": "1"})


class EventTooLarge(HTTPException):
    """413 for an event of more bytes than the settings or the engine allow."""

    def __init__(self) -> None:
        super().__init__(413, "The message is too large")


class RoomFull(HTTPException):
    """503 where a room has as many members as it may."""

    def __init__(self) -> None:
        super().__init__(503, "The room is full", {"Retry-After": "10"})


class TooManySockets(HTTPException):
    """429 for a user with as many sockets and streams as one may have."""

    def __init__(self) -> None:
        super().__init__(429, "You have too many connections open", {"Retry-After": "10"})


class TooManyMessages(HTTPException):
    """429 for messages that come faster than the settings allow.

    Args:
        retry_after: Seconds until there may be another.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(429, "Too many messages", {"Retry-After": str(retry_after)})


def as_http(error: BaseException) -> HTTPException | None:
    """``error`` as what a client may be told of it; ``None`` where it is a fault of the program."""
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, BrokerUnavailable):
        return LiveUnavailable()
    if isinstance(error, EntryTooLarge):
        return EventTooLarge()
    if isinstance(error, ValidationException):
        return HTTPException(422, _placed([*error.errors()]))
    if isinstance(error, WebSocketException):
        return HTTPException(403, error.reason or "The connection is refused")
    return None


#: The codes of errors, by their statuses.
CODES = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    422: "invalid",
    429: "too_many",
    503: "unavailable",
}


def error_frame(error: Exception, ref: str | None) -> Frame:
    """The frame that says that a message was not handled; a fault is logged, and not told."""
    if isinstance(error, InvalidFrame):
        return own_frame(
            "error",
            code="invalid",
            status=422,
            detail="The message is not valid",
            errors=error.errors,
            ref=ref,
        )
    told = as_http(error)
    if told is None:
        log.error("A message was not handled", exc_info=error)
        return own_frame("error", code="failed", status=500, detail="It failed", ref=ref)
    detail: Any = told.detail
    after = (told.headers or {}).get("Retry-After", "")
    return own_frame(
        "error",
        code=CODES.get(told.status_code, "refused"),
        status=told.status_code,
        detail=detail if isinstance(detail, str) else "The message is refused",
        errors=None if isinstance(detail, str) else _placed(detail),
        retry_after=int(after) if after.isdecimal() else None,
        ref=ref,
    )


def _placed(detail: Any) -> list[Any]:
    if not isinstance(detail, list):
        return [detail]
    members = ("type", "loc", "msg")
    return [
        {name: one[name] for name in members if name in one} if isinstance(one, dict) else one
        for one in detail
    ]


def close_code(status: int) -> int:
    """The close code for a status, where a handshake cannot be answered with it."""
    return TRY_AGAIN_LATER if status in (429, 503) else 4000 + status


__all__ = [
    "ABNORMAL",
    "COMING_BACK",
    "DISMISSED",
    "INTERNAL_ERROR",
    "INVALID_DATA",
    "POLICY_VIOLATION",
    "SERVICE_RESTART",
    "SILENT",
    "TOO_BIG",
    "TOO_SLOW",
    "TRY_AGAIN_LATER",
    "UNSUPPORTED_DATA",
    "EventTooLarge",
    "LiveUnavailable",
    "RoomFull",
    "TooManyMessages",
    "TooManySockets",
    "as_http",
    "close_code",
    "error_frame",
]
