"""The official client of tus in Python, against a server of two processes."""

from __future__ import annotations

import io
import os

import pytest
from tests.unit.behaviour.process import Server
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from .server import Place, content_of

CONTENT = os.urandom(1_000_000)


def client_of(server: Server) -> TusClient:
    return TusClient(f"http://127.0.0.1:{server.port}/uploads")


@pytest.mark.parametrize("has_checksum", [False, True])
def test_a_file_is_uploaded_in_pieces(shared_place: Place, has_checksum: bool) -> None:
    uploader = client_of(shared_place.server).uploader(
        file_stream=io.BytesIO(CONTENT),
        chunk_size=150_000,
        metadata={"filename": "a b\u00fc.bin"},
        upload_checksum=has_checksum,
    )
    uploader.upload()
    key, name = shared_place.received()[-1]
    assert name == "a b\u00fc.bin"
    assert content_of(f"/files/{key}", shared_place.server) == CONTENT


def test_an_empty_file_is_uploaded(shared_place: Place) -> None:
    client_of(shared_place.server).uploader(file_stream=io.BytesIO()).upload()
    key, _ = shared_place.received()[-1]
    assert content_of(f"/files/{key}", shared_place.server) == b""


def test_an_upload_goes_on_in_another_process_of_the_client(shared_place: Place) -> None:
    uploader = client_of(shared_place.server).uploader(
        file_stream=io.BytesIO(CONTENT), chunk_size=100_000
    )
    uploader.upload(stop_at=300_000)
    again = client_of(shared_place.server).uploader(
        file_stream=io.BytesIO(CONTENT), url=uploader.url, chunk_size=200_000
    )
    assert again.offset == 300_000
    again.upload()
    key, _ = shared_place.received()[-1]
    assert content_of(f"/files/{key}", shared_place.server) == CONTENT


def test_a_refusal_is_understood(shared_place: Place) -> None:
    uploader = client_of(shared_place.server).uploader(file_stream=io.BytesIO(bytes(5_000_000)))
    with pytest.raises(TusCommunicationError) as refused:
        uploader.upload()
    assert refused.value.status_code == 413
