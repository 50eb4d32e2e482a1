"""Decorators give the function to the method that registers it, and leave it as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vivace import APIRouter, Depends, Request, Response, Vivace, WebSocket
from vivace.responses import PlainTextResponse
from vivace.serve.registration import Registration
from vivace.testclient import TestClient

VERBS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]


class Recorder(Registration):
    """Keeps what is registered."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.calls.append((path, endpoint, options))

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], name: str | None = None, **options: Any
    ) -> None:
        self.calls.append((path, endpoint, name, options))

    def add_event_handler(self, event_type: str, handler: Callable[[], Any]) -> None:
        self.calls.append((event_type, handler))


def endpoint() -> str:
    return "endpoint"


@pytest.mark.parametrize("verb", VERBS)
def test_each_method_has_a_decorator(verb: str) -> None:
    recorder = Recorder()
    assert getattr(recorder, verb)("/items", name="items")(endpoint) is endpoint
    assert recorder.calls == [("/items", endpoint, {"name": "items", "methods": [verb.upper()]})]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("make", [Vivace, APIRouter])
def test_an_app_and_a_router_answer_what_is_registered(verb: str, make: Any) -> None:
    registry = make()
    getattr(registry, verb)("/items")(endpoint)
    app = registry if isinstance(registry, Vivace) else Vivace()
    if app is not registry:
        app.include_router(registry)
    response = TestClient(app).request(verb.upper(), "/items")
    assert response.status_code == 200
    assert TestClient(app).request("PROPFIND", "/items").status_code == 405


def test_a_route_for_several_methods_is_given_them() -> None:
    recorder = Recorder()
    recorder.api_route("/items", methods=["GET", "POST"])(endpoint)
    recorder.api_route("/others")(endpoint)
    assert recorder.calls == [
        ("/items", endpoint, {"methods": ["GET", "POST"]}),
        ("/others", endpoint, {}),
    ]


def test_a_function_may_be_registered_more_than_once() -> None:
    recorder = Recorder()
    recorder.get("/first")(recorder.post("/second")(endpoint))
    assert [(path, options["methods"]) for path, _, options in recorder.calls] == [
        ("/second", ["POST"]),
        ("/first", ["GET"]),
    ]


@pytest.mark.parametrize("decorator", [*VERBS, "api_route", "websocket"])
def test_a_decorator_that_is_not_called_is_refused_at_once(decorator: str) -> None:
    recorder = Recorder()
    with pytest.raises(TypeError, match="A decorator is called with it"):
        getattr(recorder, decorator)(endpoint)
    assert recorder.calls == []


def test_a_websocket_is_registered_with_its_name_and_dependencies() -> None:
    recorder, dependency = Recorder(), Depends(endpoint)
    assert recorder.websocket("/live", "live", dependencies=[dependency])(endpoint) is endpoint
    recorder.websocket("/plain")(endpoint)
    assert recorder.calls == [
        ("/live", endpoint, "live", {"dependencies": [dependency]}),
        ("/plain", endpoint, None, {"dependencies": None}),
    ]


@pytest.mark.parametrize("event", ["startup", "shutdown"])
def test_a_function_for_an_event_is_registered_with_a_warning(event: str) -> None:
    recorder = Recorder()
    with pytest.warns(DeprecationWarning, match="use lifespan"):
        decorator = recorder.on_event(event)
    assert decorator(endpoint) is endpoint
    assert recorder.calls == [(event, endpoint)]


def test_what_does_not_say_how_to_register_cannot() -> None:
    registration = Registration()
    with pytest.raises(NotImplementedError):
        registration.get("/")(endpoint)
    with pytest.raises(NotImplementedError):
        registration.websocket("/")(endpoint)
    with pytest.raises(NotImplementedError):
        registration.add_event_handler("startup", endpoint)


@pytest.mark.parametrize("make", [Vivace, APIRouter])
def test_a_function_of_the_request_is_registered_without_a_description(make: Any) -> None:
    registry = make()

    async def raw(request: Request) -> Response:
        return PlainTextResponse(request.method)

    assert registry.route("/raw", methods=["PUT"], name="raw")(raw) is raw
    app = registry if isinstance(registry, Vivace) else Vivace()
    if app is not registry:
        app.include_router(registry)
    client = TestClient(app)
    assert client.put("/raw").text == "PUT"
    assert client.get("/raw").status_code == 405
    assert app.url_path_for("raw") == "/raw"
    assert app.openapi()["paths"] == {}


def test_a_function_of_the_websocket_is_registered() -> None:
    app = Vivace()

    @app.websocket_route("/echo", name="echo")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    with TestClient(app).websocket_connect("/echo") as connection:
        connection.send_text("hello")
        assert connection.receive_text() == "hello"
    assert app.url_path_for("echo") == "/echo"
