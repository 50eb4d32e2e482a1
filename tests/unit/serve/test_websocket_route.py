from __future__ import annotations

from typing import Annotated, Any

import pytest
from starlette.routing import Match
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from vivace import Depends, HTTPException, Query, Vivace, WebSocket, WebSocketException
from vivace.compile.options import Target
from vivace.routing import APIWebSocketRoute
from vivace.serve.settings import Settings
from vivace.testclient import TestClient


def provide(q: Annotated[str, Query()] = "none") -> str:
    return q


async def endpoint(
    websocket: WebSocket, n: int = 0, it: Annotated[str, Depends(provide)] = ""
) -> None:
    await websocket.accept()
    await websocket.send_json([n, it])
    await websocket.close()


def client_of(*routes: APIWebSocketRoute) -> TestClient:
    app = Vivace()
    app.router.routes.extend(routes)
    return TestClient(app)


def test_it_has_parameters_and_dependencies() -> None:
    client = client_of(APIWebSocketRoute("/ws/{n}", endpoint))
    with client.websocket_connect("/ws/5?q=x") as socket:
        assert socket.receive_json() == [5, "x"]


def test_what_it_is_made_of() -> None:
    route = APIWebSocketRoute("/ws/{n}", endpoint)
    assert route.name == "endpoint"
    assert route.path_names == {"n"}
    assert route.is_direct
    assert route.original_route is route
    options = route.handler_options()
    assert options.target is Target.WEBSOCKET
    assert options.endpoint_context["path"] == "WS /ws/{n}"
    assert route.matches({"type": "http", "path": "/ws/1", "method": "GET"})[0] is Match.NONE
    match, child = route.matches({"type": "websocket", "path": "/ws/1"})
    assert match is Match.FULL
    assert child["route"] is route


def test_inside_an_inclusion_it_is_another() -> None:
    route = APIWebSocketRoute("/ws", endpoint)
    inside = route.inside(Settings(prefix="/a/{n}", dependencies=(Depends(provide),)))
    assert inside.path == "/a/{n}/ws"
    assert inside.original_route is route
    assert inside.dependencies == [Depends(provide)]
    with client_of(inside).websocket_connect("/a/7/ws") as socket:
        assert socket.receive_json() == [7, "none"]


def test_a_handshake_that_does_not_fit_is_closed_with_1008() -> None:
    client = client_of(APIWebSocketRoute("/ws/{n}", endpoint))
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/ws/x"):
        pass
    assert closed.value.code == 1008


async def raising(websocket: WebSocket, kind: str) -> None:
    if kind == "accepted":
        await websocket.accept()
    if kind == "http":
        raise HTTPException(403, headers={"x-one": "1"})
    raise WebSocketException(1001, "bye")


@pytest.mark.parametrize("kind", ["accepted", "refused"])
def test_an_exception_closes_with_its_own_code(kind: str) -> None:
    client = client_of(APIWebSocketRoute("/{kind}", raising))
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(f"/{kind}") as socket,
    ):
        socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1001, "bye")


def test_a_handshake_may_be_answered_like_a_request() -> None:
    client = client_of(APIWebSocketRoute("/{kind}", raising))
    with pytest.raises(WebSocketDenialResponse) as denied, client.websocket_connect("/http"):
        pass
    assert denied.value.status_code == 403
    assert denied.value.headers["x-one"] == "1"


def test_a_path_that_nothing_serves_is_closed() -> None:
    with pytest.raises(WebSocketDisconnect), client_of().websocket_connect("/missing"):
        pass


def test_an_own_way_of_handling_is_kept() -> None:
    log: list[str] = []

    class Watching(APIWebSocketRoute):
        async def handle(self, scope: Any, receive: Any, send: Any) -> None:
            log.append(scope["path"])
            await super().handle(scope, receive, send)

    route = Watching("/ws", endpoint)
    assert not route.is_direct
    with client_of(route).websocket_connect("/ws") as socket:
        assert socket.receive_json() == [0, "none"]
    assert log == ["/ws"]
