"""Resumable uploads whose lines are cut and whose servers are killed, over raw HTTP."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from tests.unit.behaviour.process import Server
from tests.unit.files.tus_client import TusClient, checksum

from .s3_server import Bucket
from .server import connections, content_of, kill, serving

CONTENT = os.urandom(3_000_000)


def begin_patch(
    server: Server, address: str, offset: int, sent: bytes, *more: str
) -> socket.socket:
    """A connection on which half of a PATCH has been sent."""
    lines = [
        f"PATCH {address} HTTP/1.1",
        "Host: a",
        "Tus-Resumable: 1.0.0",
        "Content-Type: application/offset+octet-stream",
        f"Upload-Offset: {offset}",
        f"Content-Length: {len(CONTENT) - offset}",
        *more,
    ]
    connection = server.connect()
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
    return connection


def data_of(folder: Path, address: str) -> Path:
    return folder / "staging" / address.rpartition("/")[2] / "data"


def wait_for_bytes(data: Path, size: int) -> None:
    until = time.monotonic() + 20
    while data.stat().st_size < size:
        assert time.monotonic() < until, data.stat().st_size
        time.sleep(0.01)


def resume(server: Server, address: str) -> int:
    """Go on with an upload as a client does; the offset that it went on from."""
    tus = TusClient(server.client)
    until = time.monotonic() + 20
    while True:
        offset = tus.offset(address)
        response = tus.patch(address, offset, CONTENT[offset:])
        # What came before the line was cut may still be written.
        if response.status_code not in (409, 423) or time.monotonic() > until:
            break
    assert response.status_code == 204, response.text
    assert content_of(f"/files/{response.headers['file-key']}", server) == CONTENT
    return offset


def test_an_upload_goes_on_after_the_line_was_cut(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        address = TusClient(server.client).begin(len(CONTENT))
        for sent in (700_000, 1_000_000):
            offset = TusClient(server.client).offset(address)
            connection = begin_patch(server, address, offset, CONTENT[offset:sent])
            wait_for_bytes(data_of(tmp_path, address), sent - 300_000)
            connection.close()
        assert resume(server, address) >= 1_000_000 - 300_000
    assert "Traceback" not in server.log


@pytest.mark.parametrize("s3", [False, True], ids=["disk", "s3"])
def test_an_upload_goes_on_after_the_server_was_killed(
    tmp_path: Path, bucket: Bucket, s3: bool
) -> None:
    environment = bucket.environment() if s3 else {}
    with serving(tmp_path, environment=environment) as server:
        tus = TusClient(server.client)
        address = tus.begin(len(CONTENT))
        assert tus.patch(address, 0, CONTENT[:500_000]).status_code == 204
        connection = begin_patch(server, address, 500_000, CONTENT[500_000:2_000_000])
        wait_for_bytes(data_of(tmp_path, address), 1_500_000)
        kill(server)
        connection.close()
    with serving(tmp_path, environment=environment) as server:
        assert resume(server, address) >= 1_500_000


def test_what_was_not_verified_when_the_server_was_killed_is_sent_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        tus = TusClient(server.client)
        address = tus.begin(len(CONTENT))
        assert tus.patch(address, 0, CONTENT[:500_000]).status_code == 204
        [(name, value)] = checksum(CONTENT[500_000:]).items()
        sent = CONTENT[500_000:1_500_000].replace(b"a", b"b")
        connection = begin_patch(server, address, 500_000, sent, f"{name}: {value}")
        wait_for_bytes(data_of(tmp_path, address), 1_000_000)
        assert tus.offset(address) == 500_000
        kill(server)
        connection.close()
    with serving(tmp_path) as server:
        assert resume(server, address) == 500_000


def test_the_processes_of_a_server_share_uploads(tmp_path: Path) -> None:
    with serving(tmp_path, processes=2) as server, connections(server, 2) as clients:
        first, second = map(TusClient, clients)
        address = first.begin(len(CONTENT))
        for start in range(0, len(CONTENT), 400_000):
            assert second.offset(address) == start
            response = second.patch(address, start, CONTENT[start : start + 400_000])
            first, second = second, first
        key = response.headers["file-key"]
        assert {tus.head(address).headers["file-key"] for tus in (first, second)} == {key}
        assert content_of(f"/files/{key}", server) == CONTENT
    assert (tmp_path / "received").read_text() == f"{key} \n"


def test_one_request_at_a_time_is_at_an_upload_in_all_processes(tmp_path: Path) -> None:
    with serving(tmp_path, processes=2) as server, connections(server, 2) as clients:
        both = [TusClient(client) for client in clients]
        address = both[0].begin(len(CONTENT))
        with begin_patch(server, address, 0, CONTENT[:600_000]) as connection:
            wait_for_bytes(data_of(tmp_path, address), 300_000)
            for tus in both:
                assert tus.patch(address, 0, CONTENT).status_code == 423
                assert tus.delete(address).status_code == 423
                assert tus.offset(address) >= 300_000
            connection.sendall(CONTENT[600_000:])
            assert b"204" in connection.recv(1000)
        assert {tus.offset(address) for tus in both} == {len(CONTENT)}
