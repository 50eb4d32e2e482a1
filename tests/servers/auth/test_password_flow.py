"""Sign-in with a password, and tokens from then on: each step at another process than the last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import pytest

from .shop import PASSWORD, Client, Shop, bearer

NEW_PASSWORD = "another horse battery"


def test_one_who_registers_signs_in_and_is_known_to_both_processes(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    response = two.ask_for_token(name)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    tokens = response.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 600)
    for client in (one, two):
        me = client.get("/users/me", headers=bearer(tokens["access_token"]))
        assert (me.status_code, me.json()["name"], me.json()["roles"]) == (200, name, [])


def test_a_name_is_given_once(shop: Shop, one: Client, two: Client) -> None:
    name = shop.register(one)
    again = two.post("/register", json={"name": name.upper(), "password": PASSWORD})
    assert again.status_code == 409
    short = two.post("/register", json={"name": "short", "password": "short"})
    assert short.status_code == 422
    assert '"short"' not in short.text.replace('"loc"', "")


def test_a_name_that_two_take_at_once_is_given_once(shop: Shop, one: Client, two: Client) -> None:
    body = {"name": f"bob-{token_hex(6)}", "password": PASSWORD}

    def register(client: Client) -> int:
        return client.post("/register", json=body).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(register, (one, two))) == [201, 409]


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(shop: Shop, one: Client) -> None:
    name = shop.register(one)
    wrong, unknown = one.ask_for_token(name, "wrong"), one.ask_for_token(f"{name}-2", "wrong")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.json() == unknown.json()
    assert wrong.json()["error"] == "invalid_grant"


def test_a_refresh_token_gives_new_tokens_at_the_other_process(
    shop: Shop, one: Client, two: Client
) -> None:
    first = one.sign_in(shop.register(one))
    second = two.refresh(first["refresh_token"]).json()
    third = one.refresh(second["refresh_token"]).json()
    assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3
    assert len({tokens["access_token"] for tokens in (first, second, third)}) == 3
    assert two.whoami(third["access_token"]).status_code == 200


def test_a_refresh_token_that_comes_again_ends_the_family_at_both_processes(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    other = one.sign_in(name)
    stolen = one.sign_in(name)
    new = one.refresh(stolen["refresh_token"]).json()
    for client in (one, two):
        assert client.whoami(new["access_token"]).status_code == 200
    reused = two.refresh(stolen["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    for client in (one, two):
        assert client.refresh(new["refresh_token"]).status_code == 400
        for tokens in (stolen, new):
            assert client.whoami(tokens["access_token"]).status_code == 401
        # Another sign-in of the user is another family.
        assert client.whoami(other["access_token"]).status_code == 200


def test_of_two_who_use_a_refresh_token_at_once_one_gets_new_tokens(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(10):
            token = one.sign_in(name)["refresh_token"]
            responses = list(threads.map(lambda client: client.refresh(token), (one, two)))  # noqa: B023
            assert sorted(response.status_code for response in responses) == [200, 400]
            # Nobody can say which of them was the thief.
            [winner] = [response for response in responses if response.status_code == 200]
            assert two.refresh(winner.json()["refresh_token"]).status_code == 400


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revocation_ends_the_family_at_both_processes(
    shop: Shop, one: Client, two: Client, kind: str
) -> None:
    tokens = one.sign_in(shop.register(one))
    assert two.whoami(tokens["access_token"]).status_code == 200
    assert one.post("/token/revoke", data={"token": tokens[kind]}).status_code == 200
    for client in (one, two):
        assert client.whoami(tokens["access_token"]).status_code == 401
        assert client.refresh(tokens["refresh_token"]).status_code == 400
    # RFC 7009, section 2.2.
    assert two.post("/token/revoke", data={"token": "unknown"}).status_code == 200


def test_a_password_change_ends_all_that_there_was(shop: Shop, one: Client, two: Client) -> None:
    name = shop.register(one)
    tokens, others = one.sign_in(name), two.sign_in(name)
    change = {"old_password": "wrong password", "new_password": NEW_PASSWORD}
    headers = bearer(tokens["access_token"])
    assert two.post("/users/me/password", json=change, headers=headers).status_code == 403
    change["old_password"] = PASSWORD
    assert two.post("/users/me/password", json=change, headers=headers).status_code == 204
    for client in (one, two):
        for each in (tokens, others):
            assert client.whoami(each["access_token"]).status_code == 401
            assert client.refresh(each["refresh_token"]).status_code == 400
    assert one.ask_for_token(name).status_code == 400
    assert one.whoami(one.sign_in(name, NEW_PASSWORD)["access_token"]).status_code == 200


def test_a_forgotten_password_is_reset_by_the_token_that_was_sent(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    before = one.sign_in(name)
    asked = one.post("/password-reset", json={"name": name})
    unknown = one.post("/password-reset", json={"name": f"{name}-2"})
    assert asked.status_code == unknown.status_code == 202
    assert asked.json() == unknown.json()
    new = {"token": shop.read_mail(name), "password": NEW_PASSWORD}
    assert two.post("/password-reset/confirm", json={**new, "token": "x"}).status_code == 400
    assert two.post("/password-reset/confirm", json=new).status_code == 204
    assert one.post("/password-reset/confirm", json=new).status_code == 400
    assert one.whoami(before["access_token"]).status_code == 401
    assert one.ask_for_token(name).status_code == 400
    assert two.ask_for_token(name, NEW_PASSWORD).status_code == 200


def test_a_reset_token_is_good_once_also_for_two_at_a_time(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    one.post("/password-reset", json={"name": name})
    token = shop.read_mail(name)

    def confirm(client: Client) -> int:
        body = {"token": token, "password": f"{NEW_PASSWORD} {client.id}"}
        return client.post("/password-reset/confirm", json=body).status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(confirm, (one, two))) == [204, 400]


def test_signing_out_everywhere_is_seen_everywhere(shop: Shop, one: Client, two: Client) -> None:
    name = shop.register(one)
    tokens, others = one.sign_in(name), two.sign_in(name)
    headers = bearer(tokens["access_token"])
    assert one.post("/users/me/sign-out-everywhere", headers=headers).status_code == 204
    for client in (one, two):
        for each in (tokens, others):
            assert client.whoami(each["access_token"]).status_code == 401
