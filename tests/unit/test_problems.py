from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.requests import Request

from vivace import HTTPException
from vivace.exceptions import RequestValidationError, WebSocketRequestValidationError
from vivace.problems import (
    ProblemResponse,
    http_problem,
    phrase,
    problem_handlers,
    problem_members,
    server_problem,
    validation_problem,
)

pytestmark = pytest.mark.anyio

REQUEST = Request({"type": "http", "headers": []})


def content_of(response: Any) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.body)
    assert problem["status"] == response.status_code
    return problem


def test_a_problem_has_a_type_a_title_and_a_status() -> None:
    assert content_of(ProblemResponse(404)) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
    }


def test_it_has_what_else_is_known() -> None:
    response = ProblemResponse(
        402,
        type="https://example.com/credit",
        title="No credit",
        detail="30 are missing",
        headers={"x-one": "1"},
        balance=20,
    )
    assert content_of(response) == {
        "type": "https://example.com/credit",
        "title": "No credit",
        "status": 402,
        "detail": "30 are missing",
        "balance": 20,
    }
    assert response.headers["x-one"] == "1"


def test_it_has_what_all_problems_of_its_request_have() -> None:
    token = problem_members.set({"request_id": "1", "kind": "shared"})
    try:
        found = content_of(ProblemResponse(404, kind="own"))
    finally:
        problem_members.reset(token)
    assert (found["request_id"], found["kind"], found["status"]) == ("1", "own", 404)
    assert "request_id" not in content_of(ProblemResponse(404))


def test_a_detail_that_says_no_more_than_the_title_is_left_out() -> None:
    assert "detail" not in content_of(ProblemResponse(404, detail="Not Found"))


def test_every_status_has_a_phrase() -> None:
    assert phrase(418) == "I'm a Teapot"
    assert phrase(599) == "Error"
    # The one of RFC 9110, whatever Python says.
    assert phrase(422) == "Unprocessable Content"


async def test_a_status_that_was_renamed_has_one_name() -> None:
    problem = content_of(await http_problem(REQUEST, HTTPException(413)))
    assert problem == {"type": "about:blank", "title": "Content Too Large", "status": 413}


async def test_an_exception_s_detail_becomes_detail_or_errors() -> None:
    text = await http_problem(REQUEST, HTTPException(404, "no such item"))
    assert content_of(text)["detail"] == "no such item"
    other = await http_problem(REQUEST, HTTPException(404, {"id": 3}, headers={"x-one": "1"}))
    assert content_of(other)["errors"] == {"id": 3}
    assert other.headers["x-one"] == "1"
    empty = await http_problem(REQUEST, HTTPException(304, headers={"etag": "x"}))
    assert (empty.body, empty.headers["etag"]) == (b"", "x")


async def test_invalid_input_lists_its_errors() -> None:
    errors = [{"type": "missing", "loc": ("query", "q"), "msg": "Field required", "input": None}]
    problem = content_of(await validation_problem(REQUEST, RequestValidationError(errors)))
    assert problem["status"] == 422
    assert problem["errors"] == [{**errors[0], "loc": ["query", "q"]}]


async def test_a_fault_says_nothing() -> None:
    problem = content_of(await server_problem(REQUEST, LookupError("secret")))
    assert problem == {"type": "about:blank", "title": "Internal Server Error", "status": 500}


def test_there_is_a_handler_for_everything_that_is_answered() -> None:
    handlers = problem_handlers()
    assert {RequestValidationError, WebSocketRequestValidationError, Exception} <= set(handlers)
    assert any(issubclass(HTTPException, key) for key in handlers if key is not Exception)
