"""Clients that go away, and servers that are killed: nothing half-written is ever seen."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from .server import Place, content_of, files_in, kill, serving, wait_for

HEADS = {
    "body": b"POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n",
    "chunked": b"POST /files HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n989680\r\n",
    "form": (
        b"POST /forms HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        b"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\nwhole\r\n"
        b"--b\r\nContent-Disposition: form-data; name=b; filename=b\r\n\r\n"
    ),
}
#: Enough for a part of an upload to S3.
SENT = bytes(8_500_000)


def unfinished(folder: Path) -> list[Path]:
    """The files that are being written."""
    return [path for path in (folder / "store" / "unfinished").iterdir() if path.stat().st_size]


def is_being_written(place: Place) -> bool:
    return bool(place.bucket.unfinished() if place.bucket else unfinished(place.folder))


@pytest.mark.parametrize("kind", HEADS)
def test_a_client_that_goes_away_leaves_nothing(place: Place, kind: str) -> None:
    before = place.contents()
    with place.server.connect() as connection:
        connection.sendall(HEADS[kind] + SENT)
        wait_for(lambda: is_being_written(place))
    wait_for(lambda: place.contents() == before)
    assert place.server.client.post("/files", content=b"next").status_code == 201


def test_a_file_that_turns_out_too_large_leaves_nothing(place: Place) -> None:
    before = place.contents()
    blocks = (bytes(100_000) for _ in range(200))
    with httpx.Client(base_url=place.server.client.base_url, timeout=60) as client:
        response = client.post("/files", content=blocks)
    assert response.status_code == 413
    assert response.json()["detail"][0]["loc"] == ["body"]
    wait_for(lambda: place.contents() == before)


def test_a_server_that_is_killed_has_stored_nothing_by_half(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        whole = server.client.post("/files", content=b"whole").headers["location"]
        with server.connect() as connection:
            connection.sendall(HEADS["body"] + SENT)
            wait_for(lambda: unfinished(tmp_path))
            kill(server)
    [left] = unfinished(tmp_path)
    outside = files_in(tmp_path / "store") - {left}
    assert {path.stem for path in outside} == {whole.rpartition("/")[2]}
    # It is nobody's when nothing was written to it for a day.
    os.utime(left, (1, 1))
    with serving(tmp_path) as server:
        assert content_of(whole, server) == b"whole"
        assert not left.exists()


@pytest.mark.parametrize(
    "place", [pytest.param("disk", marks=pytest.mark.xdist_group("files on disk"))], indirect=True
)
def test_who_sends_slowly_does_not_keep_others_waiting(place: Place) -> None:
    before, client = place.contents(), place.server.client
    slow = [place.server.connect() for _ in range(60)]
    for connection in slow:
        connection.sendall(HEADS["body"] + b"a")
    response = client.post("/files", content=b"quick")
    assert response.status_code == 201
    for connection in slow:
        connection.close()
    assert client.delete(response.headers["location"]).status_code == 204
    wait_for(lambda: place.contents() == before)
