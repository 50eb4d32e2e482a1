"""How the value that an endpoint returned becomes a response, in the text and on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from tests.unit.compile.exchange import Reply, ask
from tests.unit.compile.text import code_of

from vivace import BackgroundTasks, Depends, Response, Vivace
from vivace.exceptions import VivaceError
from vivace.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)
from vivace.sse import ServerSentEvent
from vivace.testclient import TestClient


class Item(BaseModel):
    name: str
    secret: str = "s"


class Public(BaseModel):
    name: str


async def answer() -> Any:
    return {"a": 1}


async def nothing() -> None: ...


def block() -> None: ...


def from_thread(_: Annotated[None, Depends(block)]) -> Public:
    block()
    return Public(name="a")


async def sets_parameters(response: Response, status: int | None = None) -> Any:
    if status is not None:
        response.status_code = status
    response.headers["x-own"] = "1"
    return {"a": 1}


async def own_response() -> Any:
    return PlainTextResponse("own", status_code=202)


async def lines() -> AsyncIterator[Public]:
    yield Public(name="a")
    yield Public(name="b")


def chunks() -> Iterator[str]:
    yield "a"
    yield "b"


def reply_to(endpoint: Any, url: str = "/", **options: Any) -> Reply:
    app = Vivace(openapi_url=None)
    app.get("/", **options)(endpoint)
    return ask(app, "GET", url)


def test_plain_json_is_sent_without_a_response_object() -> None:
    reply = reply_to(answer)
    assert reply.error is None
    assert reply.status == 200
    assert reply.headers == [(b"content-length", b"7"), (b"content-type", b"application/json")]
    assert reply.body == b'{"a":1}'
    code = code_of(answer)
    assert sum(line.startswith("content = encode(") for line in code) == 1
    assert not any("bytes_response" in line for line in code)


@pytest.mark.parametrize(
    ("options", "body", "content_type"),
    [
        ({"response_class": JSONResponse}, b'{"a":1}', b"application/json"),
        ({"status_code": 201}, b'{"a":1}', b"application/json"),
    ],
)
def test_a_declared_class_or_status_changes_only_itself(
    options: dict[str, Any], body: bytes, content_type: bytes
) -> None:
    reply = reply_to(answer, **options)
    assert reply.status == options.get("status_code", 200)
    assert (reply.body, dict(reply.headers)[b"content-type"]) == (body, content_type)


def test_a_response_class_renders_what_is_returned() -> None:
    async def page() -> Any:
        return "<p>"

    reply = reply_to(page, response_class=HTMLResponse)
    assert reply.body == b"<p>"
    assert dict(reply.headers)[b"content-type"] == b"text/html; charset=utf-8"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_sends_none(status: int) -> None:
    reply = reply_to(nothing, status_code=status)
    assert (reply.error, reply.status, reply.body) == (None, status, b"")
    assert b"content-type" not in dict(reply.headers)


def test_a_class_that_cannot_be_made_of_nothing_is_not() -> None:
    reply = reply_to(nothing, status_code=204, response_class=FileResponse)
    assert (reply.error, reply.status, reply.body) == (None, 204, b"")
    code = code_of(nothing, status_code=204, response_class=FileResponse)
    assert sum(" is None else response_class(" in line for line in code) == 1


def test_a_file_is_made_of_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")

    async def path() -> Any:
        return str(tmp_path / "a.txt")

    reply = reply_to(path, response_class=FileResponse)
    assert (reply.status, reply.body) == (200, b"abc")


@pytest.mark.parametrize("options", [{}, {"response_class": JSONResponse}, {"status_code": 201}])
def test_a_status_that_is_set_wins_over_the_declared_one(options: dict[str, Any]) -> None:
    reply = reply_to(sets_parameters, **options)
    assert reply.status == options.get("status_code", 200)
    assert dict(reply.headers)[b"x-own"] == b"1"
    reply = reply_to(sets_parameters, "/?status=418", **options)
    assert (reply.status, reply.body) == (418, b'{"a":1}')


@pytest.mark.parametrize("options", [{}, {"response_class": JSONResponse}])
def test_a_status_that_is_set_late_may_forbid_the_content(options: dict[str, Any]) -> None:
    reply = reply_to(sets_parameters, "/?status=204", **options)
    assert (reply.error, reply.status, reply.body) == (None, 204, b"")
    assert b"content-type" not in dict(reply.headers)
    assert dict(reply.headers)[b"x-own"] == b"1"


def test_a_response_that_is_returned_is_sent_as_it_is() -> None:
    reply = reply_to(own_response, status_code=201, response_model=Item)
    assert (reply.status, reply.body) == (202, b"own")
    assert dict(reply.headers)[b"content-type"] == b"text/plain; charset=utf-8"


@pytest.mark.parametrize("returned", [{"a": 1}, JSONResponse({"a": 1})])
def test_background_tasks_run_after_the_response(returned: Any) -> None:
    done: list[int] = []
    sent: list[int] = []

    async def endpoint(background: BackgroundTasks) -> Any:
        background.add_task(done.append, 1)
        return returned

    app = Vivace(openapi_url=None)
    app.get("/")(endpoint)

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        async def watch(message: Any) -> None:
            sent.append(len(done))
            await send(message)

        await app(scope, receive, watch)

    assert ask(watching, "GET", "/").body == b'{"a":1}'
    assert (sent, done) == ([0, 0], [1])


@pytest.mark.parametrize("options", [{}, {"response_class": JSONResponse}])
def test_the_model_filters_what_is_sent(options: dict[str, Any]) -> None:
    async def endpoint() -> Any:
        return Item(name="a")

    assert reply_to(endpoint, response_model=Public, **options).body == b'{"name":"a"}'
    reply = reply_to(endpoint, response_model=Item, response_model_exclude_unset=True, **options)
    assert reply.body == b'{"name":"a"}'


def test_what_does_not_fit_the_model_is_an_error_of_the_server() -> None:
    async def endpoint() -> Any:
        return {"nobody": "a"}

    reply = reply_to(endpoint, response_model=Public)
    assert (reply.status, reply.error) == (500, "ResponseValidationError")
    assert b"nobody" not in reply.body


def test_a_value_is_validated_in_the_thread_where_it_was_made() -> None:
    code = code_of(from_thread)
    assert sum("check(" in line for line in code) == 1
    assert sum("run_in_thread(" in line for line in code) == 1
    assert reply_to(from_thread).body == b'{"name":"a"}'
    assert not any("check(" in line for line in code_of(answer, response_model=Public))


def test_a_stream_sends_its_items_as_lines_of_json() -> None:
    reply = reply_to(lines, status_code=202)
    assert (reply.status, reply.body) == (202, b'{"name":"a"}\n{"name":"b"}\n')
    assert dict(reply.headers)[b"content-type"] == b"application/jsonl"


def test_a_stream_of_a_class_is_sent_as_it_comes() -> None:
    reply = reply_to(chunks, response_class=StreamingResponse)
    assert (reply.status, reply.body) == (200, b"ab")


async def count() -> AsyncIterator[Public]:
    yield Public(name="a")
    yield Public(name="b")


async def returns_events() -> AsyncIterator[Public]:
    return count()


def returns_events_from_thread() -> Any:
    block()
    return iter([ServerSentEvent(event="e"), Public(name="b")])


async def returns_list(name: str = "a") -> list[Public]:
    return [Public(name=name), Public(name="b")]


def sends_events_itself() -> Any:
    return EventSourceResponse(iter(["data: own\n\n"]))


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        (count, b'data: {"name":"a"}\n\ndata: {"name":"b"}\n\n'),
        (returns_events, b'data: {"name":"a"}\n\ndata: {"name":"b"}\n\n'),
        (returns_events_from_thread, b'event: e\n\ndata: {"name":"b"}\n\n'),
        (returns_list, b'data: {"name":"a"}\n\ndata: {"name":"b"}\n\n'),
        (sends_events_itself, b"data: own\n\n"),
    ],
)
def test_events_may_be_yielded_or_returned(endpoint: Any, body: bytes) -> None:
    reply = reply_to(endpoint, response_class=EventSourceResponse)
    assert reply.body == body
    assert (b"content-type", b"text/event-stream; charset=utf-8") in reply.headers


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}, Public(name="a"), 1, None])
def test_one_value_is_no_stream_of_events(value: Any) -> None:
    async def returns_one() -> Any:
        return value

    app = Vivace()
    app.get("/", response_class=EventSourceResponse)(returns_one)
    with pytest.raises(VivaceError, match=f"this is '{type(value).__name__}'. Yield the events"):
        TestClient(app).get("/")


def test_what_events_that_are_returned_need_is_held_until_they_are_sent() -> None:
    log: list[str] = []

    async def held() -> AsyncIterator[str]:
        yield "x"
        log.append("given back")

    async def returns_all(value: str = Depends(held)) -> Any:
        async def produce() -> AsyncIterator[str]:
            yield value
            log.append("sent")

        return produce()

    assert reply_to(returns_all, response_class=EventSourceResponse).body == b'data: "x"\n\n'
    assert log == ["sent", "given back"]


def test_events_of_a_thread_are_made_where_those_are_who_hold_something() -> None:
    def held() -> Iterator[str]:
        block()
        yield "x"

    def endpoint(value: str = Depends(held)) -> Any:
        return iter([value])

    (opened,) = (
        line
        for line in code_of(endpoint, response_class=EventSourceResponse)
        if line.startswith("stream =")
    )
    assert opened.endswith("request_stack, USING)")


@pytest.mark.parametrize("options", [{}, {"response_class": JSONResponse}])
def test_a_dependency_that_swallows_an_error_leaves_nothing_to_send(
    options: dict[str, Any],
) -> None:
    def swallow() -> Iterator[None]:
        with suppress(ValueError):
            yield

    async def endpoint(_: Any = Depends(swallow)) -> Any:
        raise ValueError

    reply = reply_to(endpoint, **options)
    assert (reply.status, reply.error) == (500, "VivaceError")


def test_names_that_nobody_uses_are_not_made() -> None:
    code = "\n".join(code_of(answer))
    assert "parameters" not in code
    assert "background" not in code
    assert "raw_headers" in "\n".join(code_of(sets_parameters))
