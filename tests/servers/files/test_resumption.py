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
from .server import Place, content_of, kill, serving, wait_for

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
    wait_for(lambda: data.stat().st_size >= size)


def resume(server: Server, address: str) -> int:
    """Go on with an upload as a client does; the offset that it went on from."""
    tus = TusClient(server.client)
    until = time.monotonic() + 60
    while True:
        offset = tus.offset(address)
        response = tus.patch(address, offset, CONTENT[offset:])
        # What came before the line was cut may still be written.
        if response.status_code not in (409, 423) or time.monotonic() > until:
            break
    assert response.status_code == 204, response.text
    assert content_of(f"/files/{response.headers['file-key']}", server) == CONTENT
    return offset


def test_an_upload_goes_on_after_the_line_was_cut(shared_place: Place) -> None:
    server = shared_place.server
    address = TusClient(server.client).begin(len(CONTENT))
    for sent in (700_000, 1_000_000):
        offset = TusClient(server.client).offset(address)
        connection = begin_patch(server, address, offset, CONTENT[offset:sent])
        wait_for_bytes(data_of(shared_place.folder, address), sent - 300_000)
        connection.close()
    assert resume(server, address) >= 1_000_000 - 300_000


@pytest.mark.parametrize("s3", [False, True], ids=["disk", "s3"])
def test_uploads_go_on_after_the_server_was_killed(
    tmp_path: Path, request: pytest.FixtureRequest, s3: bool
) -> None:
    bucket: Bucket | None = request.getfixturevalue("bucket") if s3 else None
    environment = bucket.environment() if bucket else {}
    [(name, value)] = checksum(CONTENT[500_000:]).items()
    wrong = CONTENT[500_000:1_500_000].replace(b"a", b"b")
    with serving(tmp_path, environment=environment) as server:
        tus = TusClient(server.client)
        plain, verified = tus.begin(len(CONTENT)), tus.begin(len(CONTENT))
        for address in (plain, verified):
            assert tus.patch(address, 0, CONTENT[:500_000]).status_code == 204
        connections = [
            begin_patch(server, plain, 500_000, CONTENT[500_000:2_000_000]),
            begin_patch(server, verified, 500_000, wrong, f"{name}: {value}"),
        ]
        wait_for_bytes(data_of(tmp_path, plain), 1_500_000)
        wait_for_bytes(data_of(tmp_path, verified), 1_000_000)
        assert tus.offset(verified) == 500_000
        kill(server)
        for connection in connections:
            connection.close()
    with serving(tmp_path, environment=environment) as server:
        assert resume(server, plain) >= 1_500_000
        # What was not verified is sent again.
        assert resume(server, verified) == 500_000


def test_the_processes_of_a_server_share_uploads(shared_place: Place) -> None:
    with shared_place.clients() as clients:
        first, second = map(TusClient, clients)
        address = first.begin(len(CONTENT))
        for start in range(0, len(CONTENT), 400_000):
            assert second.offset(address) == start
            response = second.patch(address, start, CONTENT[start : start + 400_000])
            first, second = second, first
        key = response.headers["file-key"]
        assert {tus.head(address).headers["file-key"] for tus in (first, second)} == {key}
    assert content_of(f"/files/{key}", shared_place.server) == CONTENT
    assert [found for found, _ in shared_place.received()].count(key) == 1


def test_one_request_at_a_time_is_at_an_upload_in_all_processes(shared_place: Place) -> None:
    with shared_place.clients() as clients:
        both = [TusClient(client) for client in clients]
        address = both[0].begin(len(CONTENT))
        with begin_patch(shared_place.server, address, 0, CONTENT[:600_000]) as connection:
            wait_for_bytes(data_of(shared_place.folder, address), 300_000)
            for tus in both:
                assert tus.patch(address, 0, CONTENT).status_code == 423
                assert tus.delete(address).status_code == 423
                assert tus.offset(address) >= 300_000
            connection.sendall(CONTENT[600_000:])
            assert b"204" in connection.recv(1000)
        assert {tus.offset(address) for tus in both} == {len(CONTENT)}
