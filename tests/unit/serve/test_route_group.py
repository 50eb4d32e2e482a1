from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Scope
from tests.unit.compile.exchange import ask

from vivace import APIRouter, Depends, Header, Request, Vivace
from vivace.routing import Finding, RouteGroup, Settings
from vivace.testclient import TestClient

inner = APIRouter()
events: list[str] = []


async def connect() -> AsyncIterator[str]:
    events.append("connected")
    yield "connection"
    events.append("closed")


@inner.get("/a")
async def read(value: Annotated[str, Depends(connect, scope="app")], request: Request) -> str:
    return f"{value} at {request.scope['route'].path}"


@inner.get("/hidden")
async def read_hidden() -> None: ...


class Guarded(RouteGroup):
    """Routes for those who know the word."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.router = APIRouter()
        self.router.include_router(inner, prefix=self.settings.prefix)
        self.placed: dict[Settings, Guarded] = {}

    @property
    def routes(self) -> list[BaseRoute]:
        return [*self.router.routes]

    @property
    def described(self) -> list[BaseRoute]:
        return self.routes if self.settings.include_in_schema else []

    def inside(self, settings: Settings) -> Guarded:
        if settings not in self.placed:
            self.placed[settings] = Guarded(settings)
        return self.placed[settings]

    def find(self, scope: Scope) -> Finding | None:
        return self.router.find(scope) if WORD[0] in scope["headers"] else None


WORD = [(b"word", b"sesame")]


def make_app(**options: Any) -> Vivace:
    carrier = APIRouter()
    carrier.routes.append(Guarded())
    app = Vivace()
    app.include_router(carrier, **options)
    return app


def test_a_group_is_asked_in_its_turn_and_placed_by_itself() -> None:
    app = make_app(prefix="/p")
    assert ask(app, "GET", "/p/a").status == 404
    assert ask(app, "GET", "/p/a", WORD).body == b'"connection at /p/a"'
    assert ask(app, "GET", "/a", WORD).status == 404

    @app.get("/p/a")
    async def read_later(word: Annotated[str, Header()] = "") -> str:
        return "for all"

    assert ask(app, "GET", "/p/a").body == b'"for all"'
    assert ask(app, "GET", "/p/a", WORD).body == b'"connection at /p/a"'


def test_a_group_refuses_a_method_where_nothing_else_takes_it() -> None:
    app = make_app()
    reply = ask(app, "POST", "/a", WORD)
    assert (reply.status, dict(reply.headers)[b"allow"]) == (405, b"GET, HEAD")

    @app.post("/a")
    async def write() -> str:
        return "written"

    assert ask(app, "POST", "/a", WORD).body == b'"written"'


def test_a_group_is_a_route_of_starlette_too() -> None:
    app = Starlette(routes=[Guarded(Settings(prefix="/p"))])
    assert ask(app, "GET", "/p/hidden", WORD).status == 200
    assert ask(app, "GET", "/p/hidden").status == 404


def test_slashes_at_the_end_are_redirected_to_a_group() -> None:
    assert ask(make_app(), "GET", "/a/", WORD).status == 307
    assert ask(make_app(), "GET", "/a/").status == 404


def test_what_its_routes_keep_for_the_app_is_made_when_the_app_starts() -> None:
    events.clear()
    with TestClient(make_app()):
        assert events == ["connected"]
    assert events == ["connected", "closed"]


def test_the_document_shows_what_it_says() -> None:
    assert [*make_app(prefix="/p").openapi()["paths"]] == ["/p/a", "/p/hidden"]
    assert make_app(include_in_schema=False).openapi()["paths"] == {}


def test_a_group_that_makes_routers_settles() -> None:
    app = make_app()
    ask(app, "GET", "/a", WORD)
    routes = app.routes
    ask(app, "GET", "/a", WORD)
    assert [id(route) for route in app.routes] == [id(route) for route in routes]
