"""Vivace: a web framework for building APIs from standard type hints.

PYTEST_DONT_REWRITE: the alias imports this package before pytest starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vivace import status as status
    from vivace.applications import Vivace as Vivace
    from vivace.background import BackgroundTasks as BackgroundTasks
    from vivace.datastructures import UploadFile as UploadFile
    from vivace.declare.functions import (
        Body as Body,
        Cookie as Cookie,
        Depends as Depends,
        File as File,
        Form as Form,
        Header as Header,
        Path as Path,
        Query as Query,
        Security as Security,
    )
    from vivace.exceptions import (
        HTTPException as HTTPException,
        WebSocketException as WebSocketException,
    )
    from vivace.requests import Request as Request
    from vivace.responses import Response as Response
    from vivace.routing import APIRouter as APIRouter
    from vivace.websockets import WebSocket as WebSocket, WebSocketDisconnect as WebSocketDisconnect

__version__ = "0.1.0"

# Each name is imported when it is first used: the command line, the alias and the pytest plugin
# live in this package too, and should not wait for the framework.
_HOMES = {
    "APIRouter": "vivace.routing",
    "BackgroundTasks": "vivace.background",
    "Body": "vivace.declare.functions",
    "Cookie": "vivace.declare.functions",
    "Depends": "vivace.declare.functions",
    "File": "vivace.declare.functions",
    "Form": "vivace.declare.functions",
    "HTTPException": "vivace.exceptions",
    "Header": "vivace.declare.functions",
    "Path": "vivace.declare.functions",
    "Query": "vivace.declare.functions",
    "Request": "vivace.requests",
    "Response": "vivace.responses",
    "Security": "vivace.declare.functions",
    "UploadFile": "vivace.datastructures",
    "Vivace": "vivace.applications",
    "WebSocket": "vivace.websockets",
    "WebSocketDisconnect": "vivace.websockets",
    "WebSocketException": "vivace.exceptions",
}

__all__ = [*sorted(_HOMES), "status"]


if not TYPE_CHECKING:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            return import_module("vivace.submodules").importing(__name__)(name)
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
