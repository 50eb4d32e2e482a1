from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from vivace.testclient import AsyncTestClient, LifespanFailure

pytestmark = pytest.mark.anyio


async def describe(request: Request) -> JSONResponse:
    state = dict(request.state._state)
    request.state.opened = "changed by a request"
    assert request.client is not None
    return JSONResponse(
        {
            "state": state,
            "client": list(request.client),
            "root_path": request.scope["root_path"],
            "url": str(request.url),
            "agent": request.headers["user-agent"],
            "cookies": request.cookies,
        }
    )


async def redirect(request: Request) -> RedirectResponse:
    return RedirectResponse("/")


async def fail(request: Request) -> JSONResponse:
    raise ZeroDivisionError("in the endpoint")


ROUTES = [Route("/", describe), Route("/redirect", redirect), Route("/fail", fail)]


class State(TypedDict):
    opened: int


def recording_app(events: list[str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        events.append("startup")
        yield {"opened": 1}
        events.append("shutdown")

    return Starlette(routes=ROUTES, lifespan=lifespan)


async def test_the_lifespan_runs_around_the_block() -> None:
    events: list[str] = []
    async with AsyncTestClient(recording_app(events)) as client:
        assert events == ["startup"]
        assert (await client.get("/")).status_code == 200
    assert events == ["startup", "shutdown"]


async def test_the_lifespan_state_is_copied_for_each_request() -> None:
    async with AsyncTestClient(recording_app([])) as client:
        for _ in range(2):
            assert (await client.get("/")).json()["state"] == {"opened": 1}


async def test_without_a_block_the_lifespan_does_not_run() -> None:
    events: list[str] = []
    client = AsyncTestClient(recording_app(events))
    assert (await client.get("/")).json()["state"] == {}
    await client.aclose()
    assert events == []


async def test_what_the_app_sees_of_the_client() -> None:
    client = AsyncTestClient(
        recording_app([]),
        base_url="https://example.org",
        root_path="/api",
        client=("192.0.2.1", 9),
        headers={"user-agent": "a browser"},
        cookies={"session": "s"},
    )
    async with client:
        seen = (await client.get("/api/")).json()
    assert seen["client"] == ["192.0.2.1", 9]
    assert seen["root_path"] == "/api"
    assert seen["url"] == "https://example.org/api/"
    assert seen["agent"] == "a browser"
    assert seen["cookies"] == {"session": "s"}


async def test_redirects_are_followed_unless_told_otherwise() -> None:
    app = recording_app([])
    async with AsyncTestClient(app) as client:
        assert (await client.get("/redirect")).status_code == 200
    async with AsyncTestClient(app, follow_redirects=False) as client:
        assert (await client.get("/redirect")).status_code == 307


async def test_errors_of_the_app_are_raised_unless_told_otherwise() -> None:
    app = recording_app([])
    async with AsyncTestClient(app) as client:
        with pytest.raises(ZeroDivisionError, match="in the endpoint"):
            await client.get("/fail")
    async with AsyncTestClient(app, raise_server_exceptions=False) as client:
        assert (await client.get("/fail")).status_code == 500


async def test_an_error_in_the_block_is_raised_as_it_is_after_the_shutdown() -> None:
    events: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with AsyncTestClient(recording_app(events)):
            raise ZeroDivisionError
    assert events == ["startup", "shutdown"]


async def test_an_error_at_startup_is_raised_as_it_is() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        raise ZeroDivisionError("at startup")
        yield

    with pytest.raises(ZeroDivisionError, match="at startup"):
        async with AsyncTestClient(Starlette(lifespan=lifespan)):
            pytest.fail("the block must not run")


async def test_an_error_at_shutdown_is_raised_as_it_is() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        raise ZeroDivisionError("at shutdown")

    with pytest.raises(ZeroDivisionError, match="at shutdown"):
        async with AsyncTestClient(Starlette(lifespan=lifespan)):
            pass


async def test_an_error_in_the_block_hides_one_at_shutdown() -> None:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        raise ZeroDivisionError("at shutdown")

    with pytest.raises(KeyError):
        async with AsyncTestClient(Starlette(lifespan=lifespan)):
            raise KeyError("in the block")


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_a_failure_that_is_only_reported_is_raised(phase: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == f"lifespan.{phase}":
                await send({"type": f"lifespan.{phase}.failed", "message": "no database"})
                return
            await send({"type": f"{message['type']}.complete"})

    with pytest.raises(LifespanFailure, match="no database"):
        async with AsyncTestClient(app):
            pass


async def test_an_app_that_returns_from_its_lifespan_is_served() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse("served")(scope, receive, send)

    async with AsyncTestClient(app) as client:
        assert (await client.get("/")).json() == "served"


async def test_cancelling_the_block_ends_the_lifespan() -> None:
    ended = False

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        nonlocal ended
        try:
            yield
        finally:
            ended = True

    with anyio.move_on_after(0.05) as scope:
        async with AsyncTestClient(Starlette(lifespan=lifespan)):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert ended


async def test_clients_can_be_entered_on_an_exit_stack() -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncTestClient(recording_app([])))
        second = await stack.enter_async_context(AsyncTestClient(recording_app([])))
        assert (await first.get("/")).status_code == (await second.get("/")).status_code == 200
