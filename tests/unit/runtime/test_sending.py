from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from vivace.runtime.connections import CONNECTIONS, OpenConnections
from vivace.runtime.errors import HANDLERS
from vivace.runtime.sending import send_response

pytestmark = pytest.mark.anyio


async def receive() -> Message:
    raise AssertionError("Nothing is read where a response is sent.")


async def answer(request: Request, error: Exception) -> Response:
    return PlainTextResponse("answered", status_code=418)


def scope_of(**state: Any) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "headers": [],
        "asgi": {"spec_version": "2.4"},
        **state,
    }


class Client:
    """Receives what is sent, and notes what runs besides."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.body = b""
        self.status = 0
        self.is_complete = False

    async def send(self, message: Message) -> None:
        self.events.append(message["type"])
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message["body"]
            self.is_complete = not message.get("more_body", False)

    async def work(self) -> None:
        self.events.append("background")


class Failing(Response):
    """Fails before or after its first byte."""

    starts = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.starts:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError


class FailingLate(Failing):
    starts = True


async def endless() -> AsyncIterator[bytes]:
    yield b"first"
    await anyio.sleep_forever()


async def test_background_tasks_run_when_the_response_is_out() -> None:
    client = Client()
    response = PlainTextResponse("text", background=BackgroundTask(client.work))
    await send_response(response, scope_of(), receive, client.send)
    assert client.events == ["http.response.start", "http.response.body", "background"]
    assert client.body == b"text"


async def test_a_response_that_is_sent_twice_runs_its_tasks_twice() -> None:
    client = Client()
    response = PlainTextResponse("text", background=BackgroundTask(client.work))
    for _ in range(2):
        await send_response(response, scope_of(), receive, client.send)
    assert client.events.count("background") == 2


async def test_any_asgi_app_can_be_a_response() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"app", status_code=202)(scope, receive, send)

    client = Client()
    await send_response(app, scope_of(), receive, client.send)
    assert (client.status, client.body) == (202, b"app")


async def test_an_error_before_the_first_byte_is_answered_and_runs_no_tasks() -> None:
    client, scope = Client(), scope_of(**{HANDLERS: ({LookupError: answer}, {})})
    response = Failing(background=BackgroundTask(client.work))
    await send_response(response, scope, receive, client.send)
    assert (client.status, client.body) == (418, b"answered")
    assert "background" not in client.events


@pytest.mark.parametrize("kind", [Failing, FailingLate])
async def test_an_error_that_nobody_handles_is_raised(kind: type[Failing]) -> None:
    client = Client()
    response = kind(background=BackgroundTask(client.work))
    with pytest.raises(LookupError):
        await send_response(response, scope_of(), receive, client.send)
    assert "background" not in client.events


async def test_an_error_after_the_first_byte_cannot_be_answered() -> None:
    client, scope = Client(), scope_of(**{HANDLERS: ({LookupError: answer}, {})})
    with pytest.raises(RuntimeError, match="response already started") as raised:
        await send_response(FailingLate(), scope, receive, client.send)
    assert isinstance(raised.value.__cause__, LookupError)
    assert (client.status, client.events) == (200, ["http.response.start"])


@pytest.mark.parametrize("state", [{}, {CONNECTIONS: OpenConnections(0)}])
async def test_a_stream_that_ends_by_itself_is_sent_whole(state: dict[str, Any]) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    client = Client()
    response = StreamingResponse(parts(), background=BackgroundTask(client.work))
    await send_response(response, scope_of(**state), receive, client.send)
    assert (client.body, client.is_complete) == (b"ab", True)
    assert client.events[-2:] == ["http.response.body", "background"]


async def test_a_stream_ends_where_it_stands_when_the_server_stops() -> None:
    connections, client = OpenConnections(0), Client()

    async def send(message: Message) -> None:
        await client.send(message)
        if message.get("body"):
            connections.close()

    response = StreamingResponse(endless(), background=BackgroundTask(client.work))
    with anyio.fail_after(10):
        await send_response(response, scope_of(**{CONNECTIONS: connections}), receive, send)
    assert (client.status, client.body, client.is_complete) == (200, b"first", True)
    assert client.events[-1] == "background"


async def test_a_stream_that_begins_while_the_server_stops_ends_before_its_first_wait() -> None:
    connections, client = OpenConnections(0), Client()
    connections.close()
    scope = scope_of(**{CONNECTIONS: connections})
    with anyio.fail_after(10):
        await send_response(StreamingResponse(endless()), scope, receive, client.send)
    assert client.events == ["http.response.start", "http.response.body", "http.response.body"]
    assert client.is_complete


async def test_a_stream_that_has_not_begun_has_no_end_either() -> None:
    class Waiting(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await anyio.sleep_forever()

    connections, client = OpenConnections(0), Client()
    connections.close()
    scope = scope_of(**{CONNECTIONS: connections})
    with anyio.fail_after(10):
        await send_response(Waiting(endless()), scope, receive, client.send)
    assert client.events == []


async def test_other_responses_are_sent_though_the_server_is_stopping() -> None:
    connections, client = OpenConnections(0), Client()
    connections.close()
    scope = scope_of(**{CONNECTIONS: connections})
    await send_response(PlainTextResponse("text"), scope, receive, client.send)
    assert (client.status, client.body) == (200, b"text")


async def test_an_error_in_a_stream_is_no_end_of_it() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        raise LookupError

    client = Client()
    scope = scope_of(**{CONNECTIONS: OpenConnections(0)})
    with pytest.raises(LookupError):
        await send_response(StreamingResponse(parts()), scope, receive, client.send)
    assert (client.body, client.is_complete) == (b"a", False)
