"""The document of an app with problem details says what the app sends."""

from __future__ import annotations

from vivace import Vivace
from vivace.testclient import TestClient


def test_the_document_says_what_an_invalid_request_gets() -> None:
    app = Vivace(problem_details=True)

    @app.get("/items/{number}")
    async def read(number: int) -> int:
        return number

    document = app.openapi()
    documented = document["paths"]["/items/{number}"]["get"]["responses"]["422"]["content"]
    sent = TestClient(app).get("/items/x")
    assert list(documented) == [sent.headers["content-type"]]
    schema = document["components"]["schemas"]["ValidationProblem"]
    assert set(schema["required"]) <= set(sent.json()) <= set(schema["properties"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_without_problem_details_nothing_changes() -> None:
    app = Vivace()

    @app.get("/items/{number}")
    async def read(number: int) -> int:
        return number

    assert "ValidationProblem" not in app.openapi()["components"]["schemas"]
