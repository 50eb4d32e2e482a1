from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from vivace import APIRouter, Depends, Vivace
from vivace.serve.lifespan import (
    app_scoped_plans,
    as_lifespan,
    event_lifespan,
    mounted_apps,
    nested,
    run_lifespan,
)
from vivace.testclient import TestClient

pytestmark = pytest.mark.anyio

log: list[str] = []


@pytest.fixture(autouse=True)
def clean_log() -> None:
    log.clear()


def named(name: str, state: dict[str, Any] | None = None) -> Any:
    @asynccontextmanager
    async def run(app: Any) -> AsyncIterator[dict[str, Any] | None]:
        log.append(f"{name} starts")
        try:
            yield state
        finally:
            log.append(f"{name} stops")

    return run


async def generator(app: Any) -> AsyncIterator[dict[str, Any]]:
    yield {"app": app}


def synchronous(app: Any) -> Iterator[dict[str, Any]]:
    yield {"app": app}


class Manager:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __aenter__(self) -> dict[str, Any]:
        return {"app": self.app}

    async def __aexit__(self, *error: object) -> None: ...


@pytest.mark.parametrize(
    "lifespan", [generator, synchronous, Manager, asynccontextmanager(generator)]
)
async def test_a_lifespan_may_be_of_any_kind(lifespan: Any) -> None:
    async with as_lifespan(lifespan)("app") as state:
        assert state == {"app": "app"}


async def test_an_error_reaches_a_synchronous_lifespan() -> None:
    def lifespan(app: Any) -> Iterator[None]:
        with pytest.raises(LookupError):
            yield
        log.append("seen")

    async with as_lifespan(lifespan)(None):
        raise LookupError
    assert log == ["seen"]


async def test_the_outer_one_starts_first_stops_last_and_has_the_last_word() -> None:
    outer = named("outer", {"a": "outer", "b": 1})
    inner = named("inner", {"a": "inner", "c": 2})
    async with nested(outer, inner)(None) as state:
        assert state == {"a": "outer", "b": 1, "c": 2}
    assert log == ["outer starts", "inner starts", "inner stops", "outer stops"]


async def test_without_state_there_is_none() -> None:
    async with nested(named("outer"), named("inner"))(None) as state:
        assert state is None
    async with nested(named("outer"), named("inner", {"a": 1}))(None) as state:
        assert state == {"a": 1}


async def test_event_handlers_may_be_added_until_they_are_called() -> None:
    startup: list[Any] = []
    shutdown: list[Any] = []
    lifespan = event_lifespan(startup, shutdown)

    async def started() -> None:
        log.append("started")

    startup += [started, lambda: log.append("and again")]
    async with lifespan(None):
        shutdown.append(lambda: log.append("stopped"))
    assert log == ["started", "and again", "stopped"]


async def speak(lifespan: Any, scope: dict[str, Any]) -> list[str]:
    sent: list[Any] = []
    incoming = ["lifespan.startup", "lifespan.shutdown"]

    async def receive() -> dict[str, str]:
        return {"type": incoming.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await run_lifespan(lifespan, scope, receive, send)
    except Exception as error:
        log.append(type(error).__name__)
    log.extend(message["message"].splitlines()[-1] for message in sent if "message" in message)
    return [message["type"] for message in sent]


async def test_state_is_for_the_requests() -> None:
    scope: dict[str, Any] = {"app": None, "state": {"b": 2}}
    messages = await speak(named("it", {"a": 1}), scope)
    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert scope["state"] == {"a": 1, "b": 2}


async def test_a_server_without_state_is_told_so() -> None:
    assert await speak(named("it", {"a": 1}), {}) == ["lifespan.startup.failed"]
    assert log[-1].endswith('The server does not support "state" in the lifespan scope.')


async def test_the_server_learns_what_has_failed_and_when() -> None:
    async def at_start(app: Any) -> AsyncIterator[None]:
        raise LookupError("start")
        yield

    async def at_stop(app: Any) -> AsyncIterator[None]:
        yield
        raise LookupError("stop")

    assert await speak(as_lifespan(at_start), {}) == ["lifespan.startup.failed"]
    assert await speak(as_lifespan(at_stop), {}) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.failed",
    ]
    assert log == ["LookupError", "LookupError: start", "LookupError", "LookupError: stop"]


def test_routers_start_inside_what_includes_them() -> None:
    inner = APIRouter(lifespan=named("inner", {"inner": 1}))
    middle = APIRouter(lifespan=named("middle"))
    middle.include_router(inner)
    app = Vivace(lifespan=named("app", {"app": 1}))
    app.include_router(middle)
    with TestClient(app) as client:
        assert client.app_state == {"inner": 1, "app": 1}
    assert log[:3] == ["app starts", "middle starts", "inner starts"]
    assert log[3:] == ["inner stops", "middle stops", "app stops"]


def pool() -> int:
    return 1


def test_app_scoped_dependencies_are_found_in_all_routes() -> None:
    app, inner = Vivace(), Vivace()
    router = APIRouter()

    @router.get("/")
    def endpoint(it: int = Depends(pool, scope="app"), other: int = Depends(pool)) -> None: ...

    app.include_router(router, prefix="/a")
    inner.include_router(router)
    app.mount("/inner", inner)
    assert [plan.call for plan in app_scoped_plans(app)] == [pool]
    assert list(mounted_apps(app.routes)) == [inner]
    app.dependency_overrides[pool] = clean_log
    assert [plan.call for plan in app_scoped_plans(app)] == [clean_log]


def test_those_of_a_mounted_router_are_made_with_the_app() -> None:
    app, deep = Vivace(), Vivace()
    router, nested_router = APIRouter(), APIRouter()

    @nested_router.get("/")
    def endpoint(it: int = Depends(pool, scope="app")) -> None: ...

    router.include_router(nested_router)
    router.mount("/deep", deep)
    app.mount("/router", router)
    assert [plan.call for plan in app_scoped_plans(app)] == [pool]
    assert list(mounted_apps(app.routes)) == [deep]
    deep.include_router(nested_router)
    assert [plan.call for plan in app_scoped_plans(app)] == [pool]
    assert [plan.call for plan in app_scoped_plans(deep)] == [pool]


def test_services_run_inside_of_the_values_of_the_app() -> None:
    events: list[str] = []

    async def value() -> AsyncIterator[str]:
        events.append("value")
        yield "value"
        events.append("value closed")

    @asynccontextmanager
    async def service(app: Any) -> AsyncIterator[None]:
        events.append(f"service of {app.title}")
        yield
        events.append("service closed")

    for is_mounted in (False, True):
        events.clear()
        app = Vivace(title="inner")

        @app.get("/")
        async def read(found: Any = Depends(value, scope="app")) -> Any:
            return found

        app.add_service(service)
        outer = Vivace(title="outer")
        outer.mount("/inner", app)
        with TestClient(outer if is_mounted else app):
            assert events == ["value", "service of inner"]
        assert events[2:] == ["service closed", "value closed"]
