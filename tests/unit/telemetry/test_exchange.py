from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import StatusCode
from starlette.types import Message

from vivace.telemetry.exchange import HttpExchange
from vivace.telemetry.providers import HttpInstruments

from .conftest import Recorded, request_telemetry

pytestmark = pytest.mark.anyio

SCOPE = {"type": "http", "scheme": "https", "http_version": "2"}
ACTIVE = "http.server.active_requests"
REQUEST = {"http.request.method": "GET", "url.scheme": "https"}


def start(status: int = 200, **options: Any) -> Message:
    return {"type": "http.response.start", "status": status, **options}


def body(**options: Any) -> Message:
    return {"type": "http.response.body", "body": b"", **options}


class Exchange:
    """An exchange that is recorded, with what has been sent to the server."""

    def __init__(self, recorded: Recorded, scope: dict[str, Any] = SCOPE) -> None:
        self.recorded = recorded
        self.sent: list[Message] = []
        self.telemetry = request_telemetry(recorded)
        self.telemetry.span = recorded.tracer_provider.get_tracer("test").start_span("GET")
        instruments = HttpInstruments(recorded.meter_provider)
        self.exchange = HttpExchange(self.telemetry, instruments, scope, "GET")

    async def send(self, *messages: Message) -> None:
        async def keep(message: Message) -> None:
            self.sent.append(message)

        send = self.exchange.sending(keep)
        for message in messages:
            await send(message)

    async def receive(self, message: Message) -> Message:
        async def give() -> Message:
            return message

        return await self.exchange.receiving(give)()

    @property
    def is_over(self) -> bool:
        return bool(self.recorded.spans)

    @property
    def attributes(self) -> dict[str, Any]:
        """What is counted of the exchange, which is over."""
        (point,) = self.recorded.points()
        assert point.count == 1
        return dict(point.attributes)


@pytest.fixture
def exchange(recorded: Recorded) -> Exchange:
    return Exchange(recorded)


def active(recorded: Recorded) -> list[tuple[int, dict[str, Any]]]:
    return [(point.value, dict(point.attributes)) for point in recorded.points(ACTIVE)]


async def test_a_request_is_active_until_its_response_is_complete(
    recorded: Recorded, exchange: Exchange
) -> None:
    assert active(recorded) == [(1, REQUEST)]
    await exchange.send(start(), body())
    assert active(recorded) == [(0, REQUEST)]


async def test_a_complete_response_is_recorded(recorded: Recorded, exchange: Exchange) -> None:
    exchange.telemetry.route = "/birds"
    await exchange.send(start(201), body())
    assert exchange.attributes == {
        **REQUEST,
        "http.response.status_code": 201,
        "http.route": "/birds",
        "network.protocol.version": "2",
    }
    (span,) = recorded.spans
    assert span.attributes == {"http.response.status_code": 201}
    assert span.status.status_code is StatusCode.UNSET


async def test_what_is_not_known_is_left_out(recorded: Recorded) -> None:
    exchange = Exchange(recorded, {"type": "http", "http_version": ""})
    exchange.exchange.complete()
    assert exchange.attributes == {"http.request.method": "GET", "url.scheme": "http"}


@pytest.mark.parametrize(
    ("messages", "over"),
    [
        ([start()], False),
        ([start(), body(more_body=True)], False),
        ([start(), body(more_body=True), body()], True),
        ([start(), {"type": "http.response.pathsend", "path": "/"}], True),
        ([start(), {"type": "http.response.zerocopysend", "more_body": True}], False),
        ([start(), {"type": "http.response.zerocopysend"}], True),
        ([start(), {"type": "http.response.debug"}], False),
        ([start(trailers=True), body()], False),
        ([start(trailers=True), body(), trailers := {"type": "http.response.trailers"}], True),
        ([start(trailers=True), body(), {**trailers, "more_trailers": True}], False),
    ],
)
async def test_the_last_message_ends_the_exchange(
    exchange: Exchange, messages: list[Message], over: bool
) -> None:
    await exchange.send(*messages)
    assert exchange.is_over is over
    assert exchange.sent == messages


@pytest.mark.parametrize(
    ("status", "error_type"), [(200, None), (404, None), (499, None), (500, "500"), (503, "503")]
)
async def test_a_status_of_the_servers_fault_is_an_error(
    recorded: Recorded, exchange: Exchange, status: int, error_type: str | None
) -> None:
    await exchange.send(start(status), body())
    assert exchange.attributes.get("error.type") == error_type
    (span,) = recorded.spans
    expected = StatusCode.UNSET if error_type is None else StatusCode.ERROR
    assert span.status.status_code is expected


async def test_an_error_is_named_after_its_exception(exchange: Exchange) -> None:
    exchange.telemetry.exception = LookupError()
    await exchange.send(start(500), body())
    assert exchange.attributes["error.type"] == "LookupError"


async def test_an_exchange_that_failed_has_no_status(exchange: Exchange) -> None:
    exchange.exchange.fail(LookupError())
    assert exchange.attributes["error.type"] == "LookupError"
    assert "http.response.status_code" not in exchange.attributes


async def test_what_follows_a_complete_response_is_not_recorded(exchange: Exchange) -> None:
    await exchange.send(start(), body())
    exchange.exchange.fail(LookupError())
    exchange.exchange.abandon()
    exchange.exchange.complete()
    assert "error.type" not in exchange.attributes


@pytest.mark.parametrize(
    ("received", "error_type"),
    [("http.request", "RuntimeError"), ("http.disconnect", "ConnectionError")],
)
async def test_an_abandoned_response_is_a_fault_of_whoever_left(
    exchange: Exchange, received: str, error_type: str
) -> None:
    message = {"type": received}
    assert await exchange.receive(message) is message
    await exchange.send(start(), body(more_body=True))
    exchange.exchange.abandon()
    assert exchange.attributes["error.type"] == error_type
    assert exchange.attributes["http.response.status_code"] == 200


async def test_a_message_that_could_not_be_sent_ends_nothing(exchange: Exchange) -> None:
    async def fail(message: Message) -> None:
        raise OSError

    with pytest.raises(OSError):
        await exchange.exchange.sending(fail)(body())
    assert not exchange.is_over


async def test_nothing_has_to_be_recorded(recorded: Recorded) -> None:
    exchange = HttpExchange(request_telemetry(recorded), None, SCOPE, "GET")
    exchange.fail(LookupError())
    assert (recorded.spans, recorded.points(), active(recorded)) == ([], [], [])
