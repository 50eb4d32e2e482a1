"""One limit of the body for the app, others for routes: 413 before the body is read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel
from starlette.types import Message

from vivace import APIRouter, Body, Depends, Form, HTTPException, Request, UploadFile, Vivace
from vivace.testclient import TestClient


class Note(BaseModel):
    text: str


calls: list[str] = []


def check_user() -> None:
    calls.append("dependency")


def make_app() -> Vivace:
    app = Vivace(max_body_size=100)
    large = APIRouter(prefix="/large", max_body_size=1000)

    @app.post("/note", dependencies=[Depends(check_user)])
    async def take_note(note: Note) -> int:
        return len(note.text)

    @app.post("/tiny", max_body_size=10)
    async def take_tiny(body: Annotated[bytes, Body()]) -> int:
        return len(body)

    @app.post("/form")
    async def take_form(text: Annotated[str, Form()]) -> int:
        return len(text)

    @app.post("/stream")
    async def take_stream(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    @app.post("/no-body")
    async def take_nothing() -> str:
        return "nothing"

    @large.post("/note")
    async def take_large(note: Note) -> int:
        return len(note.text)

    @large.post("/huge", max_body_size=10_000)
    async def take_huge(note: Note) -> int:
        return len(note.text)

    @large.post("/upload")
    async def take_upload(file: UploadFile) -> int:
        return len(await file.read())

    app.include_router(large)
    mounted = Vivace()

    @mounted.post("/note")
    async def take_mounted(note: Note) -> int:
        return len(note.text)

    app.mount("/mounted", mounted)
    return app


client = TestClient(make_app())


def note(size: int) -> bytes:
    """A body of exactly ``size`` bytes."""
    return json.dumps({"text": "x" * (size - 12)}).encode()


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 16):
        yield body[start : start + 16]


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "limit"),
    [("/note", 100), ("/large/note", 1000), ("/large/huge", 10_000), ("/mounted/note", 100)],
)
def test_the_innermost_limit_counts(path: str, limit: int, chunked: bool) -> None:
    for size, status in ((limit, 200), (limit + 1, 413), (limit * 3, 413)):
        body: Any = in_chunks(note(size)) if chunked else note(size)
        response = client.post(path, content=body, headers=JSON)
        assert response.status_code == status, (path, size)
        if status == 413:
            assert response.json() == {"detail": "Content Too Large"}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "headers", "allowed", "refused"),
    [
        ("/tiny", {}, b"x" * 10, b"x" * 11),
        ("/form", FORM, b"text=" + b"x" * 95, b"text=" + b"x" * 96),
        ("/stream", {}, b"x" * 100, b"x" * 101),
    ],
)
def test_every_way_to_read_the_body_is_limited(
    path: str, headers: dict[str, str], allowed: bytes, refused: bytes, chunked: bool
) -> None:
    for body, status in ((allowed, 200), (refused, 413)):
        content: Any = in_chunks(body) if chunked else body
        assert client.post(path, content=content, headers=headers).status_code == status


def test_an_upload_is_limited() -> None:
    assert client.post("/large/upload", files={"file": b"x" * 500}).json() == 500
    assert client.post("/large/upload", files={"file": b"x" * 1000}).status_code == 413


def test_a_body_that_is_announced_as_too_large_is_not_read_and_nothing_is_called() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("The body is not to be read.")

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/note",
        "raw_path": b"/note",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"101")],
    }
    calls.clear()
    anyio.run(make_app(), scope, receive, send)
    assert (sent[0]["status"], calls) == (413, [])


def test_reading_stops_with_the_chunk_that_is_too_much() -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 60, "more_body": True}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/note",
        "raw_path": b"/note",
        "query_string": b"",
        "headers": headers,
    }
    anyio.run(make_app(), scope, receive, send)
    assert (sent[0]["status"], read) == (413, 2)


def test_middleware_does_not_hide_the_refusal() -> None:
    app = make_app()

    async def pass_on(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["X-Passed"] = "yes"
        return response

    app.middleware("http")(pass_on)
    own = TestClient(app)
    for body in (note(101), in_chunks(note(101))):
        response = own.post("/note", content=body, headers=JSON)
        assert (response.status_code, response.headers["X-Passed"]) == (413, "yes")
    assert own.post("/large/note", content=note(1000), headers=JSON).status_code == 200


def test_the_app_says_in_its_own_words_that_a_body_is_too_large() -> None:
    app = make_app()

    @app.exception_handler(413)
    async def handle(request: Request, error: HTTPException) -> Any:
        from vivace import Response

        return Response("too much", status_code=413)

    assert TestClient(app).post("/note", content=note(200), headers=JSON).text == "too much"


def test_without_a_limit_there_is_none() -> None:
    app = Vivace()

    @app.post("/")
    async def take(request: Request) -> int:
        async def sizes() -> AsyncIterator[int]:
            async for chunk in request.stream():
                yield len(chunk)

        return sum([size async for size in sizes()])

    assert TestClient(app).post("/", content=b"x" * 5_000_000).json() == 5_000_000


@pytest.mark.parametrize("limit", [-1, "1 MB", 1.5, True])
def test_a_limit_that_is_no_size_is_refused(limit: Any) -> None:
    for make in (Vivace, APIRouter):
        with pytest.raises(ValueError, match="max_body_size"):
            make(max_body_size=limit)
    with pytest.raises(ValueError, match="max_body_size"):
        Vivace().post("/", max_body_size=limit)(check_user)
