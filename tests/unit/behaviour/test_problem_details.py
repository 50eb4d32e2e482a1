"""Errors as problem details (RFC 9457), where the app asks for them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from vivace import HTTPException, Request, Vivace
from vivace.responses import JSONResponse
from vivace.testclient import TestClient


class Item(BaseModel):
    name: str


def make_app(**options: Any) -> Vivace:
    app = Vivace(problem_details=True, **options)

    @app.get("/items/{id}")
    async def read(id: int) -> int:
        if id == 0:
            raise HTTPException(404, "There is no item 0.", headers={"X-Hint": "start at 1"})
        if id == 1:
            raise HTTPException(409, {"reason": "taken", "by": ["you"]})
        if id == 2:
            raise HTTPException(402)
        if id == 3:
            raise HTTPException(304)
        if id == 4:
            raise HTTPException(499)
        if id == 5:
            raise RuntimeError("secret")
        return id

    @app.post("/items", max_body_size=20)
    async def create(item: Item) -> Item:
        return item

    return app


client = TestClient(make_app(), raise_server_exceptions=False)


def problem(method: str, path: str, **request: Any) -> dict[str, Any]:
    response = client.request(method, path, **request)
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert found["type"] == "about:blank"
    return found


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/items/0", {"title": "Not Found", "status": 404, "detail": "There is no item 0."}),
        (
            "GET",
            "/items/1",
            {"title": "Conflict", "status": 409, "errors": {"reason": "taken", "by": ["you"]}},
        ),
        ("GET", "/items/2", {"title": "Payment Required", "status": 402}),
        ("GET", "/items/5", {"title": "Internal Server Error", "status": 500}),
        ("GET", "/nothing", {"title": "Not Found", "status": 404}),
        ("DELETE", "/items/9", {"title": "Method Not Allowed", "status": 405}),
    ],
)
def test_every_error_is_a_problem(method: str, path: str, expected: dict[str, Any]) -> None:
    assert problem(method, path) == {"type": "about:blank", **expected}


def test_headers_stay() -> None:
    assert client.get("/items/0").headers["X-Hint"] == "start at 1"
    assert client.delete("/items/9").headers["Allow"] == "GET, HEAD"


def test_a_status_that_nobody_named_has_a_title_still() -> None:
    assert problem("GET", "/items/4")["title"]


def test_a_status_without_content_has_none() -> None:
    response = client.get("/items/3")
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("sent", [b'{"name": NaN}', b'{"name": 1}', b'{"name": "a"', b"\xff"])
def test_invalid_input_lists_its_errors(sent: bytes) -> None:
    found = problem("POST", "/items", content=sent, headers={"Content-Type": "application/json"})
    if found["status"] == 400:
        assert sent == b"\xff"
        return
    assert (found["status"], found["detail"]) == (422, "The request is not valid.")
    (error,) = found["errors"]
    assert error["loc"][0] == "body"
    assert {"type", "msg"} <= error.keys()


def test_a_body_that_is_too_large_is_a_problem() -> None:
    found = problem("POST", "/items", json={"name": "x" * 30})
    assert found == {"type": "about:blank", "title": "Content Too Large", "status": 413}


def test_a_fault_leaks_nothing() -> None:
    assert "secret" not in client.get("/items/5").text


def test_an_own_handler_still_has_the_last_word() -> None:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"own": True}, status_code=404)

    own = TestClient(make_app(exception_handlers={404: handle}))
    assert own.get("/items/0").json() == {"own": True}
    assert own.get("/nothing").json() == {"own": True}


def test_without_it_errors_are_as_ever() -> None:
    app = Vivace()
    response = TestClient(app).get("/nothing")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {"detail": "Not Found"}
