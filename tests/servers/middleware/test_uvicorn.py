"""All middleware together, over real connections and in a real browser."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.behaviour.process import Reply, Server, read_reply, serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.xdist_group("middleware")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    app_dir = str(Path(__file__).parent)
    with serving("stacked_app:app", "--app-dir", app_dir, "--no-access-log") as running:
        yield running


def records(server: Server, id: str) -> list[dict[str, Any]]:
    """What the access log has of a request."""
    found = [json.loads(line) for line in server.lines if line.startswith("{")]
    return [record for record in found if record.get("request_id") == id]


def record(server: Server, id: str) -> dict[str, Any]:
    """The one record of a request, as soon as there is one."""
    wait_for(lambda: records(server, id))
    (only,) = records(server, id)
    return only


def wait_until_ended(server: Server, name: str) -> None:
    wait_for(lambda: name in server.client.get("/state").json())


def wait_for(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def exchange(server: Server, request: bytes) -> Reply:
    """As the server's own; but who closes the sending side has left, if a reply takes a while."""
    with server.connect() as connection:
        connection.sendall(request)
        return read_reply(connection)


def new_id() -> dict[str, str]:
    return {"X-Request-ID": str(uuid.uuid4())}


def check_headers(headers: httpx.Headers, id: str) -> None:
    """Everything that stands around the app has had its say."""
    assert headers["X-Request-ID"] == id
    assert "total;dur=" in headers["Server-Timing"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_response_has_passed_through_all_of_them(server: Server) -> None:
    headers = {**new_id(), "X-Tenant": "acme", "Origin": "https://shop.example"}
    headers["Accept-Encoding"] = "gzip"
    id = headers["X-Request-ID"]
    response = server.client.get("/?password=hidden", headers=headers)
    check_headers(response.headers, id)
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert response.headers["Content-Encoding"] == "gzip"
    assert "work;dur=" in response.headers["Server-Timing"]
    assert response.json() == {"id": id, "current": id, "tenant": "acme", "text": "x" * 500}
    logged = record(server, id)
    assert (logged["http.route"], logged["http.response.status_code"]) == ("/", 200)
    assert logged["url.query"] == "password=REDACTED"
    assert logged["http.response.body.size"] < 300
    assert "hidden" not in server.log


def test_an_error_is_answered_inside_of_all_of_them_and_logged(server: Server) -> None:
    headers = {**new_id(), "Origin": "https://shop.example"}
    id = headers["X-Request-ID"]
    response = server.client.get("/broken", headers=headers)
    assert response.status_code == 500
    check_headers(response.headers, id)
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert (response.json()["request_id"], "secret" in response.text) == (id, False)
    logged = record(server, id)
    assert (logged["severity_text"], logged["error.type"]) == ("ERROR", "ValueError")
    # The server logs it after all that stands around the app.
    wait_for(lambda: "ValueError: secret" in server.log)


def test_an_answer_that_is_kept_passes_through_those_around_the_cache(server: Server) -> None:
    for coding in ("gzip", "br", "identity"):
        headers = {**new_id(), "Accept-Encoding": coding}
        response = server.client.get("/cached", headers=headers)
        check_headers(response.headers, headers["X-Request-ID"])
        assert response.headers.get("Content-Encoding", "identity") == coding
        assert response.json() == {"text": "x" * 500}
    assert server.client.get("/state").json().count("cached") == 1


def test_an_answer_that_is_repeated_has_the_id_of_its_own_request(server: Server) -> None:
    key = f'"{uuid.uuid4()}"'
    for _ in range(2):
        headers = {**new_id(), "Idempotency-Key": key}
        response = server.client.post("/orders", headers=headers)
        assert (response.status_code, response.json()) == (201, {"text": "x" * 500})
        check_headers(response.headers, headers["X-Request-ID"])
        assert "RateLimit" in response.headers
    assert server.client.get("/state").json().count("ordered") == 1


def test_a_refusal_of_a_function_is_answered_inside_of_all_others(server: Server) -> None:
    headers = {**new_id(), "X-Refused": "1"}
    response = server.client.get("/", headers=headers)
    assert (response.status_code, response.json()["detail"]) == (403, "Not you")
    check_headers(response.headers, headers["X-Request-ID"])
    assert record(server, headers["X-Request-ID"])["http.response.status_code"] == 403


@pytest.mark.parametrize("path", ["/stream", "/yielded"])
def test_a_stream_comes_part_by_part_though_it_is_compressed(server: Server, path: str) -> None:
    headers = {**new_id(), "Accept-Encoding": "gzip"}
    text = ""
    with server.client.stream("GET", path, headers=headers) as response:
        check_headers(response.headers, headers["X-Request-ID"])
        assert response.headers["Content-Encoding"] == "gzip"
        read = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
        raw = response.iter_raw()
        for number in range(3):
            while f"part {number}" not in text:
                text += read(next(raw)).decode()
            assert f"part {number + 1}" not in text
            httpx.post(f"{server.client.base_url}/next")
    # The client leaves here.
    wait_until_ended(server, path[1:])
    logged = record(server, headers["X-Request-ID"])
    assert (logged["severity_text"], logged["error.type"]) == ("WARNING", "ConnectionError")
    assert (logged["http.route"], logged["http.response.status_code"]) == (path, 200)


def test_events_come_one_by_one(server: Server) -> None:
    headers = {**new_id(), "Accept": "text/event-stream"}
    with server.client.stream("GET", "/events", headers=headers) as response:
        check_headers(response.headers, headers["X-Request-ID"])
        assert "Content-Encoding" not in response.headers
        lines = response.iter_lines()
        for number in range(3):
            assert next(line for line in lines if line) == f'data: "part {number}"'
            httpx.post(f"{server.client.base_url}/next")
    wait_until_ended(server, "events")
    assert record(server, headers["X-Request-ID"])["error.type"] == "ConnectionError"


def test_a_stream_that_fails_breaks_off_and_is_logged(server: Server) -> None:
    headers = new_id()
    with (
        pytest.raises(httpx.RemoteProtocolError),
        server.client.stream("GET", "/broken-stream", headers=headers) as response,
    ):
        assert response.status_code == 200
        for _ in response.iter_bytes():
            pass
    logged = record(server, headers["X-Request-ID"])
    assert (logged["severity_text"], logged["error.type"]) == ("ERROR", "ValueError")


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_an_upload_is_read_twice(server: Server, size: int) -> None:
    body = b"x" * size
    headers = new_id()
    response = server.client.post("/upload", content=body, headers=headers)
    digest = hashlib.sha256(body).hexdigest()
    assert (response.text, response.headers["X-Digest"]) == (digest, digest)
    assert record(server, headers["X-Request-ID"])["http.request.body.size"] == size


def test_an_upload_that_is_too_large_to_be_read_twice_is_refused(server: Server) -> None:
    headers = new_id()
    response = server.client.post("/upload", content=b"x" * 9_000_000, headers=headers)
    assert response.status_code == 413
    check_headers(response.headers, headers["X-Request-ID"])


def test_a_client_that_leaves_amid_an_upload_is_logged(server: Server) -> None:
    id = new_id()["X-Request-ID"]
    with server.connect() as connection:
        head = f"POST /upload?leaving HTTP/1.1\r\nHost: a\r\nX-Request-ID: {id}\r\n"
        connection.sendall(head.encode() + b"Content-Length: 1000\r\n\r\nabc")
        wait_until_ended(server, "leaving")
    logged = record(server, id)
    assert logged["http.request.body.size"] == 3
    assert logged["http.route" if "http.route" in logged else "url.path"] == "/upload"


def test_a_socket_has_an_id_and_a_record(server: Server) -> None:
    headers = new_id()
    id = headers["X-Request-ID"]
    url = f"ws://127.0.0.1:{server.port}/socket"
    with connect(url, additional_headers=headers) as socket:
        assert socket.recv() == id
        assert socket.response is not None
        assert socket.response.headers["X-Request-ID"] == id
        socket.send("hello")
        assert socket.recv() == "hello"
    logged = record(server, id)
    assert (logged["http.response.status_code"], logged["websocket.close_code"]) == (101, 1000)
    assert (logged["severity_text"], logged["http.route"]) == ("INFO", "/socket")


def test_a_socket_that_is_refused_has_a_record(server: Server) -> None:
    headers = new_id()
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{server.port}/socket?refused", additional_headers=headers)
    response = caught.value.response
    assert (response.status_code, json.loads(response.body)["detail"]) == (403, "Not you")
    assert response.headers["X-Request-ID"] == headers["X-Request-ID"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert record(server, headers["X-Request-ID"])["http.response.status_code"] == 403


@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        (b"GET / HTTP/1.1", b"Accept-Encoding: \xff;q=9,,;;\r\n", 200),
        (b"GET / HTTP/1.1", b"X-Request-ID: \xff\xfe\r\n", 200),
        (b"GET / HTTP/1.1", b"X-Request-ID: a\r\nX-Request-ID: b\r\n", 200),
        (b"GET /%0d%0a%1b%5b31m HTTP/1.1", b"User-Agent: \xc2\x9b31m\r\n", 404),
        (b"GET /?%ff=%00&&&==; HTTP/1.1", b"X-Forwarded-For: nobody\r\n", 200),
        (b"HEAD / HTTP/1.1", b"Accept-Encoding: gzip\r\n", 200),
        (b"OPTIONS / HTTP/1.1", b"", 405),
        (b"GET / HTTP/1.1", b'If-Match: W/"a", W/\r\n', 200),
    ],
)
def test_no_bytes_of_a_request_are_a_fault_of_the_server(
    server: Server, line: bytes, fields: bytes, status: int
) -> None:
    reply = exchange(server, line + b"\r\nHost: shop\r\nConnection: close\r\n" + fields + b"\r\n")
    assert reply.status == status, reply
    assert "x-request-id: " in reply.head.lower()
    for logged in server.lines:
        assert "\x1b[31m" not in logged


def test_gzip_is_read_by_others(server: Server) -> None:
    line = b"GET / HTTP/1.0\r\nHost: shop\r\nAccept-Encoding: gzip\r\n\r\n"
    reply = exchange(server, line)
    assert json.loads(gzip.decompress(reply.body))["text"] == "x" * 500


def test_a_server_that_stops_ends_what_is_open_and_logs_it() -> None:
    app_dir = str(Path(__file__).parent)
    with serving("stacked_app:app", "--app-dir", app_dir) as stopping, ExitStack() as open_ones:
        ids = [new_id() for _ in range(4)]
        paths = ("/stream", "/yielded", "/events")
        for path, headers in zip(paths, ids[:3], strict=True):
            stream = stopping.client.stream("GET", path, headers=headers)
            response = open_ones.enter_context(stream)
            next(response.iter_raw())
        url = f"ws://127.0.0.1:{stopping.port}/socket"
        socket = open_ones.enter_context(connect(url, additional_headers=ids[3]))
        socket.recv()
        stopping.terminate(60)
    for headers in ids:
        record(stopping, headers["X-Request-ID"])
    assert "Traceback" not in stopping.log


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize(
    ("page", "shown"),
    [("docs", "/broken-stream"), ("redoc", "/broken-stream"), ("scalar", "/broken-stream")],
)
def test_the_pages_with_documentation_work_in_a_browser(
    server: Server, page: str, shown: str, tmp_path: Path
) -> None:
    dom, said = browse(f"http://127.0.0.1:{server.port}/{page}", tmp_path)
    # The pages break paths at slashes.
    assert shown in re.sub(r"<wbr>|\u200b", "", dom)
    refused = [line for line in said.splitlines() if "CONSOLE" in line and "olicy" in line]
    assert refused == []


def browse(url: str, profile: Path) -> tuple[str, str]:
    """What a browser makes of a page, its scripts run; and what it says meanwhile."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000"]
    options += ["--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}", "--dump-dom"]
    done = subprocess.run([CHROMIUM, *options, url], capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr
