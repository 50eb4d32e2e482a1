"""Exception handlers, sorted into those of classes and those of statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from starlette.exceptions import HTTPException, WebSocketException
from starlette.middleware.exceptions import ExceptionMiddleware

from vivace import Request, Response, Vivace
from vivace.responses import PlainTextResponse
from vivace.serve.handler_tables import check_handled, handler_tables
from vivace.testclient import TestClient


class Broken(Exception):
    pass


async def handle(request: Request, error: Exception) -> Response:
    return PlainTextResponse("handled", status_code=418)


@pytest.mark.parametrize("key", [404, 500, HTTPStatus.NOT_FOUND, Exception, Broken, HTTPException])
def test_a_handler_is_for_a_class_or_a_status(key: object) -> None:
    check_handled(key)


@pytest.mark.parametrize("key", [handle, "404", None, Broken(), 4.04, int, BaseException, (404,)])
def test_a_handler_for_anything_else_is_refused(key: object) -> None:
    with pytest.raises(TypeError, match=r"and this is .*@app\.exception_handler\(404\)"):
        check_handled(key)


def test_handlers_are_found_by_class_or_by_status() -> None:
    by_class, by_status = handler_tables({Broken: handle, 404: handle})
    assert by_class[Broken] is handle
    assert by_status == {404: handle}


def test_a_status_may_be_named() -> None:
    _, by_status = handler_tables({HTTPStatus.NOT_FOUND: handle})
    assert by_status[404] is handle


@pytest.mark.parametrize("key", [500, HTTPStatus.INTERNAL_SERVER_ERROR, Exception])
def test_the_handler_of_every_exception_is_in_neither(key: Any) -> None:
    by_class, by_status = handler_tables({key: handle, 404: handle})
    assert Exception not in by_class
    assert by_status == {404: handle}


def test_exceptions_of_http_have_a_handler_from_the_beginning() -> None:
    by_class, by_status = handler_tables({})
    assert set(by_class) == {HTTPException, WebSocketException}
    assert by_status == {}


def test_an_own_handler_takes_the_place_of_the_first() -> None:
    by_class, _ = handler_tables({HTTPException: handle})
    assert by_class[HTTPException] is handle


def test_the_tables_are_no_part_of_what_they_are_made_of() -> None:
    handlers: dict[Any, Any] = {404: handle}
    _, by_status = handler_tables(handlers)
    handlers[410] = handle
    assert by_status == {404: handle}


def test_handlers_that_a_tool_adds_to_the_class_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    original: Any = ExceptionMiddleware.__init__

    def watch(self: Any, *args: Any, **options: Any) -> None:
        original(self, *args, **options)
        self.add_exception_handler(Broken, handle)

    monkeypatch.setattr(ExceptionMiddleware, "__init__", watch)
    by_class, _ = handler_tables({})
    assert by_class[Broken] is handle


@pytest.mark.parametrize("key", [404, HTTPStatus.NOT_FOUND, HTTPException])
def test_an_app_answers_with_the_handler(key: Any) -> None:
    app = Vivace(exception_handlers={key: handle})
    response = TestClient(app).get("/nowhere")
    assert (response.status_code, response.text) == (418, "handled")


def test_an_app_refuses_a_handler_for_anything_else() -> None:
    with pytest.raises(TypeError, match="A handler is for a class of exceptions or a status"):
        Vivace().exception_handler(handle)  # type: ignore[arg-type]
