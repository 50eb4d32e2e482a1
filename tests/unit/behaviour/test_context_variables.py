"""Context variables that a dependency sets are seen by whatever is called after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from typing import Annotated, Any

import pytest

from vivace import Depends, Request, Vivace, WebSocket
from vivace.testclient import TestClient

tenant: ContextVar[str] = ContextVar("tenant", default="nobody")
seen_at_exit: list[str] = []


def set_in_thread(name: str) -> str:
    tenant.set(name)
    return name


async def set_in_place(name: str) -> str:
    tenant.set(name)
    return name


def lend_in_thread(name: str) -> Iterator[str]:
    token = tenant.set(name)
    try:
        yield name
    finally:
        seen_at_exit.append(tenant.get())
        tenant.reset(token)


async def lend_in_place(name: str) -> AsyncIterator[str]:
    token = tenant.set(name)
    try:
        yield name
    finally:
        seen_at_exit.append(tenant.get())
        tenant.reset(token)


class Setter:
    def __call__(self, name: str) -> None:
        tenant.set(name)


def read_tenant() -> str:
    return tenant.get()


async def read_tenant_in_place() -> str:
    return tenant.get()


SETTERS = [set_in_thread, set_in_place, lend_in_thread, lend_in_place, Setter()]


def make_app(setter: Any) -> Vivace:
    app = Vivace()

    @app.get("/async", dependencies=[Depends(setter)])
    async def in_place() -> str:
        return tenant.get()

    @app.get("/sync", dependencies=[Depends(setter)])
    def in_thread() -> str:
        return tenant.get()

    @app.get("/dependency", dependencies=[Depends(setter)])
    async def behind(
        first: Annotated[str, Depends(read_tenant)],
        second: Annotated[str, Depends(read_tenant_in_place)],
    ) -> list[str]:
        return [first, second]

    @app.get("/stream", dependencies=[Depends(setter)])
    async def stream() -> AsyncIterator[str]:
        yield tenant.get()

    @app.websocket("/socket", dependencies=[Depends(setter)])
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(tenant.get())

    return app


@pytest.mark.parametrize("setter", SETTERS)
def test_every_kind_of_dependency_sets_for_every_kind_of_endpoint(setter: Any) -> None:
    client = TestClient(make_app(setter))
    seen_at_exit.clear()
    assert client.get("/async?name=ann").json() == "ann"
    assert client.get("/sync?name=bob").json() == "bob"
    assert client.get("/dependency?name=cid").json() == ["cid", "cid"]
    assert client.get("/stream?name=dan").json() == "dan"
    with client.websocket_connect("/socket?name=eve") as socket:
        assert socket.receive_text() == "eve"
    lends = setter in (lend_in_thread, lend_in_place)
    assert seen_at_exit == (["ann", "bob", "cid", "dan", "eve"] if lends else [])
    assert tenant.get() == "nobody"


def test_a_dependency_in_a_thread_sees_what_was_set_before_it() -> None:
    app = Vivace()

    def extend() -> None:
        tenant.set(tenant.get() + "+")

    @app.get("/", dependencies=[Depends(set_in_place), Depends(extend)])
    def read() -> str:
        return tenant.get()

    assert TestClient(app).get("/?name=ann").json() == "ann+"


def test_requests_do_not_see_each_other_s() -> None:
    app = Vivace()

    @app.get("/set", dependencies=[Depends(set_in_thread)])
    def set_it() -> str:
        return tenant.get()

    @app.get("/read")
    def read() -> str:
        return tenant.get()

    with TestClient(app) as client:
        assert client.get("/set?name=ann").json() == "ann"
        assert client.get("/read").json() == "nobody"


def test_an_error_handler_sees_them() -> None:
    app = Vivace()

    @app.exception_handler(LookupError)
    async def handle(request: Request, error: LookupError) -> Any:
        from vivace.responses import JSONResponse

        return JSONResponse(tenant.get(), status_code=404)

    @app.get("/", dependencies=[Depends(set_in_thread)])
    def fail() -> None:
        raise LookupError

    assert TestClient(app).get("/?name=ann").json() == "ann"


@pytest.mark.parametrize("scope", ["function", "request"])
def test_a_dependency_in_a_thread_may_reset_what_it_set(scope: Any) -> None:
    app = Vivace()
    other: ContextVar[int] = ContextVar("other", default=0)

    @app.get("/")
    async def read(lent: str = Depends(lend_in_thread, scope=scope)) -> str:
        other.set(1)
        return tenant.get()

    seen_at_exit.clear()
    client = TestClient(app)
    assert client.get("/?name=ann").json() == "ann"
    assert client.get("/?name=bob").json() == "bob"
    assert seen_at_exit == ["ann", "bob"]


def test_what_the_endpoint_sets_is_seen_at_the_exit_of_a_dependency() -> None:
    app = Vivace()
    seen: list[str] = []

    def look() -> Iterator[None]:
        yield
        seen.append(tenant.get())

    async def look_in_place() -> AsyncIterator[None]:
        yield
        seen.append(tenant.get())

    @app.get("/", dependencies=[Depends(look), Depends(look_in_place)])
    def write() -> None:
        tenant.set("endpoint")

    assert TestClient(app).get("/").status_code == 200
    assert seen == ["endpoint", "endpoint"]
