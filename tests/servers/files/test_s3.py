"""The store on S3: what it promises, and what happens where the server fails."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from tests.unit.files.samples import PNG, pieces

from vivace.files import Files, NoSuchFile, StoreUnavailable
from vivace.files.s3 import S3Store

from .s3_server import Bucket, own_s3
from .server import Place, serving, wait_for

pytestmark = pytest.mark.anyio

NAME = "abcdef0123"
LARGE = os.urandom(12_000_000)


def store_in(bucket: Bucket, endpoint: str | None = None, timeout: float = 10) -> S3Store:
    return S3Store(
        bucket.name,
        prefix="files",
        endpoint=endpoint or bucket.endpoint,
        region="us-east-1",
        access_key_id=bucket.access_key_id,
        secret_access_key=bucket.secret_access_key,
        timeout=timeout,
    )


@pytest.fixture
def store(bucket: Bucket) -> S3Store:
    return store_in(bucket)


async def read(store: S3Store, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(NAME, start, stop)])


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
async def test_what_is_put_can_be_read(store: S3Store, bucket: Bucket, content: bytes) -> None:
    await store.open()
    await store.put(NAME, pieces(content, 100_000), {})
    assert await read(store) == content
    assert bucket.objects() == [f"files/{NAME}"]
    assert bucket.unfinished() == []
    await store.close()


async def test_parts_can_be_read(store: S3Store) -> None:
    await store.put(NAME, pieces(LARGE, 100_000), {})
    for start, stop in [(0, 1), (100, 300_000), (11_999_999, 12_000_000), (11_000_000, None)]:
        assert await read(store, start, stop) == LARGE[start:stop]


async def test_headers_are_those_of_the_object(store: S3Store, bucket: Bucket) -> None:
    headers = {"Content-Type": "image/png", "Content-Disposition": 'attachment; filename="a.png"'}
    await store.put(NAME, pieces(PNG), headers)
    found = bucket.client.head_object(Bucket=bucket.name, Key=f"files/{NAME}")
    assert found["ContentType"] == "image/png"
    assert found["ContentDisposition"] == 'attachment; filename="a.png"'


async def test_what_is_deleted_is_gone(store: S3Store) -> None:
    await store.put(NAME, pieces(b"a"), {})
    await store.delete(NAME)
    with pytest.raises(NoSuchFile):
        await read(store)
    await store.delete(NAME)


@pytest.mark.parametrize("name", ["", "..", "../abcd", "ab/cd", "abcd?x", "abcd#x"])
async def test_no_name_leads_outside(store: S3Store, bucket: Bucket, name: str) -> None:
    for attempt in (
        store.put(name, pieces(b"a"), {}),
        anext(store.read(name)),
        store.delete(name),
        store.sign(name, timedelta(minutes=1)),
    ):
        with pytest.raises(ValueError, match="no name for a store"):
            await attempt
    assert bucket.objects() == []


@pytest.mark.parametrize("error", [RuntimeError, anyio.BrokenResourceError, OSError, ValueError])
async def test_where_the_source_fails_nothing_remains(
    store: S3Store, bucket: Bucket, error: type[Exception]
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in pieces(LARGE, 100_000):
            yield chunk
        raise error

    with pytest.raises(error):
        await store.put(NAME, chunks(), {})
    assert bucket.objects() == bucket.unfinished() == []


async def test_where_it_is_cancelled_nothing_remains(store: S3Store, bucket: Bucket) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        async for chunk in pieces(LARGE, 100_000):
            yield chunk
        await anyio.to_thread.run_sync(wait_for, bucket.unfinished)
        tasks.cancel_scope.cancel()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.put, NAME, chunks(), {})
    assert bucket.objects() == bucket.unfinished() == []


async def test_a_bucket_that_is_not_there_is_a_fault_of_the_store(bucket: Bucket) -> None:
    bucket.name = "no-such-bucket"
    with pytest.raises(StoreUnavailable):
        await store_in(bucket).put(NAME, pieces(b"a"), {})


async def test_a_server_that_is_away_is_a_fault_of_the_store(bucket: Bucket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    away = store_in(bucket, f"http://127.0.0.1:{port}", timeout=1)
    for attempt in (
        away.put(NAME, pieces(LARGE, 100_000), {}),
        anext(away.read(NAME)),
        away.delete(NAME),
    ):
        with pytest.raises(StoreUnavailable):
            await attempt


class Line:
    """Passes bytes on between clients and a server, until it is cut."""

    def __init__(self, listening: socket.socket, server: tuple[str, int]) -> None:
        self.listening = listening
        self.server = server
        self.passed = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            server = socket.create_connection(self.server)
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while chunk := source.recv(65_536):
                target.sendall(chunk)
                self.passed += len(chunk)
        except OSError:
            pass
        finally:
            for one in (source, target):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def wait_until_passed(self, size: int) -> None:
        wait_for(lambda: self.passed >= size)

    def cut(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        for one in self._open:
            one.close()


@contextmanager
def line_to(endpoint: str) -> Iterator[Line]:
    parts = urlsplit(endpoint)
    assert parts.hostname and parts.port
    with socket.create_server(("127.0.0.1", 0)) as listening:
        line = Line(listening, (parts.hostname, parts.port))
        try:
            yield line
        finally:
            for one in line._open:
                one.close()


async def test_a_line_that_is_cut_while_a_file_is_sent_leaves_nothing_to_be_seen(
    bucket: Bucket,
) -> None:
    with line_to(bucket.endpoint) as line:
        files = Files(store_in(bucket, line.address, timeout=1))

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in pieces(LARGE, 100_000):
                yield chunk
            await anyio.to_thread.run_sync(line.wait_until_passed, 5_000_000)
            line.cut()
            yield b"the end"

        with pytest.raises(StoreUnavailable):
            await files.save(chunks())
    assert bucket.objects() == []


async def test_a_line_that_is_cut_while_a_file_is_read_ends_it(bucket: Bucket) -> None:
    await store_in(bucket).put(NAME, pieces(LARGE, 100_000), {})
    with line_to(bucket.endpoint) as line:
        store = store_in(bucket, line.address, timeout=1)
        reading = store.read(NAME)
        received = len(await anext(reading))
        line.cut()
        with pytest.raises(StoreUnavailable):
            async for chunk in reading:
                received += len(chunk)
        assert received < len(LARGE)


def test_an_app_answers_while_its_store_is_away(tmp_path: Path) -> None:
    with own_s3() as (address, process):
        bucket = Bucket(address)
        environment = bucket.environment() | {"FILES_TIMEOUT": "1"}
        with serving(tmp_path, environment=environment) as server:
            address = server.client.post("/files", content=PNG).headers["location"]
            assert server.client.get(address).content == PNG
            process.kill()
            process.wait()
            for response in (
                server.client.post("/files", content=PNG),
                server.client.get(address),
                server.client.head(address),
                server.client.delete(address),
            ):
                assert response.status_code == 503
                assert response.headers["retry-after"] == "5"
            assert server.client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "place", [pytest.param("s3", marks=pytest.mark.xdist_group("files on s3"))], indirect=True
)
def test_ranges_are_passed_on(place: Place) -> None:
    client = place.server.client
    address = client.post("/files", content=LARGE).headers["location"]
    headers = {"Range": "bytes=11000000-11000009"}
    response = client.get(address, headers=headers)
    assert (response.status_code, response.content) == (206, LARGE[11_000_000:11_000_010])
    response = client.get(address, headers={"Range": "bytes=0-0,-1"})
    assert response.status_code == 206
    assert LARGE[:1] in response.content and LARGE[-1:] in response.content
    tag = response.headers["etag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_clients_can_be_sent_to_the_store(tmp_path: Path, bucket: Bucket) -> None:
    environment = bucket.environment() | {"FILES_REDIRECT": "yes"}
    with serving(tmp_path, environment=environment) as server:
        named = {"Content-Disposition": "attachment; filename*=UTF-8''b%C3%BC.png"}
        address = server.client.post("/files", content=PNG, headers=named).headers["location"]
        response = server.client.get(address)
        assert response.status_code == 307
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["location"].startswith(bucket.endpoint)
        fetched = httpx.get(response.headers["location"])
        assert fetched.content == PNG
        assert fetched.headers["content-type"] == "image/png"
        assert "b%C3%BC.png" in fetched.headers["content-disposition"]
        head = server.client.head(address)
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(PNG)))
        assert server.client.get(f"/files/{'0' * 32}").status_code == 404
