from __future__ import annotations

from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from tests.unit.compile.exchange import ask

from vivace import APIRouter, Depends, HTTPException, Vivace
from vivace.exceptions import RequestValidationError, VivaceDeprecationWarning
from vivace.responses import HTMLResponse, JSONResponse
from vivace.routing import APIRoute
from vivace.testclient import TestClient


def provide() -> int:
    return 1


async def endpoint() -> str:
    return "x"


def fail() -> None:
    raise LookupError("secret")


def test_what_is_said_of_every_endpoint_is_said_to_the_router() -> None:
    app = Vivace(
        dependencies=[Depends(provide)],
        default_response_class=HTMLResponse,
        responses={404: {"description": "gone"}},
        deprecated=True,
        include_in_schema=False,
        strict_content_type=False,
        max_body_size=5,
        form_limits={"max_files": 1},
        redirect_slashes=False,
    )
    app.add_api_route("/", endpoint)
    route = app.routes[-1]
    assert isinstance(route, APIRoute)
    assert route.dependencies == [Depends(provide)]
    assert route.response_class is HTMLResponse
    assert route.responses == {404: {"description": "gone"}}
    assert route.deprecated
    assert not route.include_in_schema
    assert route.max_body_size == app.max_body_size == 5
    assert not app.router.redirect_slashes
    assert app.router.form_limits == {"max_files": 1}


def paths_of(app: Vivace) -> list[str]:
    """The paths of its pages, without those of their scripts."""
    paths = [route.path for route in app.routes]  # type: ignore[attr-defined]
    return [path for path in paths if not path.endswith("/assets")]


def test_the_document_and_its_pages_are_routes() -> None:
    assert paths_of(Vivace(scalar_url="/scalar")) == [
        *("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/scalar")
    ]
    assert Vivace(openapi_url=None).routes == []
    named = Vivace(docs_url="/d", redoc_url=None, openapi_url="/o.json")
    assert paths_of(named) == ["/o.json", "/d", "/docs/oauth2-redirect"]


def test_a_document_needs_a_title_and_a_version() -> None:
    for missing in ({"title": ""}, {"version": ""}):
        with pytest.raises(AssertionError, match="must be provided for OpenAPI"):
            Vivace(**missing)  # type: ignore[arg-type]
        Vivace(**missing, openapi_url=None)  # type: ignore[arg-type]


def test_an_option_that_nobody_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'titel'"):
        Vivace(titel="Shop")  # type: ignore[call-arg]


def test_the_prefix_has_another_name_now() -> None:
    with pytest.warns(VivaceDeprecationWarning, match="root_path") as caught:
        app = Vivace(openapi_prefix="/api")
    assert app.root_path == "/api"
    assert caught[0].filename == __file__


def test_the_same_routes_come_back_as_long_as_none_is_added() -> None:
    app, router = Vivace(), APIRouter()
    app.include_router(router, prefix="/a")
    router.add_api_route("/b", endpoint)
    first, second = app.routes, app.routes
    assert all(a is b for a, b in zip(first, second))
    router.add_api_route("/c", endpoint)
    assert len(app.routes) == len(first) + 1


def test_errors_have_handlers_by_class_and_by_status() -> None:
    class Mine(LookupError):
        pass

    def raising(error: Exception) -> Any:
        def raise_it() -> None:
            raise error

        return raise_it

    async def by_class(request: Request, error: Exception) -> Response:
        return PlainTextResponse(f"class {type(error).__name__}", 418)

    def by_status(request: Request, error: Exception) -> Response:
        return PlainTextResponse("status", 404)

    app = Vivace(exception_handlers={LookupError: by_class, 404: by_status})
    app.add_api_route("/mine", raising(Mine()))
    app.add_api_route("/404", raising(HTTPException(404)))
    app.add_api_route("/402", raising(HTTPException(402)))
    assert ask(app, "GET", "/mine").body == b"class Mine"
    assert ask(app, "GET", "/404").body == b"status"
    assert ask(app, "GET", "/missing").body == b"status"
    assert ask(app, "GET", "/402").body == b'{"detail":"Payment Required"}'


def test_a_handler_may_come_after_the_first_request() -> None:
    app = Vivace()
    app.add_api_route("/", fail)
    assert ask(app, "GET", "/").status == 500

    @app.exception_handler(LookupError)
    async def show(request: Request, error: LookupError) -> Response:
        return PlainTextResponse("handled")

    assert ask(app, "GET", "/").body == b"handled"


def test_input_that_does_not_fit_has_a_handler_like_any_error() -> None:
    app = Vivace()

    @app.get("/{n}")
    def read(n: int) -> int:
        return n

    assert ask(app, "GET", "/x").status == 422

    @app.exception_handler(RequestValidationError)
    def show(request: Request, error: RequestValidationError) -> Response:
        return PlainTextResponse(error.errors()[0]["loc"][1], 400)

    assert ask(app, "GET", "/x").body == b"n"


def test_a_fault_is_answered_without_a_word_about_it_and_raised() -> None:
    app = Vivace()
    app.add_api_route("/", fail)
    reply = ask(app, "GET", "/")
    assert (reply.status, reply.error) == (500, "LookupError")
    assert b"secret" not in reply.body
    with pytest.raises(LookupError):
        TestClient(app).get("/")


def test_an_own_answer_to_faults() -> None:
    for key in (500, Exception):
        app = Vivace(exception_handlers={key: lambda request, error: JSONResponse("mine", 503)})
        app.add_api_route("/", fail)
        reply = ask(app, "GET", "/")
        assert (reply.status, reply.body, reply.error) == (503, b'"mine"', "LookupError")


def test_a_page_for_debugging_shows_the_fault() -> None:
    app = Vivace(debug=True)
    app.add_api_route("/", fail)
    assert b"secret" in ask(app, "GET", "/").body


def test_without_middleware_nothing_stands_before_the_router() -> None:
    app = Vivace()
    ask(app, "GET", "/")
    assert app.middleware_stack == app._serve


def test_middleware_stands_before_it_in_order() -> None:
    log: list[str] = []

    class Named:
        def __init__(self, app: Any, name: str) -> None:
            self.app, self.name = app, name

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            log.append(self.name)
            await self.app(scope, receive, send)

    app = Vivace(middleware=[Middleware(Named, "second"), Middleware(Named, "third")])
    app.add_middleware(Named, "first")

    @app.middleware("http")
    async def outermost(request: Request, call_next: Any) -> Response:
        log.append("outermost")
        response: Response = await call_next(request)
        return response

    app.add_api_route("/", endpoint)
    assert ask(app, "GET", "/").body == b'"x"'
    assert log == ["outermost", "first", "second", "third"]
    assert isinstance(app.middleware_stack, ServerErrorMiddleware)
    with pytest.raises(RuntimeError, match="after an application has started"):
        app.add_middleware(CORSMiddleware)
    with pytest.raises(ValueError, match="'ftp'"):
        app.middleware("ftp")


def test_an_override_replaces_a_dependency_everywhere() -> None:
    app, router = Vivace(dependencies=[Depends(provide)]), APIRouter()

    @router.get("/b")
    def read(n: int = Depends(provide)) -> int:
        return n

    app.include_router(router, prefix="/a")
    app.dependency_overrides[provide] = lambda: 2
    assert ask(app, "GET", "/a/b").body == b"2"
    app.dependency_overrides = {}
    assert ask(app, "GET", "/a/b").body == b"1"


def test_a_subclass_may_have_a_router_of_its_own() -> None:
    class Router(APIRouter):
        pass

    class App(Vivace):
        router_class = Router

    assert type(App().router) is Router
    assert type(App().webhooks) is Router


def test_state_is_the_app_s_own() -> None:
    app = Vivace()
    app.state.x = 1

    @app.get("/")
    def read(request: Request) -> int:
        return int(request.app.state.x)

    assert ask(app, "GET", "/").body == b"1"
    assert not hasattr(Vivace().state, "x")


def test_paths_are_made_of_names_those_of_included_routers_too() -> None:
    app, router = Vivace(), APIRouter()
    router.add_api_route("/b/{x}", endpoint, name="b")
    app.include_router(router, prefix="/a")
    assert app.url_path_for("b", x="1") == "/a/b/1"
