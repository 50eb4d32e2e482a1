"""Statuses whose responses have no content say nothing of any (RFC 9110, section 6.4.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import pytest

from vivace import APIRouter, BackgroundTasks, Depends, HTTPException, Request, Response, Vivace
from vivace.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    StreamingResponse,
)
from vivace.routing import APIRoute

STATUSES = [103, 204, 205, 304]
CLASSES: list[type[Response] | None] = [
    *(None, Response, JSONResponse, PlainTextResponse, HTMLResponse, StreamingResponse),
    FileResponse,
]


def exchange(app: Vivace, path: str) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the body, as the server is given them."""
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Any) -> None:
        messages.append(message)

    async def ask() -> None:
        headers = [(b"content-length", b"0")]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b""}
        await app({**scope, "headers": headers}, receive, send)

    anyio.run(ask)
    start, *parts = messages
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    # A file says this of the path, whatever is sent now.
    headers.pop("accept-ranges", None)
    return start["status"], headers, b"".join(part.get("body", b"") for part in parts)


def without_content(status: int) -> dict[str, str]:
    """The headers that say so: none, but where one must (RFC 9110, section 15.3.6)."""
    return {"content-length": "0"} if status == 205 else {}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("response_class", CLASSES)
def test_a_declared_status_without_content_has_none(
    status: int, response_class: type[Response] | None
) -> None:
    app = Vivace()
    options: Any = {} if response_class is None else {"response_class": response_class}

    @app.get("/path", status_code=status, response_model=None, **options)
    def return_something() -> Any:
        return __file__

    assert exchange(app, "/path") == (status, without_content(status), b"")

    @app.get("/none", status_code=status, **options)
    async def return_nothing() -> None: ...

    assert exchange(app, "/none") == (status, without_content(status), b"")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("response_class", CLASSES)
def test_a_status_without_content_that_is_set_late_has_none(
    status: int, response_class: type[Response] | None
) -> None:
    app = Vivace()
    done: list[str] = []
    options: Any = {} if response_class is None else {"response_class": response_class}

    @app.get("/", response_model=None, **options)
    def read(response: Response, tasks: BackgroundTasks) -> Any:
        response.status_code = status
        response.headers["etag"] = '"1"'
        tasks.add_task(done.append, "done")
        return __file__

    assert exchange(app, "/") == (status, {**without_content(status), "etag": '"1"'}, b"")
    assert done == ["done"]


def not_modified(response: Response) -> None:
    response.status_code = 304


async def with_async() -> AsyncIterator[int]:
    yield 1


def with_thread() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("endpoint", [with_async, with_thread])
@pytest.mark.parametrize("response_class", [None, StreamingResponse])
def test_a_dependency_may_decide_that_nothing_is_streamed(
    endpoint: Callable[..., Any], response_class: type[Response] | None
) -> None:
    app = Vivace()
    options: Any = {} if response_class is None else {"response_class": response_class}
    app.get("/", dependencies=[Depends(not_modified)], **options)(endpoint)
    assert exchange(app, "/") == (304, {}, b"")


@pytest.mark.parametrize("endpoint", [with_async, with_thread])
def test_an_endpoint_that_yields_cannot_be_declared_to_have_no_content(
    endpoint: Callable[..., Any],
) -> None:
    message = rf"{endpoint.__name__}: Status code 204 must not .* yields one. Let it return"
    with pytest.raises(AssertionError, match=message):
        Vivace().get("/", status_code=204)(endpoint)


def test_a_route_that_wraps_its_handler_gets_a_response_without_content() -> None:
    class Wrapping(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Any]:
            handler = super().get_route_handler()

            async def wrapped(request: Request) -> Response:
                response = await handler(request)
                response.headers["x-wrapped"] = "yes"
                return response

            return wrapped

    app = Vivace()
    router = APIRouter(route_class=Wrapping)

    @router.get("/", status_code=204)
    async def return_nothing() -> None: ...

    app.include_router(router)
    assert exchange(app, "/") == (204, {"x-wrapped": "yes"}, b"")


@pytest.mark.parametrize("problem_details", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_an_exception_of_such_a_status_has_no_content_either(
    status: int, problem_details: bool
) -> None:
    app = Vivace(problem_details=problem_details)

    @app.get("/")
    async def fail() -> None:
        raise HTTPException(status, headers={"etag": '"1"'})

    assert exchange(app, "/") == (status, {**without_content(status), "etag": '"1"'}, b"")


def test_what_the_parameter_says_of_the_content_is_sent() -> None:
    app = Vivace()

    @app.get("/", status_code=304)
    async def read(response: Response) -> None:
        response.headers["content-type"] = "text/csv"

    assert exchange(app, "/") == (304, {"content-type": "text/csv"}, b"")
