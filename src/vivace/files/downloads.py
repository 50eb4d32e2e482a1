"""Answers that carry a file, or parts of one (RFC 9110, sections 14 and 15.3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.http import http_date

from vivace import Request, Response
from vivace.files.conditions import Range, is_unchanged, wanted_ranges
from vivace.files.content_types import TEXT
from vivace.files.digests import digest_field
from vivace.files.records import StoredFile
from vivace.files.store import Store
from vivace.responses import RedirectResponse, StreamingResponse

if TYPE_CHECKING:
    from starlette.types import Send


async def make_download(
    request: Request, stored: StoredFile, store: Store, headers: dict[str, str]
) -> Response:
    """The answer to a ``GET`` or ``HEAD`` of ``stored``: 200, 206 or 304.

    Args:
        headers: Further headers of the answer, which a 304 has too.

    Raises:
        FileError: 412 or 416.
        NoSuchFile: It has been deleted meanwhile.
        StoreUnavailable: The store cannot be reached.
    """
    headers |= {"ETag": f'"{stored.sha256}"', "Last-Modified": http_date(stored.created_at)}
    if is_unchanged(request, stored):
        return Response(status_code=304, headers=headers)
    headers |= {
        "Accept-Ranges": "bytes",
        "Repr-Digest": digest_field(stored.sha256),
        "X-Content-Type-Options": "nosniff",
    }
    content = _choose_content(stored, wanted_ranges(request, stored))
    headers |= content.headers
    if request.method == "HEAD":
        return Response(headers=headers)
    body = _read(store, stored.key, content)
    # Before there is an answer, so that a file that cannot be read is an error and no fragment.
    first = await anext(body)
    return _Download(_resume(first, body), content.status, headers)


def redirect(address: str) -> Response:
    """Send the client to an address that is good for a short time only, so nobody keeps it."""
    return RedirectResponse(address, 307, {"Cache-Control": "no-store"})


class _Piece(NamedTuple):
    """Bytes of a file, after what comes before them in the answer."""

    before: bytes
    start: int
    stop: int | None


class _Content(NamedTuple):
    """What is sent of a file."""

    status: int
    headers: dict[str, str]
    pieces: list[_Piece]
    end: bytes = b""


def _choose_content(stored: StoredFile, ranges: list[Range]) -> _Content:
    kind = stored.content_type
    # Only readable text is of this type, and it is readable as UTF-8.
    headers = {"Content-Type": "text/plain; charset=utf-8" if kind == TEXT else kind}
    if not ranges:
        headers["Content-Length"] = str(stored.size)
        return _Content(200, headers, [_Piece(b"", 0, None)])
    if len(ranges) > 1:
        return _several(stored.size, headers["Content-Type"], ranges)
    [(start, stop)] = ranges
    headers["Content-Length"] = str(stop - start)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    return _Content(206, headers, [_Piece(b"", start, stop)])


def _several(size: int, content_type: str, ranges: list[Range]) -> _Content:
    """``multipart/byteranges`` (section 14.6)."""
    boundary = token_hex(16)
    pieces = []
    for start, stop in ranges:
        before = (
            f"\r\n--{boundary}\r\n"
            f"Content-Type: {content_type}\r\n"
            f"Content-Range: bytes {start}-{stop - 1}/{size}\r\n\r\n"
        )
        pieces.append(_Piece(before.encode(), start, stop))
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(len(before) for before, _, _ in pieces) + len(end)
    length += sum(stop - start for start, stop in ranges)
    headers = {
        "Content-Type": f"multipart/byteranges; boundary={boundary}",
        "Content-Length": str(length),
    }
    return _Content(206, headers, pieces, end)


async def _read(store: Store, key: str, content: _Content) -> AsyncGenerator[bytes]:
    for before, start, stop in content.pieces:
        async with aclosing(store.read(key, start, stop)) as chunks:
            yield before + await anext(chunks, b"")
            async for chunk in chunks:
                yield chunk
    yield content.end


async def _resume(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


class _Download(StreamingResponse):
    """Lets go of the file at once where the client goes away."""

    async def stream_response(self, send: Send) -> None:
        assert isinstance(self.body_iterator, AsyncGenerator)
        async with aclosing(self.body_iterator):
            await super().stream_response(send)


__all__ = ["make_download", "redirect"]
