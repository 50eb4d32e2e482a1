"""Whether two requests are the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

from vivace import HTTPException
from vivace.idempotency.fingerprints import RequestBody, fingerprint_of


def chunk(data: bytes, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


class Connection:
    """Sends a body in pieces."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.left = [*messages]

    async def receive(self) -> dict[str, Any]:
        return self.left.pop(0) if self.left else {"type": "http.disconnect"}


def pieces(*data: bytes) -> Connection:
    return Connection(*(chunk(one, number < len(data) - 1) for number, one in enumerate(data)))


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=5), st.integers(0, 6))
def test_whoever_reads_first_the_other_has_all_of_it(data: list[bytes], read: int) -> None:
    async def run() -> None:
        body = RequestBody(pieces(*data).receive, 100)
        seen = [await body.receive() for _ in range(min(read, len(data)))]
        assert await body.whole() == b"".join(data)
        while len(seen) < len(data):
            seen.append(await body.receive())
        assert [one["body"] for one in seen] == data
        assert (await body.receive())["type"] == "http.disconnect"

    asyncio.run(run())


def test_of_a_body_that_is_too_large_nothing_is_kept_and_nothing_is_lost() -> None:
    async def run() -> None:
        body = RequestBody(pieces(b"ab", b"cd", b"ef").receive, 3)
        assert await body.whole() is None
        assert [(await body.receive())["body"] for _ in range(3)] == [b"ab", b"cd", b"ef"]
        exact = RequestBody(pieces(b"ab", b"c").receive, 3)
        assert await exact.whole() == b"abc"

    asyncio.run(run())


def test_a_client_that_goes_has_sent_no_body() -> None:
    async def run() -> None:
        body = RequestBody(Connection(chunk(b"a", True)).receive, 10)
        with pytest.raises(HTTPException) as gone:
            await body.whole()
        assert gone.value.status_code == 400

    asyncio.run(run())


def fingerprint(body: bytes = b"x", **of: Any) -> str:
    content_type = of.pop("content_type", "application/json")
    scope = {
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"content-type", content_type.encode())],
        "type": "http",
    }
    return fingerprint_of({**scope, **of}, body)


def test_requests_differ_by_all_that_they_ask_for() -> None:
    found = [
        fingerprint(),
        fingerprint(b"y"),
        fingerprint(method="PATCH"),
        fingerprint(path="/a"),
        fingerprint(root_path="/a"),
        fingerprint(query_string=b"a"),
        fingerprint(content_type="text/plain"),
    ]
    assert len(set(found)) == len(found)
    assert fingerprint(content_type="application/json; charset=utf-8") == fingerprint()


def form(boundary: str, value: str) -> str:
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n{value}\r\n--{boundary}--'
    )
    return fingerprint(body.encode(), content_type=f"multipart/form-data; boundary={boundary}")


def test_the_boundary_of_a_form_does_not_count() -> None:
    assert form("abc", "1") == form("xyz", "1")
    assert form("abc", "1") != form("abc", "2")


@given(st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_type_can_be_read(content_type: str) -> None:
    for text in (content_type, f"multipart/{content_type}"):
        headers = [(b"content-type", text.encode("latin-1"))]
        assert fingerprint(headers=headers) == fingerprint(headers=headers)
