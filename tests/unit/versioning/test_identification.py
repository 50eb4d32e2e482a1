"""Versions by who asks."""

from __future__ import annotations

from typing import Any

import pytest

from vivace import APIRouter, HTTPException, Request, Vivace, WebSocket
from vivace.testclient import TestClient
from vivace.versioning import ByConsumer, ByHeader, ByPath, Versions, Way, version_of

router = APIRouter()


@router.get("/items/{item}")
async def read_item(item: int, request: Request) -> str:
    return f"{item} in {version_of(request)}"


@router.websocket("/socket")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(f"version {version_of(websocket)}")
    await websocket.close()


def client_of(*by: Way, **options: Any) -> TestClient:
    versions = Versions("1", "2", "10", by=by, **options)
    versions.include_router(router)
    app = Vivace()
    versions.install(app)
    return TestClient(app, raise_server_exceptions=False)


def test_consumers_keep_the_version_of_their_first_call() -> None:
    way = ByConsumer(lambda connection: connection.headers.get("x-key"), vary="X-Key")
    before = client_of(way, ByHeader(), default="2")
    assert before.get("/items/1", headers={"X-Key": "ada"}).json() == "1 in 2"
    # The default is another one by now.
    client = client_of(way, ByHeader(), default="10")
    response = client.get("/items/1", headers={"X-Key": "ada"})
    assert response.json() == "1 in 2"
    assert response.headers["vary"] == "X-Key, API-Version"
    assert client.get("/items/1", headers={"X-Key": "bob"}).json() == "1 in 10"
    assert client.get("/items/1").json() == "1 in 10"
    # Another version may be asked for, once.
    asked = {"X-Key": "ada", "API-Version": "1"}
    assert client.get("/items/1", headers=asked).json() == "1 in 1"
    assert client.get("/items/1", headers={"X-Key": "ada"}).json() == "1 in 2"


def test_the_first_call_of_a_consumer_may_choose() -> None:
    async def identify(connection: Any) -> str | None:
        key: str | None = connection.headers.get("x-key")
        return key

    client = client_of(ByConsumer(identify, vary="X-Key"), ByHeader(), ByPath())
    assert client.get("/items/1", headers={"X-Key": "ada"}).status_code == 400
    assert client.get("/v2/items/1", headers={"X-Key": "ada"}).json() == "1 in 2"
    assert client.get("/items/1", headers={"X-Key": "ada"}).json() == "1 in 2"
    with client.websocket_connect("/v10/socket", headers={"X-Key": "bob"}) as socket:
        socket.receive_text()
    assert client.get("/items/1", headers={"X-Key": "bob"}).json() == "1 in 10"


def test_a_call_that_fails_is_no_first_call() -> None:
    way = ByConsumer(lambda connection: "ada", vary="X-Key")
    client = client_of(way, ByHeader(), default="10")
    assert client.get("/items/none", headers={"API-Version": "1"}).status_code == 422
    assert client.get("/items/1").json() == "1 in 10"


@pytest.mark.anyio
async def test_a_version_that_is_no_more_is_gone_for_its_consumers() -> None:
    way = ByConsumer(lambda connection: "ada", vary="X-Key")
    client = client_of(way, default="10")
    await way.store.remember("ada", "0.9")
    response = client.get("/items/1")
    assert response.status_code == 410
    assert "Your version, 0.9, is gone. There are: 1, 2, 10." in response.json()["detail"]
    await way.store.change("ada", "latest")
    assert client.get("/items/1").json() == "1 in 10"


def test_who_may_not_ask_is_refused_as_by_any_dependency() -> None:
    def identify(connection: Any) -> str:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})

    client = client_of(ByConsumer(identify, vary="Authorization"), ByHeader(), default="1")
    for headers in ({}, {"API-Version": "2"}):
        response = client.get("/items/1", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
    assert client.get("/nothing").status_code == 404


def test_what_cannot_be_remembered_is_not_answered_as_if_it_were() -> None:
    class Broken:
        async def get(self, consumer: str) -> str | None:
            return None

        async def remember(self, consumer: str, version: str) -> None:
            raise ConnectionError

        async def change(self, consumer: str, version: str) -> None: ...

    way = ByConsumer(lambda connection: "ada", vary="X-Key", store=Broken())
    assert client_of(way, default="1").get("/items/1").status_code == 500


def test_a_consumer_without_a_version_to_begin_with_is_told_how_to_ask() -> None:
    client = client_of(ByConsumer(lambda connection: None, vary="X-Key"), ByHeader())
    response = client.get("/items/1")
    assert response.status_code == 400
    assert response.json()["detail"] == (
        "The request names no version. A version can be named by the header API-Version. "
        "There are: 1, 2, 10."
    )
