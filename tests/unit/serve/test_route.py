from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.routing import Match
from tests.unit.compile.exchange import ask

from vivace import Depends, Path
from vivace.analyse.plan import StreamKind
from vivace.exceptions import VivaceError
from vivace.responses import HTMLResponse, JSONResponse
from vivace.routing import APIRoute
from vivace.serve.settings import Settings


class Item(BaseModel):
    name: str


class Problem(BaseModel):
    title: str


async def endpoint(item_id: int = Path()) -> Item:
    """What it does.

    And more.\fFor readers of the code.
    """
    return Item(name=str(item_id))


def provide() -> str:
    return "provided"


def test_what_it_is_made_of() -> None:
    route = APIRoute("/items/{item_id:int}", endpoint)
    assert route.name == "endpoint"
    assert route.methods == {"GET"}
    assert route.path_format == "/items/{item_id}"
    assert route.path_names == {"item_id"}
    assert route.description == "What it does.\n\nAnd more."
    assert route.response_model is Item
    assert route.response_field is route.plan.response.field is not None
    assert route.plan.body is None
    assert route.unique_id == "endpoint_items__item_id__get"
    assert route.original_route is route
    assert route.is_direct
    assert not route.makes_handler


def test_what_is_said_counts_more_than_what_is_read() -> None:
    route = APIRoute(
        "/{item_id}",
        endpoint,
        methods=["post", "put"],
        name="mine",
        description="Said.\fNot said.",
        response_model=Problem,
        status_code=201,
        operation_id="id",
    )
    assert route.methods == {"POST", "PUT"}
    assert route.name == "mine"
    assert route.description == "Said."
    assert route.response_model is Problem
    assert route.status_code == 201
    assert route.unique_id == "id"
    assert APIRoute("/{item_id}", endpoint, response_model=None).response_field is None
    # An empty one says nothing.
    assert APIRoute("/{item_id}", endpoint, description="").description.startswith("What it does")


def test_further_responses_have_fields() -> None:
    responses: dict[int | str, dict[str, Any]] = {404: {"model": Problem}, 500: {"description": ""}}
    route = APIRoute("/{item_id}", endpoint, responses=responses)
    assert set(route.response_fields) == {404}
    assert route.response_fields[404].annotation is Problem
    assert route.response_fields[404].mode == "serialization"


def test_a_stream_has_items_rather_than_a_model() -> None:
    async def stream() -> AsyncIterator[Item]:
        yield Item(name="x")

    plan = APIRoute("/", stream).plan.response
    assert plan.stream is StreamKind.JSON_LINES
    assert plan.field is None
    assert plan.stream_item is not None
    assert plan.stream_item.annotation is Item


class NoSchema:
    pass


async def returns_no_schema() -> NoSchema: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"status_code": 204}, AssertionError, "204 must not have a response body"),
        ({"responses": {304: {"model": Item}}}, AssertionError, "304 must not have"),
        ({"responses": {404: Item}}, AssertionError, "must be a dict"),
        ({"response_model": NoSchema}, VivaceError, "Invalid args for response field"),
        ({"max_body_size": -1}, ValueError, "-1"),
        ({"endpoint": returns_no_schema}, VivaceError, "response_model=None"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_declared(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        APIRoute(**{"path": "/{item_id}", "endpoint": endpoint, **options})


def test_inside_an_inclusion_it_is_another_with_the_same_call() -> None:
    settings = Settings(
        prefix="/a/{x}",
        tags=("outer",),
        dependencies=(Depends(provide),),
        response_class=HTMLResponse,
        responses={404: {"model": Problem}},
        deprecated=True,
    )
    route = APIRoute("/{item_id}", endpoint, tags=["inner"])
    assert route.response_fields == {}
    inside = route.inside(settings)
    assert inside is not route
    assert inside.original_route is route
    assert inside.path == "/a/{x}/{item_id}"
    assert inside.path_names == {"x", "item_id"}
    assert inside.tags == ["outer", "inner"]
    assert inside.dependencies == [Depends(provide)]
    assert inside.response_class is HTMLResponse
    assert set(inside.response_fields) == {404}
    assert inside.deprecated
    assert inside.unique_id != route.unique_id
    assert "provide" in inside.source()
    assert "provide" not in route.source()
    assert route.tags == ["inner"]
    assert inside.inside(Settings(prefix="/b")).original_route is route


def test_an_app_put_in_the_place_of_its_own_stays_there() -> None:
    route = APIRoute("/", provide)
    route.app = JSONResponse("replaced")
    assert not route.is_direct
    inside = route.inside(Settings(prefix="/a"))
    assert inside.app is route.app


def test_it_is_a_route_of_any_starlette_app() -> None:
    app = Starlette(routes=[APIRoute("/{item_id}", endpoint)])
    assert ask(app, "GET", "/1").body == b'{"name":"1"}'
    # What nobody around it can answer is raised.
    assert ask(app, "GET", "/x").error == "RequestValidationError"
    assert ask(app, "POST", "/1").status == 405
    assert ask(app, "HEAD", "/1").status == 405


def test_it_says_where_a_request_has_arrived() -> None:
    route = APIRoute("/{item_id}", endpoint)
    match, child = route.matches({"type": "http", "path": "/1", "method": "GET"})
    assert match is Match.FULL
    assert child["route"] is route
    assert child["path_params"] == {"item_id": "1"}
    assert route.matches({"type": "http", "path": "/1", "method": "PUT"})[0] is Match.PARTIAL
    assert route.matches({"type": "websocket", "path": "/1"})[0] is Match.NONE
