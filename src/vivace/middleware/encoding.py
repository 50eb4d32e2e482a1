"""One response, compressed on its way out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import anyio
import anyio.lowlevel
import anyio.to_thread
from starlette.datastructures import MutableHeaders

from vivace.datastructures import Headers
from vivace.middleware.codecs import Encoder
from vivace.types import Message, Send

#: Digests of the bytes that are sent (RFC 9530), and what came before them: to compress would
#: make them wrong.
DIGESTS = ("content-digest", "repr-digest", "digest", "content-md5")

#: A thread takes so many bytes at once, so that a request that is cancelled stops soon.
PIECE = 1024 * 1024

_limiter: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar(
    "vivace_compression_limiter"
)


@dataclass(frozen=True)
class Compressible:
    """Which responses are worth it.

    Args:
        minimum_size: Bytes.
        types: Media types, in lower case; ``text/*`` is all of text, ``*+json`` all of JSON's.
        thread_size: What has as many bytes is compressed in a thread.
    """

    minimum_size: int
    types: frozenset[str]
    thread_size: int

    def has_type(self, content_type: str) -> bool:
        """Whether a Content-Type is one of those."""
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type in self.types:
            return True
        if media_type == "text/event-stream":
            return False  # Only where it is named.
        main, slash, sub = media_type.partition("/")
        suffix = sub.rpartition("+")[2]
        return f"{main}{slash}*" in self.types or ("+" in sub and f"*+{suffix}" in self.types)


class EncodedResponse:
    """``send``, compressing what is sent.

    Args:
        send: The server's.
        coding: The name of the coding; ``None`` where the client wants none.
        make: Makes its encoder.
        may_be_plain: Whether the client takes a response without coding.
        is_head: Whether the request is HEAD.
        cached: The entity tags of ``If-None-Match``, as they came.
    """

    def __init__(
        self,
        send: Send,
        compressible: Compressible,
        coding: str | None,
        make: Callable[[], Encoder],
        *,
        may_be_plain: bool,
        is_head: bool,
        cached: str,
    ) -> None:
        self._send = send
        self._compressible = compressible
        self._coding = coding
        self._make = make
        self._may_be_plain = may_be_plain
        self._is_head = is_head
        self._cached = cached
        self._held: Message | None = None
        self._encoder: Encoder | None = None

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.body" and self._held is not None:
            await self._first(self._held, message)
        elif kind == "http.response.body" and self._encoder is not None:
            await self._send_compressed(self._encoder, message)
        else:
            if self._held is not None and kind != "http.response.early_hint":
                # The server sends a file by itself, as it is.
                held, self._held = self._held, None
                await self._send(held)
            await self._send(message)

    async def _begin(self, start: Message) -> None:
        headers = Headers(raw=start.get("headers", []))
        if start["status"] == 304:
            start = self._not_modified(start, headers)
        if not self._is_eligible(start["status"], headers):
            await self._send(start)
            return
        length = _length(headers)
        is_small = length is not None and length < self._compressible.minimum_size
        if is_small and self._may_be_plain:
            await self._send(start)
        elif self._coding is None:
            await self._send(_changed(start))
        elif self._is_head:
            await self._send(_changed(start, self._coding))
        elif length is None:
            # Of a stream nobody knows when its first part comes, or how large it gets.
            self._encoder = self._make()
            await self._send(_changed(start, self._coding))
        else:
            self._held = start

    def _is_eligible(self, status: int, headers: Headers) -> bool:
        if status < 200 or status in (204, 205, 206, 304) or "content-range" in headers:
            return False
        if "content-encoding" in headers or any(name in headers for name in DIGESTS):
            return False
        if "no-transform" in headers.get("cache-control", "").lower():
            return False
        if not self._may_be_plain and self._coding is not None:
            return True
        return self._compressible.has_type(headers.get("content-type", ""))

    def _not_modified(self, start: Message, headers: Headers) -> Message:
        """A 304 has the tag of the response that the client keeps (RFC 9110, section 15.4.5)."""
        etag = headers.get("etag", "")
        if etag.startswith('"') and f"W/{etag}" in self._cached:
            changed = MutableHeaders(raw=[*start["headers"]])
            changed["etag"] = f"W/{etag}"
            _add_vary(changed)
            return {**start, "headers": changed.raw}
        return start

    async def _first(self, start: Message, message: Message) -> None:
        """The first part of a body whose length is known, which may be all of it."""
        assert self._coding is not None
        self._held = None
        encoder = self._make()
        if message.get("more_body", False):
            self._encoder = encoder
            await self._send(_changed(start, self._coding))
            await self._send_compressed(encoder, message)
            return
        body = message.get("body", b"")
        compressed = await self._run(encoder, body, is_last=True)
        if body and (len(compressed) < len(body) or not self._may_be_plain):
            await self._send(_changed(start, self._coding, len(compressed)))
            await self._send({**message, "body": compressed})
        else:
            await self._send(_changed(start))
            await self._send(message)

    async def _send_compressed(self, encoder: Encoder, message: Message) -> None:
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if body or is_last:
            message = {**message, "body": await self._run(encoder, body, is_last=is_last)}
        await self._send(message)

    async def _run(self, encoder: Encoder, body: bytes, *, is_last: bool) -> bytes:
        """``body`` compressed, so that the client can read all of it; in a thread if it is long."""
        work = encoder.finish if is_last else encoder.compress
        if len(body) < self._compressible.thread_size:
            return work(body)
        pieces = []
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            call = work if start + PIECE >= len(body) else encoder.compress
            pieces.append(await anyio.to_thread.run_sync(partial(call, piece), limiter=limiter()))
        return b"".join(pieces)


def limiter() -> anyio.CapacityLimiter:
    """So many threads compress at once as there are processors: more would take no less time."""
    try:
        return _limiter.get()
    except LookupError:
        made = anyio.CapacityLimiter(os.cpu_count() or 1)
        _limiter.set(made)
        return made


def _length(headers: Headers) -> int | None:
    try:
        return int(headers["content-length"])
    except (KeyError, ValueError):
        return None


def _changed(start: Message, coding: str | None = None, length: int | None = None) -> Message:
    """``start``, of a response that depends on what the client accepts.

    Args:
        coding: The one that it has.
        length: Its bytes, where they are known.
    """
    headers = MutableHeaders(raw=[*start.get("headers", ())])
    _add_vary(headers)
    if coding is not None:
        headers["content-encoding"] = coding
        # The bytes that are sent are others, and there are no ranges of them.
        del headers["content-length"], headers["accept-ranges"]
        if length is not None:
            headers["content-length"] = str(length)
        etag = headers.get("etag", "")
        if etag.startswith('"'):
            headers["etag"] = f"W/{etag}"
    return {**start, "headers": headers.raw}


def _add_vary(headers: MutableHeaders) -> None:
    # Of several fields, adding to it would keep the first one alone.
    vary = ", ".join(filter(None, headers.getlist("vary")))
    named = [name.strip().lower() for name in vary.split(",")]
    if "*" not in named and "accept-encoding" not in named:
        headers["vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"


def make_types(types: Collection[str]) -> frozenset[str]:
    """Media types as :class:`Compressible` has them.

    Raises:
        ValueError: One of them is none.
    """
    if isinstance(types, str):
        raise ValueError(f"content_types={types!r} is a string. Give a set of them.")
    for media_type in types:
        if media_type.count("/") != 1 and not media_type.startswith("*+"):
            raise ValueError(f"{media_type!r} is no media type. Write a/b, a/* or *+b.")
    return frozenset(media_type.lower() for media_type in types)


__all__ = ["Compressible", "EncodedResponse", "limiter", "make_types"]
