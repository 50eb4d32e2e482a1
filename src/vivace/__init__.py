"""Vivace: a web framework for building APIs from standard type hints."""

from __future__ import annotations

from starlette import status

from vivace.applications import Vivace
from vivace.background import BackgroundTasks
from vivace.datastructures import UploadFile
from vivace.declare.functions import (
    Body,
    Cookie,
    Depends,
    File,
    Form,
    Header,
    Path,
    Query,
    Security,
)
from vivace.exceptions import HTTPException, WebSocketException
from vivace.requests import Request
from vivace.responses import Response
from vivace.routing import APIRouter
from vivace.websockets import WebSocket, WebSocketDisconnect

__version__ = "0.1.0"

__all__ = [
    "APIRouter",
    "BackgroundTasks",
    "Body",
    "Cookie",
    "Depends",
    "File",
    "Form",
    "HTTPException",
    "Header",
    "Path",
    "Query",
    "Request",
    "Response",
    "Security",
    "UploadFile",
    "Vivace",
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketException",
    "status",
]
