"""Signing in and out in a browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.auth.small_kit import ORIGIN, PASSWORD, SmallKit

from vivace.auth import AuthSettings, Session, SessionSettings
from vivace.auth.routes.sessions import session_router
from vivace.auth.stores.records import now
from vivace.testclient import TestClient

ADA = {"name": "ada", "password": PASSWORD}


@pytest.fixture
def kit() -> SmallKit:
    kit = SmallKit()
    kit.include(session_router)
    return kit


def sign_in(kit: SmallKit, name: str = "ada", **options: Any) -> TestClient:
    """A browser that is signed in, and sends the CSRF token with everything."""
    client = kit.client(**options)
    response = client.post("/session", json={"name": name, "password": PASSWORD})
    assert response.status_code == 201
    client.headers["x-csrf-token"] = response.json()["csrf_token"]
    return client


def is_signed_in(client: TestClient) -> bool:
    return client.get("/session").status_code == 200


def test_one_signs_in_and_out(kit: SmallKit) -> None:
    client = kit.client()
    assert not is_signed_in(client)
    response = client.post("/session", json=ADA)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    assert set(client.cookies) == {"__Host-session", "__Host-csrf"}
    assert client.get("/session").json()["name"] == "ada"
    token = response.json()["csrf_token"]
    cookies = dict(client.cookies)
    response = client.delete("/session", headers={"x-csrf-token": token})
    assert response.status_code == 204
    assert not set(client.cookies)
    assert not is_signed_in(kit.client(cookies=cookies)), "the session itself has ended"


def test_the_answer_says_who_is_signed_in_and_how(kit: SmallKit) -> None:
    found = sign_in(kit, "bob").get("/session").json()
    assert found.pop("csrf_token")
    assert found == {"name": "bob", "roles": ["reader"], "scopes": ["reader"], "methods": ["pwd"]}


def test_the_cookie_of_the_token_can_be_sent_back_as_the_header(kit: SmallKit) -> None:
    client = kit.client()
    client.post("/session", json=ADA)
    token = client.cookies["__Host-csrf"]
    assert client.delete("/session").status_code == 403
    assert client.delete("/session", headers={"x-csrf-token": token}).status_code == 204


def test_a_page_gets_a_token_with_who_is_signed_in(kit: SmallKit) -> None:
    client = kit.client()
    client.post("/session", json=ADA)
    response = client.get("/session")
    assert response.headers["cache-control"] == "no-store"
    headers = {"x-csrf-token": response.json()["csrf_token"]}
    assert client.delete("/session", headers=headers).status_code == 204


def test_a_form_signs_in_as_well(kit: SmallKit) -> None:
    client = kit.client()
    assert client.post("/session", data=ADA).status_code == 201
    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(kit: SmallKit) -> None:
    client = kit.client()
    wrong = client.post("/session", json={**ADA, "password": "wrong"})
    unknown = client.post("/session", json={**ADA, "name": "nobody"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content
    assert not client.cookies


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"", 422),
        ("application/json", b"[]", 422),
        ("application/json", b'{"name": "ada"}', 422),
        ("application/json", b'{"name": 1, "password": null}', 422),
        ("application/json", b'{"name": "\\ud800", "password": "x"}', 422),
        ("application/json", b"\xff\xfe", 422),
        ("application/x-www-form-urlencoded", b"", 422),
        ("application/x-www-form-urlencoded", b"name=ada", 422),
        ("application/x-www-form-urlencoded", b"\xff=\xff", 422),
        ("application/x-www-form-urlencoded", b"name=%ff&password=%ed%a0%80", 401),
        ("application/x-www-form-urlencoded", b"a=1&" * 1000, 422),
        ("application/json; charset=utf-8", b'{"name": "ada", "password": "x"}', 401),
        ("text/plain", b'{"name": "ada", "password": "correct horse"}', 415),
        ("multipart/form-data", b"", 415),
        ("", b'{"name": "ada", "password": "correct horse"}', 415),
    ],
)
def test_no_body_fails_but_in_a_way_that_is_said(
    kit: SmallKit, content_type: str, body: bytes, status: int
) -> None:
    response = kit.client().post("/session", content=body, headers={"content-type": content_type})
    assert response.status_code == status, response.text


def test_a_body_that_does_not_fit_is_not_repeated(kit: SmallKit) -> None:
    for body in ({"password": "secret-1"}, {"name": 1, "password": ["secret-1"]}):
        response = kit.client().post("/session", json=body)
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "name"]
        assert "secret-1" not in response.text


def test_a_user_with_a_second_step_is_not_signed_in_yet(kit: SmallKit) -> None:
    kit.add_user("eve")
    client = kit.client()
    response = client.post("/session", json={**ADA, "name": "eve"})
    assert response.status_code == 403
    assert response.json()["detail"] == {
        "error": "mfa_required",
        "mfa_token": "challenge of eve for session",
    }
    assert response.headers["cache-control"] == "no-store"
    assert not client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://sub.testserver"},
    ],
)
def test_no_other_site_signs_a_browser_in(kit: SmallKit, headers: dict[str, str]) -> None:
    client = kit.client()
    assert client.post("/session", data=ADA, headers=headers).status_code == 403
    assert not client.cookies


def test_the_own_site_does(kit: SmallKit) -> None:
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    assert kit.client().post("/session", data=ADA, headers=headers).status_code == 201


def test_a_session_that_is_fixed_beforehand_is_not_the_one_that_is_signed_in(
    kit: SmallKit,
) -> None:
    for known in ("made-up", sign_in(kit, "bob").cookies["__Host-session"]):
        victim = kit.client(cookies={"__Host-session": known})
        victim.cookies.clear()
        victim.post("/session", json=ADA, headers={"Cookie": f"__Host-session={known}"})
        assert victim.get("/session").json()["name"] == "ada"
        assert victim.cookies["__Host-session"] != known
        assert not is_signed_in(kit.client(cookies={"__Host-session": known}))


@pytest.mark.parametrize(
    "path", ["/session", "/sessions", "/sessions/" + "0" * 64, "/sessions/current"]
)
def test_nobody_is_signed_out_by_another_site(kit: SmallKit, path: str) -> None:
    client = sign_in(kit)
    token = client.headers.pop("x-csrf-token")
    foreign = sign_in(kit, "bob").headers["x-csrf-token"]
    for headers in (
        {},
        {"x-csrf-token": ""},
        {"x-csrf-token": foreign},
        {"x-csrf-token": token[:-1]},
        {"x-csrf-token": token, "Origin": "https://elsewhere.example"},
    ):
        assert client.delete(path, headers=headers).status_code == 403
    assert is_signed_in(client)


def test_the_browsers_of_a_user_are_listed(kit: SmallKit) -> None:
    sign_in(kit, headers={"user-agent": "the telephone"})
    sign_in(kit, "bob")
    client = sign_in(kit, headers={"user-agent": "the desk"})
    listed = client.get("/sessions").json()
    assert [(one["user_agent"], one["is_current"]) for one in listed] == [
        ("the telephone", False),
        ("the desk", True),
    ]
    cookie = client.cookies["__Host-session"]
    assert cookie not in client.get("/sessions").text


def test_another_browser_can_be_signed_out(kit: SmallKit) -> None:
    lost, client = sign_in(kit), sign_in(kit)
    (id,) = [one["id"] for one in client.get("/sessions").json() if not one["is_current"]]
    assert client.delete(f"/sessions/{id}").status_code == 204
    assert not is_signed_in(lost)
    assert is_signed_in(client)
    assert client.delete(f"/sessions/{id}").status_code == 404


def test_the_browser_that_asks_can_be_signed_out_by_its_id(kit: SmallKit) -> None:
    client = sign_in(kit)
    (one,) = client.get("/sessions").json()
    assert client.delete(f"/sessions/{one['id']}").status_code == 204
    assert not set(client.cookies)


@pytest.mark.parametrize("id", ["x", "%00", "%ff", "..%2f", "a" * 5000])
def test_an_id_that_is_none_is_a_404(kit: SmallKit, id: str) -> None:
    assert sign_in(kit).delete(f"/sessions/{id}").status_code == 404


def test_nobody_signs_others_out(kit: SmallKit) -> None:
    ada, bob = sign_in(kit), sign_in(kit, "bob")
    (one,) = ada.get("/sessions").json()
    assert bob.delete(f"/sessions/{one['id']}").status_code == 404
    assert bob.delete("/sessions").status_code == 204
    assert is_signed_in(ada)


def test_all_browsers_can_be_signed_out(kit: SmallKit) -> None:
    first, second = sign_in(kit), sign_in(kit)
    assert second.delete("/sessions").status_code == 204
    assert not is_signed_in(first)
    assert not set(second.cookies)


def test_a_token_manages_sessions_and_a_key_does_not(kit: SmallKit) -> None:
    browser = sign_in(kit)
    client = kit.client()
    key = {"x-api-key": kit.make_key("ada", "admin")}
    assert client.get("/sessions", headers=key).status_code == 403
    assert client.delete("/sessions", headers=key).status_code == 403
    assert client.get("/session", headers=key).status_code == 401
    assert is_signed_in(browser)
    token = {"Authorization": "Bearer ada"}
    assert client.get("/session", headers=token).status_code == 401
    assert client.delete("/sessions", headers=token).status_code == 204
    assert not is_signed_in(browser)


def test_a_session_that_has_not_been_used_is_over(kit: SmallKit) -> None:
    client = sign_in(kit)
    (session,) = [one for one in kit.store._of(Session).values() if isinstance(one, Session)]
    kit.change(session, seen_at=now() - timedelta(hours=2))
    response = client.get("/session")
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_names_and_tls_are_a_matter_of_settings() -> None:
    settings = SessionSettings(
        cookie="id", csrf_cookie="x", csrf_header="x-xsrf-token", secure=False
    )
    kit = SmallKit(AuthSettings(sessions=settings))
    kit.include(session_router)
    client = TestClient(kit.app)
    token = client.post("/session", json=ADA).json()["csrf_token"]
    assert set(client.cookies) == {"id", "x"}
    assert client.delete("/session", headers={"x-csrf-token": token}).status_code == 403
    assert client.delete("/session", headers={"x-xsrf-token": token}).status_code == 204


def test_the_document_has_both_kinds_of_body_and_every_refusal(kit: SmallKit) -> None:
    paths = kit.app.openapi()["paths"]
    sign_in = paths["/session"]["post"]
    content = sign_in["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded"}
    assert {"201", "401", "403", "415", "422", "429"} <= set(sign_in["responses"])
    assert paths["/session"]["delete"]["security"] == [{"Session": []}]
    assert {"401", "403", "404"} <= set(paths["/sessions/{id}"]["delete"]["responses"])
