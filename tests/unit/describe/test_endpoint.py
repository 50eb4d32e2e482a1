from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route

from vivace import APIRouter, Form, Header, Vivace
from vivace.describe.endpoint import DocumentedEndpoint, documented_endpoints
from vivace.serve.route_group import RouteGroup


class Item(BaseModel):
    name: str


class Problem(BaseModel):
    reason: str


def read() -> None: ...


def only(app: Vivace) -> DocumentedEndpoint:
    (endpoint,) = documented_endpoints(app.routes)
    return endpoint


def paths(routes: Sequence[BaseRoute] | None) -> list[str]:
    return [endpoint.route.path for endpoint in documented_endpoints(routes)]


@pytest.mark.parametrize("routes", [None, [], ()])
def test_no_routes_have_no_endpoints(routes: Sequence[BaseRoute] | None) -> None:
    assert documented_endpoints(routes) == []


def test_routes_that_are_no_endpoints_are_left_out() -> None:
    def plain(request: Any) -> PlainTextResponse:
        return PlainTextResponse("")

    app = Vivace(routes=[Route("/plain", plain), Mount("/mounted", Vivace())])
    app.get("/hidden", include_in_schema=False)(read)

    @app.websocket("/socket")
    async def socket() -> None: ...

    app.get("/shown")(read)
    assert paths(app.routes) == ["/shown"]


def test_included_routers_stand_in_their_place() -> None:
    app, outer, inner = Vivace(), APIRouter(prefix="/outer"), APIRouter()
    inner.get("/inner")(read)
    outer.get("/first")(read)
    outer.include_router(inner)
    app.get("/before")(read)
    app.include_router(outer)
    app.get("/after")(read)
    assert paths(app.routes) == ["/before", "/outer/first", "/outer/inner", "/after"]


def test_a_router_that_is_included_without_a_description_is_left_out() -> None:
    app, router = Vivace(), APIRouter()
    router.get("/router")(read)
    app.include_router(router, include_in_schema=False)
    assert paths(app.routes) == []


def test_a_group_shows_only_what_it_describes() -> None:
    shown, hidden, nested = APIRouter(), APIRouter(), APIRouter()
    shown.get("/shown")(read)
    hidden.get("/hidden")(read)
    nested.get("/nested")(read)

    class Group(RouteGroup):
        def __init__(self, described: Sequence[BaseRoute]) -> None:
            self._described = described

        @property
        def routes(self) -> Sequence[BaseRoute]:
            return [*self._described, *hidden.routes]

        @property
        def described(self) -> Sequence[BaseRoute]:
            return self._described

    group = Group([*shown.routes, Group(nested.routes)])
    assert paths([group]) == ["/shown", "/nested"]


def test_an_endpoint_has_its_parameters_body_and_callbacks() -> None:
    callbacks = APIRouter()
    callbacks.post("/done")(read)
    callbacks.post("/hidden", include_in_schema=False)(read)
    app = Vivace()

    @app.post("/{number}", callbacks=callbacks.routes)
    def write(number: int, item: Item, q: str = "", token: str = Header("")) -> None: ...

    endpoint = only(app)
    names = [parameter.field.validation_name for parameter in endpoint.parameters]
    assert sorted(names) == ["number", "q", "token"]
    assert endpoint.body is not None
    assert endpoint.body.media_type == "application/json"
    assert [callback.route.path for callback in endpoint.callbacks] == ["/done"]


def test_an_endpoint_that_takes_nothing_has_no_parts() -> None:
    app = Vivace()
    app.get("/")(read)
    endpoint = only(app)
    assert endpoint.parameters == []
    assert endpoint.body is None
    assert endpoint.callbacks == []


def test_every_field_with_a_schema_is_named() -> None:
    callbacks = APIRouter()

    @callbacks.post("/done")
    def done(count: float) -> None: ...

    app = Vivace()

    @app.post("/{number}", responses={404: {"model": Problem}}, callbacks=callbacks.routes)
    def write(number: int, item: Item) -> list[Item]:
        return [item]

    annotations = [field.annotation for field in only(app).fields()]
    # ``None`` is what the callback returns.
    found = [annotation for annotation in annotations if annotation not in (None, type(None))]
    assert found == [Item, list[Item], Problem, float, int]


def test_items_of_a_stream_and_fields_of_a_form_have_schemas() -> None:
    app = Vivace()

    @app.post("/")
    async def stream(
        item: Annotated[Item, Form()], token: Annotated[str, Form()]
    ) -> AsyncIterator[Problem]:
        yield Problem(reason=token)

    annotations = [field.annotation for field in only(app).fields()]
    assert annotations == [Item, str, Problem]


def test_a_mistake_in_a_route_is_not_hidden() -> None:
    def broken(route: Any) -> str:
        raise AttributeError("no such thing")

    app = Vivace()

    @app.post("/", generate_unique_id_function=broken)
    def write(item: Item) -> None: ...

    with pytest.raises(AttributeError, match="no such thing"):
        documented_endpoints(app.routes)
