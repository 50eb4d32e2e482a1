"""The kit as a whole, as an app uses it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.auth.small_kit import SECRET, Role, run

from vivace import Vivace
from vivace.auth import Auth, AuthSettings, MemoryStore, PasswordSettings, Roles, User
from vivace.testclient import TestClient

PASSWORD = "a password of ada's"
CHEAP = AuthSettings(passwords=PasswordSettings(time_cost=1, memory_cost=8, parallelism=1))


class CountingStore(MemoryStore):
    """A store that knows whether it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = self.closed = 0

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1


def make_auth(**options: Any) -> Auth:
    settings = {"store": MemoryStore(), "roles": Role, "settings": CHEAP}
    return Auth(SECRET, **{**settings, **options})


def make_app(auth: Auth) -> Vivace:
    app = Vivace()
    app.include_router(auth.router())

    @app.get("/admin")
    async def only_for_admins(
        user: User = auth.user, principal: object = auth.require(Role.ADMIN)
    ) -> str:
        return user.name

    return app


def add_ada(auth: Auth, *roles: str) -> None:
    run(auth.accounts.register("ada", PASSWORD, roles=roles))


def client_of(app: Vivace) -> TestClient:
    return TestClient(app, base_url="https://testserver")


def test_one_way_to_sign_in_is_as_good_as_another() -> None:
    auth = make_auth()
    add_ada(auth, "admin")
    client = client_of(make_app(auth))
    signed_in = client.post("/token", data={"username": "ada", "password": PASSWORD})
    token = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert client.get("/admin", headers=token).json() == "ada"
    new = {"name": "export", "scopes": ["admin"]}
    made = client.post("/users/me/api-keys", json=new, headers=token)
    assert client.get("/admin", headers={"x-api-key": made.json()["key"]}).json() == "ada"
    assert client.get("/admin").status_code == 401
    assert client.post("/session", json={"name": "ada", "password": PASSWORD}).status_code == 201
    assert client.get("/admin").json() == "ada"


def test_a_role_is_asked_for_however_one_signs_in() -> None:
    auth = make_auth()
    add_ada(auth, "reader")
    client = client_of(make_app(auth))
    client.post("/session", json={"name": "ada", "password": PASSWORD})
    assert client.get("/admin").status_code == 403


def test_a_key_outlives_a_change_of_the_password_and_a_session_does_not() -> None:
    auth = make_auth()
    add_ada(auth, "admin")
    client = client_of(make_app(auth))
    session = client.post("/session", json={"name": "ada", "password": PASSWORD})
    csrf = {"x-csrf-token": session.json()["csrf_token"]}
    new = {"name": "export", "scopes": ["admin"]}
    key = client.post("/users/me/api-keys", json=new, headers=csrf).json()["key"]
    change = {"old_password": PASSWORD, "new_password": "another password"}
    cookies = dict(client.cookies)
    assert client.post("/users/me/password", json=change, headers=csrf).status_code == 204
    assert client_of(client.app).get("/admin", headers={"x-api-key": key}).json() == "ada"  # type: ignore[arg-type]  # it is the app
    again = TestClient(client.app, base_url="https://testserver", cookies=cookies)
    assert again.get("/admin").status_code == 401


def test_the_store_is_open_while_the_app_runs() -> None:
    store = CountingStore()
    with client_of(make_app(make_auth(store=store))):
        assert (store.opened, store.closed) == (1, 0)
    assert (store.opened, store.closed) == (1, 1)


def test_a_guard_alone_opens_the_store() -> None:
    store = CountingStore()
    auth, app = make_auth(store=store), Vivace()

    @app.get("/me")
    async def read_me(user: User = auth.user) -> str:
        return user.name

    with client_of(app):
        assert store.opened == 1
    assert store.closed == 1


def test_the_routes_can_be_put_below_a_prefix() -> None:
    auth = make_auth(prefix="/auth")
    document = make_app(auth).openapi()
    paths = {path for path in document["paths"] if path != "/admin"}
    assert "/auth/session" in paths
    assert all(path.startswith("/auth/") for path in paths)
    flow = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"]
    assert flow["tokenUrl"] == "auth/token"


def test_what_is_asked_for_has_to_exist() -> None:
    auth = make_auth(roles=Roles(Role, grants={Role.EDITOR: ["articles:write"]}))
    auth.require(Role.EDITOR, "articles:write")
    with pytest.raises(ValueError, match="articles:wriet"):
        auth.require("articles:wriet")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Auth("secret", store=MemoryStore())


def test_the_secret_can_be_changed_while_sessions_go_on() -> None:
    auth = make_auth()
    add_ada(auth, "admin")
    client = client_of(make_app(auth))
    session = client.post("/session", json={"name": "ada", "password": PASSWORD})
    csrf = {"x-csrf-token": session.json()["csrf_token"]}
    later = Auth(["a new secret " * 3, SECRET], store=auth.store, roles=Role, settings=CHEAP)
    other = TestClient(make_app(later), base_url="https://testserver", cookies=dict(client.cookies))
    assert other.get("/admin").json() == "ada"
    assert other.delete("/session", headers=csrf).status_code == 204


def test_every_route_of_the_kit_says_what_it_does_and_refuses() -> None:
    document = make_app(make_auth()).openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path == "/admin":
                continue
            assert operation["description"], path
            if "security" in operation:
                assert "401" in operation["responses"], path


async def send_reset(user: User, token: str) -> None: ...


def test_no_route_reads_a_body_that_is_too_large() -> None:
    auth = make_auth(send_reset=send_reset)
    add_ada(auth)
    app = make_app(auth)
    client, paths = client_of(app), app.openapi()["paths"]
    signed_in = client.post("/token", data={"username": "ada", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    with_body = [path for path in paths if "requestBody" in paths[path].get("post", {})]
    assert len(with_body) > 10
    for path in with_body:
        response = client.post(path, json={"name": "a" * 70_000}, headers=headers)
        assert response.status_code == 413, path


def test_lifetimes_are_a_matter_of_settings() -> None:
    assert AuthSettings().sessions.idle < AuthSettings().sessions.absolute
    assert AuthSettings().tokens.access_lifetime <= timedelta(minutes=15)
