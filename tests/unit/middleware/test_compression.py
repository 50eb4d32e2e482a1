"""Responses are compressed where that is worth it, and only where it is right."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import brotli
import pytest

from vivace import Request, Vivace
from vivace.middleware import CompressionMiddleware, RequestIdMiddleware
from vivace.middleware.codecs import Encoder, GzipEncoder
from vivace.middleware.encoding import Compressible, limiter, make_types
from vivace.responses import FileResponse, Response, StreamingResponse
from vivace.testclient import TestClient
from vivace.types import ASGIApp, Message, Receive, Scope, Send

from .asgi import Connection, answering, http_scope
from .test_codecs import READERS

pytestmark = pytest.mark.anyio

TEXT = ("content-type", "text/plain; charset=utf-8")
LONG = b"hello, world. " * 200


async def ask(
    app: ASGIApp, accept: str | None = "gzip", method: str = "GET", **headers: str
) -> Connection:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if accept is not None:
        fields.append(("accept-encoding", accept))
    connection = Connection(scope=http_scope(method=method, headers=fields))
    return await connection.call(app)


def compressing(app: ASGIApp, **settings: Any) -> CompressionMiddleware:
    return CompressionMiddleware(app, **settings)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
async def test_a_response_is_compressed_with_what_the_client_accepts(coding: str) -> None:
    connection = await ask(compressing(answering(LONG, headers=[TEXT])), coding)
    assert connection.headers["content-encoding"] == coding
    assert connection.headers["vary"] == "Accept-Encoding"
    assert connection.headers["content-length"] == str(len(connection.body))
    assert len(connection.body) < len(LONG) / 5
    assert READERS[coding]()(connection.body) == LONG


@pytest.mark.parametrize("accept", [None, "", "identity", "deflate", "gzip;q=0"])
async def test_who_accepts_no_coding_gets_none(accept: str | None) -> None:
    connection = await ask(compressing(answering(LONG, headers=[TEXT])), accept)
    assert "content-encoding" not in connection.headers
    assert connection.headers["vary"] == "Accept-Encoding"
    assert connection.body == LONG


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [("content-type", "image/png")]),
        (200, [("content-type", "text/event-stream")]),
        (200, []),
        (200, [TEXT, ("content-encoding", "br")]),
        (200, [TEXT, ("cache-control", "public, No-Transform")]),
        (200, [TEXT, ("content-digest", "sha-256=:x:")]),
        (200, [TEXT, ("repr-digest", "sha-256=:x:")]),
        (206, [TEXT, ("content-range", "bytes 0-1/2")]),
        (204, [TEXT]),
    ],
)
async def test_some_responses_are_left_as_they_are(
    status: int, headers: list[tuple[str, str]]
) -> None:
    etag = [*headers, ("etag", '"a"')]
    for body in ((LONG,), (LONG, LONG)):
        connection = await ask(compressing(answering(*body, status=status, headers=etag)))
        assert connection.body == b"".join(body)
        assert connection.headers["etag"] == '"a"'
        assert "vary" not in connection.headers
        assert connection.headers.get("content-encoding", "br") == "br"


@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "application/json",
        "application/problem+json",
        "APPLICATION/VND.API+JSON;x=y",
        "image/svg+xml",
        "application/x-ndjson",
    ],
)
async def test_text_and_json_are_worth_it(media_type: str) -> None:
    app = answering(LONG, headers=[("content-type", media_type)])
    assert (await ask(compressing(app))).headers["content-encoding"] == "gzip"


async def test_small_responses_are_not_worth_it() -> None:
    app = compressing(answering(b"a" * 1023, headers=[TEXT]))
    connection = await ask(app)
    assert connection.headers.keys() == {"content-type", "content-length"}
    connection = await ask(compressing(answering(b"a" * 1023, headers=[TEXT]), minimum_size=1023))
    assert connection.headers["content-encoding"] == "gzip"


async def test_what_does_not_get_smaller_is_sent_as_it_is() -> None:
    noise = random.Random(1).randbytes(2000)
    connection = await ask(compressing(answering(noise, headers=[TEXT])))
    assert connection.body == noise
    assert connection.headers["content-length"] == "2000"
    assert connection.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in connection.headers


async def test_a_client_that_refuses_what_is_not_compressed_gets_everything_compressed() -> None:
    accept = "gzip, identity;q=0"
    for body, media_type in ((b"small", "text/plain"), (LONG, "image/png")):
        app = answering(body, headers=[("content-type", media_type)])
        connection = await ask(compressing(app), accept)
        assert connection.headers["content-encoding"] == "gzip"
        assert gzip.decompress(connection.body) == body


async def test_who_accepts_nothing_that_there_is_gets_it_plain_or_a_406() -> None:
    app = answering(LONG, headers=[TEXT])
    connection = await ask(compressing(app), "deflate, identity;q=0")
    assert (connection.status, connection.body) == (200, LONG)
    connection = await ask(compressing(app, strict=True), "deflate, identity;q=0")
    assert connection.status == 406
    assert "br, zstd, gzip, identity" in json.loads(connection.body)["detail"]
    assert connection.headers["vary"] == "Accept-Encoding"
    assert (await ask(compressing(app, strict=True), None)).status == 200


def test_an_app_of_problems_refuses_with_one() -> None:
    app = Vivace(problem_details=True)
    app.add_middleware(CompressionMiddleware, strict=True)
    response = TestClient(app).get("/", headers={"Accept-Encoding": "*;q=0"})
    assert response.status_code == 406
    assert response.headers["Content-Type"] == "application/problem+json"


# Streams.


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
async def test_each_part_of_a_stream_can_be_read_when_it_comes(coding: str) -> None:
    parts = [b"one", b"", b"two", b"three"]
    connection = await ask(compressing(answering(*parts, headers=[TEXT])), coding)
    assert connection.headers["content-encoding"] == coding
    assert "content-length" not in connection.headers
    read = READERS[coding]()
    assert [read(chunk) if chunk else b"" for chunk in connection.chunks] == [*parts, b""]


async def test_a_stream_begins_before_its_first_part() -> None:
    begun: list[str] = []
    connection = Connection(scope=http_scope(headers=[("accept-encoding", "gzip")]))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [
            (b"content-type", b"text/plain")
        ]})  # fmt: skip
        begun.extend(message["type"] for message in connection.sent)
        await send({"type": "http.response.body", "body": b"x"})

    await connection.call(compressing(app))
    assert begun == ["http.response.start"]
    assert gzip.decompress(connection.body) == b"x"


async def test_a_body_whose_length_is_known_may_come_in_parts() -> None:
    length = ("content-length", str(2 * len(LONG)))
    connection = await ask(compressing(answering(LONG, LONG, headers=[TEXT, length])))
    assert "content-length" not in connection.headers
    assert gzip.decompress(connection.body) == LONG * 2


async def test_event_streams_are_compressed_where_they_are_named() -> None:
    async def events() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"data: hello\n\n"

    app = StreamingResponse(events(), media_type="text/event-stream")
    connection = await ask(compressing(app, content_types={"text/event-stream"}), "br")
    read = brotli.Decompressor()
    parts = [read.process(chunk) for chunk in connection.chunks]
    assert parts == [*[b"data: hello\n\n"] * 3, b""]


async def test_a_file_is_compressed_and_has_no_ranges(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(LONG * 100)
    connection = await ask(compressing(FileResponse(path)))
    assert gzip.decompress(connection.body) == LONG * 100
    assert "accept-ranges" not in connection.headers
    assert connection.headers["etag"].startswith('W/"')
    connection = await ask(compressing(FileResponse(path)), range="bytes=0-9")
    assert (connection.status, connection.body) == (206, LONG[:10])


async def test_a_file_that_the_server_sends_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(LONG)
    scope = http_scope(
        headers=[("accept-encoding", "gzip")], extensions={"http.response.pathsend": {}}
    )
    connection = await Connection(scope=scope).call(compressing(FileResponse(path)))
    assert [m["type"] for m in connection.sent] == [
        "http.response.start",
        "http.response.pathsend",
    ]
    assert "content-encoding" not in connection.headers
    assert connection.headers["content-length"] == str(len(LONG))


async def test_early_hints_go_ahead_and_trailers_come_last() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": []})
        headers = [(b"content-type", b"text/plain")]
        start = {"type": "http.response.start", "status": 200, "trailers": True}
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": LONG})
        await send({"type": "http.response.trailers", "headers": []})

    connection = await ask(compressing(app))
    kinds = [message["type"].rpartition(".")[2] for message in connection.sent]
    assert kinds == ["early_hint", "start", "body", "trailers"]
    assert gzip.decompress(connection.body) == LONG


# Methods, statuses and conditions.


async def test_head_has_the_headers_of_get() -> None:
    headers = [TEXT, ("content-length", "5000"), ("etag", '"a"')]
    connection = await ask(compressing(answering(headers=headers)), method="HEAD")
    assert connection.headers == {
        "content-type": TEXT[1],
        "content-encoding": "gzip",
        "vary": "Accept-Encoding",
        "etag": 'W/"a"',
    }
    assert connection.body == b""


async def test_an_etag_becomes_weak_and_comes_back_as_it_was() -> None:
    app = Vivace()
    app.add_middleware(CompressionMiddleware, minimum_size=1)

    @app.get("/")
    async def read(request: Request) -> Response:
        etag = '"v1"'
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": etag})
        return Response(LONG, media_type="text/plain", headers={"ETag": etag})

    @app.put("/")
    async def write(request: Request) -> str:
        return request.headers["if-match"]

    headers = {"Accept-Encoding": "gzip"}
    client = TestClient(app, headers=headers)
    etag = client.get("/").headers["ETag"]
    assert etag == 'W/"v1"'
    unchanged = client.get("/", headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (304, etag)
    assert unchanged.headers["Vary"] == "Accept-Encoding"
    strong = client.get("/", headers={"If-None-Match": '"v1"'})
    assert (strong.status_code, strong.headers["ETag"]) == (304, '"v1"')
    assert client.put("/", headers={"If-Match": f'{etag}, "W/", W/"v2"'}).json() == (
        '"v1", "W/", "v2"'
    )


async def test_vary_keeps_what_it_has() -> None:
    app = compressing(answering(LONG, headers=[TEXT, ("vary", "Origin")]))
    assert (await ask(app)).headers["vary"] == "Origin, Accept-Encoding"
    app = compressing(answering(LONG, headers=[TEXT, ("vary", "*")]))
    assert (await ask(app)).headers["vary"] == "*"
    app = compressing(answering(LONG, headers=[TEXT, ("vary", "Origin"), ("vary", "Cookie")]))
    assert (await ask(app)).headers["vary"] == "Origin, Cookie, Accept-Encoding"


async def test_an_error_that_nobody_handles_is_compressed_if_it_is_long() -> None:
    app = Vivace(debug=True)
    app.add_middleware(CompressionMiddleware)
    app.add_middleware(RequestIdMiddleware)

    @app.get("/")
    async def broken() -> None:
        raise ValueError

    client = TestClient(app, raise_server_exceptions=False)
    response = client.get("/", headers={"Accept-Encoding": "gzip", "Accept": "text/html"})
    assert (response.status_code, response.headers["Content-Encoding"]) == (500, "gzip")
    assert "ValueError" in response.text


# Work.


async def test_a_large_body_is_compressed_in_threads_of_which_there_are_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()
    sizes: list[int] = []

    class Watched(GzipEncoder):
        def compress(self, data: bytes) -> bytes:
            threads.add(threading.get_ident())
            sizes.append(len(data))
            return super().compress(data)

        def finish(self, data: bytes) -> bytes:
            threads.add(threading.get_ident())
            sizes.append(len(data))
            return super().finish(data)

    app = compressing(answering(b"a" * 2_500_000, headers=[TEXT]), levels={"gzip": 1})
    codec, _ = app._codecs["gzip"]
    object.__setattr__(codec, "make", Watched)
    connection = await ask(app)
    assert gzip.decompress(connection.body) == b"a" * 2_500_000
    assert threading.get_ident() not in threads
    assert max(sizes) == 1024 * 1024
    assert limiter() is limiter()
    assert limiter().total_tokens >= 1
    threads.clear()
    await ask(compressing_with(codec.make, answering(LONG, headers=[TEXT])))
    assert threads == {threading.get_ident()}


def compressing_with(make: Any, app: ASGIApp) -> CompressionMiddleware:
    made = CompressionMiddleware(app, levels={"gzip": 1})
    object.__setattr__(made._codecs["gzip"][0], "make", make)
    return made


async def test_a_client_that_leaves_ends_the_stream() -> None:
    connection = Connection(scope=http_scope(headers=[("accept-encoding", "gzip")]))

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        connection.leave()
        await anyio.sleep_forever()

    with anyio.fail_after(5):
        app = StreamingResponse(endless(), media_type="text/plain")
        await connection.call(compressing(app))
    assert not connection.is_complete


async def test_sockets_pass_by() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close"})

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await compressing(app)({"type": "websocket"}, Connection().receive, send)
    assert sent == [{"type": "websocket.close"}]


# Settings.


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"minimum_size": -1}, "minimum_size=-1"),
        ({"thread_size": 0}, "thread_size=0"),
        ({"levels": {"lzma": 1}}, "'lzma'"),
        ({"content_types": "text/*"}, "is a string"),
        ({"content_types": {"json"}}, "'json' is no media type"),
    ],
)
async def test_settings_that_mean_nothing_are_errors(settings: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CompressionMiddleware(answering(b""), **settings)


async def test_patterns_of_types() -> None:
    compressible = Compressible(0, make_types({"Text/*", "*+json", "a/b"}), 1)
    for media_type in ("text/x", "a/b", "A/B; c=d", "x/y+json"):
        assert compressible.has_type(media_type)
    for media_type in ("", "text", "a/c", "x/json", "text/event-stream", "+json"):
        assert not compressible.has_type(media_type)


def encoder_is_one(encoder: Encoder) -> Encoder:
    return encoder


async def test_an_encoder_of_one_s_own_fits_the_protocol() -> None:
    assert encoder_is_one(GzipEncoder(1)).finish(b"")
