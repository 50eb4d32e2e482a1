"""Dependencies of scope ``app``: made once at start-up, closed at shut-down."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivace import APIRouter, Depends, Query, Request, Vivace, WebSocket
from vivace.exceptions import DependencyScopeError
from vivace.testclient import TestClient


class Resources:
    """Dependencies that note when they are opened and closed."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def settings(self) -> dict[str, str]:
        self.events.append("settings")
        return {"url": "db"}


@pytest.fixture
def events() -> list[str]:
    return []


def make_app(events: list[str], **options: Any) -> Vivace:
    app = Vivace(**options)

    def settings() -> str:
        events.append("settings read")
        return "url"

    async def engine(url: str = Depends(settings, scope="app")) -> AsyncIterator[str]:
        events.append("engine opened")
        yield f"engine of {url}"
        events.append("engine closed")

    def pool(engine: str = Depends(engine, scope="app")) -> Iterator[str]:
        events.append("pool opened")
        yield f"pool of {engine}"
        events.append("pool closed")

    async def session(pool: str = Depends(pool, scope="app")) -> AsyncIterator[str]:
        events.append("session opened")
        yield f"session of {pool}"
        events.append("session closed")

    router = APIRouter()

    @app.get("/pool")
    async def read_pool(pool: str = Depends(pool, scope="app")) -> str:
        return pool

    @router.get("/session")
    def read_session(session: str = Depends(session)) -> str:
        return session

    @router.websocket("/socket")
    async def talk(websocket: WebSocket, engine: str = Depends(engine, scope="app")) -> None:
        await websocket.accept()
        await websocket.send_text(engine)

    app.include_router(router, prefix="/api")
    return app


OPENED = ["settings read", "engine opened", "pool opened"]
CLOSED = ["pool closed", "engine closed"]


def test_it_is_made_at_start_up_and_closed_at_shut_down_in_order(events: list[str]) -> None:
    with TestClient(make_app(events)) as client:
        assert events == OPENED
        for _ in range(3):
            assert client.get("/pool").json() == "pool of engine of url"
        assert events == OPENED
        assert client.get("/api/session").json() == "session of pool of engine of url"
        assert events == [*OPENED, "session opened", "session closed"]
        with client.websocket_connect("/api/socket") as socket:
            assert socket.receive_text() == "engine of url"
        del events[3:]
    assert events == [*OPENED, *CLOSED]


def test_it_lives_inside_the_lifespan_of_the_app(events: list[str]) -> None:
    @asynccontextmanager
    async def lifespan(app: Vivace) -> AsyncIterator[None]:
        events.append("app started")
        yield
        events.append("app stopped")

    with TestClient(make_app(events, lifespan=lifespan)):
        pass
    assert events == ["app started", *OPENED, *CLOSED, "app stopped"]


def test_each_start_makes_it_anew(events: list[str]) -> None:
    app = make_app(events)
    for _ in range(2):
        events.clear()
        with TestClient(app) as client:
            assert client.get("/pool").status_code == 200
        assert events == [*OPENED, *CLOSED]


def test_without_a_lifespan_it_is_made_when_it_is_first_needed(events: list[str]) -> None:
    client = TestClient(make_app(events))
    assert events == []
    assert client.get("/pool").json() == "pool of engine of url"
    assert client.get("/api/session").status_code == 200
    assert events[:3] == OPENED
    assert events.count("pool opened") == 1


def test_a_start_forgets_what_was_made_without_one(events: list[str]) -> None:
    app = make_app(events)
    assert TestClient(app).get("/pool").status_code == 200
    events.clear()
    with TestClient(app) as client:
        assert events == OPENED
        assert client.get("/pool").status_code == 200
    assert events == [*OPENED, *CLOSED]


@pytest.mark.parametrize("kind", ["async", "sync", "generator", "async generator"])
def test_an_error_at_start_up_keeps_the_server_from_starting(kind: str) -> None:
    app = Vivace()
    closed: list[str] = []

    def first() -> Iterator[str]:
        yield "first"
        closed.append("first")

    async def fail(first: str = Depends(first, scope="app")) -> str:
        raise ConnectionError("no database")

    def fail_in_thread(first: str = Depends(first, scope="app")) -> str:
        raise ConnectionError("no database")

    def fail_to_yield(first: str = Depends(first, scope="app")) -> Iterator[str]:
        raise ConnectionError("no database")
        yield

    async def fail_to_yield_in_place(first: str = Depends(first, scope="app")) -> Any:
        raise ConnectionError("no database")
        yield

    failing: dict[str, Callable[..., Any]] = {
        "async": fail,
        "sync": fail_in_thread,
        "generator": fail_to_yield,
        "async generator": fail_to_yield_in_place,
    }

    @app.get("/")
    async def read(value: Any = Depends(failing[kind], scope="app")) -> None:
        raise AssertionError

    with pytest.raises(ConnectionError, match="no database"), TestClient(app):
        raise AssertionError("The app has started.")
    # What was opened before is closed all the same.
    assert closed == ["first"]


def test_an_error_at_shut_down_is_raised_when_all_is_closed(events: list[str]) -> None:
    app = Vivace()

    def good() -> Iterator[str]:
        yield "good"
        events.append("good closed")

    def bad(good: str = Depends(good, scope="app")) -> Iterator[str]:
        try:
            yield "bad"
        finally:
            events.append("bad closed")
            raise ConnectionError("went away")

    @app.get("/")
    async def read(bad: str = Depends(bad, scope="app")) -> str:
        return bad

    with pytest.raises(ConnectionError, match="went away"), TestClient(app) as client:
        assert client.get("/").json() == "bad"
    assert events[0] == "bad closed"


def test_an_override_is_used_in_its_place(events: list[str]) -> None:
    app = Vivace()

    def real() -> str:
        events.append("real")
        return "real"

    @app.get("/")
    async def read(value: str = Depends(real, scope="app")) -> str:
        return value

    app.dependency_overrides[real] = lambda: "fake"
    assert TestClient(app).get("/").json() == "fake"
    assert events == []


def test_requests_that_come_at_once_make_it_once() -> None:
    import anyio
    import httpx

    app = Vivace()
    made: list[int] = []

    async def slow() -> int:
        await anyio.sleep(0.02)
        made.append(1)
        return len(made)

    @app.get("/")
    async def read(value: int = Depends(slow, scope="app")) -> int:
        return value

    async def run() -> list[int]:
        found: list[int] = []
        transport = httpx.ASGITransport(app)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            anyio.create_task_group() as group,
        ):

            async def ask() -> None:
                found.append((await client.get("/")).json())

            for _ in range(10):
                group.start_soon(ask)
        return found

    assert anyio.run(run) == [1] * 10


def test_it_runs_in_a_thread_where_it_may_block() -> None:
    app = Vivace()

    def where() -> str:
        return threading.current_thread().name

    @app.get("/")
    async def read(name: str = Depends(where, scope="app")) -> list[str]:
        return [name, threading.current_thread().name]

    with TestClient(app) as client:
        name, loop = client.get("/").json()
    assert name != loop


def test_it_can_have_nothing_that_only_a_request_has() -> None:
    def of_query(page: int = Query(1)) -> int:
        return page

    def of_request(request: Request) -> str:
        return request.method

    def of_session(session: Any = Depends(of_query)) -> Any:
        return session

    for dependency in (of_query, of_request, of_session):

        def endpoint(value: Any = Depends(dependency, scope="app")) -> None: ...

        with pytest.raises(DependencyScopeError, match=dependency.__name__):
            Vivace().get("/")(endpoint)
