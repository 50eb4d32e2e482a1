from __future__ import annotations

from collections.abc import AsyncIterable
from typing import Any

import pytest
from pydantic import BaseModel

from vivace import Vivace
from vivace.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
)


class Item(BaseModel):
    name: str


class Problem(BaseModel):
    detail: str


class Created(JSONResponse):
    media_type = "application/vnd.item+json"

    def __init__(self, content: Any, status_code: int = 201, **options: Any) -> None:
        super().__init__(content, status_code, **options)


class Opaque(JSONResponse):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)


def read() -> Item:
    return Item(name="a")


def responses_of(**options: Any) -> dict[str, Any]:
    app = Vivace()
    app.get("/", **options)(read)
    responses: dict[str, Any] = app.openapi()["paths"]["/"]["get"]["responses"]
    return responses


ITEM = {"$ref": "#/components/schemas/Item"}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@pytest.mark.parametrize(
    ("response_class", "status", "content"),
    [
        (JSONResponse, "200", {"application/json": {"schema": ITEM}}),
        (Created, "201", {"application/vnd.item+json": {"schema": ITEM}}),
        (Opaque, "200", {"application/json": {"schema": ITEM}}),
        (HTMLResponse, "200", {"text/html": {"schema": {"type": "string"}}}),
        (FileResponse, "200", None),
        (RedirectResponse, "307", None),
    ],
)
def test_the_class_of_a_response_decides_its_status_and_media_type(
    response_class: type[Any], status: str, content: dict[str, Any] | None
) -> None:
    responses = responses_of(response_class=response_class)
    assert list(responses) == [status]
    assert responses[status].get("content") == content


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_response_without_a_body_has_no_content(status: int) -> None:
    responses = responses_of(status_code=status, response_model=None)
    assert responses == {str(status): {"description": "Successful Response"}}


def test_further_responses_have_a_model_and_what_else_is_said_of_them() -> None:
    headers = {"Retry-After": {"schema": {"type": "integer"}}}
    responses = responses_of(responses={503: {"model": Problem, "headers": headers}})
    assert responses["503"] == {
        "description": "Service Unavailable",
        "headers": headers,
        "content": {"application/json": {"schema": PROBLEM}},
    }


def test_what_is_said_of_the_endpoint_s_own_status_is_added() -> None:
    more = {"description": "Found", "content": {"image/png": {}}}
    responses = responses_of(responses={200: more})
    content = {"application/json": {"schema": ITEM}, "image/png": {}}
    assert responses == {"200": {"description": "Found", "content": content}}


@pytest.mark.parametrize(
    ("declared", "status", "description"),
    [
        ("default", "default", "Default Response"),
        ("4xx", "4XX", "Client Error"),
        (418, "418", "I'm a Teapot"),
        (599, "599", "Additional Response"),
    ],
)
def test_statuses_and_ranges_have_descriptions(
    declared: int | str, status: str, description: str
) -> None:
    assert responses_of(responses={declared: {}})[status] == {"description": description}


def test_a_response_for_no_status_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'missing'.* has no status code"):
        responses_of(responses={"missing": {"description": "Not here"}})


@pytest.mark.parametrize("status", [422, "4XX", "default"])
def test_a_declared_response_to_invalid_requests_is_not_overridden(status: int | str) -> None:
    app = Vivace()

    @app.get("/", responses={status: {"description": "Mine"}})
    def read(q: int) -> None: ...

    document = app.openapi()
    assert set(document["paths"]["/"]["get"]["responses"]) == {"200", str(status)}
    assert "components" not in document


def test_a_model_named_as_ours_does_not_take_its_place() -> None:
    class HTTPValidationError(BaseModel):
        mine: str

    app = Vivace()

    @app.get("/", response_model=HTTPValidationError)
    def read(q: int) -> Any: ...

    schemas = app.openapi()["components"]["schemas"]
    assert schemas["HTTPValidationError"]["required"] == ["mine"]
    assert "ValidationError" in schemas


def test_events_are_described_one_by_one() -> None:
    app = Vivace()

    @app.get("/", response_class=EventSourceResponse)
    async def stream() -> AsyncIterable[Item]:
        yield Item(name="a")

    content = app.openapi()["paths"]["/"]["get"]["responses"]["200"]["content"]
    schema = content["text/event-stream"]["itemSchema"]
    assert schema["properties"]["data"]["contentSchema"] == ITEM
    assert schema["required"] == ["data"]


def test_lines_of_json_are_described_one_by_one() -> None:
    app = Vivace()

    @app.get("/")
    async def stream() -> AsyncIterable[Item]:
        yield Item(name="a")

    content = app.openapi()["paths"]["/"]["get"]["responses"]["200"]["content"]
    assert content == {"application/jsonl": {"itemSchema": ITEM}}
