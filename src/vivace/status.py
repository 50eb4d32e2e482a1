"""Status codes by name: HTTP (RFC 9110, section 15) and WebSockets (RFC 6455, section 7.4)."""

from typing import Any

from starlette import status as _status
from starlette.status import *  # noqa: F403 (the names are the registry's)
from starlette.status import __all__ as __all__


def __getattr__(name: str) -> Any:
    """Names that a later RFC replaced: Starlette warns about each."""
    return getattr(_status, name)
