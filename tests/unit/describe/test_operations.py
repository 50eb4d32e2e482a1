from __future__ import annotations

import functools
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

from vivace import APIRouter, Depends, Query, Security, Vivace
from vivace.describe.endpoint import DocumentedEndpoint, documented_endpoints
from vivace.describe.operations import METHODS_WITH_BODY, Operations
from vivace.describe.schemas import Schemas
from vivace.security import APIKeyHeader, HTTPBearer, OAuth2PasswordBearer


class Item(BaseModel):
    name: str


class Tag(Enum):
    ITEMS = "items"


def read_all_items() -> None: ...


def described(app: Vivace) -> tuple[Operations, list[DocumentedEndpoint]]:
    endpoints = documented_endpoints(app.routes)
    schemas = Schemas([field for endpoint in endpoints for field in endpoint.fields()])
    return Operations(schemas), endpoints


def operation_of(app: Vivace, method: str = "GET") -> dict[str, Any]:
    operations, (endpoint,) = described(app)
    return operations.operation(endpoint, method)


def test_a_short_endpoint_has_a_short_operation() -> None:
    app = Vivace()
    app.get("/items")(read_all_items)
    operation = operation_of(app)
    assert list(operation) == ["summary", "operationId", "responses"]
    assert operation["summary"] == "Read All Items"
    assert operation["operationId"] == "read_all_items_items_get"
    assert list(operation["responses"]) == ["200"]


def test_what_a_route_says_of_itself_is_shown() -> None:
    app = Vivace()
    app.get(
        "/",
        tags=["first", Tag.ITEMS],
        summary="All",
        description="All of **them**.",
        operation_id="all",
        deprecated=True,
    )(read_all_items)
    operation = operation_of(app)
    del operation["responses"]
    assert operation == {
        "tags": ["first", "items"],
        "summary": "All",
        "description": "All of **them**.",
        "operationId": "all",
        "deprecated": True,
    }


def test_a_path_item_has_an_operation_for_each_method() -> None:
    app = Vivace()
    app.api_route("/", methods=["GET", "DELETE"])(read_all_items)
    operations, (endpoint,) = described(app)
    with pytest.warns(UserWarning, match="Duplicate Operation ID"):
        item = operations.path_item(endpoint)
    assert sorted(item) == ["delete", "get"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_body_is_shown_where_the_method_gives_it_a_meaning(method: str) -> None:
    app = Vivace()

    @app.api_route("/", methods=[method])
    def write(item: Item) -> None: ...

    operation = operation_of(app, method)
    assert ("requestBody" in operation) == (method in METHODS_WITH_BODY) == (method != "OPTIONS")
    # It is read all the same, and may be wrong.
    assert "422" in operation["responses"]


def test_callbacks_stand_under_their_names_and_paths() -> None:
    callbacks = APIRouter()

    @callbacks.post("{$request.body#/url}")
    def done(item: Item) -> None: ...

    app = Vivace()
    app.get("/", callbacks=callbacks.routes)(read_all_items)
    made = operation_of(app)["callbacks"]
    assert list(made) == ["done"]
    assert list(made["done"]) == ["{$request.body#/url}"]
    assert "requestBody" in made["done"]["{$request.body#/url}"]["post"]


def test_validation_errors_are_described_where_there_is_something_to_validate() -> None:
    app = Vivace()
    app.get("/plain")(read_all_items)

    @app.get("/hidden")
    def hidden(q: str = Query("", include_in_schema=False)) -> None: ...

    operations, (plain, with_query) = described(app)
    assert "422" not in operations.operation(plain, "GET")["responses"]
    assert not operations.has_validation_errors
    operation = operations.operation(with_query, "GET")
    assert "parameters" not in operation
    assert "422" in operation["responses"]
    assert operations.has_validation_errors


@pytest.mark.parametrize("status", ["422", "4XX", "default"])
def test_an_error_of_ones_own_stands_for_the_validation_error(status: str) -> None:
    app = Vivace()

    @app.get("/", responses={status: {"description": "Mine"}})
    def read(q: int) -> None: ...

    operations, (endpoint,) = described(app)
    responses = operations.operation(endpoint, "GET")["responses"]
    assert sorted(responses) == ["200", status]
    assert responses[status]["description"] == "Mine"
    assert not operations.has_validation_errors


def test_one_operation_id_for_two_operations_is_warned_of() -> None:
    def wrapper() -> None: ...

    app = Vivace()
    app.get("/a", operation_id="same")(read_all_items)
    app.get("/b", operation_id="same")(functools.wraps(read_all_items)(wrapper))
    operations, (first, second) = described(app)
    operations.operation(first, "GET")
    message = f"Duplicate Operation ID same for function read_all_items at {__file__}"
    with pytest.warns(UserWarning) as warnings:
        operations.operation(second, "GET")
    assert [str(warning.message) for warning in warnings] == [message]


def test_a_callable_without_a_name_is_called_by_its_class() -> None:
    class Reader:
        def __call__(self) -> None: ...

    app = Vivace()
    for path in ("/a", "/b"):
        app.get(path, operation_id="same", name="reader")(Reader())
    operations, (first, second) = described(app)
    operations.operation(first, "GET")
    with pytest.warns(UserWarning, match=r"Duplicate Operation ID same for function Reader$"):
        operations.operation(second, "GET")


def test_each_scheme_is_asked_for_once_with_every_scope() -> None:
    oauth2 = OAuth2PasswordBearer("token", scopes={"a": "A", "b": "B", "c": "C"})
    bearer = HTTPBearer()

    def user(token: str = Security(oauth2, scopes=["b", "a"])) -> None: ...

    app = Vivace()

    @app.get("/")
    def read(
        user: None = Security(user, scopes=["c"]),
        token: str = Depends(oauth2),
        credentials: Any = Depends(bearer),
    ) -> None: ...

    operations, (endpoint,) = described(app)
    security = operations.operation(endpoint, "GET")["security"]
    assert security == [{"OAuth2PasswordBearer": ["c", "b", "a"]}, {"HTTPBearer": []}]
    assert operations.security_schemes == {
        "OAuth2PasswordBearer": oauth2.model,
        "HTTPBearer": bearer.model,
    }


def test_schemes_of_all_operations_are_gathered() -> None:
    app = Vivace()
    for name in ("a", "b"):
        scheme = APIKeyHeader(name=name, scheme_name=name)
        app.get(f"/{name}", dependencies=[Depends(scheme)])(read_all_items)
    operations, endpoints = described(app)
    made = [operations.operation(endpoint, "GET")["security"] for endpoint in endpoints]
    assert made == [[{"a": []}], [{"b": []}]]
    assert list(operations.security_schemes) == ["a", "b"]


def test_additions_are_merged_and_lists_go_on() -> None:
    extra = {
        "tags": ["more"],
        "x-internal": {"level": 1},
        "responses": {"200": {"headers": {"X-Rate": {"schema": {"type": "integer"}}}}},
    }
    app = Vivace()
    app.get("/", tags=["first"], openapi_extra=extra)(read_all_items)
    operation = operation_of(app)
    assert operation["tags"] == ["first", "more"]
    assert operation["x-internal"] == {"level": 1}
    assert set(operation["responses"]["200"]) == {"description", "content", "headers"}
    assert extra["tags"] == ["more"]
