"""Roles and permissions."""

from __future__ import annotations

from vivace.auth import User

from .shop import Client, Shop, bearer


def test_without_credentials_it_is_a_401_that_names_no_error(one: Client) -> None:
    response = one.delete("/articles")
    assert response.status_code == 401
    # RFC 6750, section 3: nothing is wrong with what was not sent.
    assert response.headers["www-authenticate"] == 'Bearer realm="api"'


def test_with_a_wrong_token_it_is_a_401_that_says_so(two: Client) -> None:
    response = two.delete("/articles", headers=bearer("wrong"))
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_without_the_role_it_is_a_403_that_names_it(shop: Shop, one: Client, two: Client) -> None:
    token = one.sign_in(shop.register(one, "reader"))["access_token"]
    assert two.get("/articles", headers=bearer(token)).status_code == 200
    for method, scope in (("POST", "articles:write"), ("DELETE", "admin")):
        response = two.request(method, "/articles", headers=bearer(token))
        assert response.status_code == 403
        challenge = response.headers["www-authenticate"]
        assert challenge == f'Bearer error="insufficient_scope", scope="{scope}"'


def test_a_role_has_what_it_contains(shop: Shop, one: Client, two: Client) -> None:
    may = {"admin": (200, 201, 204), "editor": (200, 201, 403), "reader": (200, 403, 403)}
    for role, statuses in may.items():
        headers = bearer(one.sign_in(shop.register(one, role))["access_token"])
        methods = ("GET", "POST", "DELETE")
        responses = [two.request(method, "/articles", headers=headers) for method in methods]
        assert tuple(response.status_code for response in responses) == statuses


def test_a_token_has_the_scopes_that_were_asked_for_and_never_more(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one, "editor")
    tokens = one.sign_in(name, scope="reader")
    assert tokens["scope"] == "reader"
    assert two.post("/articles", headers=bearer(tokens["access_token"])).status_code == 403
    # More than the sign-in was for, and more than the user may.
    for scope in ("reader articles:write", "admin", "unknown"):
        response = two.refresh(tokens["refresh_token"], scope=scope)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")
    for scope in ("admin", "unknown"):
        response = two.ask_for_token(name, scope=scope)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")
    assert two.refresh(tokens["refresh_token"], scope="reader").status_code == 200


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one, "admin")
    token = one.sign_in(name)["access_token"]
    assert two.delete("/articles", headers=bearer(token)).status_code == 204
    shop.database.change(shop.database.user(name), roles=("reader",))
    for client in (one, two):
        assert client.delete("/articles", headers=bearer(token)).status_code == 403
        assert client.get("/articles", headers=bearer(token)).status_code == 200


def test_one_who_is_not_active_is_refused_whatever_they_come_with(
    shop: Shop, one: Client, two: Client
) -> None:
    name = shop.register(one)
    tokens = one.sign_in(name)
    user: User = shop.database.user(name)
    shop.database.change(user, is_active=False)
    for client in (one, two):
        assert client.whoami(tokens["access_token"]).status_code == 401
        assert client.refresh(tokens["refresh_token"]).status_code == 400
        assert client.ask_for_token(name).status_code == 400


def test_the_document_has_the_scopes(one: Client) -> None:
    document = one.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    flow = schemes["OAuth2PasswordBearer"]["flows"]["password"]
    assert flow["tokenUrl"] == flow["refreshUrl"] == "token"
    assert flow["scopes"] == {
        "admin": "Everything",
        "editor": "",
        "reader": "",
        "articles:write": "Write articles",
    }
    assert {scheme["type"] for scheme in schemes.values()} == {"oauth2", "apiKey"}
    operations = document["paths"]["/articles"]
    for method, scope in (("get", "reader"), ("post", "articles:write"), ("delete", "admin")):
        needed = {
            name: scopes for each in operations[method]["security"] for name, scopes in each.items()
        }
        assert needed["OAuth2PasswordBearer"] == [scope]
