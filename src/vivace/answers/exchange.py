"""One request on its way: what the app sends is passed on, recorded, or replaced."""

from __future__ import annotations

from typing import Protocol

from vivace.answers.answer import OF_REQUEST, Answer, Field
from vivace.types import Message, Send

#: Without a body by what they are (RFC 9110, sections 15.3.5 and 15.4.5).
BODILESS = (204, 304)


class Recorder(Protocol):
    """Is told of an answer that is recorded."""

    async def completed(self, answer: Answer) -> Answer:
        """The answer is complete and nothing of it is sent: what is returned will be."""

    async def passed(self, status: int) -> None:
        """It is too large, or a stream: it is sent as it comes, and nothing is kept."""


class Exchange:
    """Stands between what is inside and the ``send`` of what is outside.

    As long as nothing else is said, messages go through as they are.

    Args:
        send: Sends to the client.
        is_head: Whether the request is ``HEAD``, whose answer has no content.
    """

    def __init__(self, send: Send, *, is_head: bool = False) -> None:
        self._send = send
        self._is_head = is_head
        self._replacement: Answer | None = None
        self._recorder: Recorder | None = None
        self._most = 0
        self._start: Message | None = None
        self._body = bytearray()
        #: An answer has been sent: what comes now is only recorded.
        self._is_answered = False

    def replace(self, answer: Answer) -> None:
        """Send ``answer`` in place of what will come, unless that is an error."""
        self._replacement = answer
        self._recorder = None

    def record(self, recorder: Recorder, most: int) -> None:
        """Hold what will come until it is complete, up to ``most`` bytes of content."""
        self._recorder = recorder
        self._most = most

    async def send_ahead(self, answer: Answer) -> None:
        """Send ``answer`` now; what comes after it reaches only the recorder."""
        self._is_answered = True
        await self._send_answer(answer)

    async def send(self, message: Message) -> None:
        """The ``send`` for what is inside."""
        if self._recorder is not None:
            await self._record(self._recorder, message)
        elif self._is_answered:
            pass
        elif self._replacement is not None and message["type"] == "http.response.start":
            await self._replace(self._replacement, message)
        else:
            await self._send(message)

    async def _replace(self, answer: Answer, start: Message) -> None:
        self._replacement = None
        if start["status"] >= 400:
            # Something has failed on the way out, as a clean-up does.
            await self._send(start)
            return
        self._is_answered = True
        await self._send_answer(answer.with_fields(_of_request(start)))

    async def _record(self, recorder: Recorder, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            self._body.clear()
            if message.get("trailers") or _length(message) > self._most:
                await self._pass(recorder)
            return
        start = self._start
        if start is None or message["type"] != "http.response.body":
            if start is not None:
                await self._pass(recorder)
            await self._forward(message)
            return
        self._body += message.get("body", b"")
        is_last = not message.get("more_body", False)
        if len(self._body) > self._most or not (is_last or _length(start) >= 0):
            await self._pass(recorder, is_last=is_last)
        elif is_last:
            await self._complete(recorder, start)

    async def _complete(self, recorder: Recorder, start: Message) -> None:
        self._recorder = None
        fields = tuple((bytes(n).lower(), bytes(v)) for n, v in start.get("headers", ()))
        answer = Answer(start["status"], fields, bytes(self._body))
        self._body.clear()
        answer = await recorder.completed(answer)
        if not self._is_answered:
            self._is_answered = True
            await self._send_answer(answer.with_fields(_of_request(start)))

    async def _pass(self, recorder: Recorder, *, is_last: bool = False) -> None:
        """Send on what was held, and all that follows as it comes."""
        start, self._recorder, self._start = self._start, None, None
        assert start is not None
        await recorder.passed(start["status"])
        body = bytes(self._body)
        self._body.clear()
        await self._forward(start)
        if body or is_last:
            last = {"type": "http.response.body", "body": body, "more_body": not is_last}
            await self._forward(last)

    async def _forward(self, message: Message) -> None:
        if not self._is_answered:
            await self._send(message)

    async def _send_answer(self, answer: Answer) -> None:
        headers = [*answer.fields]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        body = b"" if self._is_head or answer.status in BODILESS else answer.body
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _length(start: Message) -> int:
    """The declared length of the content; -1 where none is."""
    for name, value in start.get("headers", ()):
        if name.lower() == b"content-length":
            return int(value)
    return -1


def _of_request(start: Message) -> list[Field]:
    fields = ((bytes(name).lower(), bytes(value)) for name, value in start.get("headers", ()))
    return [field for field in fields if field[0] in OF_REQUEST]


__all__ = ["BODILESS", "Exchange", "Recorder"]
