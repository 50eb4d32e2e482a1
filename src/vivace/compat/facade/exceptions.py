"""The exceptions, with the peer's name where Vivace's own stands in theirs."""

from __future__ import annotations

from vivace.exceptions import (
    DependencyScopeError,
    EndpointContext,
    HTTPException,
    PydanticV1NotSupportedError,
    RequestValidationError,
    ResponseValidationError,
    ValidationException,
    VivaceDeprecationWarning as FastAPIDeprecationWarning,
    VivaceError as FastAPIError,
    WebSocketException,
    WebSocketRequestValidationError,
)

__all__ = [
    "DependencyScopeError",
    "EndpointContext",
    "FastAPIDeprecationWarning",
    "FastAPIError",
    "HTTPException",
    "PydanticV1NotSupportedError",
    "RequestValidationError",
    "ResponseValidationError",
    "ValidationException",
    "WebSocketException",
    "WebSocketRequestValidationError",
]
