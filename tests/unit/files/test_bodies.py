from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest

from vivace import Request
from vivace.exceptions import VivaceError
from vivace.files.bodies import check_announced, peek, read_body
from vivace.files.errors import DigestMismatch, FileError, FileTooLarge, UploadTooSlow
from vivace.requests import ClientDisconnect

from .samples import pieces

pytestmark = pytest.mark.anyio


def request_for(*chunks: bytes, ends: str = "complete", **headers: str) -> Request:
    """A request whose body comes in ``chunks``; then it ``ends``, stays "open" or is "cut"."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    if ends == "complete":
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    elif ends == "cut":
        messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        if not messages:
            await anyio.sleep_forever()
        return messages.pop(0)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": raw}
    return Request(scope, receive)


async def read_all(request: Request, limit: int = 10, patience: float = 5) -> list[bytes]:
    return [chunk async for chunk in read_body(request, limit=limit, patience=patience)]


async def test_a_body_comes_in_pieces() -> None:
    assert await read_all(request_for(b"one", b"", b"two")) == [b"one", b"two"]
    assert await read_all(request_for()) == []


async def test_a_body_may_be_as_large_as_the_limit() -> None:
    assert await read_all(request_for(b"12345", b"67890")) == [b"12345", b"67890"]


async def test_a_larger_body_is_refused_when_it_gets_too_large() -> None:
    body = read_body(request_for(b"12345", b"67890", b"1", ends="open"), limit=10, patience=5)
    assert [await anext(body), await anext(body)] == [b"12345", b"67890"]
    with pytest.raises(FileTooLarge) as refused:
        await anext(body)
    assert refused.value.detail[0]["loc"] == ["body"]


async def test_a_body_that_is_announced_as_too_large_is_not_read() -> None:
    with pytest.raises(FileTooLarge) as refused:
        await read_all(request_for(ends="open", content_length="11"))
    assert refused.value.detail[0]["loc"] == ["header", "content-length"]


@pytest.mark.parametrize("length", ["9" * 10_000, "9" * 20])
async def test_no_number_is_too_large_to_be_refused(length: str) -> None:
    with pytest.raises(FileTooLarge):
        check_announced(request_for(content_length=length), 10)


@pytest.mark.parametrize("length", ["", "x", "-5", "\u0665", "10"])
async def test_other_lengths_are_left_to_the_server(length: str) -> None:
    check_announced(request_for(content_length=length), 10)


async def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(FileError) as refused:
        await read_all(request_for(content_encoding="gzip"))
    assert refused.value.status_code == 415
    assert refused.value.headers == {"Accept-Encoding": "identity"}
    assert await read_all(request_for(b"a", content_encoding="Identity")) == [b"a"]


async def test_who_sends_nothing_is_given_up() -> None:
    with pytest.raises(UploadTooSlow) as refused:
        await read_all(request_for(b"one", ends="open"), patience=0.01)
    assert refused.value.status_code == 408


async def test_a_client_that_goes_away_is_no_end() -> None:
    with pytest.raises(ClientDisconnect):
        await read_all(request_for(b"one", ends="cut"))


async def test_a_body_that_something_else_has_read_is_a_mistake_of_the_program() -> None:
    request = request_for(b"one")
    await read_all(request)
    with pytest.raises(VivaceError, match=r"files\.form"):
        await read_all(request)


async def test_the_digest_is_checked_at_the_end() -> None:
    wrong = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
    body = read_body(request_for(b"hellO", content_digest=wrong), limit=10, patience=5)
    assert await anext(body) == b"hellO"
    with pytest.raises(DigestMismatch):
        await anext(body)
    assert await read_all(request_for(b"he", b"llo", content_digest=wrong)) == [b"he", b"llo"]


@pytest.mark.parametrize("size", [0, 1, 5, 6, 100])
async def test_the_beginning_is_seen_and_nothing_is_lost(size: int) -> None:
    head, again = await peek(pieces(b"hello world", 5), size)
    assert head == b"hello world"[:size]
    assert b"".join([chunk async for chunk in again]) == b"hello world"


async def test_no_more_is_read_ahead_than_needed() -> None:
    asked = 0

    async def count() -> AsyncGenerator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"12345"

    head, _ = await peek(count(), 11)
    assert (head, asked) == (b"12345123451", 3)
