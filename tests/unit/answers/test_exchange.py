"""What is sent is passed on, recorded, or replaced."""

from __future__ import annotations

import asyncio
from typing import Any

from vivace.answers.answer import Answer
from vivace.answers.exchange import Exchange


class Client:
    """What has arrived."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def send(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def body(self) -> bytes:
        assert [one["type"] for one in self.messages].count("http.response.start") == 1
        return b"".join(one.get("body", b"") for one in self.messages[1:])


class Recorder:
    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.statuses: list[int] = []

    async def completed(self, answer: Answer) -> Answer:
        self.answers.append(answer)
        return answer.with_fields([(b"x-kept", b"1")])

    async def passed(self, status: int) -> None:
        self.statuses.append(status)


KEPT = Answer(203, ((b"x-request-id", b"old"), (b"etag", b'"1"')), b"kept")


def start(status: int = 200, *fields: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [*fields], **more}


def body(data: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def length(number: int) -> tuple[bytes, bytes]:
    return b"Content-Length", b"%d" % number


def send(exchange: Exchange, *messages: dict[str, Any]) -> None:
    async def all_() -> None:
        for message in messages:
            await exchange.send(message)

    asyncio.run(all_())


def recording(most: int = 10) -> tuple[Client, Recorder, Exchange]:
    client, recorder = Client(), Recorder()
    exchange = Exchange(client.send)
    exchange.record(recorder, most)
    return client, recorder, exchange


def test_where_nothing_is_said_messages_go_through_as_they_are() -> None:
    client = Client()
    messages = [start(), body(b"a", True), {"type": "http.response.debug"}, body(b"")]
    send(Exchange(client.send), *messages)
    assert client.messages == messages


def test_a_replacement_takes_the_place_of_all_that_comes() -> None:
    client = Client()
    exchange = Exchange(client.send)
    exchange.replace(KEPT)
    send(exchange, start(200, (b"X-Request-ID", b"new")), body(b"a", True), body(b"b"))
    assert (client.status, client.body) == (203, b"kept")
    # What belongs to one request is that of this one.
    assert (b"x-request-id", b"new") in client.messages[0]["headers"]
    assert (b"x-request-id", b"old") not in client.messages[0]["headers"]


def test_an_error_is_not_replaced() -> None:
    client = Client()
    exchange = Exchange(client.send)
    exchange.replace(KEPT)
    send(exchange, start(503), body(b"away"))
    assert (client.status, client.body) == (503, b"away")


def test_for_head_no_content_is_sent() -> None:
    client = Client()
    exchange = Exchange(client.send, is_head=True)
    exchange.replace(KEPT)
    send(exchange, start(), body(b""))
    assert (client.status, client.body) == (203, b"")


def test_a_whole_answer_is_recorded_before_any_of_it_is_sent() -> None:
    client, recorder, exchange = recording()
    send(exchange, start(201, length(4)), body(b"ab", True))
    assert not client.messages
    send(exchange, body(b"cd"))
    [answer] = recorder.answers
    assert (answer.status, answer.body) == (201, b"abcd")
    assert answer.fields == ((b"content-length", b"4"),)
    assert (client.status, client.body) == (201, b"abcd")
    assert (b"x-kept", b"1") in client.messages[0]["headers"]


def test_one_message_needs_no_length() -> None:
    _, recorder, exchange = recording()
    send(exchange, start(204), body(b""))
    assert recorder.answers == [Answer(204, (), b"")]


def test_a_stream_is_sent_as_it_comes() -> None:
    client, recorder, exchange = recording()
    send(exchange, start(), body(b"a", True))
    assert client.body == b"a"
    send(exchange, body(b"b", True), body(b""))
    assert (client.body, recorder.statuses, recorder.answers) == (b"ab", [200], [])


def test_what_says_that_it_is_too_large_is_not_held() -> None:
    client, recorder, exchange = recording(most=3)
    send(exchange, start(200, length(4)))
    assert client.status == 200
    send(exchange, body(b"abcd"))
    assert (client.body, recorder.statuses) == (b"abcd", [200])


def test_what_turns_out_to_be_too_large_is_sent_whole() -> None:
    client, recorder, exchange = recording(most=3)
    send(exchange, start(200, length(3)), body(b"ab", True), body(b"cdef"))
    assert (client.body, recorder.statuses) == (b"abcdef", [200])
    assert client.messages[-1]["more_body"] is False


def test_other_ways_to_send_content_are_passed_on() -> None:
    client, recorder, exchange = recording()
    path = {"type": "http.response.pathsend", "path": "/a"}
    send(exchange, start(200, length(4)), path)
    assert client.messages[1:] == [path]
    assert recorder.statuses == [200]
    client, recorder, exchange = recording()
    send(exchange, start(200, length(1), trailers=True), body(b"a"))
    assert (client.body, recorder.statuses) == (b"a", [200])


def test_what_comes_after_an_answer_ahead_is_only_recorded() -> None:
    client, recorder, exchange = recording()
    asyncio.run(exchange.send_ahead(KEPT))
    assert (client.status, client.body) == (203, b"kept")
    send(exchange, start(), body(b"new"))
    assert (client.body, recorder.answers[0].body) == (b"kept", b"new")
    client, recorder, exchange = recording()
    asyncio.run(exchange.send_ahead(KEPT))
    send(exchange, start(), body(b"st", True), body(b"ream"))
    assert (client.body, recorder.statuses) == (b"kept", [200])
