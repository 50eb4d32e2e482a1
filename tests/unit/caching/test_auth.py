"""Answers of those who are signed in."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from vivace import Depends, Vivace
from vivace.auth import Auth, AuthSettings, MemoryStore, PasswordSettings
from vivace.caching import Cache, by_user
from vivace.idempotency import Idempotency
from vivace.security import APIKeyHeader
from vivace.testclient import TestClient
from vivace.types import Receive, Scope, Send

PASSWORD = "correct horse battery staple"
CHEAP = AuthSettings(passwords=PasswordSettings(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def client() -> Iterator[TestClient]:
    auth = Auth(secrets.token_urlsafe(32), store=MemoryStore(), settings=CHEAP)
    cache = Cache()
    app = Vivace()
    app.include_router(auth.router())
    cache.install(app)
    idempotency = Idempotency(by=by_user(auth))
    idempotency.install(app)
    runs: list[str] = []

    @app.get("/own")
    @cache.store(60, by=by_user(auth))
    async def read_own(user: Any = auth.user) -> str:
        runs.append(user.name)
        return f"{user.name} {len(runs)}"

    @app.get("/shared", dependencies=[auth.user])
    @cache.store(60, shared=True)
    async def read_shared() -> int:
        runs.append("shared")
        return len(runs)

    @app.get("/careless")
    @cache.store(60)
    async def read_careless(user: Any = auth.user) -> str:
        runs.append(user.name)
        return f"{user.name} {len(runs)}"

    @app.post("/pay", dependencies=[auth.user])
    @idempotency.required
    async def pay() -> int:
        runs.append("paid")
        return len(runs)

    with TestClient(app) as client:
        yield client


def sign_in(client: TestClient, name: str, *, register: bool = True) -> dict[str, str]:
    form = {"username": name, "password": PASSWORD}
    if register:
        assert client.post("/register", json={"name": name, "password": PASSWORD}).status_code in (
            200,
            201,
        )
    token = client.post("/token", data=form).json()["access_token"]
    client.cookies.clear()
    return {"Authorization": f"Bearer {token}"}


def test_each_user_has_answers_of_its_own(client: TestClient) -> None:
    ada, bob = sign_in(client, "ada"), sign_in(client, "bob")
    own = [client.get("/own", headers=headers).json() for headers in (ada, bob, ada, bob)]
    assert own == ["ada 1", "bob 2", "ada 1", "bob 2"]
    # With another token she is the same.
    again = sign_in(client, "ada", register=False)
    assert again != ada
    assert client.get("/own", headers=again).json() == "ada 1"


def test_who_is_not_signed_in_gets_nothing(client: TestClient) -> None:
    ada, bob = sign_in(client, "ada"), sign_in(client, "bob")
    shared = [client.get("/shared", headers=headers).json() for headers in (ada, bob)]
    assert shared == [1, 1]
    client.get("/own", headers=ada)
    for headers in ({}, {"Authorization": "Bearer bad"}):
        for path in ("/shared", "/own"):
            assert client.get(path, headers=headers).status_code == 401


def test_where_it_is_not_said_whose_it_is_nothing_is_kept(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    ada = sign_in(client, "ada")
    made = client.post("/users/me/api-keys", json={"name": "export"}, headers=ada)
    key = {"X-API-Key": made.json()["key"]}
    with caplog.at_level(logging.WARNING, "vivace.caching"):
        asked = [client.get("/careless", headers=one).json() for one in (key, ada, key)]
    assert asked == ["ada 1", "ada 2", "ada 3"]


@pytest.mark.parametrize("is_mounted", [False, True])
def test_a_scheme_is_seen_whatever_its_field_is_called(
    is_mounted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app, cache, idempotency = Vivace(), Cache(), Idempotency()
    cache.install(app)
    idempotency.install(app)
    scheme = APIKeyHeader(name="X-Own")
    runs: list[str] = []

    async def count(key: str = Depends(scheme)) -> str:
        runs.append(key)
        return f"{key} {len(runs)}"

    inner = app if not is_mounted else Vivace()
    inner.get("/")(cache.store(60)(count))
    inner.post("/")(idempotency.required(count))

    async def copying(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope}, receive, send)

    if is_mounted:
        app.mount("/inner", copying)
    client, path = TestClient(app), "/inner/" if is_mounted else "/"
    with caplog.at_level(logging.WARNING, "vivace.caching"):
        asked = [client.get(path, headers={"X-Own": key}).json() for key in "aba"]
    assert asked == ["a 1", "b 2", "a 3"]
    [record] = caplog.records
    assert "Say by= whose they are" in record.getMessage()
    sent = [{"X-Own": key, "Idempotency-Key": "1"} for key in "aba"]
    assert [client.post(path, headers=one).json() for one in sent] == ["a 4", "b 5", "a 4"]


def test_a_key_is_its_users(client: TestClient) -> None:
    ada, bob = sign_in(client, "ada"), sign_in(client, "bob")
    again = sign_in(client, "ada", register=False)
    key = {"Idempotency-Key": "a"}
    paid = [client.post("/pay", headers=one | key).json() for one in (ada, bob, again)]
    assert paid == [1, 2, 1]
    assert client.post("/pay", headers=key).status_code == 401
    assert client.post("/pay", headers=key | {"Authorization": "Bearer bad"}).status_code == 401
