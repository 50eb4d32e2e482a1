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
    WebSocketException,
    WebSocketRequestValidationError,
)
from vivace.exceptions import VivaceDeprecationWarning as FastAPIDeprecationWarning
from vivace.exceptions import VivaceError as FastAPIError

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
