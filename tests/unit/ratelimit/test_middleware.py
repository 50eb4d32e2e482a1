"""Limits on a whole app."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import (
    APIRouter,
    HTTPException,
    Request,
    Response,
    Vivace,
    WebSocket,
    WebSocketDisconnect,
)
from vivace.middleware.cors import CORSMiddleware
from vivace.ratelimit import Limiter
from vivace.requests import HTTPConnection
from vivace.responses import PlainTextResponse, StreamingResponse
from vivace.testclient import TestClient, WebSocketDenialResponse

from .conftest import Clock


def shop(**options: Any) -> Vivace:
    app = Vivace(**options)

    @app.get("/value")
    async def value() -> str:
        return "value"

    @app.get("/response")
    async def response() -> Response:
        return PlainTextResponse("response")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter(["stream"]))

    @app.get("/error")
    async def error() -> None:
        raise HTTPException(409)

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    return app


@pytest.mark.parametrize(
    "path", ["/value", "/response", "/stream", "/error", "/nothing", "/docs", "/value?limit=x"]
)
def test_every_request_counts_and_every_response_says_so(clock: Clock, path: str) -> None:
    app = shop()
    Limiter().install(app, "3/minute")
    client = TestClient(app)
    for remaining in (2, 1, 0):
        response = client.get(path)
        assert response.status_code < 500
        assert response.headers["ratelimit"] == f'"3/minute";r={remaining};t=60'
        assert response.headers["ratelimit-policy"] == '"3/minute";q=3;w=60'
        assert "retry-after" not in response.headers
    # All of them together.
    for refused in (client.get(path), client.post("/value")):
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "60"
        assert refused.headers.get_list("ratelimit") == ['"3/minute";r=0;t=60']
        detail = "Too many requests: at most 3 per minute. Try again in 60 seconds."
        assert refused.json() == {"detail": detail}


def test_a_fault_is_answered_with_the_fields_and_raised(clock: Clock) -> None:
    app = shop()
    Limiter().install(app, "3/minute")
    client = TestClient(app, raise_server_exceptions=False)
    response = client.get("/fault")
    assert (response.status_code, response.headers["ratelimit"]) == (500, '"3/minute";r=2;t=60')
    with pytest.raises(RuntimeError):
        TestClient(app).get("/fault")


def test_websockets_count_too(clock: Clock) -> None:
    app = shop()
    Limiter().install(app, "1/minute")
    client = TestClient(app)
    with client.websocket_connect("/socket") as socket:
        assert (b"ratelimit", b'"1/minute";r=0;t=60') in (socket.extra_headers or [])
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/socket"):
        pass
    assert refused.value.status_code == 429


def test_a_server_that_cannot_answer_a_handshake_closes_the_websocket(clock: Clock) -> None:
    app = shop()
    Limiter().install(app, "1/minute")

    async def without_extensions(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "extensions": {}}, receive, send)

    client = TestClient(without_extensions)
    with client.websocket_connect("/socket"):
        pass
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/socket"):
        pass
    assert closed.value.code == 1013


def test_the_lifespan_passes(clock: Clock) -> None:
    app = shop()
    Limiter().install(app, "1/minute")
    for _ in range(3):
        with TestClient(app):
            pass


def test_an_app_may_have_several_limits_and_each_has_its_functions(clock: Clock) -> None:
    async def tenant(connection: HTTPConnection) -> str | None:
        return connection.headers.get("x-tenant")

    def is_monitor(request: Request) -> bool:
        return request.url.path == "/nothing"

    def cost(connection):  # type: ignore[no-untyped-def]  # gets the connection all the same
        return 2 if connection.url.path == "/stream" else 1

    def rules(request: Request) -> str:
        return "4/hour" if request.headers.get("x-tenant") == "big" else "2/hour"

    app, limiter = shop(), Limiter()
    by_tenant = limiter.limit(rules, by=tenant, exempt=is_monitor, cost=cost, name="tenant")
    limiter.install(app, "9/minute", by_tenant)
    client = TestClient(app)

    def ask(path: str, **headers: str) -> tuple[int, str | None]:
        response = client.get(path, headers=headers)
        return response.status_code, response.headers.get("ratelimit")

    assert ask("/value") == (200, '"9/minute";r=8;t=60')
    small, big = {"X-Tenant": "small"}, {"X-Tenant": "big"}
    assert ask("/stream", **small) == (200, '"9/minute";r=7;t=60, "tenant";r=0;t=3600')
    assert ask("/value", **small) == (429, '"tenant";r=0;t=3600')
    assert ask("/nothing", **small) == (404, '"9/minute";r=5;t=60')
    assert ask("/stream", **big) == (200, '"9/minute";r=4;t=60, "tenant";r=2;t=3600')


def test_what_needs_a_dependency_is_refused_at_once() -> None:
    def by_user(x_user: str, x_tenant: str) -> str:
        return x_user + x_tenant

    app, limiter = shop(), Limiter()
    with pytest.raises(TypeError, match=r"by_user.*there are no dependencies"):
        limiter.install(app, limiter.limit("1/minute", by=by_user))


def test_cors_stands_around_it(clock: Clock) -> None:
    app = shop()
    Limiter().install(app, "1/minute")
    app.add_middleware(CORSMiddleware, allow_origins=["https://page.example"])
    client = TestClient(app, headers={"Origin": "https://page.example"})
    preflight = {"Access-Control-Request-Method": "GET"}
    for _ in range(3):
        assert client.options("/value", headers=preflight).status_code == 200
    for status in (200, 429):
        response = client.get("/value")
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == "https://page.example"


def test_limits_of_endpoints_are_in_the_same_fields(clock: Clock) -> None:
    app, limiter = shop(), Limiter()
    limiter.install(app, "9/minute")

    @app.get("/limited")
    @limiter.limit("1/hour")
    async def limited() -> Response:
        return PlainTextResponse("limited")

    client = TestClient(app)
    policy = '"9/minute";q=9;w=60, "1/hour";q=1;w=3600'
    for said in ('"9/minute";r=8;t=60, "1/hour";r=0;t=3600', '"1/hour";r=0;t=3600'):
        response = client.get("/limited")
        assert response.headers.get_list("ratelimit") == [said]
        assert response.headers.get_list("ratelimit-policy") == [policy]


def test_an_app_that_is_mounted_has_limits_of_its_own(clock: Clock) -> None:
    limiter = Limiter()
    app, branches = shop(), [shop(), shop()]
    limiter.install(app, "9/minute")
    router = APIRouter()
    for number, branch in enumerate(branches):
        limiter.install(branch, "1/minute")
        router.mount(f"/{number}", branch)
    app.include_router(router)
    client = TestClient(app)
    asked = [client.get(f"/{number}/value") for number in (0, 1, 0, 1)]
    assert [response.status_code for response in asked] == [200, 200, 429, 429]
    assert asked[0].headers.get_list("ratelimit") == ['"9/minute";r=8;t=60, "1/minute";r=0;t=60']
    assert asked[3].headers.get_list("ratelimit") == ['"1/minute";r=0;t=60']


def on_app_and_endpoint(scope: str | None) -> list[str]:
    app, limiter = Vivace(), Limiter()
    limit = limiter.limit("2/minute", scope=scope)
    limiter.install(app, limit)

    @app.get("/")
    @limit
    async def read() -> None: ...

    client = TestClient(app)
    assert client.get("/nothing").status_code == 404
    asked = [client.get("/") for _ in range(2)]
    assert [response.status_code for response in asked] == [200, 429]
    return [response.headers["ratelimit"] for response in asked]


def test_requests_to_an_app_and_to_its_endpoint_are_two_things_to_count(clock: Clock) -> None:
    """What leaves less is said, as both have one name."""
    assert on_app_and_endpoint(None) == ['"2/minute";r=0;t=60'] * 2


def test_within_a_scope_a_request_counts_once(clock: Clock) -> None:
    assert on_app_and_endpoint("everything") == ['"2/minute";r=0;t=60'] * 2
