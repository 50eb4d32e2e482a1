"""Exceptions that end a request, and those that report a mistake in a program."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from starlette.exceptions import (
    HTTPException as StarletteHTTPException,
    WebSocketException as StarletteWebSocketException,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class HTTPException(StarletteHTTPException):
    """End a request with an error response (RFC 9110, section 15).

    Args:
        status_code: The status code to send, usually 4xx or 5xx.
        detail: Any value that can be encoded as JSON; the response body is
            ``{"detail": detail}``. ``None`` stands for the status code's reason phrase.
        headers: Headers to add to the response.
    """

    detail: Any

    def __init__(
        self,
        status_code: int,
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status_code=status_code, detail=detail, headers=headers)


class WebSocketException(StarletteWebSocketException):
    """Close a WebSocket connection.

    Args:
        code: A close code (RFC 6455, section 7.4).
        reason: UTF-8 text of at most 123 bytes (RFC 6455, section 5.5).
    """

    def __init__(self, code: int, reason: str | None = None) -> None:
        super().__init__(code=code, reason=reason)


class VivaceError(RuntimeError):
    """A program uses the framework in a way that cannot work."""


class DependencyScopeError(VivaceError):
    """A dependency depends on another that ends before it does."""


class PydanticV1NotSupportedError(VivaceError):
    """A model of pydantic's version 1 stands where one of version 2 is needed."""


class VivaceDeprecationWarning(UserWarning):
    """Something is used that a later version takes away.

    A ``UserWarning``, since Python hides a ``DeprecationWarning`` outside ``__main__``, and
    so from those whom it concerns.
    """


class EndpointContext(TypedDict, total=False):
    """Where the endpoint is that an error belongs to."""

    function: str
    #: The method and the path, such as ``GET /items/{item_id}``.
    path: str
    file: str
    line: int


class ValidationException(Exception):
    """Data does not fit its declaration.

    Args:
        errors: One dictionary for each error: ``type``, ``loc``, ``msg``, ``input`` and, where
            there is more to say, ``ctx``.
        endpoint_ctx: Where the endpoint is, for the message.
    """

    def __init__(
        self, errors: Sequence[Any], *, endpoint_ctx: EndpointContext | None = None
    ) -> None:
        super().__init__(errors)
        self._errors = errors
        self.endpoint_ctx: EndpointContext = endpoint_ctx or {}

    def errors(self) -> Sequence[Any]:
        """The errors found, in the order of the declarations."""
        return self._errors

    def __str__(self) -> str:
        count = len(self._errors)
        lines = [f"{count} validation error{'' if count == 1 else 's'}:"]
        lines += [f"  {error}" for error in self._errors]
        lines += self._place()
        return "\n".join(lines)

    def _place(self) -> list[str]:
        """The lines that say which endpoint it was, in the form of a traceback's lines."""
        context = self.endpoint_ctx
        path = context.get("path")
        if "file" in context and "line" in context:
            name = context.get("function", "<unknown>")
            place = ["", f'  File "{context["file"]}", line {context["line"]}, in {name}']
            return [*place, f"    {path}"] if path else place
        if path:
            return ["", f"  Endpoint: {path}"]
        return []


class RequestValidationError(ValidationException):
    """A request's data does not fit what its endpoint declares: sent as a 422 response.

    Args:
        errors: See :class:`ValidationException`.
        body: The body as it was received, for error handlers.
        endpoint_ctx: Where the endpoint is, for the message.
    """

    def __init__(
        self,
        errors: Sequence[Any],
        *,
        body: Any = None,
        endpoint_ctx: EndpointContext | None = None,
    ) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)
        self.body = body


class WebSocketRequestValidationError(ValidationException):
    """The data of a WebSocket handshake does not fit: the connection closes with code 1008."""


class ResponseValidationError(ValidationException):
    """What an endpoint returned does not fit its declared response: a fault of the program.

    Args:
        errors: See :class:`ValidationException`.
        body: The value that was returned.
        endpoint_ctx: Where the endpoint is, for the message.
    """

    def __init__(
        self,
        errors: Sequence[Any],
        *,
        body: Any = None,
        endpoint_ctx: EndpointContext | None = None,
    ) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)
        self.body = body


def warn_deprecated(message: str) -> None:
    """Warn at the line outside this package from which the deprecated thing is used."""
    warn_outside(message, VivaceDeprecationWarning)


def warn_outside(message: str, category: type[Warning]) -> None:
    """Warn at the line outside this package that has led here."""
    level = 1
    frame = sys._getframe()
    # By their files, since the alias's modules have the peer's names.
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


_PACKAGE = f"{Path(__file__).parent}{os.sep}"


__all__ = [
    "DependencyScopeError",
    "EndpointContext",
    "HTTPException",
    "PydanticV1NotSupportedError",
    "RequestValidationError",
    "ResponseValidationError",
    "ValidationException",
    "VivaceDeprecationWarning",
    "VivaceError",
    "WebSocketException",
    "WebSocketRequestValidationError",
    "warn_deprecated",
    "warn_outside",
]
