"""FastAPI's names on Vivace: this folder is the package `fastapi` of a program under the alias."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivace import status
from vivace.background import BackgroundTasks
from vivace.compat.modules import PEER_VERSION
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
from vivace.declare.params import Marker
from vivace.exceptions import HTTPException, WebSocketException
from vivace.serve import scope as scopes
from vivace.submodules import importing
from vivace.telemetry import naming

from .applications import FastAPI
from .routing import APIRouter

__version__ = PEER_VERSION

# Spans, attributes and environment variables go by the peer's name, as dashboards expect them.
naming.use("fastapi", "FastAPI")
# What routing leaves in the scope stands under the peer's key.
scopes.KEY = "fastapi"
# Where a marker is the default, what `Annotated` says beside it is not read.
Marker.is_alone = True

__all__ = [
    "APIRouter",
    "BackgroundTasks",
    "Body",
    "Cookie",
    "Depends",
    "FastAPI",
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
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketException",
    "status",
]

__getattr__ = importing(__name__)
