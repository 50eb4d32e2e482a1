"""Responses."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

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
from vivace.types import Receive, Scope, Send

#: The key in the scope of a function that gives a page its header fields, by what is in it.
PAGE_FIELDS: Final = "vivace.page_fields"


class PageResponse(HTMLResponse):
    """A page with scripts and style sheets in it, which a Content-Security-Policy is to allow.

    :class:`vivace.middleware.SecurityHeadersMiddleware` allows these by their hashes, so that
    browsers run none that has come into the page in another way.

    Args:
        content: The page.
        scripts: The text of each script in it.
        styles: The text of each style sheet in it; ``None`` where its scripts write some.

    Attributes:
        sources: What the policy has to allow, by directive (CSP 3, section 2.3.1).
    """

    def __init__(
        self,
        content: str,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        scripts: Iterable[str] = (),
        styles: Iterable[str] | None = (),
    ) -> None:
        super().__init__(content, status_code, headers)
        self.sources: Mapping[str, list[str]] = {
            "script-src": _hash_sources(scripts),
            "style-src": ["'unsafe-inline'"] if styles is None else _hash_sources(styles),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields_of = scope.get(PAGE_FIELDS)
        if fields_of is not None:
            # Here, and not by who sends it, so that they are kept with it where it is cached.
            for name, value in fields_of(self.sources).items():
                self.headers.setdefault(name, value)
        await super().__call__(scope, receive, send)


def _hash_sources(texts: Iterable[str]) -> list[str]:
    digests = (sha256(text.encode()).digest() for text in texts)
    return [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]


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
    "PageResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Response",
    "StreamingResponse",
    "UJSONResponse",
]
