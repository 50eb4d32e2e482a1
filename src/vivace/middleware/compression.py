"""Responses compressed with Brotli, Zstandard or gzip, as the client likes it best."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from vivace.datastructures import Headers
from vivace.middleware.accept_encoding import IDENTITY, choose_coding
from vivace.middleware.codecs import Codec, Encoder, choose_levels
from vivace.middleware.encoding import Compressible, EncodedResponse, make_types
from vivace.problems import ProblemResponse
from vivace.responses import JSONResponse
from vivace.types import ASGIApp, Receive, Scope, Send

#: What gets smaller by it. Pictures, sound and archives are compressed already.
CONTENT_TYPES = frozenset(
    {
        *("text/*", "*+json", "*+xml", "*+yaml", "*+text"),
        *("application/json", "application/jsonl", "application/x-ndjson", "application/json-seq"),
        *("application/javascript", "application/xml", "application/yaml", "application/wasm"),
        *("application/manifest+json", "application/x-javascript", "application/sql"),
        *("font/ttf", "font/otf", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"),
    }
)

#: A weak tag in a list of them (RFC 9110, section 8.8.3).
_WEAK = re.compile(rb'W/(?="[\x21\x23-\x7e\x80-\xff]*"[ \t]*(?:,|$))')


class CompressionMiddleware:
    """Compresses responses that are worth it, with what the client accepts (RFC 9110, 12.5.3).

    A stream stays one: each part that the app sends can be read by the client at once. Responses
    are left as they are if they have a coding already, are parts of something (206), say
    ``Cache-Control: no-transform`` or have a digest of their bytes; event streams unless
    ``content_types`` names them.

    Where a response is compressed, its entity tag becomes a weak one, as its bytes are others; an
    ``If-Match`` that brings such a tag back is understood by the app as the tag that it has sent.

    Args:
        app: What comes next.
        minimum_size: Bytes below which a response is not worth it, where its length is known.
        levels: The codings in order of preference, with their levels, as ``{"br": 5, "gzip": 6}``:
            ``br`` 0 to 9, ``zstd`` 1 to 15, ``gzip`` 1 to 9. By default, what is installed.
        content_types: The media types that are worth it; ``text/*`` and ``*+json`` are patterns.
        thread_size: What has as many bytes at once is compressed in a thread.
        strict: Answer 406 where a client accepts neither a coding that there is nor a response
            without one; by default it gets one without.

    Raises:
        MissingPackage: ``levels`` has a coding whose package is not installed.
        ValueError: Something is no level, no size or no media type.
    """

    #: Errors are raised again as they are.
    passes_errors = True

    def __init__(
        self,
        app: ASGIApp,
        *,
        minimum_size: int = 1024,
        levels: Mapping[str, int] | None = None,
        content_types: Collection[str] = CONTENT_TYPES,
        thread_size: int = 64 * 1024,
        strict: bool = False,
    ) -> None:
        if minimum_size < 0 or thread_size < 1:
            raise ValueError(f"{minimum_size=} or {thread_size=} is no number of bytes.")
        self.app = app
        self._codecs: dict[str, tuple[Codec, int]] = choose_levels(levels)
        self._codings = tuple(self._codecs)
        self._compressible = Compressible(minimum_size, make_types(content_types), thread_size)
        self._is_strict = strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(raw=scope["headers"])
        accepted = headers.getlist("accept-encoding")
        value = ",".join(accepted) if accepted else None
        coding, may_be_plain = choose_coding(value, self._codings)
        if coding is None and self._is_strict:
            await self._refuse(scope, receive, send)
            return
        if "if-match" in headers:
            scope["headers"] = [_strengthened(*field) for field in scope["headers"]]

        def make() -> Encoder:
            codec, level = self._codecs[coding or IDENTITY]
            return codec.make(level)

        encoded = EncodedResponse(
            send,
            self._compressible,
            None if coding == IDENTITY else coding,
            make,
            may_be_plain=may_be_plain or coding is None,
            is_head=scope["method"] == "HEAD",
            cached=headers.get("if-none-match", ""),
        )
        await self.app(scope, receive, encoded)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"The response can be had as: {', '.join([*self._codings, IDENTITY])}."
        headers = {"Vary": "Accept-Encoding"}
        if getattr(scope.get("app"), "problem_details", False):
            response: JSONResponse = ProblemResponse(406, detail=detail, headers=headers)
        else:
            response = JSONResponse({"detail": detail}, status_code=406, headers=headers)
        await response(scope, receive, send)


def _strengthened(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """``If-Match`` with the tags that the app knows: what was weakened on the way out."""
    return (name, _WEAK.sub(b"", value)) if name == b"if-match" else (name, value)


__all__ = ["CONTENT_TYPES", "CompressionMiddleware"]
