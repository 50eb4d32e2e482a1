"""Versions over real connections, and their pages in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.behaviour.process import Server, serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.xdist_group("versioning")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("shop_app:app", "--app-dir", str(Path(__file__).parent)) as running:
        yield running


def test_sockets_are_accepted_in_their_version_and_say_that_it_is_deprecated(
    server: Server,
) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/v1/socket") as socket:
        assert socket.recv() == "version 1"
        assert socket.response is not None
        assert socket.response.headers["Deprecation"] == "@1735689600"
    headers = {"API-Version": "2"}
    with connect(f"ws://127.0.0.1:{server.port}/socket", additional_headers=headers) as socket:
        assert socket.recv() == "version 2"


@pytest.mark.parametrize(("path", "status"), [("/v9/socket", 404), ("/socket?version=9", 400)])
def test_sockets_of_unknown_versions_are_refused_with_a_reason(
    server: Server, path: str, status: int
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{server.port}{path}")
    assert caught.value.response.status_code == status
    assert b"There are: 1, 2, 10." in caught.value.response.body


@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        (b"GET /items?version=%ff HTTP/1.1", b"", 400),
        (b"GET /items?version=1&x=%ff%00 HTTP/1.1", b"", 200),
        (b"GET /items?version HTTP/1.1", b"", 400),
        (b"GET /v1/items/%ff%0d%0a HTTP/1.1", b"", 200),
        (b"GET /v1/items/%f0%9f%92%a1 HTTP/1.1", b"", 200),
        (b"GET /items HTTP/1.1", b"API-Version: \xff\r\n", 400),
        (b"GET /items HTTP/1.1", b"API-Version: 1\r\nAPI-Version: 2\r\n", 400),
        (b"GET /items HTTP/1.1", b'Accept: a/b;version="\xff\\\r\n', 406),
        (b"GET /items HTTP/1.1", b"Accept: ;;;,,,=;version\r\n", 200),
        (b"HEAD /v1/items HTTP/1.1", b"", 200),
    ],
)
def test_no_bytes_of_a_request_are_a_fault_of_the_server(
    server: Server, line: bytes, fields: bytes, status: int
) -> None:
    reply = server.exchange(line + b"\r\nHost: shop\r\nConnection: close\r\n" + fields + b"\r\n")
    assert reply.status == status, reply
    successors = re.findall(r'link: <(.*)>; rel="successor-version"', reply.head)
    if b"/v1/" in line or b"version=1" in line:
        assert len(successors) == 1
        assert re.fullmatch(r"[!-~]+", successors[0])


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.parametrize("page", ["docs", "redoc", "scalar"])
def test_pages_show_the_version_that_is_chosen(server: Server, page: str, tmp_path: Path) -> None:
    shown = dom_of(f"http://127.0.0.1:{server.port}/{page}?document=Version+2", tmp_path)
    assert "<option selected" in shown
    assert re.search(r"<option selected[^>]*>Version 2</option>", shown)
    # The page breaks paths at slashes.
    text = re.sub(r"<wbr>|\u200b", "", shown)
    assert "/v2/items" in text
    assert "/v10/items" not in text


def dom_of(url: str, profile: Path) -> str:
    """What a browser makes of a page, its scripts run."""
    assert CHROMIUM is not None
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000"]
    command = [CHROMIUM, *options, f"--user-data-dir={profile}", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
