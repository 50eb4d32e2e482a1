from __future__ import annotations

import threading
from typing import Any

import anyio
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from vivace.exceptions import RequestValidationError
from vivace.runtime.errors import (
    HANDLERS,
    TrackedSend,
    answer_error,
    answer_late_error,
    find_handler,
    invoke_handler,
    raise_late,
)
from vivace.websockets import WebSocket

pytestmark = pytest.mark.anyio


class Outer(Exception):
    pass


class Inner(Outer):
    pass


class Sending:
    """Receives nothing, and keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.sent.append(message)


async def receive() -> dict[str, str]:
    return {"type": "http.disconnect"}


async def text_of(request: Any, error: Exception) -> Response:
    return PlainTextResponse(f"{type(error).__name__} {getattr(error, 'detail', '')}", 418)


def scope_of(by_class: Any = None, by_status: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "http", "headers": [], HANDLERS: (by_class or {}, by_status or {}), **more}


def test_a_handler_is_found_by_status_then_by_the_nearest_class() -> None:
    scope = scope_of({Outer: "outer", Exception: "any", HTTPException: "http"}, {404: "404"})
    assert find_handler(Inner(), scope) == "outer"
    assert find_handler(LookupError(), scope) == "any"
    assert find_handler(HTTPException(404), scope) == "404"
    assert find_handler(HTTPException(405), scope) == "http"
    assert find_handler(Inner(), {"type": "http"}) is None


async def test_a_send_knows_whether_the_response_has_begun() -> None:
    sending = Sending()
    tracked = TrackedSend(sending)
    await tracked({"type": "http.response.debug"})
    assert not tracked.started
    await tracked({"type": "http.response.start"})
    assert tracked.started
    assert len(sending.sent) == 2


async def test_a_response_that_is_cancelled_before_it_is_written_has_not_begun() -> None:
    async def wait_for_room(message: Any) -> None:
        await anyio.sleep_forever()

    tracked = TrackedSend(wait_for_room)
    with anyio.move_on_after(0) as waiting:
        await tracked({"type": "http.response.start"})
    assert waiting.cancelled_caught
    assert not tracked.started


async def test_a_response_whose_sending_fails_has_begun() -> None:
    async def fail(message: Any) -> None:
        raise OSError

    tracked = TrackedSend(fail)
    with pytest.raises(OSError):
        await tracked({"type": "http.response.start"})
    assert tracked.started


async def test_what_has_a_handler_is_answered() -> None:
    sending, error = Sending(), Inner()
    try:
        raise error
    except Inner:
        await answer_error(error, scope_of({Outer: text_of}), receive, sending)
    assert sending.sent[0]["status"] == 418
    assert sending.sent[1]["body"] == b"Inner "
    # An exception that is kept and raised again would keep every frame it has passed.
    assert error.__traceback__ is None


async def test_what_has_none_is_raised() -> None:
    sending = Sending()
    with pytest.raises(Inner):
        await answer_error(Inner(), scope_of(), receive, sending)
    assert sending.sent == []


class App:
    def __init__(self, answers: bool) -> None:
        self.answers_errors_inside = answers

    async def answer_unhandled(self, error: Exception, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("unhandled", 500)(scope, receive, send)


@pytest.mark.parametrize("answers", [True, False])
async def test_what_has_none_may_be_answered_inside_of_the_middleware_first(answers: bool) -> None:
    sending = Sending()
    with pytest.raises(Inner):
        await answer_error(Inner(), scope_of(app=App(answers)), receive, sending)
    assert [m.get("status") for m in sending.sent] == ([500, None] if answers else [])


async def broken(request: Any, error: Exception) -> Response:
    raise LookupError


class BrokenResponse(Response):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        raise LookupError


async def break_off(request: Any, error: Exception) -> Response:
    return BrokenResponse()


@pytest.mark.parametrize(
    ("handler", "answers", "statuses"),
    [(broken, True, [500, None]), (broken, False, []), (break_off, True, [418])],
)
async def test_what_a_handler_raises_is_unhandled(
    handler: Any, answers: bool, statuses: list[int | None]
) -> None:
    sending = Sending()
    with pytest.raises(LookupError):
        await answer_error(Inner(), scope_of({Outer: handler}, app=App(answers)), receive, sending)
    assert [m.get("status") for m in sending.sent] == statuses


async def refuse(request: Any, error: Exception) -> Response:
    raise HTTPException(403)


async def test_what_a_handler_raises_may_have_a_handler_as_well() -> None:
    sending = Sending()
    scope = scope_of({Outer: refuse, HTTPException: text_of}, app=App(True))
    await answer_error(Inner(), scope, receive, sending)
    assert sending.sent[1]["body"].startswith(b"HTTPException ")
    sending = Sending()
    scope = scope_of({Outer: refuse, HTTPException: refuse}, app=App(True))
    with pytest.raises(HTTPException):
        await answer_error(Inner(), scope, receive, sending)
    assert [m.get("status") for m in sending.sent] == [500, None]


async def test_a_client_that_has_gone_away_sent_a_bad_request() -> None:
    sending = Sending()
    scope = scope_of({HTTPException: text_of})
    await answer_error(ClientDisconnect(), scope, receive, sending)
    assert b"HTTPException There was an error" in sending.sent[1]["body"]


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ({}, "GET /a"),
        ({"root_path": "/api", "app_root_path": "/api"}, "GET /a"),
        ({"root_path": "/api/sub", "app_root_path": "/api"}, "GET /sub/a"),
        ({"root_path": "/sub", "app_root_path": ""}, "GET /sub/a"),
        ({"root_path": "/sub"}, "GET /a"),
    ],
)
async def test_an_error_names_the_whole_path_below_mounts(scope: Any, path: str) -> None:
    error = RequestValidationError([], endpoint_ctx={"path": "GET /a", "function": "f"})
    await answer_error(error, scope_of({Exception: text_of}, **scope), receive, Sending())
    assert error.endpoint_ctx == {"path": path, "function": "f"}


async def test_handlers_of_both_kinds_are_called_where_they_belong() -> None:
    threads: list[bool] = []

    def synchronous(request: Any, error: Exception) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return "synchronous"

    async def asynchronous(request: Any, error: Exception) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return "asynchronous"

    request = Request({"type": "http", "headers": []})
    assert await invoke_handler(synchronous, request, Inner()) == "synchronous"
    assert await invoke_handler(asynchronous, request, Inner()) == "asynchronous"
    assert threads == [False, True]


@pytest.mark.parametrize(("kind", "expected"), [("http", Request), ("websocket", WebSocket)])
async def test_a_handler_gets_the_connection(kind: str, expected: type) -> None:
    found: list[Any] = []

    async def look(connection: Any, error: Exception) -> None:
        found.append(connection)

    scope = scope_of({Outer: look}, type=kind)
    await answer_error(Outer(), scope, receive, Sending())
    assert type(found[0]) is expected
    request = Request({"type": "http", "headers": []})
    await answer_error(Outer(), scope, receive, Sending(), request)
    assert found[1] is request


async def test_a_late_error_is_answered_only_while_nothing_has_been_sent() -> None:
    tracked = TrackedSend(Sending())
    scope = scope_of({Outer: text_of})
    await answer_late_error(Outer(), scope, receive, tracked)
    assert tracked.started
    with pytest.raises(RuntimeError, match="response already started"):
        await answer_late_error(Outer(), scope, receive, tracked)
    with pytest.raises(LookupError):
        await answer_late_error(LookupError(), scope, receive, tracked)


def test_an_error_that_comes_too_late_is_raised_as_what_it_is() -> None:
    error = Outer()
    with pytest.raises(Outer) as raised:
        raise_late(error, scope_of())
    assert raised.value is error
    with pytest.raises(RuntimeError) as wrapped:
        raise_late(error, scope_of({Outer: text_of}))
    assert wrapped.value.__cause__ is error
