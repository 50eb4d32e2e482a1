"""Dependencies that yield: what they see of the endpoint, and what they can say in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from vivace import Depends, HTTPException, Query, Response, Vivace, WebSocket
from vivace.responses import StreamingResponse
from vivace.testclient import TestClient

Lifetime = Literal["function", "request"]
LIFETIMES: list[Lifetime] = ["function", "request"]


class Broken(Exception):
    pass


class Item(BaseModel):
    name: str


class Session:
    """A resource that refuses to be used once it is closed."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.is_open = False

    @contextmanager
    def used(self) -> Iterator[Session]:
        self.is_open = True
        try:
            yield self
        except Exception as error:
            self.events.append(f"saw {type(error).__name__}")
            raise
        finally:
            self.is_open = False
            self.events.append("closed")

    def read(self) -> str:
        assert self.is_open
        return "row"


def dependency_of(session: Session, kind: str) -> Callable[..., Any]:
    def in_thread() -> Iterator[Session]:
        with session.used() as used:
            yield used

    async def in_place() -> AsyncIterator[Session]:
        with session.used() as used:
            yield used

    return in_thread if kind == "thread" else in_place


def raise_error(kind: str) -> Any:
    match kind:
        case "http":
            raise HTTPException(404, "not here")
        case "broken":
            raise Broken
        case "response":
            return {"title": "does not fit"}
    return {"name": "fits"}


def make_app(dependency: Callable[..., Any], scope: Lifetime) -> Vivace:
    app = Vivace()

    @app.get("/async/{kind}")
    async def in_place(kind: str, session: Any = Depends(dependency, scope=scope)) -> Item:
        return raise_error(kind)  # type: ignore[no-any-return]

    @app.get("/sync/{kind}")
    def in_thread(kind: str, session: Any = Depends(dependency, scope=scope)) -> Item:
        return raise_error(kind)  # type: ignore[no-any-return]

    return app


@pytest.mark.parametrize("scope", LIFETIMES)
@pytest.mark.parametrize("dependency", ["thread", "place"])
@pytest.mark.parametrize("endpoint", ["async", "sync"])
@pytest.mark.parametrize(
    ("kind", "status", "events"),
    [
        ("fits", 200, ["closed"]),
        ("http", 404, ["saw HTTPException", "closed"]),
        ("broken", 500, ["saw Broken", "closed"]),
        ("response", 500, ["saw ResponseValidationError", "closed"]),
    ],
)
def test_it_sees_the_exception(
    scope: Lifetime, dependency: str, endpoint: str, kind: str, status: int, events: list[str]
) -> None:
    session = Session()
    app = make_app(dependency_of(session, dependency), scope)
    response = TestClient(app, raise_server_exceptions=False).get(f"/{endpoint}/{kind}")
    assert (response.status_code, session.events) == (status, events)


@pytest.mark.parametrize("scope", LIFETIMES)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_it_raises_in_place_of_the_exception_is_the_reply(
    scope: Lifetime, is_async: bool
) -> None:
    async def translate() -> AsyncIterator[None]:
        try:
            yield
        except Broken as error:
            raise HTTPException(409, "translated", headers={"X-Translated": "yes"}) from error

    def translate_in_thread() -> Iterator[None]:
        try:
            yield
        except Broken as error:
            raise HTTPException(409, "translated", headers={"X-Translated": "yes"}) from error

    app = make_app(translate if is_async else translate_in_thread, scope)
    for endpoint in ("async", "sync"):
        response = TestClient(app).get(f"/{endpoint}/broken")
        assert (response.status_code, response.json()) == (409, {"detail": "translated"})
        assert response.headers["X-Translated"] == "yes"
        assert TestClient(app).get(f"/{endpoint}/http").json() == {"detail": "not here"}


@pytest.mark.parametrize("dependency", ["thread", "place"])
def test_what_it_raises_after_the_endpoint_is_the_reply_while_there_is_none(
    dependency: str,
) -> None:
    async def commit() -> AsyncIterator[None]:
        yield
        raise HTTPException(409, "conflict")

    def commit_in_thread() -> Iterator[None]:
        yield
        raise HTTPException(409, "conflict")

    chosen = commit if dependency == "place" else commit_in_thread
    early = make_app(chosen, "function")
    assert TestClient(early).get("/async/fits").json() == {"detail": "conflict"}
    late = make_app(chosen, "request")
    # The reply is out: there is nothing to say any more but to the log of the server.
    with pytest.raises(RuntimeError, match="response already started"):
        TestClient(late).get("/async/fits")
    response = TestClient(late, raise_server_exceptions=False).get("/async/fits")
    assert response.json() == {"name": "fits"}


def test_nested_ones_see_what_the_inner_raises() -> None:
    app = Vivace()
    seen: list[str] = []

    async def outer() -> AsyncIterator[str]:
        try:
            yield "outer"
        except HTTPException as error:
            seen.append(f"outer {error.status_code}")
            raise HTTPException(418) from error

    def inner(outer: str = Depends(outer)) -> Iterator[str]:
        try:
            yield "inner"
        except Broken as error:
            seen.append("inner")
            raise HTTPException(400) from error

    @app.get("/")
    async def fail(inner: str = Depends(inner)) -> None:
        raise Broken

    assert TestClient(app).get("/").status_code == 418
    assert seen == ["inner", "outer 400"]


def test_one_that_swallows_the_exception_is_told_so() -> None:
    async def swallow() -> AsyncIterator[None]:
        with suppress(Broken):
            yield

    with pytest.raises(RuntimeError, match="No response"):
        TestClient(make_app(swallow, "request")).get("/async/broken")


def test_one_that_fails_before_it_yields_leaves_the_others_closed() -> None:
    app = Vivace()
    session = Session()

    def fail() -> Iterator[None]:
        raise HTTPException(503)
        yield

    @app.get("/", dependencies=[Depends(dependency_of(session, "thread")), Depends(fail)])
    async def unreached() -> None:
        raise AssertionError

    assert TestClient(app).get("/").status_code == 503
    assert session.events == ["saw HTTPException", "closed"]


@pytest.mark.parametrize("dependency", ["thread", "place"])
def test_a_streamed_reply_may_still_use_it(dependency: str) -> None:
    app = Vivace()
    session = Session()
    lend = dependency_of(session, dependency)

    @app.get("/response")
    async def respond(used: Session = Depends(lend)) -> StreamingResponse:
        def rows() -> Iterator[str]:
            yield from (used.read() for _ in range(3))

        return StreamingResponse(rows())

    @app.get("/lines")
    async def lines(used: Session = Depends(lend)) -> AsyncIterator[str]:
        for _ in range(3):
            yield used.read()

    @app.get("/sync-lines")
    def lines_in_thread(used: Session = Depends(lend)) -> Iterator[str]:
        for _ in range(3):
            yield used.read()

    client = TestClient(app)
    assert client.get("/response").text == "row" * 3
    assert client.get("/lines").text == '"row"\n' * 3
    assert client.get("/sync-lines").text == '"row"\n' * 3
    assert session.events == ["closed"] * 3


def test_one_of_the_function_is_closed_before_the_reply_is_sent() -> None:
    app = Vivace()
    events: list[str] = []

    class Noting(Response):
        async def __call__(self, *arguments: Any) -> None:
            events.append("sent")
            await super().__call__(*arguments)

    async def early() -> AsyncIterator[None]:
        yield
        events.append("early")

    def late() -> Iterator[None]:
        yield
        events.append("late")

    @app.get("/", dependencies=[Depends(late), Depends(early, scope="function")])
    async def respond() -> Response:
        return Noting("done")

    assert TestClient(app).get("/").text == "done"
    assert events == ["early", "sent", "late"]


def test_invalid_input_opens_nothing_that_depends_on_it() -> None:
    app = Vivace()
    events: list[str] = []

    async def open_shop(shop: Annotated[int, Query()]) -> AsyncIterator[int]:
        events.append("opened")
        try:
            yield shop
        finally:
            events.append("closed")

    @app.get("/")
    async def read(shop: int = Depends(open_shop), page: int = 1) -> int:
        return shop

    client = TestClient(app)
    assert client.get("/?shop=x").status_code == 422
    assert events == []
    # An error in another parameter still lets a dependency speak first: it might say 401.
    assert client.get("/?shop=1&page=x").status_code == 422
    assert events == ["opened", "closed"]


def test_a_websocket_s_is_closed_with_the_socket() -> None:
    app = Vivace()
    session = Session()

    @app.websocket("/")
    async def talk(
        websocket: WebSocket, used: Session = Depends(dependency_of(session, "thread"))
    ) -> None:
        await websocket.accept()
        await websocket.send_text(used.read())
        await websocket.receive_text()
        raise Broken

    with (
        pytest.raises(Broken),
        TestClient(app).websocket_connect("/") as socket,
    ):
        assert socket.receive_text() == "row"
        assert session.events == []
        socket.send_text("go on")
        socket.receive_text()
    assert session.events == ["saw Broken", "closed"]
