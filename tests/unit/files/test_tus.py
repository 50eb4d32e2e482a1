"""Resumable uploads: what they do to files, and what happens where something goes wrong."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vivace import HTTPException, Vivace
from vivace.files import Files, StoredFile, StoreUnavailable
from vivace.files.tus import Tus
from vivace.testclient import TestClient

from .samples import PNG, TEXT, disk_files, stored_names
from .tus_client import TusClient, checksum, metadata

Note = list[tuple[str, dict[str, str]]]


@pytest.fixture
def received() -> Note:
    return []


@pytest.fixture
def tus(store_path: Path, tmp_path: Path, received: Note) -> Tus:
    async def note(stored: StoredFile, given: Mapping[str, str]) -> None:
        received.append((stored.key, dict(given)))

    files = disk_files(store_path, max_size=50_000, types=["image/png", "text/plain"])
    return Tus(files, tmp_path / "staging", received=note, fsync=False)


@pytest.fixture
def client(tus: Tus) -> Iterator[TusClient]:
    app = Vivace()
    app.include_router(tus.files.router())
    app.include_router(tus.router())
    with TestClient(app) as client:
        yield TusClient(client)


def staged(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "staging").iterdir()]


def break_off(content: bytes) -> Iterator[bytes]:
    """A body that ends with a fault of the client."""
    yield content
    raise ConnectionError("The line is dead")


def test_an_upload_becomes_a_file(client: TusClient, received: Note) -> None:
    address = client.begin(len(PNG), **metadata(filename="../b\u00fc.png", album="Bees"))
    response = client.patch(address, 0, PNG[:5000])
    assert (response.status_code, response.headers["upload-offset"]) == (204, "5000")
    assert "file-key" not in response.headers
    assert received == []
    response = client.patch(address, 5000, PNG[5000:])
    assert (response.status_code, response.headers["upload-offset"]) == (204, str(len(PNG)))
    key = response.headers["file-key"]
    assert received == [(key, {"filename": "../b\u00fc.png", "album": "Bees"})]
    download = client.client.get(f"/files/{key}")
    assert download.content == PNG
    assert "b%C3%BC.png" in download.headers["content-disposition"]
    assert client.head(address).headers["file-key"] == key
    # The client may not have seen the answer.
    assert client.patch(address, len(PNG), b"").headers["file-key"] == key
    assert len(received) == 1


def test_a_file_can_come_with_the_first_request(client: TusClient, received: Note) -> None:
    response = client.create(len(TEXT), TEXT)
    assert response.status_code == 201
    assert response.headers["upload-offset"] == str(len(TEXT))
    assert received == [(response.headers["file-key"], {})]
    response = client.create(len(TEXT), TEXT[:10])
    assert response.headers["upload-offset"] == "10"
    address = response.headers["location"]
    assert client.patch(address, 10, TEXT[10:]).headers["file-key"] == received[1][0]


def test_an_empty_file_is_there_at_once(client: TusClient) -> None:
    response = client.create(0)
    assert client.client.get(f"/files/{response.headers['file-key']}").content == b""


def test_what_came_before_the_line_broke_counts(client: TusClient) -> None:
    address = client.begin(len(TEXT))
    with pytest.raises(ConnectionError):
        client.patch(address, 0, break_off(TEXT[:100]))
    # The test client has the app see a body that ends; servers say that the client went away.
    offset = client.offset(address)
    assert client.patch(address, offset, TEXT[offset:]).headers["file-key"]


def test_bytes_that_are_not_those_of_their_checksum_are_dropped(client: TusClient) -> None:
    address = client.begin(len(TEXT))
    assert client.patch(address, 0, TEXT[:10]).status_code == 204
    response = client.patch(address, 10, TEXT[10:20], **checksum(TEXT[10:21]))
    assert response.status_code == 460
    assert response.json()["detail"][0]["loc"] == ["header", "upload-checksum"]
    assert client.offset(address) == 10
    for algorithm in ("sha1", "sha256", "sha512"):
        start = client.offset(address)
        piece = TEXT[start : start + 10]
        assert client.patch(address, start, piece, **checksum(piece, algorithm)).is_success
    response = client.patch(address, 40, TEXT[40:], **checksum(TEXT[40:]))
    assert client.client.get(f"/files/{response.headers['file-key']}").content == TEXT


def test_a_first_request_that_fails_leaves_nothing(
    client: TusClient, tmp_path: Path, store_path: Path
) -> None:
    assert client.create(len(TEXT), TEXT, **checksum(b"other")).status_code == 460
    assert client.create(10, TEXT).status_code == 413
    assert client.create(10_000, bytes(10_000)).status_code == 415
    assert staged(tmp_path) == []
    assert stored_names(store_path) == []


def test_the_first_bytes_say_that_a_type_is_not_taken(client: TusClient, tmp_path: Path) -> None:
    address = client.begin(40_000, **metadata(filename="a.png", filetype="image/png"))
    assert client.patch(address, 0, bytes(5000)).status_code == 204
    response = client.patch(address, 5000, bytes(5000))
    assert response.status_code == 415
    assert client.head(address).status_code == 404
    assert staged(tmp_path) == []


def test_a_store_that_is_away_can_be_tried_again(
    client: TusClient, tus: Tus, received: Note, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(name: str, chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> None:
        raise StoreUnavailable

    address = client.begin(len(TEXT))
    with monkeypatch.context() as patched:
        patched.setattr(tus.files.store, "put", fail)
        assert client.patch(address, 0, TEXT).status_code == 503
        # It is not said that all is there before the file is.
        assert client.head(address).status_code == 503
    assert received == []
    assert client.offset(address) == len(TEXT)
    assert [key for key, _ in received] == [client.head(address).headers["file-key"]]


def test_a_file_is_stored_once_wherever_the_process_ends(
    client: TusClient, tus: Tus, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends when the file is stored, and before that is noted."""

    def fail(upload: object) -> None:
        raise OSError("The process has ended")

    address = client.begin(len(TEXT))
    with monkeypatch.context() as patched:
        patched.setattr("vivace.files.tus_upload.StagedUpload.complete", fail)
        assert client.patch(address, 0, TEXT).status_code == 503
    key = client.head(address).headers["file-key"]
    assert stored_names(store_path) == [key, f"{key}.json"]
    assert client.client.get(f"/files/{key}").content == TEXT


def test_who_receives_a_file_may_refuse_it(store_path: Path, tmp_path: Path) -> None:
    refusing = True

    async def check(stored: StoredFile, given: Mapping[str, str]) -> None:
        if refusing:
            raise HTTPException(409, "The album is full")

    tus = Tus(disk_files(store_path), tmp_path / "staging", received=check, fsync=False)
    app = Vivace()
    app.include_router(tus.router())
    with TestClient(app) as test_client:
        client = TusClient(test_client)
        address = client.begin(len(TEXT))
        response = client.patch(address, 0, TEXT)
        assert (response.status_code, response.json()) == (409, {"detail": "The album is full"})
        assert response.headers["tus-resumable"] == "1.0.0"
        assert stored_names(store_path) == []
        refusing = False
        assert "file-key" in client.head(address).headers
        assert len(stored_names(store_path)) == 2


def test_a_disk_that_is_full_keeps_what_has_come(
    client: TusClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(file: Any, content: bytearray) -> None:
        file.write(content[:7])
        raise OSError(28, os.strerror(28))

    address = client.begin(len(TEXT))
    with monkeypatch.context() as patched:
        patched.setattr("vivace.files.blocks.write_all", write)
        response = client.patch(address, 0, TEXT)
        assert response.status_code == 507
        assert response.headers["tus-resumable"] == "1.0.0"
    assert client.offset(address) == 7
    response = client.patch(address, 7, TEXT[7:])
    assert client.client.get(f"/files/{response.headers['file-key']}").content == TEXT


def test_uploads_go_on_after_a_restart(client: TusClient, tus: Tus, tmp_path: Path) -> None:
    address = client.begin(len(TEXT))
    client.patch(address, 0, TEXT[:100])
    again = Tus(tus.files, tmp_path / "staging", fsync=True)
    app = Vivace()
    app.include_router(again.router())
    with TestClient(app) as test_client:
        other = TusClient(test_client)
        assert other.offset(address) == 100
        assert "file-key" in other.patch(address, 100, TEXT[100:]).headers


def test_expired_uploads_are_removed_while_the_app_runs(files: Files, tmp_path: Path) -> None:
    tus = Tus(files, tmp_path / "staging", fsync=False, purge_every=timedelta(milliseconds=10))
    app = Vivace()
    app.include_router(tus.router())
    with TestClient(app) as test_client:
        client = TusClient(test_client)
        kept, expired = client.begin(10), client.begin(10)
        folder = tmp_path / "staging" / expired.rpartition("/")[2]
        for path in (*folder.iterdir(), folder):
            os.utime(path, (0, 0))
        until = time.monotonic() + 20
        while (status := client.head(expired).status_code) != 404:
            assert status == 410
            assert time.monotonic() < until
        assert client.offset(kept) == 0
    assert staged(tmp_path) == [kept.rpartition("/")[2]]
