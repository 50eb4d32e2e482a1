"""Clients that go away, and servers that are killed: nothing half-written is ever seen."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from tests.unit.behaviour.process import Server

from .s3_server import Bucket
from .server import content_of, kill, serving, wait_for, wait_for_no_files

HEADS = {
    "body": b"POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n",
    "chunked": b"POST /files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nF4240\r\n",
    "form": (
        b"POST /forms HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nwhole\r\n"
        b"--b\r\nContent-Disposition: form-data; name=b; filename=b\r\n\r\n"
    ),
}
SENT = bytes(900_000)


def unfinished(folder: Path) -> list[Path]:
    """The files that are being written."""
    return [path for path in (folder / "store" / "unfinished").iterdir() if path.stat().st_size]


@pytest.mark.parametrize("kind", HEADS)
def test_a_client_that_goes_away_leaves_nothing(tmp_path: Path, kind: str) -> None:
    with serving(tmp_path) as server:
        with server.connect() as connection:
            connection.sendall(HEADS[kind] + SENT)
            wait_for(lambda: unfinished(tmp_path))
        wait_for_no_files(tmp_path / "store")
        assert server.client.post("/files", content=b"next").status_code == 201
    assert "Traceback" not in server.log


@pytest.mark.parametrize("kind", HEADS)
def test_a_client_that_goes_away_leaves_nothing_in_s3(
    tmp_path: Path, bucket: Bucket, kind: str
) -> None:
    with serving(tmp_path, environment=bucket.environment()) as server:
        with server.connect() as connection:
            connection.sendall(HEADS[kind] + bytes(8_000_000 if kind != "chunked" else 900_000))
            if kind != "chunked":
                wait_for(bucket.unfinished)
        wait_for(lambda: not bucket.unfinished() and not bucket.objects())
        assert server.client.post("/files", content=b"next").status_code == 201
    assert "Traceback" not in server.log


@pytest.mark.parametrize("s3", [False, True], ids=["disk", "s3"])
def test_a_file_that_turns_out_too_large_leaves_nothing(
    tmp_path: Path, bucket: Bucket, s3: bool
) -> None:
    environment = bucket.environment() if s3 else {}
    with serving(tmp_path, environment={"FILES_MAX_SIZE": "8 MB", **environment}) as server:
        blocks = (bytes(100_000) for _ in range(200))
        with httpx.Client(base_url=server.client.base_url, timeout=60) as client:
            response = client.post("/files", content=blocks)
        assert response.status_code == 413
        assert response.json()["detail"][0]["loc"] == ["body"]
        if s3:
            wait_for(lambda: not bucket.unfinished() and not bucket.objects())
        wait_for_no_files(tmp_path)


def test_a_server_that_is_killed_has_stored_nothing_by_half(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        whole = server.client.post("/files", content=b"whole").headers["location"]
        with server.connect() as connection:
            connection.sendall(HEADS["body"] + SENT)
            wait_for(lambda: unfinished(tmp_path))
            kill(server)
    [left] = unfinished(tmp_path)
    outside = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and path != left]
    assert {path.stem for path in outside} == {whole.rpartition("/")[2]}
    # It is nobody's when nothing was written to it for a day.
    os.utime(left, (1, 1))
    with serving(tmp_path) as server:
        assert content_of(whole, server) == b"whole"
        assert not left.exists()


def test_who_sends_slowly_does_not_keep_others_waiting(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        slow = [server.connect() for _ in range(60)]
        for connection in slow:
            connection.sendall(HEADS["body"] + b"a")
        assert server.client.post("/files", content=b"quick").status_code == 201
        for connection in slow:
            connection.close()
        assert_nothing_but_one(server, tmp_path)


def assert_nothing_but_one(server: Server, folder: Path) -> None:
    def left() -> list[Path]:
        return [path for path in (folder / "store").rglob("*") if path.is_file()]

    wait_for(lambda: len(left()) == 2)
