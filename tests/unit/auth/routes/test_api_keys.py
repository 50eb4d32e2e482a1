"""API keys over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.auth.small_kit import PASSWORD, SmallKit, run

from vivace.auth import ApiKey, ApiKeySettings, Principal
from vivace.auth.routes.api_keys import api_key_router
from vivace.auth.routes.sessions import session_router
from vivace.auth.stores.records import now
from vivace.testclient import TestClient

KEYS = "/users/me/api-keys"
ADA = {"Authorization": "Bearer ada"}
BOB = {"Authorization": "Bearer bob"}


def make_kit() -> SmallKit:
    kit = SmallKit()
    kit.include(api_key_router)
    kit.include(session_router)

    @kit.app.get("/may")
    async def may(principal: Principal = kit.principal) -> list[str]:
        return sorted(principal.scopes)

    return kit


@pytest.fixture
def kit() -> SmallKit:
    return make_kit()


@pytest.fixture
def client(kit: SmallKit) -> TestClient:
    return kit.client()


@pytest.fixture(scope="module")
def empty_client() -> TestClient:
    """Of a kit in which no key is made."""
    return make_kit().client()


def make(client: TestClient, headers: dict[str, str] = ADA, **new: Any) -> dict[str, Any]:
    response = client.post(KEYS, json={"name": "export", **new}, headers=headers)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def test_a_key_is_shown_once(client: TestClient) -> None:
    response = client.post(KEYS, json={"name": "export", "scopes": ["reader"]}, headers=ADA)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    made = response.json()
    key = made.pop("key")
    assert key.split("_")[1] == made["prefix"]
    assert client.get("/may", headers={"x-api-key": key}).json() == ["reader"]
    listed = client.get(KEYS, headers=ADA)
    assert key.rpartition("_")[2] not in listed.text
    assert "secret" not in listed.text
    (shown,) = listed.json()
    assert shown.pop("last_used_at") is not None
    assert made.pop("last_used_at") is None
    assert shown == made


def test_there_are_only_so_many_that_are_accepted(
    kit: SmallKit, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit.api_keys, "_settings", ApiKeySettings(most=2))
    first, _ = make(client), make(client)
    refused = client.post(KEYS, json={"name": "one more"}, headers=ADA)
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "You have 2 API keys, and may have no more. Revoke one first.",
    )
    make(client, BOB)
    assert client.delete(f"{KEYS}/{first['id']}", headers=ADA).status_code == 204
    make(client)


def test_everybody_sees_their_own_keys(client: TestClient) -> None:
    make(client, ADA, name="of ada")
    make(client, BOB, name="of bob")
    assert [one["name"] for one in client.get(KEYS, headers=BOB).json()] == ["of bob"]


def test_a_key_can_be_revoked(client: TestClient) -> None:
    made = make(client)
    path, key = f"{KEYS}/{made['id']}", {"x-api-key": made["key"]}
    assert client.delete(path, headers=BOB).status_code == 404
    assert client.get("/may", headers=key).status_code == 200
    assert client.delete(path, headers=ADA).status_code == 204
    assert client.get("/may", headers=key).status_code == 401
    assert client.delete(path, headers=ADA).status_code == 204
    (shown,) = client.get(KEYS, headers=ADA).json()
    assert shown["revoked_at"] is not None


@pytest.mark.parametrize("id", ["x", "%00", "%ff", "a" * 5000])
def test_an_id_that_is_none_is_a_404(client: TestClient, id: str) -> None:
    assert client.delete(f"{KEYS}/{id}", headers=ADA).status_code == 404


def test_a_key_makes_no_keys_and_neither_lists_nor_revokes_them(client: TestClient) -> None:
    made = make(client, scopes=["admin"])
    key = {"x-api-key": made["key"]}
    assert client.post(KEYS, json={"name": "another"}, headers=key).status_code == 403
    assert client.get(KEYS, headers=key).status_code == 403
    assert client.delete(f"{KEYS}/{made['id']}", headers=key).status_code == 403
    assert len(client.get(KEYS, headers=ADA).json()) == 1


def test_nobody_makes_keys_without_signing_in(client: TestClient) -> None:
    assert client.post(KEYS, json={"name": "export"}).status_code == 401
    assert client.get(KEYS).status_code == 401
    assert client.delete(f"{KEYS}/x").status_code == 401


def test_in_a_session_it_takes_the_csrf_token(client: TestClient) -> None:
    signed_in = client.post("/session", json={"name": "ada", "password": PASSWORD})
    assert client.post(KEYS, json={"name": "export"}).status_code == 403
    make(client, {"x-csrf-token": signed_in.json()["csrf_token"]})


@pytest.mark.parametrize("scopes", [["editor"], ["reader", "admin"], ["nothing of the kind"]])
def test_a_key_gets_no_scope_that_its_maker_has_not(client: TestClient, scopes: list[str]) -> None:
    response = client.post(KEYS, json={"name": "export", "scopes": scopes}, headers=BOB)
    assert response.status_code == 403
    assert "insufficient_scope" in response.headers["www-authenticate"]


def test_a_key_gets_no_scope_that_the_token_has_not(client: TestClient) -> None:
    narrow = {"Authorization": "Bearer ada/reader"}
    refused = client.post(KEYS, json={"name": "export", "scopes": ["editor"]}, headers=narrow)
    assert refused.status_code == 403
    key = {"x-api-key": make(client, narrow, scopes=["reader"])["key"]}
    assert client.get("/may", headers=key).json() == ["reader"]


def test_a_scope_cannot_break_the_header_of_the_refusal(client: TestClient) -> None:
    scopes = ["x\r\nSet-Cookie: a=b", "\u2603", '"', ""]
    response = client.post(KEYS, json={"name": "export", "scopes": scopes}, headers=ADA)
    assert response.status_code == 403
    # None of them exists, and so none is named.
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize(
    "new",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "a" * 101},
        {"name": "a\0b"},
        {"name": "a\u202eb"},
        {"name": "export", "scopes": "reader"},
        {"name": "export", "scopes": ["reader"] * 101},
        {"name": "export", "expires_at": "2000-01-01T00:00:00Z"},
        {"name": "export", "expires_at": "2100-01-01T00:00:00"},
        {"name": "export", "expires_at": "9999-12-31T23:59:59-23:00"},
        {"name": "export", "expires_at": "0001-01-01T00:00:00+23:00"},
        {"name": "export", "expires_at": 1e300},
    ],
)
def test_what_no_key_can_be_is_a_422(empty_client: TestClient, new: dict[str, Any]) -> None:
    assert empty_client.post(KEYS, json=new, headers=ADA).status_code == 422


def test_half_a_surrogate_pair_is_no_name(client: TestClient) -> None:
    headers = {**ADA, "content-type": "application/json"}
    response = client.post(KEYS, content=b'{"name": "\\ud800"}', headers=headers)
    assert response.status_code == 422


def test_a_key_can_be_made_to_expire(kit: SmallKit, client: TestClient) -> None:
    expires_at = (now() + timedelta(days=1)).isoformat()
    made = make(client, expires_at=expires_at)
    key = {"x-api-key": made["key"]}
    assert client.get("/may", headers=key).status_code == 200
    (kept,) = run(kit.store.find(ApiKey))
    kit.change(kept, expires_at=now())
    assert client.get("/may", headers=key).status_code == 401


def test_the_document_says_who_may_and_what_is_refused(kit: SmallKit) -> None:
    paths = kit.app.openapi()["paths"]
    made = paths[KEYS]["post"]
    assert made["security"] == [{"OAuth2PasswordBearer": []}, {"Session": []}]
    assert {"201", "401", "403", "422"} <= set(made["responses"])
    assert {"204", "401", "403", "404"} <= set(paths[KEYS + "/{id}"]["delete"]["responses"])
