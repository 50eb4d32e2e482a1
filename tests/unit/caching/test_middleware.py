"""ETags of answers that are not kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from vivace import Response, Vivace, WebSocket
from vivace.caching import ETagMiddleware
from vivace.responses import FileResponse, PlainTextResponse, StreamingResponse
from vivace.testclient import TestClient


def ask(response: Any, method: str = "GET", **headers: str) -> Any:
    app = Vivace()
    app.add_middleware(ETagMiddleware, max_bytes=10)

    @app.api_route("/", methods=["GET", "HEAD", "POST"])
    async def read() -> Any:
        return response

    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestClient(app).request(method, "/", headers=given)


def test_a_whole_answer_has_a_tag_by_which_it_need_not_be_sent() -> None:
    first = ask({"a": 1})
    assert first.json() == {"a": 1}
    etag = first.headers["etag"]
    again = ask({"a": 1}, If_None_Match=etag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = ask({"a": 2}, If_None_Match=etag)
    assert (other.status_code, other.json()) == (200, {"a": 2})


def test_a_tag_of_the_endpoints_own_is_compared_too() -> None:
    tagged = PlainTextResponse("a", headers={"ETag": '"own"'})
    assert ask(tagged).headers["etag"] == '"own"'
    assert ask(tagged, If_None_Match='"own"').status_code == 304


def parts() -> Iterator[bytes]:
    yield b"a"
    yield b"b"


@pytest.mark.parametrize(
    "response",
    [
        StreamingResponse(parts()),
        PlainTextResponse("x" * 11),
        Response(b"a", 201),
        Response(b"", 404),
    ],
)
def test_others_are_sent_as_they_are(response: Response) -> None:
    answer = ask(response, If_None_Match="*")
    assert answer.status_code == response.status_code
    assert "etag" not in answer.headers
    assert answer.content == getattr(response, "body", b"ab")


def test_other_methods_have_none() -> None:
    assert "etag" not in ask("a", "POST").headers
    head = ask("a", "HEAD")
    assert head.content == b""
    assert head.headers["etag"] == ask("a").headers["etag"]


def test_a_file_has_its_own(tmp_path: Any) -> None:
    file = tmp_path / "a"
    file.write_text("text")
    etag = ask(FileResponse(file)).headers["etag"]
    assert ask(FileResponse(file), If_None_Match=etag).status_code == 304


def test_websockets_pass() -> None:
    app = Vivace()
    app.add_middleware(ETagMiddleware)

    @app.websocket("/")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("a")

    with TestClient(app).websocket_connect("/") as socket:
        assert socket.receive_text() == "a"


def test_errors_inside_are_answered_as_without_it() -> None:
    app = Vivace()
    app.add_middleware(ETagMiddleware)

    @app.get("/")
    async def fail() -> None:
        raise ValueError

    assert TestClient(app, raise_server_exceptions=False).get("/").status_code == 500


def test_a_limit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="max_bytes=0"):
        ETagMiddleware(Vivace(), max_bytes=0)
