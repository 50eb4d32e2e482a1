"""Which requests count together: those to one endpoint, by one method."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, Vivace
from vivace.ratelimit import Limit, Limiter
from vivace.testclient import TestClient
from vivace.versioning import ByQuery, Versions


@pytest.fixture
def limiter() -> Limiter:
    return Limiter()


def ask(app: Vivace, *requests: str) -> list[int]:
    client = TestClient(app)
    return [client.request(*request.split()).status_code for request in requests]


def declare(app: Vivace | APIRouter, path: str, limit: Limit, answer: int = 0) -> None:
    @app.get(path)
    @limit
    async def read() -> int:
        return answer


def test_functions_of_one_name_count_apart(limiter: Limiter) -> None:
    app = Vivace()

    @app.get("/one")
    @limiter.limit("1/hour")
    async def homepage() -> str:
        return "one"

    def other() -> None:
        @app.get("/two")
        @limiter.limit("1/hour")
        async def homepage() -> str:
            return "two"

    other()
    assert ask(app, "GET /one", "GET /two", "GET /one", "GET /two") == [200, 200, 429, 429]


def test_the_methods_of_a_path_count_apart(limiter: Limiter) -> None:
    app = Vivace()

    @app.get("/orders")
    @app.post("/orders")
    @limiter.limit("1/hour")
    async def orders() -> None: ...

    @app.api_route("/both", methods=["GET", "POST"])
    @limiter.limit("1/hour")
    async def both() -> None: ...

    for path in ("/orders", "/both"):
        methods = ["GET", "POST", "GET", "POST"]
        assert ask(app, *(f"{m} {path}" for m in methods)) == [200, 200, 429, 429]


def test_head_counts_with_get(limiter: Limiter) -> None:
    app = Vivace()
    declare(app, "/orders", limiter.limit("2/hour"))
    assert ask(app, "HEAD /orders", "GET /orders", "HEAD /orders") == [200, 200, 429]


def test_a_limit_that_is_used_again_counts_each_endpoint_by_itself(limiter: Limiter) -> None:
    app, limit = Vivace(), limiter.limit("1/hour")
    for path in ("/one", "/two"):
        declare(app, path, limit)
    assert ask(app, "GET /one", "GET /two", "GET /one") == [200, 200, 429]


def test_all_values_in_a_path_count_together(limiter: Limiter) -> None:
    app = Vivace()
    declare(app, "/orders/{number}", limiter.limit("1/hour"))
    assert ask(app, "GET /orders/1", "GET /orders/2") == [200, 429]


def test_a_router_limits_each_of_its_endpoints(limiter: Limiter) -> None:
    app = Vivace()
    router = APIRouter(prefix="/inner", dependencies=[limiter.limit("1/hour").dependency])

    @router.get("/one")
    async def one() -> None: ...

    @router.post("/one")
    async def create_one() -> None: ...

    app.include_router(router, prefix="/outer")
    outer = ["GET /outer/inner/one", "POST /outer/inner/one"]
    assert ask(app, *outer, *outer) == [200, 200, 429, 429]


def test_a_limit_reaches_routers_in_routers(limiter: Limiter) -> None:
    app = Vivace(dependencies=[limiter.limit("1/hour").dependency])
    inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")

    @inner.get("/one")
    async def one() -> None: ...

    outer.include_router(inner)
    app.include_router(outer)
    assert ask(app, "GET /outer/inner/one", "GET /outer/inner/one") == [200, 429]


def test_a_router_that_is_included_twice_counts_twice(limiter: Limiter) -> None:
    app, router = Vivace(), APIRouter()
    declare(router, "/one", limiter.limit("1/hour"))
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    assert ask(app, "GET /v1/one", "GET /v2/one", "GET /v1/one") == [200, 200, 429]


def test_a_scope_counts_endpoints_together(limiter: Limiter) -> None:
    app = Vivace()
    for path in ("/one", "/two"):
        declare(app, path, limiter.limit("2/hour", scope="search"))
    declare(app, "/three", limiter.limit("2/hour", scope="other"))
    asked = ask(app, "GET /one", "GET /two", "GET /one", "GET /two", "GET /three")
    assert asked == [200, 200, 429, 429, 200]


def make_branch(limiter: Limiter, **options: Any) -> Vivace:
    branch = Vivace(**options)
    declare(branch, "/till", limiter.limit("1/hour"))
    return branch


def test_apps_of_one_factory_count_apart_where_they_are_mounted(limiter: Limiter) -> None:
    app, router, middle = Vivace(), APIRouter(), Vivace()
    app.mount("/one", make_branch(limiter))
    router.mount("/two", make_branch(limiter))
    app.include_router(router, prefix="/routed")
    middle.mount("/three", make_branch(limiter))
    app.mount("/middle", middle)
    paths = ["GET /one/till", "GET /routed/two/till", "GET /middle/three/till"]
    assert ask(app, *paths, *paths) == [200] * 3 + [429] * 3


def test_a_value_in_the_path_of_a_mount_does_not_evade_a_limit(limiter: Limiter) -> None:
    app = Vivace()
    app.mount("/shops/{shop}", make_branch(limiter))
    assert ask(app, "GET /shops/1/till", "GET /shops/2/till") == [200, 429]


def test_another_function_at_the_same_place_counts_by_itself(limiter: Limiter) -> None:
    """As the versions of an endpoint that are told apart by a header."""
    app, limit = Vivace(), limiter.limit("1/hour")

    def read_old() -> None: ...

    def read_new() -> None: ...

    routers = [APIRouter(dependencies=[limit.dependency]) for _ in range(2)]
    for router, function in zip(routers, (read_old, read_new)):
        router.get("/orders")(function)
    assert ask_router(app, routers[0]) == ask_router(Vivace(), routers[1]) == [200, 429]


def ask_router(app: Vivace, router: APIRouter) -> list[int]:
    app.include_router(router)
    return ask(app, "GET /orders", "GET /orders")


def test_so_does_one_of_the_same_factory_in_another_version(limiter: Limiter) -> None:
    app, versions = Vivace(), Versions("1", "2", by=[ByQuery()], default="2")
    limit = limiter.limit("1/hour")
    for options in ({"until": "2"}, {"since": "2"}):
        router = APIRouter()
        declare(router, "/orders", limit)
        versions.include_router(router, **options)
    versions.install(app)
    requests = "GET /orders?version=1", "GET /orders?version=2"
    assert ask(app, *requests, *requests) == [200, 200, 429, 429]
