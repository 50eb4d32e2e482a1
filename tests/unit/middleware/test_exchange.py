"""A function and the app inside of it act on one request as if the one called the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from starlette.middleware.base import BaseHTTPMiddleware

from vivace import BackgroundTasks, Depends, Request, Response, Vivace
from vivace.middleware.exchange import AppResponse, CallNext
from vivace.middleware.function import FunctionMiddleware
from vivace.requests import ClientDisconnect
from vivace.responses import FileResponse, JSONResponse, PlainTextResponse, StreamingResponse
from vivace.types import ASGIApp, Message, Receive, Scope, Send

from .asgi import Connection, answering, http_scope

pytestmark = pytest.mark.anyio

NAME: ContextVar[str] = ContextVar("name")


class Broken(Exception):
    pass


async def passing(request: Request, call_next: CallNext) -> Response:
    return await call_next(request)


async def stamping(request: Request, call_next: CallNext) -> Response:
    response = await call_next(request)
    response.headers["X-Stamp"] = "1"
    response.status_code += 1
    return response


async def numbers() -> AsyncIterator[bytes]:
    for number in range(3):
        yield str(number).encode()


async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
    await StreamingResponse(numbers())(scope, receive, send)


# Responses.


async def test_the_response_of_the_app_is_sent_as_the_function_leaves_it() -> None:
    app = FunctionMiddleware(answering(b"hello", headers=[("x-own", "yes")]), stamping)
    connection = await Connection().call(app)
    assert connection.status == 201
    assert connection.headers == {"x-own": "yes", "content-length": "5", "x-stamp": "1"}
    assert connection.chunks == [b"hello"]


async def test_a_stream_passes_piece_by_piece_also_when_it_is_sent_from_a_child_task() -> None:
    connection = await Connection().call(FunctionMiddleware(streaming, stamping))
    assert connection.status == 201
    assert connection.chunks == [b"0", b"1", b"2", b""]


async def test_a_stream_waits_for_a_client_that_is_slow() -> None:
    made: list[int] = []
    seen: list[int] = []

    async def counted() -> AsyncIterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"x"

    async def look(message: Message) -> None:
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        seen.append(len(made))

    connection = Connection()
    connection.on_send = look
    await connection.call(FunctionMiddleware(StreamingResponse(counted()), passing))
    assert seen[:3] == [0, 1, 2]


async def test_the_function_may_answer_without_the_app() -> None:
    async def refuse(request: Request, call_next: CallNext) -> Response:
        return PlainTextResponse("no", status_code=403)

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    connection = await Connection().call(FunctionMiddleware(never, refuse))
    assert (connection.status, connection.body) == (403, b"no")


async def test_the_function_may_read_the_body_and_answer_with_another_one() -> None:
    async def upper(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        body = b"".join([bytes(chunk) async for chunk in response.body_iterator])  # type: ignore[arg-type]
        return Response(body.upper(), response.status_code)

    for app in (answering(b"hello"), answering(b"hel", b"lo")):
        connection = await Connection().call(FunctionMiddleware(app, upper))
        assert (connection.status, connection.body) == (200, b"HELLO")
        assert connection.headers["content-length"] == "5"


async def test_the_function_may_change_the_body_while_it_streams() -> None:
    async def doubled(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in body:
            yield chunk * 2

    async def double(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        response.body_iterator = doubled(response.body_iterator)  # type: ignore[arg-type]
        return response

    async def replace(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        return StreamingResponse(doubled(response.body_iterator))  # type: ignore[arg-type]

    for function in (double, replace):
        connection = await Connection().call(FunctionMiddleware(streaming, function))
        assert [chunk for chunk in connection.chunks if chunk] == [b"00", b"11", b"22"]


@pytest.mark.parametrize(("set_length", "sent"), [(None, None), ("4", "4")])
async def test_another_body_goes_without_the_length_of_the_first(
    set_length: str | None, sent: str | None
) -> None:
    async def double(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        first = response.body_iterator

        async def doubled() -> AsyncIterator[bytes]:
            async for chunk in first:
                assert isinstance(chunk, bytes)
                yield chunk * 2

        response.body_iterator = doubled()
        if set_length is not None:
            response.headers["Content-Length"] = set_length
        return response

    app = FunctionMiddleware(PlainTextResponse("ab"), double)
    connection = await Connection().call(app)
    assert connection.body == b"abab"
    assert connection.headers.get("content-length") == sent


async def test_a_function_that_reads_some_of_an_endless_stream_ends_it() -> None:
    ended: list[str] = []

    async def endless() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            ended.append("stream")

    async def first(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        return Response(await anext(aiter(response.body_iterator)))

    app = FunctionMiddleware(_tracking(endless, ended), first)
    with anyio.fail_after(5):
        connection = await Connection().call(app)
    assert connection.body == b"x"
    assert "app" in ended


def _tracking(body: Callable[[], AsyncGenerator[bytes]], ended: list[str]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with aclosing(body()) as stream:
                await StreamingResponse(stream)(scope, receive, send)
        finally:
            ended.append("app")

    return app


async def test_a_response_that_is_dropped_ends_its_stream_and_cleans_up() -> None:
    ended: list[str] = []
    app = Vivace()

    async def resource() -> AsyncIterator[str]:
        try:
            yield "it"
        finally:
            ended.append("resource")

    @app.get("/", dependencies=[Depends(resource)])
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.append("stream")

    async def other(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        return PlainTextResponse("other")

    app.middleware("http")(other)
    with anyio.fail_after(5):
        connection = await Connection().call(app)
    assert connection.body == b"other"
    assert ended == ["stream", "resource"]


async def test_background_tasks_run_after_the_response_whatever_becomes_of_it() -> None:
    order: list[str] = []
    app = Vivace()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> str:
        tasks.add_task(order.append, "task")
        return "done"

    async def note(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            order.append("sent")

    async def read(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        return Response(b"".join([bytes(c) async for c in response.body_iterator]))  # type: ignore[arg-type]

    async def drop(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        return PlainTextResponse("other")

    for function in (passing, read, drop):
        order.clear()
        connection = Connection()
        connection.on_send = note
        await connection.call(FunctionMiddleware(app, function))
        assert order == ["sent", "task"], function


async def test_a_background_task_of_the_response_that_the_function_adds_runs() -> None:
    order: list[str] = []

    async def adding(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.background = BackgroundTasks()
        response.background.add_task(order.append, "task")
        return response

    connection = await Connection().call(FunctionMiddleware(answering(b"a"), adding))
    assert (connection.body, order) == (b"a", ["task"])


async def test_a_file_that_the_server_would_send_is_read_for_a_function(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    sent_by_server: list[bool] = []

    async def read(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        return Response(b"".join([bytes(c) async for c in response.body_iterator]))  # type: ignore[arg-type]

    for function in (passing, read):
        scope = http_scope(extensions={"http.response.pathsend": {}})
        connection = await Connection(scope=scope).call(
            FunctionMiddleware(FileResponse(path), function)
        )
        sent_by_server.append(connection.sent[-1]["type"] == "http.response.pathsend")
    assert sent_by_server == [True, False]
    assert connection.body == b"content"


async def test_early_hints_go_ahead() -> None:
    async def hinting(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a>"]})
        await answering(b"a")(scope, receive, send)

    connection = await Connection().call(FunctionMiddleware(hinting, stamping))
    assert connection.sent[0]["type"] == "http.response.early_hint"
    assert connection.status == 201


# Errors.


async def test_an_error_of_the_app_comes_through_as_itself() -> None:
    error = Broken("it")
    seen: list[BaseException] = []

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    async def watching(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except Broken as caught:
            seen.append(caught)
            raise

    for function in (passing, watching):
        with pytest.raises(Broken) as caught:
            await Connection().call(FunctionMiddleware(failing, function))
        assert caught.value is error
        assert error.__cause__ is None
        assert error.__context__ is None
    assert seen == [error]


async def test_the_function_may_answer_an_error() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise Broken

    async def answer(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except Broken:
            return PlainTextResponse("mended", status_code=503)

    connection = await Connection().call(FunctionMiddleware(failing, answer))
    assert (connection.status, connection.body) == (503, b"mended")


async def test_an_error_within_a_stream_breaks_the_response_off() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"a"
        raise Broken("late")

    connection = Connection()
    with pytest.raises(Broken, match="late"):
        await connection.call(FunctionMiddleware(StreamingResponse(failing()), passing))
    assert not connection.is_complete

    async def read(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        async for _ in response.body_iterator:
            pass
        raise AssertionError

    connection = Connection()
    with pytest.raises(Broken, match="late"):
        await connection.call(FunctionMiddleware(StreamingResponse(failing()), read))
    assert connection.sent == []


async def test_an_error_of_the_function_ends_the_app_before_it_is_raised() -> None:
    ended: list[str] = []

    async def endless() -> AsyncGenerator[bytes]:
        while True:
            yield b"x"

    async def failing(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        raise Broken("function")

    connection = Connection()
    with pytest.raises(Broken, match="function"), anyio.fail_after(5):
        await connection.call(FunctionMiddleware(_tracking(endless, ended), failing))
    assert ended == ["app"]
    assert connection.sent == []


async def test_an_error_of_a_background_task_reaches_the_server() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering(b"a")(scope, receive, send)
        raise Broken("background")

    connection = Connection()
    with pytest.raises(Broken, match="background"):
        await connection.call(FunctionMiddleware(app, passing))
    assert connection.is_complete


async def test_an_app_that_ends_without_a_response_is_an_error_that_says_so() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    with pytest.raises(RuntimeError, match=r"No response returned: .*test_exchange\.passing"):
        await Connection().call(FunctionMiddleware(silent, passing))


async def test_a_response_that_is_given_up_as_the_client_has_left_is_no_error() -> None:
    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    seen: list[str] = []

    async def watching(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        except ClientDisconnect:
            seen.append("left")
            raise

    connection = Connection()
    connection.leave()
    app = FunctionMiddleware(FunctionMiddleware(waiting, watching), passing)
    await connection.call(app)
    assert (connection.sent, seen) == ([], ["left"])


@pytest.mark.parametrize("has_left", [False, True])
async def test_a_body_that_is_not_complete_is_not_taken_for_one(has_left: bool) -> None:
    connection = Connection()

    async def breaking_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        if has_left:
            connection.leave()
            await receive()
            await receive()

    async def read(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        assert isinstance(response, AppResponse)
        return Response(b"".join([bytes(c) async for c in response.body_iterator]))  # type: ignore[arg-type]

    with nullcontext() if has_left else pytest.raises(RuntimeError, match="is not complete"):
        await connection.call(FunctionMiddleware(breaking_off, read))
    assert connection.sent == []


async def test_calling_next_twice_is_an_error_that_says_so() -> None:
    async def twice(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        return await call_next(request)

    with pytest.raises(RuntimeError, match="called call_next twice"):
        await Connection().call(FunctionMiddleware(answering(b"a"), twice))


async def test_returning_no_response_is_an_error_that_says_so() -> None:
    async def forgetful(request: Request, call_next: CallNext) -> Response:
        await call_next(request)
        return None  # type: ignore[return-value]

    with pytest.raises(RuntimeError, match=r"forgetful returned None"):
        await Connection().call(FunctionMiddleware(answering(b"a"), forgetful))


# Context variables.


async def test_context_variables_go_both_ways() -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(("app", NAME.get()))
        NAME.set("app")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        seen.append(("app later", NAME.get()))
        NAME.set("app later")
        await send({"type": "http.response.body", "body": b""})

    async def function(request: Request, call_next: CallNext) -> Response:
        seen.append(("function", NAME.get()))
        NAME.set("function")
        response = await call_next(request)
        seen.append(("function later", NAME.get()))
        NAME.set("function later")
        return response

    NAME.set("server")
    await Connection().call(FunctionMiddleware(app, function))
    assert seen == [
        ("function", "server"),
        ("app", "function"),
        ("function later", "app"),
        ("app later", "function later"),
    ]
    assert NAME.get() == "app later"


async def test_a_variable_that_the_function_resets_is_as_it_was() -> None:
    other: ContextVar[str] = ContextVar("other")

    async def function(request: Request, call_next: CallNext) -> Response:
        tokens = NAME.set("function"), other.set("function")
        try:
            return await call_next(request)
        finally:
            NAME.reset(tokens[0])
            other.reset(tokens[1])

    NAME.set("server")
    for app in (answering(b"a"), streaming):
        await Connection().call(FunctionMiddleware(app, function))
        assert NAME.get() == "server"
        assert other.get("none") == "none"


async def test_what_a_function_sets_that_answers_itself_stays() -> None:
    async def function(request: Request, call_next: CallNext) -> Response:
        NAME.set("function")
        return Response()

    await Connection().call(FunctionMiddleware(answering(b"a"), function))
    assert NAME.get() == "function"


# Cancellation and deadlines.


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_scope_of_cancellation_may_stand_around_call_next(is_stream: bool) -> None:
    async def limited(request: Request, call_next: CallNext) -> Response:
        with anyio.fail_after(30):
            return await call_next(request)

    app = streaming if is_stream else answering(b"0", b"1", b"2")
    connection = await Connection().call(FunctionMiddleware(app, limited))
    assert connection.body == b"012"
    assert connection.is_complete


async def test_a_deadline_of_the_function_cancels_the_app_which_cleans_up() -> None:
    ended: list[str] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            ended.append("app")

    async def limited(request: Request, call_next: CallNext) -> Response:
        with anyio.move_on_after(0):
            return await call_next(request)
        ended.append("function")
        return PlainTextResponse("too slow", status_code=504)

    connection = await Connection().call(FunctionMiddleware(slow, limited))
    assert (connection.status, ended) == (504, ["app", "function"])


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_asyncio_s_own_timeouts_do_the_same(anyio_backend: str) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    async def timeout(request: Request, call_next: CallNext) -> Response:
        try:
            async with asyncio.timeout(0.01):
                return await call_next(request)
        except TimeoutError:
            return Response(status_code=504)

    async def wait_for(request: Request, call_next: CallNext) -> Response:
        try:
            return await asyncio.wait_for(call_next(request), 0.01)
        except TimeoutError:
            return Response(status_code=504)

    for function in (timeout, wait_for):
        connection = await Connection().call(FunctionMiddleware(slow, function))
        assert connection.status == 504
        connection = await Connection().call(FunctionMiddleware(streaming, function))
        assert connection.body == b"012"


async def test_a_server_that_cancels_the_request_cancels_the_function_and_the_app() -> None:
    ended: list[str] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("app")

    async def watching(request: Request, call_next: CallNext) -> Response:
        try:
            return await call_next(request)
        finally:
            ended.append("function")

    with anyio.move_on_after(0.01) as scope:
        await Connection().call(FunctionMiddleware(slow, watching))
    assert scope.cancelled_caught
    assert ended == ["app", "function"]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_is_cancelled_ends_as_one(anyio_backend: str) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(Connection().call(FunctionMiddleware(slow, passing)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_client_that_leaves_ends_the_stream() -> None:
    ended: list[str] = []
    connection = Connection()

    async def endless() -> AsyncGenerator[bytes]:
        yield b"x"
        connection.leave()
        await anyio.sleep_forever()

    with anyio.fail_after(5):
        await connection.call(FunctionMiddleware(_tracking(endless, ended), passing))
    assert ended == ["app"]


async def test_the_app_runs_in_the_task_of_the_server() -> None:
    tasks: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        tasks.append(anyio.get_current_task().id)
        await answering(b"a")(scope, receive, send)

    await Connection().call(FunctionMiddleware(app, passing))
    assert tasks == [anyio.get_current_task().id]


# Composition.


async def test_functions_stand_around_each_other_and_around_starlette_s_middleware() -> None:
    def named(name: str) -> object:
        async def function(request: Request, call_next: CallNext) -> Response:
            response = await call_next(request)
            response.headers.append("X-Order", name)
            return response

        return function

    app: ASGIApp = streaming
    app = FunctionMiddleware(app, named("a"))  # type: ignore[arg-type]
    app = BaseHTTPMiddleware(app, dispatch=passing)
    app = FunctionMiddleware(app, named("b"))  # type: ignore[arg-type]
    app = FunctionMiddleware(app, named("c"))  # type: ignore[arg-type]
    connection = await Connection().call(app)
    assert connection.headers["x-order"] == "a, b, c"
    assert [chunk for chunk in connection.chunks if chunk] == [b"0", b"1", b"2"]


async def test_a_request_with_another_scope_or_body_can_be_handed_on() -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = JSONResponse([scope["path"], (await request.body()).decode()])
        await response(scope, receive, send)

    async def other(request: Request, call_next: CallNext) -> Response:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"other", "more_body": False}

        return await call_next(Request({**request.scope, "path": "/other"}, receive))

    connection = await Connection(b"first").call(FunctionMiddleware(echo, other))
    assert connection.body == b'["/other","other"]'


# The body of the request.


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await Response(body)(scope, receive, send)


@pytest.mark.parametrize("chunks", [(b"",), (b"abc",), (b"a", b"b", b"", b"c")])
async def test_the_function_and_the_app_both_read_the_body(chunks: tuple[bytes, ...]) -> None:
    seen: list[bytes] = []

    async def reading(request: Request, call_next: CallNext) -> Response:
        seen.append(await request.body())
        return await call_next(request)

    async def reading_some(request: Request, call_next: CallNext) -> Response:
        async with aclosing(request.stream()) as stream:
            seen.append(await anext(stream))
        return await call_next(request)

    async def asking(request: Request, call_next: CallNext) -> Response:
        assert not await request.is_disconnected()
        return await call_next(request)

    for function in (reading, reading_some, asking, passing):
        connection = await Connection(*chunks).call(FunctionMiddleware(echo, function))
        assert connection.body == b"".join(chunks), function
    assert seen[0] == b"".join(chunks)


async def test_a_body_that_the_app_has_read_first_is_an_error_and_no_waiting() -> None:
    async def late(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        response.headers["X-Length"] = str(len(await request.body()))
        return response

    with anyio.fail_after(5):
        with pytest.raises(RuntimeError, match="before call_next"):
            await Connection(b"abc", b"d").call(FunctionMiddleware(echo, late))
        # Of nothing nothing is gone; and what the app has not read is there.
        for app, chunks, length in (
            (echo, (b"",), "0"),
            (streaming, (b"",), "0"),
            (answering(b"x"), (b"abc", b"d"), "4"),
        ):
            connection = await Connection(*chunks).call(FunctionMiddleware(app, late))
            assert connection.headers["x-length"] == length


async def test_a_body_that_comes_while_a_stream_waits_for_its_client_is_not_read_in_part() -> None:
    sender, receiver = anyio.create_memory_object_stream[Message](10)

    async def late(request: Request, call_next: CallNext) -> Response:
        response = await call_next(request)
        await anyio.wait_all_tasks_blocked()
        sender.send_nowait({"type": "http.request", "body": b"a", "more_body": True})
        with pytest.raises(RuntimeError, match="before call_next"):
            await request.body()
        assert not await request.is_disconnected()
        return response

    with anyio.fail_after(5):
        async with sender, receiver:
            connection = Connection()
            app = FunctionMiddleware(streaming, late)
            await app(connection.scope, receiver.receive, connection.send)
    assert connection.body == b"012"


async def test_a_body_that_is_too_large_to_be_kept_is_refused() -> None:
    async def reading(request: Request, call_next: CallNext) -> Response:
        await request.body()
        return await call_next(request)

    app = FunctionMiddleware(echo, reading, replay_limit=4)
    assert (await Connection(b"ab", b"cd").call(app)).body == b"abcd"
    assert (await Connection(b"ab", b"cde").call(app)).status == 413
    # What only the app reads is not kept.
    app = FunctionMiddleware(echo, passing, replay_limit=4)
    assert (await Connection(b"ab", b"cde").call(app)).body == b"abcde"


@asynccontextmanager
async def counting(ended: list[str]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        ended.append("context")


async def test_a_context_of_the_function_ends_before_the_body_is_sent() -> None:
    order: list[str] = []

    async def function(request: Request, call_next: CallNext) -> Response:
        async with counting(order):
            return await call_next(request)

    async def note(message: Message) -> None:
        order.append(message["type"])

    connection = Connection()
    connection.on_send = note
    await connection.call(FunctionMiddleware(answering(b"a"), function))
    assert order == ["context", "http.response.start", "http.response.body"]
