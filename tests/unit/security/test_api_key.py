from __future__ import annotations

import pytest
from tests.unit.security.clients import client_of, documented

from vivace import Depends, Vivace, WebSocket
from vivace.security.api_key import APIKeyBase, APIKeyCookie, APIKeyHeader, APIKeyQuery
from vivace.testclient import TestClient

PLACES = [
    pytest.param(APIKeyQuery, "/?key={}", {}, id="query"),
    pytest.param(APIKeyHeader, "/", {"Key": "{}"}, id="header"),
    pytest.param(APIKeyCookie, "/", {"Cookie": "key={}"}, id="cookie"),
]


def filled(headers: dict[str, str], key: str) -> dict[str, str]:
    return {name: value.format(key) for name, value in headers.items()}


@pytest.mark.parametrize(("kind", "path", "headers"), PLACES)
def test_a_key_is_taken_from_its_place(
    kind: type[APIKeyBase], path: str, headers: dict[str, str]
) -> None:
    response = client_of(kind(name="key")).get(path.format("abc"), headers=filled(headers, "abc"))
    assert response.json() == "abc"


@pytest.mark.parametrize(("kind", "path", "headers"), PLACES)
def test_an_empty_key_is_none(kind: type[APIKeyBase], path: str, headers: dict[str, str]) -> None:
    sent = filled(headers, "")
    assert client_of(kind(name="key")).get(path.format(""), headers=sent).status_code == 401
    optional = client_of(kind(name="key", auto_error=False))
    assert optional.get(path.format(""), headers=sent).json() is None


@pytest.mark.parametrize("kind", [APIKeyQuery, APIKeyHeader, APIKeyCookie])
def test_a_key_in_another_place_is_none(kind: type[APIKeyBase]) -> None:
    client = client_of(kind(name="key"))
    for other, path, headers in [place.values for place in PLACES]:
        if other is kind:
            continue
        assert isinstance(path, str)
        assert isinstance(headers, dict)
        response = client.get(path.format("abc"), headers=filled(headers, "abc"))
        assert response.status_code == 401


@pytest.mark.parametrize("kind", [APIKeyQuery, APIKeyHeader, APIKeyCookie])
def test_the_refusal_has_a_challenge(kind: type[APIKeyBase]) -> None:
    response = client_of(kind(name="key")).get("/")
    assert response.status_code == 401
    assert response.json() == {"detail": "Not authenticated"}
    assert response.headers["WWW-Authenticate"] == "APIKey"


@pytest.mark.parametrize(
    ("kind", "place"),
    [(APIKeyQuery, "query"), (APIKeyHeader, "header"), (APIKeyCookie, "cookie")],
)
def test_the_place_and_the_name_are_documented(kind: type[APIKeyBase], place: str) -> None:
    assert documented(kind(name="key")) == {
        kind.__name__: {"type": "apiKey", "in": place, "name": "key"}
    }


def test_the_scheme_s_own_name_and_description_are_documented() -> None:
    scheme = APIKeyHeader(name="X-Key", scheme_name="Key", description="Ask for one.")
    assert documented(scheme) == {
        "Key": {"type": "apiKey", "in": "header", "name": "X-Key", "description": "Ask for one."}
    }


def test_names_of_parameters_and_cookies_are_case_sensitive() -> None:
    assert client_of(APIKeyQuery(name="key")).get("/?KEY=abc").status_code == 401
    response = client_of(APIKeyCookie(name="key")).get("/", headers={"Cookie": "KEY=abc"})
    assert response.status_code == 401


def test_a_key_is_not_taken_apart() -> None:
    key = "a b=c:d"
    assert client_of(APIKeyQuery(name="key")).get("/", params={"key": key}).json() == key
    assert client_of(APIKeyHeader(name="key")).get("/", headers={"key": key}).json() == key


def test_one_scheme_serves_requests_and_websockets() -> None:
    scheme = APIKeyQuery(name="key")
    app = Vivace()

    @app.get("/")
    def read(key: str = Depends(scheme)) -> str:
        return key

    @app.websocket("/")
    async def talk(websocket: WebSocket, key: str = Depends(scheme)) -> None:
        await websocket.accept()
        await websocket.send_text(key)
        await websocket.close()

    client = TestClient(app)
    assert client.get("/?key=k").json() == "k"
    with client.websocket_connect("/?key=k") as websocket:
        assert websocket.receive_text() == "k"
