from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest

from vivace import Request
from vivace.files import Files, NoSuchFile
from vivace.requests import ClientDisconnect
from vivace.testclient import TestClient

from .samples import PNG, TEXT, disk_files, pieces


@pytest.fixture
def key(client: TestClient) -> str:
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E2%82%AC.png"}
    key: str = client.post("/files", content=PNG, headers=headers).json()["key"]
    return key


def test_a_file_comes_with_all_that_a_client_needs(client: TestClient, key: str) -> None:
    response = client.get(f"/files/{key}")
    assert response.status_code == 200
    assert response.content == PNG
    digest = b64encode(hashlib.sha256(PNG).digest()).decode()
    assert dict(response.headers) == {
        "content-type": "image/png",
        "content-length": str(len(PNG)),
        "content-disposition": "attachment; filename=\"_.png\"; filename*=UTF-8''%E2%82%AC.png",
        "etag": f'"{hashlib.sha256(PNG).hexdigest()}"',
        "last-modified": response.headers["last-modified"],
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "repr-digest": f"sha-256=:{digest}:",
        "x-content-type-options": "nosniff",
    }


def test_head_says_the_same_and_sends_nothing(client: TestClient, key: str) -> None:
    whole, head = client.get(f"/files/{key}"), client.head(f"/files/{key}")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == whole.headers
    assert client.head(f"/files/{key}", headers={"Range": "bytes=0-0"}).status_code == 200


def test_a_file_can_be_shown_rather_than_saved(client: TestClient, key: str) -> None:
    assert client.get(f"/inline/{key}").headers["content-disposition"].startswith("inline;")


def test_text_is_in_utf_8(client: TestClient) -> None:
    key = client.post("/files", content=TEXT).json()["key"]
    response = client.get(f"/files/{key}")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == TEXT.decode()


@pytest.mark.parametrize(
    ("field", "start", "stop"), [("0-9", 0, 10), ("100-", 100, len(PNG)), ("-7", -7, None)]
)
def test_one_range_is_sent_as_it_is(
    client: TestClient, key: str, field: str, start: int, stop: int | None
) -> None:
    response = client.get(f"/files/{key}", headers={"Range": f"bytes={field}"})
    assert response.status_code == 206
    assert response.content == PNG[start:stop]
    first = start % len(PNG)
    last = first + len(response.content) - 1
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(PNG)}"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["content-type"] == "image/png"


def test_several_ranges_are_sent_in_parts(client: TestClient, key: str) -> None:
    response = client.get(f"/files/{key}", headers={"Range": "bytes=0-3,100-199,-1"})
    assert response.status_code == 206
    assert response.headers["content-length"] == str(len(response.content))
    assert "content-range" not in response.headers
    kind, _, boundary = response.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    before, *parts, end = response.content.split(f"\r\n--{boundary}".encode())
    assert (before, end) == (b"", b"--\r\n")
    found = [
        re.fullmatch(
            rb"\r\nContent-Type: image/png\r\nContent-Range: bytes (.+?)/(\d+)\r\n\r\n(.*)",
            part,
            re.DOTALL,
        )
        for part in parts
    ]
    size = str(len(PNG)).encode()
    last = str(len(PNG) - 1).encode()
    assert [one and one.groups() for one in found] == [
        (b"0-3", size, PNG[:4]),
        (b"100-199", size, PNG[100:200]),
        (last + b"-" + last, size, PNG[-1:]),
    ]


def test_a_client_goes_on_with_a_file_that_is_the_same(client: TestClient, key: str) -> None:
    tag = client.get(f"/files/{key}").headers["etag"]
    ask = {"Range": "bytes=10-", "If-Range": tag}
    assert client.get(f"/files/{key}", headers=ask).content == PNG[10:]
    ask = {"Range": "bytes=10-", "If-Range": '"another"'}
    response = client.get(f"/files/{key}", headers=ask)
    assert (response.status_code, response.content) == (200, PNG)


def test_a_file_that_the_client_has_is_not_sent(client: TestClient, key: str) -> None:
    whole = client.get(f"/files/{key}")
    for ask in (
        {"If-None-Match": whole.headers["etag"]},
        {"If-Modified-Since": whole.headers["last-modified"]},
    ):
        response = client.get(f"/files/{key}", headers=ask)
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == whole.headers["etag"]
        assert response.headers["cache-control"] == whole.headers["cache-control"]
        assert "content-length" not in response.headers
        assert "content-type" not in response.headers


def test_an_empty_file_is_one(client: TestClient) -> None:
    key = client.post("/files", content=b"").json()["key"]
    response = client.get(f"/files/{key}")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == "0"


def test_a_range_behind_the_end_is_an_error(client: TestClient, key: str) -> None:
    response = client.get(f"/files/{key}", headers={"Range": "bytes=100000-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(PNG)}"
    assert response.json()["detail"][0]["loc"] == ["header", "range"]


@pytest.mark.parametrize("ask", [{}, {"Range": "bytes=0-1"}, {"Range": "bytes=0-1,5-6"}])
def test_a_file_of_which_only_the_record_is_left_is_not_there(
    client: TestClient, key: str, store_path: Path, ask: dict[str, str]
) -> None:
    (store_path / key[:2] / key[2:4] / key).unlink()
    assert client.get(f"/files/{key}", headers=ask).status_code == 404


@pytest.mark.anyio
async def test_where_the_client_goes_away_the_file_is_let_go_of(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = disk_files(store_path, max_size="10 MB")
    await files.store.open()
    stored = await files.save(pieces(bytes(3_000_000), 100_000))
    closings = []
    read = files.store.read

    async def watched(name: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        try:
            async for chunk in read(name, start, stop):
                yield chunk
        finally:
            closings.append(name)

    monkeypatch.setattr(files.store, "read", watched)
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}
    scope["asgi"] = {"spec_version": "2.4"}
    response = await files.response(Request(scope), stored.key)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("The client has gone away")

    # What was read before is the record.
    closings.clear()
    with pytest.raises(ClientDisconnect):
        await response(scope, anyio.sleep_forever, send)  # type: ignore[arg-type]
    assert closings == [stored.key]


@pytest.mark.anyio
async def test_a_response_is_no_response_where_there_is_no_file(files: Files) -> None:
    await files.store.open()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(NoSuchFile):
        await files.response(Request(scope), "0" * 32)
