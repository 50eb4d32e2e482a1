"""Routers in routers cost nothing: what was read once is shared; routes are one flat list."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter

from vivace import APIRouter, Depends, Query, Vivace
from vivace.routing import APIRoute
from vivace.testclient import TestClient

ROUTES = 100
LEVELS = 5


class Item(BaseModel):
    name: str
    price: float = 0


def session(shop: str = "main") -> str:
    return shop


def endpoint_number(number: int) -> Callable[..., Any]:
    async def read(
        id: int,
        shop: Annotated[str, Depends(session)],
        names: Annotated[list[str] | None, Query()] = None,
    ) -> Item:
        return Item(name=f"{number} {shop} {id}")

    read.__name__ = f"read_{number}"
    return read


def many_routes() -> APIRouter:
    router = APIRouter()
    for number in range(ROUTES):
        router.add_api_route(f"/items{number}/{{id}}", endpoint_number(number))
    return router


class Calls:
    """How often the signatures of this module have been read, and validators built."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.signatures = 0
        self.validators = 0
        read, build = inspect.signature, TypeAdapter.__init__

        def signature(call: Any, *args: Any, **kwargs: Any) -> Any:
            self.signatures += getattr(call, "__module__", None) == __name__
            return read(call, *args, **kwargs)

        def make_adapter(*args: Any, **kwargs: Any) -> None:
            self.validators += 1
            build(*args, **kwargs)

        monkeypatch.setattr(inspect, "signature", signature)
        monkeypatch.setattr(TypeAdapter, "__init__", make_adapter)

    @property
    def count(self) -> int:
        return self.signatures + self.validators


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(monkeypatch)


def nested(router: APIRouter, levels: int = LEVELS) -> APIRouter:
    for level in range(levels):
        outer = APIRouter(prefix=f"/level{level}")
        outer.include_router(router, tags=[f"tag{level}"])
        router = outer
    return router


PREFIX = "".join(f"/level{level}" for level in reversed(range(LEVELS)))


def test_routes_are_read_where_they_are_declared(calls: Calls) -> None:
    many_routes()
    assert calls.signatures >= ROUTES
    assert calls.validators >= ROUTES


def test_including_reads_nothing_again(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    router = many_routes()
    app = Vivace()
    before = calls.count
    copies: list[Any] = []
    monkeypatch.setattr(APIRoute, "inside", lambda *arguments: copies.append(arguments))
    app.include_router(nested(router))
    app.include_router(nested(router), prefix="/prefix")
    app.include_router(router)
    # Nothing is copied either, before it is needed.
    assert (calls.count, copies) == (before, [])


def test_serving_and_documenting_read_no_signature_again(calls: Calls) -> None:
    router = many_routes()
    app = Vivace()
    app.include_router(nested(router))
    client = TestClient(app)
    before = calls.count
    reply = client.get(f"{PREFIX}/items7/5?shop=mine")
    assert reply.json() == {"name": "7 mine 5", "price": 0.0}
    assert calls.count == before
    signatures = calls.signatures
    document = client.get("/openapi.json").json()
    assert len(document["paths"]) == ROUTES
    assert calls.signatures == signatures


def test_the_same_router_may_be_included_often(calls: Calls) -> None:
    router = many_routes()
    app = Vivace()
    before = calls.count
    for number in range(10):
        app.include_router(router, prefix=f"/copy{number}")
    client = TestClient(app)
    assert client.get("/copy9/items1/2").json()["name"] == "1 main 2"
    assert client.get("/copy3/items1/2").json()["name"] == "1 main 2"
    assert client.get("/items1/2").status_code == 404
    assert calls.count == before


def test_a_route_that_is_added_later_is_served_and_documented() -> None:
    router = APIRouter()
    app = Vivace()
    app.include_router(nested(router))
    client = TestClient(app)
    assert client.get(f"{PREFIX}/late").status_code == 404
    assert client.get("/openapi.json").json()["paths"] == {}

    @router.get("/late")
    async def late() -> str:
        return "late"

    assert client.get(f"{PREFIX}/late").json() == "late"
    assert list(client.get("/openapi.json").json()["paths"]) == [f"{PREFIX}/late"]
    assert f"{PREFIX}/late" in [getattr(route, "path", None) for route in app.routes]


def test_a_router_that_is_included_later_into_an_included_one_is_served() -> None:
    middle = APIRouter(prefix="/middle")
    app = Vivace()
    app.include_router(middle, prefix="/api")
    client = TestClient(app)
    assert client.get("/api/middle/inner/x").status_code == 404
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/x", endpoint_number(1))
    middle.include_router(inner)
    assert client.get("/api/middle/inner/x?id=4").json()["name"] == "1 main 4"


def test_routes_are_a_flat_list_that_tools_can_walk() -> None:
    app = Vivace(openapi_url=None)
    router = APIRouter(prefix="/shop", tags=["shop"])

    @app.get("/first")
    async def first() -> None: ...

    @router.post("/items/{id}", status_code=201, deprecated=True)
    async def create(id: int, item: Item) -> Item:
        """Create an item."""
        return item

    @router.websocket("/socket")
    async def talk() -> None: ...

    app.include_router(nested(router, 2), prefix="/api", dependencies=[Depends(session)])

    @app.api_route("/last", methods=["PUT", "PATCH"])
    async def last() -> None: ...

    routes = app.routes
    assert isinstance(routes, list)
    paths = [route.path for route in routes]  # type: ignore[attr-defined]
    nested_prefix = "/api/level1/level0/shop"
    expected = ["/first", f"{nested_prefix}/items/{{id}}", f"{nested_prefix}/socket", "/last"]
    assert paths == expected

    http = [route for route in routes if isinstance(route, APIRoute)]
    assert [(route.name, sorted(route.methods or ())) for route in http] == [
        ("first", ["GET"]),
        ("create", ["POST"]),
        ("last", ["PATCH", "PUT"]),
    ]
    included = http[1]
    assert included.endpoint is create
    assert included.tags == ["tag1", "tag0", "shop"]
    assert (included.status_code, included.deprecated) == (201, True)
    assert included.description == "Create an item."
    assert [use.dependency for use in included.dependencies] == [session]
    assert included.response_model is Item
    # The same objects each time, so that tools may annotate them.
    assert [id(route) for route in app.routes] == [id(route) for route in routes]


def test_a_prefix_with_a_parameter_is_part_of_every_path_below_it() -> None:
    router = APIRouter()

    @router.get("/items/{id}")
    async def read(id: int, shop: int) -> list[int]:
        return [shop, id]

    app = Vivace()
    app.include_router(router, prefix="/shops/{shop}")
    app.include_router(router)
    client = TestClient(app)
    assert client.get("/shops/3/items/4").json() == [3, 4]
    assert client.get("/items/4?shop=5").json() == [5, 4]
    refused = client.get("/shops/x/items/4").json()["detail"]
    assert [error["loc"] for error in refused] == [["path", "shop"]]
