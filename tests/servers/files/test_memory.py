"""What uploads and downloads cost in memory, in a server process that does nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.behaviour.process import Server
from tests.unit.files.tus_client import TusClient

from .s3_server import Bucket
from .server import forget_peak, peak_memory, serving

MIB = 1024 * 1024
#: What an upload and a download may cost, in bytes.
ALLOWED = 16 * MIB

BLOCK = os.urandom(MIB)


def blocks(mebibytes: int) -> Iterator[bytes]:
    for _ in range(mebibytes):
        yield BLOCK


def form(mebibytes: int) -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    yield from blocks(mebibytes)
    yield b"\r\n--b--\r\n"


def upload_body(client: httpx.Client, mebibytes: int) -> str:
    response = client.post("/files", content=blocks(mebibytes))
    assert response.status_code == 201, response.text
    assert response.json()["size"] == mebibytes * MIB
    return str(response.headers["location"])


def upload_form(client: httpx.Client, mebibytes: int) -> str:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    response = client.post("/files", content=form(mebibytes), headers=headers)
    assert response.status_code == 201, response.text
    assert response.json()["size"] == mebibytes * MIB
    return str(response.headers["location"])


def upload_resumably(client: httpx.Client, mebibytes: int) -> str:
    tus = TusClient(client)
    response = tus.patch(tus.begin(mebibytes * MIB), 0, blocks(mebibytes))
    assert response.status_code == 204, response.text
    return f"/files/{response.headers['file-key']}"


def download(client: httpx.Client, address: str, mebibytes: int) -> None:
    with client.stream("GET", address) as response:
        assert response.status_code == 200
        assert sum(map(len, response.iter_raw())) == mebibytes * MIB


Upload = Callable[[httpx.Client, int], str]


def cost(server: Server, upload: Upload, mebibytes: int) -> int:
    """What the memory of a server rises by at most, beyond what a small file takes."""
    download(server.client, upload(server.client, 1), 1)
    forget_peak(server)
    before = peak_memory(server)
    address = upload(server.client, mebibytes)
    download(server.client, address, mebibytes)
    server.client.delete(address)
    return peak_memory(server) - before


def assert_not_held(server: Server, upload: Upload, mebibytes: int) -> None:
    risen = cost(server, upload, mebibytes)
    assert risen < ALLOWED, f"{upload.__name__}: {risen / MIB:.1f} MiB"


@pytest.mark.timeout(300)
def test_a_gigabyte_is_not_held_in_memory(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert_not_held(server, upload_form, 1024)
        # Only how they come in is another matter.
        assert_not_held(server, upload_body, 128)
        assert_not_held(server, upload_resumably, 128)


def test_what_goes_to_s3_is_not_held_in_memory(tmp_path: Path, bucket: Bucket) -> None:
    with serving(tmp_path, environment=bucket.environment()) as server:
        assert_not_held(server, upload_form, 128)
        assert_not_held(server, upload_body, 64)
