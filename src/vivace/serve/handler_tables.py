"""Exception handlers in the form in which Starlette, and all made for it, looks them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import Receive, Scope, Send

Tables = tuple[dict[Any, Any], dict[int, Any]]


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """The app behind a middleware that is only asked for its handlers."""


def check_handled(key: object) -> None:
    """Check that a handler can be for ``key``.

    Raises:
        TypeError: It is no class of exceptions and no status.
    """
    if not (isinstance(key, int) or (isinstance(key, type) and issubclass(key, Exception))):
        raise TypeError(
            f"A handler is for a class of exceptions or a status, and this is {key!r}. Name one, "
            "as in `@app.exception_handler(404)`."
        )


def handler_tables(handlers: Mapping[Any, Any]) -> Tables:
    """The handlers by class, and those by status.

    That for 500, or for every exception, is in neither: it answers what no other does.
    """
    answering = {key: value for key, value in handlers.items() if key not in (500, Exception)}
    # Tools that watch errors change the class when they see it among the middleware.
    middleware: Any = Middleware(ExceptionMiddleware).cls
    made = middleware(_nothing, handlers=answering)
    return made._exception_handlers, made._status_handlers
