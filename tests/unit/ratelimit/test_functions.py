"""Functions that say what a request counts by, what it costs, and whether it counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, Any

import anyio
import pytest

from vivace import Depends, Header, Request, Vivace
from vivace.ratelimit import ClientAddress, Limiter
from vivace.ratelimit.functions import name_of, of_connection
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient


def by_tenant(x_tenant: Annotated[str, Header()]) -> str:
    return x_tenant


async def by_tenant_async(x_tenant: Annotated[str, Header()]) -> str:
    return x_tenant


def by_request(request: Request) -> str:
    return request.headers["x-tenant"]


async def by_connection(connection: HTTPConnection) -> str:
    return connection.headers["x-tenant"]


class Tenant:
    async def __call__(self, x_tenant: Annotated[str, Header()]) -> str:
        return x_tenant


async def by_bare(anything):  # type: ignore[no-untyped-def]  # as it says
    return anything.headers["x-tenant"]


FUNCTIONS: list[Any] = [
    *(by_tenant, by_tenant_async, by_request, by_connection, Tenant(), by_bare),
    *(lambda request: request.headers["x-tenant"], Depends(by_tenant)),
]


@pytest.mark.parametrize("by", FUNCTIONS)
def test_requests_count_by_any_function(by: Any) -> None:
    app, limiter = Vivace(), Limiter()

    @app.get("/")
    @limiter.limit("1/hour", by=by)
    async def read() -> str:
        return "read"

    client = TestClient(app)
    asked = [client.get("/", headers={"X-Tenant": tenant}).status_code for tenant in "aabba"]
    assert asked == [200, 429, 200, 429, 429]


def test_a_function_can_depend_on_what_it_needs() -> None:
    def find_plan(x_plan: Annotated[str, Header()]) -> str:
        return {"free": "1/hour", "paid": "3/hour"}[x_plan]

    app, limiter = Vivace(), Limiter()

    @app.get("/")
    @limiter.limit(find_plan, by=by_tenant)
    async def read() -> str:
        return "read"

    client = TestClient(app)
    for plan, passes in (("free", 1), ("paid", 3)):
        headers = {"X-Tenant": plan, "X-Plan": plan}
        asked = [client.get("/", headers=headers).status_code for _ in range(5)]
        assert asked.count(200) == passes
        assert asked[passes:] == [429] * (5 - passes)


def test_a_function_that_may_block_runs_in_a_thread() -> None:
    app, limiter = Vivace(), Limiter()
    threads: set[int] = set()

    def by_slow(connection):  # type: ignore[no-untyped-def]  # gets the connection all the same
        threads.add(threading.get_ident())
        return "everybody"

    limiter.install(app, limiter.limit("100/hour", by=by_slow))

    @app.get("/")
    @limiter.limit("100/hour", by=by_slow)
    async def read() -> int:
        return threading.get_ident()

    with TestClient(app) as client:
        assert client.get("/").json() not in threads
    assert threads


async def simple(connection: HTTPConnection) -> str:
    return "async"


def blocking(request: Request) -> str:
    return "sync"


@pytest.mark.parametrize("function", [simple, blocking, lambda anything: "bare"])
def test_without_dependencies_a_function_gets_the_connection(function: Any) -> None:
    said = anyio.run(of_connection(function), HTTPConnection({"type": "http"}))
    assert said in ("async", "sync", "bare")


@pytest.mark.parametrize(
    "function", [by_tenant, lambda: 1, lambda a, b: 1, Depends(simple), "text", Tenant()]
)
def test_what_needs_more_than_the_connection_is_refused_where_there_is_no_more(
    function: Any,
) -> None:
    with pytest.raises(TypeError, match=r"there are no dependencies\. Give a function"):
        of_connection(function)


def test_functions_are_told_apart() -> None:
    named: list[Callable[..., Any]] = [simple, blocking, ClientAddress()]
    lambdas = [
        lambda connection: "one",
        lambda connection: "other",
    ]
    assert len({name_of(function) for function in [*named, *lambdas]}) == 5
    assert name_of(Depends(simple)) == name_of(simple)
    assert name_of(ClientAddress()) == name_of(ClientAddress(1))
