"""Responses."""

from __future__ import annotations

from typing import Any

from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from typing_extensions import deprecated

from vivace.exceptions import VivaceDeprecationWarning
from vivace.sse import EventSourceResponse


@deprecated(
    "ORJSONResponse is deprecated: declare the type of what an endpoint returns, and pydantic "
    "serializes it to JSON at least as fast.",
    category=VivaceDeprecationWarning,
)
class ORJSONResponse(JSONResponse):
    """A JSON response made by orjson, which has to be installed."""

    def render(self, content: Any) -> bytes:
        # Here, so that only programs that use it need and load it.
        import orjson

        options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        rendered: bytes = orjson.dumps(content, option=options)
        return rendered


@deprecated(
    "UJSONResponse is deprecated: declare the type of what an endpoint returns, and pydantic "
    "serializes it to JSON faster.",
    category=VivaceDeprecationWarning,
)
class UJSONResponse(JSONResponse):
    """A JSON response made by ujson, which has to be installed."""

    def render(self, content: Any) -> bytes:
        import ujson

        rendered: str = ujson.dumps(content, ensure_ascii=False)
        return rendered.encode()


__all__ = [
    "EventSourceResponse",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
    "ORJSONResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Response",
    "StreamingResponse",
    "UJSONResponse",
]
