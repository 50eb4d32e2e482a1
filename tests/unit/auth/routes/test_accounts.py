"""The routes of accounts, over HTTP and with the whole kit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from vivace import Vivace
from vivace.auth import Auth, AuthSettings, MemoryStore, PasswordSettings, User
from vivace.auth.stores import records
from vivace.testclient import TestClient

CHEAP = PasswordSettings(time_cost=1, memory_cost=8, parallelism=1)
OLD, NEW = "correct horse battery", "a staple for the horse"
#: In any answer these would be a leak.
SECRETS = (OLD, NEW, "argon2")

Headers = dict[str, str]


class Kit:
    """An app with the kit, and what it has sent."""

    def __init__(self, *, registration: bool = True, resets: bool = True) -> None:
        self.sent: list[tuple[str, str]] = []
        self.auth = Auth(
            "a secret for tests, and for nothing else",
            store=MemoryStore(),
            settings=AuthSettings(passwords=CHEAP, registration=registration),
            send_reset=self._send if resets else None,
        )
        self.app = Vivace()
        self.app.include_router(self.auth.router())
        self.client = TestClient(self.app, raise_server_exceptions=True)

    async def _send(self, user: User, token: str) -> None:
        self.sent.append((user.name, token))

    def register(self, name: str = "ada", **more: Any) -> Any:
        return self.client.post("/register", json={"name": name, "password": OLD, **more})

    def sign_in(self, password: str = OLD, name: str = "ada") -> Any:
        return self.client.post("/token", data={"username": name, "password": password})

    def bearer(self, password: str = OLD) -> Headers:
        return {"Authorization": f"Bearer {self.sign_in(password).json()['access_token']}"}

    def reset_token(self) -> str:
        assert self.client.post("/password-reset", json={"name": "ada"}).status_code == 202
        return self.sent.pop()[1]

    def confirm(self, token: str, password: str = NEW) -> Any:
        body = {"token": token, "password": password}
        return self.client.post("/password-reset/confirm", json=body)


@pytest.fixture
def kit() -> Iterator[Kit]:
    kit = Kit()
    with kit.client:
        yield kit


@pytest.fixture(scope="module")
def empty_kit() -> Kit:
    """One in which no account is made."""
    return Kit()


def test_one_who_registers_is_told_what_there_is_and_no_secret(kit: Kit) -> None:
    response = kit.register("Ada", email="ada@Example.com")
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    account = response.json()
    assert set(account) == {"id", "name", "email", "roles", "created_at"}
    assert (account["name"], account["email"], account["roles"]) == ("ada", "ada@example.com", [])
    read = kit.client.get("/users/me", headers=kit.bearer())
    assert read.json() == account
    assert read.headers["cache-control"] == "no-store"


def test_nobody_gives_themselves_roles_or_another_state(kit: Kit) -> None:
    more: dict[str, Any] = {"roles": ["admin"], "email_verified": True, "epoch": 7, "id": "mine"}
    account = kit.register("ada", **more).json()
    assert account["roles"] == []
    assert account["id"] != "mine"


@pytest.mark.parametrize("again", [{"name": "ADA"}, {"name": "bob", "email": "ADA@example.com"}])
def test_what_is_taken_is_a_409_that_does_not_say_which(kit: Kit, again: dict[str, str]) -> None:
    kit.register(email="ada@example.com")
    response = kit.register(**again)
    assert response.status_code == 409
    assert response.json() == {"detail": "The name or the email address is taken"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a b", "password": OLD}, "name"),
        ({"name": "\0", "password": OLD}, "name"),
        ({"name": "ada", "password": "too short"}, "password"),
        ({"name": "ada", "password": "x" * 2000}, "password"),
        ({"name": "ada", "password": OLD, "email": "nowhere"}, "email"),
        ({"name": "ada", "password": [OLD]}, "password"),
        ({"password": OLD}, "name"),
    ],
)
def test_a_422_says_what_is_wrong_and_repeats_nothing(
    empty_kit: Kit, body: dict[str, Any], field: str
) -> None:
    response = empty_kit.client.post("/register", json=body)
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["detail"]] == [["body", field]]
    assert "too short" not in response.text
    assert not any(secret in response.text for secret in SECRETS)


@pytest.mark.parametrize(
    "path", ["/register", "/password-reset", "/password-reset/confirm", "/users/me/password"]
)
def test_no_body_makes_a_500(kit: Kit, path: str) -> None:
    kit.register()
    headers = {"Content-Type": "application/json", **kit.bearer()}
    texts = [b"", b"null", b"[]", b"{", b'"\\ud800"', b"\xff", b"[" * 5000]
    for value in (b'"\\ud800"', b'"\\u0000"', b'""', b"{}", b'"' + b"x" * 100_000 + b'"'):
        names = (b"name", b"password", b"email", b"token", b"old_password", b"new_password")
        texts.append(b"{" + b",".join(b'"%s":%s' % (name, value) for name in names) + b"}")
    for text in texts:
        response = kit.client.post(path, content=text, headers=headers)
        assert 400 <= response.status_code < 500 or response.status_code == 202, text[:50]


def test_registration_can_be_switched_off() -> None:
    assert Kit(registration=False).register().status_code == 404


def test_without_a_way_to_send_there_are_no_routes_for_resets() -> None:
    client = Kit(resets=False).client
    assert client.post("/password-reset", json={"name": "ada"}).status_code == 404
    assert client.post("/password-reset/confirm", json={}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/me"),
        ("POST", "/users/me/password"),
        ("POST", "/users/me/sign-out-everywhere"),
    ],
)
def test_one_s_own_account_asks_who_one_is(kit: Kit, method: str, path: str) -> None:
    body = {"old_password": OLD, "new_password": NEW} if path.endswith("password") else None
    response = kit.client.request(method, path, json=body)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_a_new_password_ends_the_old_one_and_all_tokens(kit: Kit) -> None:
    kit.register()
    headers = kit.bearer()
    refresh = kit.sign_in().json()["refresh_token"]
    body = {"old_password": OLD, "new_password": NEW}
    assert kit.client.post("/users/me/password", json=body, headers=headers).status_code == 204
    assert kit.client.get("/users/me", headers=headers).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    assert kit.client.post("/token", data=form).status_code == 400
    assert kit.sign_in().status_code != 200
    assert kit.client.get("/users/me", headers=kit.bearer(NEW)).status_code == 200


def test_a_new_password_asks_for_the_old_one(kit: Kit) -> None:
    kit.register()
    headers = kit.bearer()
    wrong = {"old_password": NEW, "new_password": NEW}
    for _ in range(5):
        response = kit.client.post("/users/me/password", json=wrong, headers=headers)
        assert response.status_code == 403
        assert response.json() == {"detail": "The password is wrong"}
    response = kit.client.post("/users/me/password", json=wrong, headers=headers)
    assert response.status_code == 429
    assert response.headers["retry-after"] == "1"
    short = {"old_password": OLD, "new_password": "too short"}
    response = kit.client.post("/users/me/password", json=short, headers=headers)
    assert response.json()["detail"][0]["loc"] == ["body", "new_password"]
    assert kit.sign_in().status_code == 200


def test_signing_out_everywhere_ends_all_tokens(kit: Kit) -> None:
    kit.register()
    first, second = kit.bearer(), kit.bearer()
    response = kit.client.post("/users/me/sign-out-everywhere", headers=first)
    assert response.status_code == 204
    for headers in (first, second):
        assert kit.client.get("/users/me", headers=headers).status_code == 401
    assert kit.client.get("/users/me", headers=kit.bearer()).status_code == 200


def test_a_browser_forgets_its_session_with_all_others(kit: Kit) -> None:
    kit.register()
    browser = TestClient(kit.app, base_url="https://testserver")
    signed_in = browser.post("/session", json={"name": "ada", "password": OLD})
    assert signed_in.is_success, signed_in.text
    headers = {"X-CSRF-Token": next(v for k, v in browser.cookies.items() if "csrf" in k)}
    response = browser.post("/users/me/sign-out-everywhere", headers=headers)
    assert response.status_code == 204
    assert not browser.cookies
    assert browser.get("/users/me").status_code == 401


def test_an_api_key_may_read_the_account_and_not_change_it(kit: Kit) -> None:
    kit.register()
    made = kit.client.post("/users/me/api-keys", json={"name": "key"}, headers=kit.bearer())
    headers = {"X-API-Key": made.json()["key"]}
    assert kit.client.get("/users/me", headers=headers).status_code == 200
    body = {"old_password": OLD, "new_password": NEW}
    for path in ("/users/me/password", "/users/me/sign-out-everywhere"):
        assert kit.client.post(path, json=body, headers=headers).status_code == 403


async def deactivate(kit: Kit) -> None:
    [user] = await kit.auth.store.find(User)
    await kit.auth.accounts.deactivate(user)


def test_one_who_is_deactivated_is_refused_at_once(kit: Kit) -> None:
    kit.register()
    headers = kit.bearer()
    assert kit.client.get("/users/me", headers=headers).status_code == 200
    anyio.run(deactivate, kit)
    assert kit.client.get("/users/me", headers=headers).status_code == 401


def test_sign_ins_that_fail_say_the_same(kit: Kit) -> None:
    kit.register()
    wrong, unknown = kit.sign_in(NEW), kit.sign_in(NEW, "nobody")
    assert wrong.status_code == unknown.status_code
    assert wrong.content == unknown.content
    assert wrong.headers == unknown.headers


def test_a_reset_is_answered_the_same_for_everybody(kit: Kit) -> None:
    kit.register(email="ada@example.com")
    answers = set()
    for name in ("ada", "ada@example.com", "nobody", "nobody@example.com", "", "\0"):
        response = kit.client.post("/password-reset", json={"name": name})
        answers.add((response.status_code, response.text, str(response.headers)))
    assert len(answers) == 1
    assert answers.pop()[0] == 202
    assert [name for name, _ in kit.sent] == ["ada", "ada"]


def test_a_reset_is_looked_up_after_the_answer(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(
        kit.auth.accounts, "request_reset", lambda name, address: events.append("looked up")
    )
    client = TestClient(_noting_answers(kit.app, events))
    client.post("/password-reset", json={"name": "ada"})
    assert events == ["answered", "looked up"]


def _noting_answers(app: Any, events: list[str]) -> Any:
    async def noting(scope: Any, receive: Any, send: Any) -> None:
        async def noting_send(message: Any) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                events.append("answered")
            await send(message)

        await app(scope, receive, noting_send)

    return noting


def test_a_reset_sets_the_password_once_and_ends_all_tokens(kit: Kit) -> None:
    kit.register()
    headers, token = kit.bearer(), kit.reset_token()
    assert kit.confirm(token, "too short").status_code == 422
    assert kit.confirm(token).status_code == 204
    again = kit.confirm(token, OLD)
    assert again.status_code == 400
    assert again.json() == kit.confirm("unknown").json()
    assert kit.client.get("/users/me", headers=headers).status_code == 401
    assert kit.sign_in().status_code != 200
    assert kit.sign_in(NEW).status_code == 200


def test_a_reset_token_expires(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.register()
    token = kit.reset_token()
    later = datetime.now(UTC) + timedelta(minutes=31)
    monkeypatch.setattr(records, "now", lambda: later)
    assert kit.confirm(token).status_code == 400


def test_what_may_be_answered_is_documented(kit: Kit) -> None:
    paths = kit.app.openapi()["paths"]
    answers = {
        f"{method} {path}": set(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert answers["post /register"] == {"201", "409", "422"}
    assert answers["post /users/me/password"] == {"204", "401", "403", "422", "429"}
    assert answers["post /password-reset"] == {"202", "422"}
    assert answers["post /password-reset/confirm"] == {"204", "400", "422"}
    schema = kit.app.openapi()["components"]["schemas"]["NewAccount"]
    assert schema["properties"]["password"]["format"] == "password"
