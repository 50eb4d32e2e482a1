"""Exception handlers in the form in which Starlette, and all made for it, looks them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import Receive, Scope, Send

Tables = tuple[dict[Any, Any], dict[int, Any]]


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """The app behind a middleware that is only asked for its handlers."""


def handler_tables(handlers: Mapping[Any, Any]) -> Tables:
    """The handlers by class, and those by status.

    That for 500, or for every exception, is in neither: it answers what no other does.
    """
    standard = ExceptionMiddleware(_nothing)
    by_class: dict[Any, Any] = {
        HTTPException: standard.http_exception,
        WebSocketException: standard.websocket_exception,
    }
    by_status: dict[int, Any] = {}
    for key, handler in handlers.items():
        if key not in (500, Exception):
            (by_status if isinstance(key, int) else by_class)[key] = handler
    return by_class, by_status
