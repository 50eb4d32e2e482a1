"""The official client of tus in Python, against a server of two processes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from tests.unit.behaviour.process import Server
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from .server import content_of, kill, serving

CONTENT = os.urandom(1_000_000)


def client_of(server: Server) -> TusClient:
    return TusClient(f"http://127.0.0.1:{server.port}/uploads")


def received(folder: Path) -> list[list[str]]:
    return [line.split(" ", 1) for line in (folder / "received").read_text().splitlines()]


@pytest.mark.parametrize("has_checksum", [False, True])
def test_a_file_is_uploaded_in_pieces(tmp_path: Path, has_checksum: bool) -> None:
    with serving(tmp_path, processes=2) as server:
        uploader = client_of(server).uploader(
            file_stream=io.BytesIO(CONTENT),
            chunk_size=150_000,
            metadata={"filename": "a b\u00fc.bin"},
            upload_checksum=has_checksum,
        )
        uploader.upload()
        [[key, name]] = received(tmp_path)
        assert name == "a b\u00fc.bin"
        assert content_of(f"/files/{key}", server) == CONTENT


def test_an_empty_file_is_uploaded(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client_of(server).uploader(file_stream=io.BytesIO()).upload()
        [[key, _]] = received(tmp_path)
        assert content_of(f"/files/{key}", server) == b""


def test_an_upload_goes_on_in_another_process_of_the_client(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        uploader = client_of(server).uploader(file_stream=io.BytesIO(CONTENT), chunk_size=100_000)
        uploader.upload(stop_at=300_000)
        kill(server)
    with serving(tmp_path) as server:
        assert uploader.url is not None
        id = uploader.url.rpartition("/")[2]
        again = client_of(server).uploader(
            file_stream=io.BytesIO(CONTENT),
            url=f"http://127.0.0.1:{server.port}/uploads/{id}",
            chunk_size=200_000,
        )
        assert again.offset == 300_000
        again.upload()
        [[key, _]] = received(tmp_path)
        assert content_of(f"/files/{key}", server) == CONTENT


def test_a_refusal_is_understood(tmp_path: Path) -> None:
    with serving(tmp_path, environment={"FILES_MAX_SIZE": "100 kB"}) as server:
        uploader = client_of(server).uploader(file_stream=io.BytesIO(CONTENT))
        with pytest.raises(TusCommunicationError) as refused:
            uploader.upload()
        assert refused.value.status_code == 413
