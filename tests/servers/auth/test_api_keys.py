"""Keys for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vivace.auth import ApiKey

from .shop import REQUESTS_BY_KEY, Client, Shop, bearer


def make_key(client: Client, token: str, **asked: Any) -> dict[str, Any]:
    body = {"name": "nightly export", **asked}
    response = client.post("/users/me/api-keys", json=body, headers=bearer(token))
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    made: dict[str, Any] = response.json()
    return made


def with_key(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


def test_a_key_is_shown_once_and_good_at_both_processes(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one, "editor")
    token = one.sign_in(name)["access_token"]
    made = make_key(one, token, scopes=["reader"])
    assert made["key"].startswith(f"vvc_{made['prefix']}_")
    for client in (one, two):
        whoami = client.get("/whoami", headers=with_key(made["key"]))
        assert whoami.json() == {
            "name": name,
            "scopes": ["reader"],
            "method": "api_key",
            "methods": [],
        }
    listed = two.get("/users/me/api-keys", headers=bearer(token))
    assert [each["prefix"] for each in listed.json()] == [made["prefix"]]
    assert made["key"] not in listed.text
    assert listed.json()[0]["last_used_at"] is not None


def test_a_key_may_do_what_its_scopes_say(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one, "editor"))["access_token"]
    reader, nothing = make_key(one, token, scopes=["reader"]), make_key(one, token)
    assert two.get("/articles", headers=with_key(reader["key"])).status_code == 200
    assert two.post("/articles", headers=with_key(reader["key"])).status_code == 403
    assert two.get("/articles", headers=with_key(nothing["key"])).status_code == 403
    # Neither more than its owner may, nor by a token that may less.
    more = {"name": "more", "scopes": ["admin"]}
    assert one.post("/users/me/api-keys", json=more, headers=bearer(token)).status_code == 403


def test_a_key_may_be_in_the_query_or_a_cookie(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    key = make_key(one, token)["key"]
    for client in (one, two):
        for sent in ({"params": {"api_key": key}}, {"headers": {"Cookie": f"api_key={key}"}}):
            whoami = client.get("/whoami", **sent)
            assert (whoami.status_code, whoami.json()["method"]) == (200, "api_key")
        assert client.get("/whoami", params={"api_key": key[:-1]}).status_code == 401


def test_a_key_is_not_for_the_account_itself(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    headers = with_key(make_key(one, token)["key"])
    another = {"name": "another"}
    assert two.post("/users/me/api-keys", json=another, headers=headers).status_code == 403
    assert two.post("/users/me/mfa", headers=headers).status_code == 403
    assert two.post("/users/me/sign-out-everywhere", headers=headers).status_code == 403


def test_a_key_that_is_wrong_or_of_another_owner_is_refused(
    shop: Shop, one: Client, two: Client
) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    key, other = make_key(one, token)["key"], make_key(one, token)["key"]
    head, prefix, secret = key.split("_")
    swapped = f"{head}_{other.split('_')[1]}_{secret}"
    for wrong in (swapped, key[:-1], f"{head}_{prefix}_", "wrong"):
        response = two.get("/whoami", headers=with_key(wrong))
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_a_revoked_key_is_refused_at_both_processes(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    made = make_key(one, token)
    assert two.get("/whoami", headers=with_key(made["key"])).status_code == 200
    path = f"/users/me/api-keys/{made['id']}"
    stranger = bearer(two.sign_in(shop.register(two))["access_token"])
    assert two.delete(path, headers=stranger).status_code == 404
    assert one.delete(path, headers=bearer(token)).status_code == 204
    for client in (one, two):
        assert client.get("/whoami", headers=with_key(made["key"])).status_code == 401


def test_a_key_that_has_expired_is_refused(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    soon = datetime.now(UTC) + timedelta(hours=1)
    made = make_key(one, token, expires_at=soon.isoformat())
    assert two.get("/whoami", headers=with_key(made["key"])).status_code == 200
    [kept] = shop.database.find(ApiKey, prefix=made["prefix"])
    shop.database.change(kept, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    for client in (one, two):
        assert client.get("/whoami", headers=with_key(made["key"])).status_code == 401
    past = {"name": "past", "expires_at": "2020-01-01T00:00:00Z"}
    assert one.post("/users/me/api-keys", json=past, headers=bearer(token)).status_code == 422


def test_the_app_may_limit_each_key(shop: Shop, one: Client) -> None:
    token = one.sign_in(shop.register(one))["access_token"]
    key, other = make_key(one, token)["key"], make_key(one, token)["key"]
    for _ in range(REQUESTS_BY_KEY):
        assert one.get("/whoami", headers=with_key(key)).status_code == 200
    refused = one.get("/whoami", headers=with_key(key))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert one.get("/whoami", headers=with_key(other)).status_code == 200
