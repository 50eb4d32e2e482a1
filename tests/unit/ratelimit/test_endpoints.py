"""The decorator, on endpoints of all kinds."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel

from vivace import APIRouter, Body, Depends, HTTPException, Request, Response, Vivace
from vivace.ratelimit import Limiter
from vivace.ratelimit.endpoints import limits_on
from vivace.responses import PlainTextResponse, StreamingResponse
from vivace.testclient import TestClient

limiter = Limiter()
limit = limiter.limit("1/hour")
Endpoint = Callable[..., Any]


class Order(BaseModel):
    number: int


def get_user() -> str:
    return "ada"


async def coroutine() -> str:
    return "done"


def function() -> str:
    return "done"


async def async_generator() -> AsyncIterator[str]:
    yield "done"


def generator() -> Iterator[str]:
    yield "done"


async def response() -> Response:
    return PlainTextResponse("done")


async def stream() -> StreamingResponse:
    return StreamingResponse(generator())


@functools.wraps(function)
async def made_async() -> str:
    return function()


KINDS = [coroutine, function, async_generator, generator, response, stream, made_async]


@pytest.mark.parametrize("endpoint", KINDS)
def test_endpoints_of_all_kinds_are_limited(endpoint: Endpoint) -> None:
    app = Vivace()
    app.get("/")(Limiter().limit("1/hour")(endpoint))
    client = TestClient(app)
    first, second = client.get("/"), client.get("/")
    assert (first.status_code, second.status_code) == (200, 429)
    assert "done" in first.text
    assert second.headers["retry-after"] == "3600"


def test_what_an_endpoint_takes_it_still_gets() -> None:
    """With annotations that are text, as in this module; no request is needed."""
    app = Vivace()

    @app.post("/orders/{shop}")
    @Limiter().limit("9/hour")
    async def create(
        shop: str, order: Order, user: Annotated[str, Depends(get_user)], rate_limit: int = 7
    ) -> list[Any]:
        return [shop, order.number, user, rate_limit]

    client = TestClient(app)
    assert client.post("/orders/a?rate_limit=8", json={"number": 1}).json() == ["a", 1, "ada", 8]
    assert client.post("/orders/a", json={"number": "x"}).json()["detail"][0]["loc"] == [
        *("body", "number")
    ]
    [operation] = app.openapi()["paths"]["/orders/{shop}"].values()
    assert [p["name"] for p in operation["parameters"]] == ["shop", "rate_limit"]


def test_an_endpoint_may_have_the_request_and_the_response() -> None:
    app = Vivace()

    @app.get("/")
    @Limiter().limit("9/hour")
    async def read(request: Request, response: Response) -> str:
        response.headers["x-path"] = request.url.path
        return "read"

    headers = TestClient(app).get("/").headers
    assert headers["x-path"] == "/"
    assert headers["ratelimit"] == '"9/hour";r=8;t=3600'


def test_called_by_itself_an_endpoint_is_not_limited() -> None:
    @limit
    async def read(number: int, *, twice: bool = False) -> int:
        """Read it."""
        return number * (2 if twice else 1)

    assert anyio.run(read, 3) == 3
    assert [anyio.run(lambda: read(number=3, twice=True)) for _ in range(3)] == [6, 6, 6]
    assert (read.__name__, read.__doc__) == ("read", "Read it.")
    assert limits_on(read) == (limit,)
    assert limits_on(coroutine) == ()


def test_what_is_refused_makes_no_dependency() -> None:
    app, made = Vivace(), []

    def connect() -> None:
        made.append("connection")

    @app.get("/")
    @Limiter().limit("1/hour")
    async def read(connection: Any = Depends(connect)) -> None: ...

    client = TestClient(app)
    assert [client.get("/").status_code for _ in range(3)] == [200, 429, 429]
    assert made == ["connection"]


def test_a_request_that_is_not_valid_counts() -> None:
    app = Vivace()

    @app.get("/{number}")
    @Limiter().limit("1/hour")
    async def read(number: int) -> None: ...

    client = TestClient(app)
    assert [client.get("/x").status_code for _ in range(2)] == [422, 429]


def test_a_body_that_cannot_be_read_counts_for_the_whole_app_alone() -> None:
    app, limiter = Vivace(), Limiter()
    limiter.install(app, "3/hour")

    @app.post("/")
    @limiter.limit("1/hour", name="endpoint")
    async def create(order: Order) -> None: ...

    client = TestClient(app, headers={"Content-Type": "application/json"})
    asked = [client.post("/", content=content) for content in ("{", "{", '{"number": 1}', "{")]
    assert [response.status_code for response in asked] == [422, 422, 200, 429]
    assert asked[1].headers["ratelimit"] == '"3/hour";r=1;t=3600'
    assert asked[3].headers["ratelimit"] == '"3/hour";r=0;t=3600'


def test_what_an_endpoint_raises_counts_and_is_answered() -> None:
    app = Vivace()

    @app.get("/")
    @Limiter().limit("1/hour")
    async def read() -> None:
        raise HTTPException(404)

    client = TestClient(app)
    assert [client.get("/").status_code for _ in range(2)] == [404, 429]


def test_above_the_decorator_of_a_route_it_is_refused_where_it_would_do_nothing() -> None:
    app, router = Vivace(), APIRouter()
    for place in (app, router):
        message = r"read is an endpoint already.*\n\n +@app.get"
        with pytest.raises(TypeError, match=message):

            @limit
            @place.get("/")
            async def read() -> None: ...


def test_stacked_above_the_decorator_of_a_route_too() -> None:
    app = Vivace()

    with pytest.raises(TypeError, match="read is an endpoint already"):

        @limit
        @app.get("/")
        @limit
        async def read() -> None: ...


class NotReady:
    """A proxy for what there is only during a request."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("not now")

    @__class__.setter
    def __class__(self, value: type) -> None: ...


def test_what_else_there_is_in_a_module_is_left_alone() -> None:
    proxy = NotReady()

    @limit
    async def read() -> str:
        return "read"

    assert anyio.run(read) == "read"
    assert type(proxy) is NotReady


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(TypeError, match="'read' is no function"):
        limit("read")  # type: ignore[type-var]  # as it says


def test_the_limits_of_an_endpoint_are_known_through_other_decorators() -> None:
    other = limiter.limit("2/hour")
    decorated = other(limit(coroutine))
    assert limits_on(decorated) == (other, limit)
    assert inspect.unwrap(decorated) is coroutine


def test_stacked_limits_count_once_each() -> None:
    app = Vivace()

    @app.get("/")
    @limiter.limit("2/hour", by=lambda request: "stacked")
    @limiter.limit("3/day", by=lambda request: "stacked")
    async def read() -> None: ...

    client = TestClient(app)
    said = [client.get("/") for _ in range(3)]
    assert [response.status_code for response in said] == [200, 200, 429]
    # The outer one is asked first, and what it refuses does not count for the inner one.
    assert said[1].headers["ratelimit"] == '"2/hour";r=0;t=3600, "3/day";r=1;t=86400'


def test_one_limit_in_two_places_counts_once() -> None:
    """On the endpoint, and among the dependencies of the router that it is in."""
    for outer in (limit, limiter.limit("2/hour")):
        inner = limiter.limit("2/hour") if outer is not limit else limit
        router = APIRouter(dependencies=[outer.dependency])
        path = f"/{id(router)}"
        router.get(path)(inner(coroutine))
        app = Vivace()
        app.include_router(router)
        client = TestClient(app)
        asked = [client.get(path).status_code for _ in range(3)]
        assert asked == ([200, 429, 429] if outer is limit else [200, 200, 429])


def test_a_body_that_names_the_client_is_read_once() -> None:
    """A function that needs more than the connection says so, and gets it."""
    app = Vivace()

    async def by_name(request: Request) -> str:
        return str((await request.json())["name"])

    @app.post("/")
    @Limiter().limit("1/hour", by=by_name)
    async def sign_in(name: Annotated[str, Body(embed=True)]) -> str:
        return name

    client = TestClient(app)
    asked = [client.post("/", json={"name": name}) for name in ("ada", "bob", "ada")]
    assert [response.status_code for response in asked] == [200, 200, 429]
    assert asked[0].json() == "ada"
