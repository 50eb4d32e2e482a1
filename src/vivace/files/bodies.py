"""The body of a request, read piece by piece and never kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable

import anyio

from vivace import Request
from vivace.exceptions import VivaceError
from vivace.files.digests import BodyDigests
from vivace.files.errors import FileError, FileTooLarge, UploadTooSlow


async def read_body(request: Request, *, limit: int, patience: float) -> AsyncGenerator[bytes]:
    """The body of ``request``, in the pieces in which it comes.

    Args:
        limit: In bytes, of all of the body.
        patience: In seconds, how long to wait for each piece.

    Raises:
        FileTooLarge: There is more, or it is announced; then nothing is read.
        FileError: 415 for a body that is compressed: what is asked for is the file itself.
        DigestMismatch: The body is not what ``Content-Digest`` or ``Repr-Digest`` says.
        UploadTooSlow: Nothing came for too long.
        ClientDisconnect: The client went away.
    """
    check_announced(request, limit)
    _check_plain(request)
    digests = BodyDigests(request)
    size = 0
    async for chunk in receive(request, patience):
        size += len(chunk)
        if size > limit:
            raise FileTooLarge(("body",), limit)
        digests.update(chunk)
        yield chunk
    digests.check()


async def receive(request: Request, patience: float) -> AsyncGenerator[bytes]:
    """The pieces of the body, none of them empty.

    Raises:
        UploadTooSlow: Nothing came for ``patience`` seconds.
        ClientDisconnect: The client went away.
        VivaceError: Something else has read the body.
    """
    pieces = request.stream()
    while True:
        try:
            with anyio.fail_after(patience):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise UploadTooSlow(patience) from None
        except RuntimeError as error:
            raise VivaceError(
                "The body has been read before. An endpoint that takes an upload cannot have "
                "parameters of Form, File or Body: files.form gives the fields of a form."
            ) from error
        if piece is None:
            return
        if piece:
            yield piece


def check_announced(request: Request, limit: int) -> None:
    """Refuse a body before it is read.

    Raises:
        FileTooLarge: ``Content-Length`` is above ``limit``.
    """
    announced = request.headers.get("content-length", "")
    # More digits than any file has would take long to turn into a number.
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise FileTooLarge(("header", "content-length"), limit)


def _check_plain(request: Request) -> None:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise FileError(
            415,
            "encoded_body",
            ("header", "content-encoding"),
            "Send the file itself, not compressed",
            {"Accept-Encoding": "identity"},
        )


async def peek(chunks: AsyncIterable[bytes], size: int) -> tuple[bytes, AsyncGenerator[bytes]]:
    """The first ``size`` bytes, or all where there are fewer; and all of the bytes, these too."""
    rest = aiter(chunks)
    first = bytearray()
    while len(first) < size:
        try:
            first += await anext(rest)
        except StopAsyncIteration:
            break

    async def again() -> AsyncGenerator[bytes]:
        if first:
            yield bytes(first)
        async for chunk in rest:
            yield chunk

    return bytes(first[:size]), again()


__all__ = ["check_announced", "peek", "read_body", "receive"]
