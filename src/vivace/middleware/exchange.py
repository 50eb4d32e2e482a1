"""One request to a middleware that is a function, and to the app inside of it.

The app runs where it would without the middleware: in the task of the server, so that scopes of
cancellation, deadlines and the task itself are those that it has otherwise, and its messages go
to the server from whichever task it sends them. The *function* has a task of its own beside it.

That both are in one task was turned down. ``call_next`` returns while the app still runs, so
something has to be suspended by hand. But then a scope of cancellation that the function has
entered around ``call_next`` would end before one that the app has opened inside of it, which
anyio and trio refuse; and most streams send from a child task, from which the function could
not be resumed in its own context. Two tasks that take turns have none of this, if context
variables are carried between them: see :mod:`vivace.middleware.contexts`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from enum import Enum, auto
from typing import Any, NoReturn

import anyio
import anyio.lowlevel
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from vivace import Request, Response
from vivace.middleware.contexts import Turn
from vivace.middleware.replay import GONE, Replay, ReplayedRequest
from vivace.requests import ClientDisconnect
from vivace.responses import StreamingResponse
from vivace.types import ASGIApp, Message, Receive, Scope, Send

CallNext = Callable[[Request], Awaitable[Response]]
Function = Callable[[Request, CallNext], Awaitable[Response]]


class Mode(Enum):
    """What becomes of the messages of the app's response."""

    UNDECIDED = auto()
    #: They go to the server as they come.
    PASS = auto()
    #: The function reads the body.
    FEED = auto()
    #: The function has answered otherwise, or has failed.
    DROP = auto()


class AppResponse(StreamingResponse):
    """What ``call_next`` returns: the response of the app, of which nothing was sent yet.

    Status and headers may be changed. ``body_iterator`` may be read, or replaced by another one;
    where neither happens, the app sends its body itself. Another one may be of another length: it
    goes without ``Content-Length``, unless the function has set one.
    """

    def __init__(self, start: Message, body: AsyncIterator[bytes]) -> None:
        self.status_code = start["status"]
        self.raw_headers = list(start.get("headers", ()))
        self.body_iterator = self._body = body
        self._lengths = _lengths(self.raw_headers)
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.raw_headers
        if self.body_iterator is not self._body and _lengths(headers) == self._lengths:
            headers = [field for field in headers if field not in self._lengths]
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": headers})
        async for chunk in self.body_iterator:
            data = chunk.encode() if isinstance(chunk, str) else chunk
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.background is not None:
            await self.background()


class Exchange:
    """Runs ``function`` and ``app`` for one request.

    Args:
        name: What the function is called, for errors.
        replay_limit: Bytes of the body that are kept for the app when the function reads it.
    """

    def __init__(
        self,
        name: str,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        replay_limit: int,
    ) -> None:
        self._name = name
        self._app = app
        self._scope = scope
        self._send = send
        self._replay = Replay(receive, replay_limit)
        self._mode = Mode.UNDECIDED
        self._request: Request = ReplayedRequest(scope, self._replay, send)
        self._asked_with: Request | None = None
        self._start: Message | None = None
        self._response: AppResponse | None = None
        self._body: AsyncIterator[bytes] | None = None
        self._feed: MemoryObjectSendStream[Message] | None = None
        self._feed_for_function: MemoryObjectReceiveStream[Message] | None = None
        #: What the function has raised; it may be what the app has.
        self._function_error: BaseException | None = None
        #: What the app has raised for the function to see.
        self._seen_error: BaseException | None = None
        self._has_started = False
        self._app_error: BaseException | None = None
        self._app_scope = anyio.CancelScope()
        #: The function has called ``call_next``, or has ended.
        self._is_asked = anyio.Event()
        #: The app's response has begun, or it has ended.
        self._is_answered = anyio.Event()
        self._has_app_ended = anyio.Event()
        #: It is known what becomes of the messages.
        self._is_decided = anyio.Event()
        self._has_function_ended = anyio.Event()
        self._before_app = Turn()
        self._in_app = Turn()
        self._after_app = Turn()

    def is_refused_by(self, error: BaseException) -> bool:
        """Whether ``error`` is the function's own, and can still be answered."""
        return error is self._function_error is not self._seen_error and not self._has_started

    async def run(self, function: Function) -> None:
        """Answer the request.

        Raises:
            Exception: What the function raises, or what the app raises and the function has not
                seen.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._run_function, function)
            await self._is_asked.wait()
            if self._asked_with is None:
                self._before_app.take()
            else:
                await self._run_app(self._asked_with)
        self._after_app.take()
        self._after_app.take_back(self._before_app)
        error = self._app_error if self._function_error is None else self._function_error
        if isinstance(error, ClientDisconnect) and error is self._seen_error:
            return  # The app has given up a response that nobody waits for.
        if error is not None:
            # It was raised in another task already, and is nobody's consequence.
            raise error
        response = self._response
        if response is not None and self._mode is Mode.PASS and response.background is not None:
            await response.background()

    # The task of the function.

    async def _run_function(self, function: Function) -> None:
        self._before_app.begin()
        try:
            await self._answer(await function(self._request, self._call_next))
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:
            self._function_error = error
            if self._mode is not Mode.PASS:
                self._app_scope.cancel()
        finally:
            if self._mode is not Mode.PASS:
                self._mode = Mode.DROP
            if self._feed_for_function is not None:
                # The iterator may still stand where the function has left it.
                self._feed_for_function.close()
            (self._before_app if self._asked_with is None else self._after_app).give()
            self._is_asked.set()
            self._is_decided.set()
            self._has_function_ended.set()

    async def _answer(self, response: Any) -> None:
        if not callable(response):
            raise RuntimeError(
                f"The middleware {self._name} returned {response!r}. It has to return a response: "
                "the one that `await call_next(request)` returns, or another one."
            )
        if response is self._response and self._is_untouched():
            self._mode = Mode.PASS
        else:
            await response(self._scope, self._replay.read, self._send_other)

    async def _send_other(self, message: Message) -> None:
        self._has_started = self._has_started or message["type"] == "http.response.start"
        await self._send(message)

    def _is_untouched(self) -> bool:
        """Whether the app can send the body of its response by itself."""
        response = self._response
        return (
            response is not None
            and self._mode is Mode.UNDECIDED
            and response.body_iterator is self._body
        )

    async def _call_next(self, request: Request) -> Response:
        if self._asked_with is not None:
            raise RuntimeError(
                f"The middleware {self._name} called call_next twice. The app can answer a request "
                "once: keep the first response."
            )
        self._asked_with = request
        self._before_app.give()
        self._is_asked.set()
        try:
            await self._is_answered.wait()
        except anyio.get_cancelled_exc_class():
            # A plain call would have cancelled the app, and waited until it has cleaned up.
            self._app_scope.cancel()
            with anyio.CancelScope(shield=True):
                await self._has_app_ended.wait()
            self._raise_app_error()
            raise
        self._in_app.take()
        self._after_app.begin()
        if self._response is None:
            self._raise_app_error()
            self._raise_given_up("No response returned: {app} has ended without one.")
        return self._response

    def _raise_app_error(self) -> None:
        error, self._app_error = self._app_error, None
        if error is not None:
            self._seen_error = error
            raise error

    def _raise_given_up(self, complaint: str) -> NoReturn:
        """The app has ended in the middle: no fault of its own where the client has left."""
        if self._replay.is_gone:
            self._seen_error = ClientDisconnect()
            raise self._seen_error
        raise RuntimeError(complaint.format(app=f"the app inside of the middleware {self._name}"))

    async def _read_body(self) -> AsyncIterator[bytes]:
        """The body of the app's response, each part when it is asked for."""
        self._feed, feed = anyio.create_memory_object_stream[Message](0)
        self._feed_for_function = feed
        if self._has_app_ended.is_set() or self._mode is not Mode.UNDECIDED:
            self._feed.close()
        else:
            self._mode = Mode.FEED
        self._is_decided.set()
        with feed:
            async for message in feed:
                if message["type"] == "http.response.pathsend":
                    async with await anyio.open_file(message["path"], "rb") as file:
                        while chunk := await file.read(65536):
                            yield chunk
                elif body := message.get("body", b""):
                    yield body
                if not message.get("more_body", False):
                    return
        # It must not be taken for the whole body.
        self._raise_app_error()
        self._raise_given_up("The response is not complete: {app} has ended before.")

    # The task of the server, and those that the app makes.

    async def _run_app(self, request: Request) -> None:
        self._before_app.take()
        self._in_app.begin()
        receive = self._receive if request is self._request else request.receive
        try:
            with self._app_scope:
                await self._app(request.scope, receive, self._send_from_app)
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:
            self._app_error = error
        finally:
            if not self._is_answered.is_set():
                self._in_app.give()
                self._is_answered.set()
            self._has_app_ended.set()
            if self._feed is not None:
                self._feed.close()

    async def _receive(self) -> Message:
        return GONE if self._mode is Mode.DROP else await self._replay.replay()

    async def _send_from_app(self, message: Message) -> None:
        if self._start is None:
            if message["type"] != "http.response.start":
                await self._send(message)  # As early hints are.
                return
            self._start = message
            await self._begin_response(message)
        elif self._mode is Mode.PASS:
            await self._send(message)
        elif self._mode is Mode.FEED and self._feed is not None:
            await self._feed_body(message)
        else:
            await self._drop(message)

    async def _begin_response(self, start: Message) -> None:
        self._body = self._read_body()
        self._response = response = AppResponse(start, self._body)
        self._in_app.give()
        self._is_answered.set()
        await self._is_decided.wait()
        if self._mode is Mode.PASS:
            self._after_app.take()
            headers = response.raw_headers
            self._has_started = True
            await self._send({**start, "status": response.status_code, "headers": headers})

    async def _feed_body(self, message: Message) -> None:
        assert self._feed is not None
        if message["type"] not in ("http.response.body", "http.response.pathsend"):
            return  # Such as trailers, which were announced to nobody.
        try:
            await self._feed.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._mode = Mode.DROP  # The function has read enough.
        if not message.get("more_body", False):
            # What the app does after its response it does when the function's is out.
            await self._has_function_ended.wait()
        elif self._mode is Mode.DROP:
            await self._drop(message)

    async def _drop(self, message: Message) -> None:
        """A complete response has been in vain; one that streams ends here."""
        if message.get("more_body", False):
            self._app_scope.cancel()
            await anyio.lowlevel.checkpoint()


def _lengths(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [field for field in headers if field[0].lower() == b"content-length"]


__all__ = ["AppResponse", "CallNext", "Exchange", "Function"]
