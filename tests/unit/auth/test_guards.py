"""Who makes a request, what they may do, and how the document says so."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.auth.small_kit import PASSWORD, SmallKit

from vivace import HTTPException, WebSocket, WebSocketDisconnect
from vivace.auth import ApiKeySettings, AuthSettings, Principal, User
from vivace.auth.routes.sessions import session_router
from vivace.requests import HTTPConnection
from vivace.testclient import TestClient, WebSocketDenialResponse

ALL_PLACES = AuthSettings(api_keys=ApiKeySettings(query="api_key", cookie="api_key"))


def make_kit(**options: Any) -> SmallKit:
    kit = SmallKit(**options)
    kit.include(session_router)

    @kit.app.get("/me")
    async def read_me(user: User = kit.user) -> str:
        return user.name

    @kit.app.get("/principal")
    async def read_principal(principal: Principal = kit.principal) -> dict[str, Any]:
        return {"method": principal.method, "scopes": sorted(principal.scopes)}

    @kit.app.post("/edit", dependencies=[kit.require("editor")])
    async def edit(user: User = kit.user) -> str:
        return user.name

    @kit.app.get("/account")
    async def read_account(principal: Principal = kit.in_person) -> str:
        return principal.method

    @kit.app.websocket("/live")
    async def live(socket: WebSocket, user: User = kit.user) -> None:
        await socket.accept()
        await socket.send_text(user.name)
        await socket.close()

    return kit


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def sign_in(client: TestClient, name: str) -> str:
    """Sign in; the CSRF token."""
    response = client.post("/session", json={"name": name, "password": PASSWORD})
    assert response.status_code == 201
    token: str = response.json()["csrf_token"]
    return token


def test_a_request_without_credentials_is_a_401_that_names_no_error() -> None:
    response = make_kit().client().get("/me")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="api"'


def test_a_wrong_credential_is_a_401_that_says_so_and_no_other_one_is_tried() -> None:
    kit = make_kit()
    headers = {**bearer("nobody"), "x-api-key": kit.make_key("ada")}
    response = kit.client().get("/me", headers=headers)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_one_who_may_not_is_a_403_that_names_the_scope() -> None:
    response = make_kit().client().post("/edit", headers=bearer("bob"))
    assert response.status_code == 403
    challenge = response.headers["www-authenticate"]
    assert challenge == 'Bearer error="insufficient_scope", scope="editor"'


def test_a_role_is_had_by_those_whose_role_contains_it() -> None:
    assert make_kit().client().post("/edit", headers=bearer("ada")).json() == "ada"


def test_a_token_with_fewer_scopes_than_its_user_may_do_less() -> None:
    response = make_kit().client().post("/edit", headers=bearer("ada/admin"))
    assert response.status_code == 403


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Basic YWRhOng=", "ada", "bearerada", ""])
def test_another_authorization_than_a_bearer_token_is_none(value: str) -> None:
    response = make_kit().client().get("/me", headers={"Authorization": value})
    assert response.headers["www-authenticate"] == 'Bearer realm="api"'


def test_the_name_of_the_bearer_scheme_has_no_case() -> None:
    response = make_kit().client().get("/me", headers={"Authorization": "bEARER ada"})
    assert response.json() == "ada"


def test_a_token_that_is_not_ascii_is_a_wrong_one() -> None:
    headers = {b"Authorization": "Bearer \xe4da".encode("latin-1")}
    assert make_kit().client().get("/me", headers=headers).status_code == 401


def test_each_request_identifies_once_however_many_guards_it_has() -> None:
    calls: list[str] = []

    async def limit_key(principal: Principal, connection: HTTPConnection) -> None:
        calls.append(principal.user.name)

    kit = make_kit(limit_key=limit_key)
    headers = {"x-api-key": kit.make_key("ada", "editor")}
    assert kit.client().post("/edit", headers=headers).json() == "ada"
    assert calls == ["ada"]


def test_a_limit_on_keys_refuses_what_keys_do_and_nothing_else() -> None:
    async def limit_key(principal: Principal, connection: HTTPConnection) -> None:
        raise HTTPException(429, headers={"Retry-After": "1"})

    kit = make_kit(limit_key=limit_key)
    client = kit.client()
    assert client.get("/me", headers={"x-api-key": kit.make_key("ada")}).status_code == 429
    assert client.get("/me", headers={"x-api-key": "wrong"}).status_code == 401
    assert client.get("/me", headers=bearer("ada")).status_code == 200


def test_a_key_is_taken_from_the_header_alone_unless_the_settings_say_otherwise() -> None:
    kit = make_kit()
    client, key = kit.client(), kit.make_key("ada")
    assert client.get("/me", headers={"x-api-key": key}).json() == "ada"
    assert client.get("/me", params={"x-api-key": key, "api_key": key}).status_code == 401
    assert client.get("/me", headers=bearer(key)).status_code == 401
    client.cookies.update({"x-api-key": key, "api_key": key, kit.sessions.cookie: key})
    assert client.get("/me").status_code == 401


def test_a_key_may_be_taken_from_the_query_and_a_cookie() -> None:
    kit = make_kit(settings=ALL_PLACES)
    key = kit.make_key("ada")
    assert kit.client().get("/me", params={"api_key": key}).json() == "ada"
    assert kit.client(cookies={"api_key": key}).get("/me").json() == "ada"


def test_a_key_in_a_cookie_counts_for_nothing_that_another_site_does() -> None:
    kit = make_kit(settings=ALL_PLACES)
    client = kit.client(cookies={"api_key": kit.make_key("ada", "editor")})
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert client.post("/edit", headers=elsewhere).status_code == 403
    assert client.post("/edit", headers={"Origin": "https://testserver"}).json() == "ada"
    assert client.post("/edit").json() == "ada"


def test_the_account_itself_is_not_for_keys() -> None:
    kit = make_kit()
    client = kit.client()
    key = {"x-api-key": kit.make_key("ada", "admin")}
    assert client.get("/account", headers=key).status_code == 403
    assert client.get("/account", headers=bearer("ada")).json() == "token"
    sign_in(client, "ada")
    assert client.get("/account").json() == "session"


def test_a_session_is_a_credential_of_its_own() -> None:
    client = make_kit().client()
    csrf = sign_in(client, "ada")
    assert client.get("/principal").json()["method"] == "session"
    assert client.post("/edit").status_code == 403
    assert client.post("/edit", headers={"x-csrf-token": csrf}).json() == "ada"


def test_a_dependency_can_be_replaced_for_all_guards() -> None:
    kit = make_kit()
    user = kit.user_of("bob")

    async def anybody() -> Principal:
        return Principal(user, frozenset(), "token", "none")

    kit.app.dependency_overrides[kit.principal.dependency] = anybody
    assert kit.client().post("/edit").json() == "bob"


def test_the_document_has_the_credentials_as_alternatives_with_their_scopes() -> None:
    document = make_kit().app.openapi()
    assert document["paths"]["/edit"]["post"]["security"] == [
        {"OAuth2PasswordBearer": ["editor"]},
        {"APIKeyHeader": ["editor"]},
        {"Session": ["editor"]},
    ]
    assert document["paths"]["/account"]["get"]["security"] == [
        {"OAuth2PasswordBearer": []},
        {"Session": []},
    ]
    schemes = document["components"]["securitySchemes"]
    assert list(schemes["OAuth2PasswordBearer"]["flows"]["password"]["scopes"]) == [
        "admin",
        "editor",
        "reader",
        "articles:write",
    ]
    assert schemes["APIKeyHeader"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}
    assert schemes["Session"] == {"type": "apiKey", "in": "cookie", "name": "__Host-session"}


def test_the_document_has_the_places_of_keys_that_the_settings_name() -> None:
    document = make_kit(settings=ALL_PLACES).app.openapi()
    names = [name for one in document["paths"]["/me"]["get"]["security"] for name in one]
    assert names == [
        "OAuth2PasswordBearer",
        "APIKeyHeader",
        "APIKeyQuery",
        "APIKeyCookie",
        "Session",
    ]


def test_guards_serve_websockets() -> None:
    kit = make_kit()
    for headers in (bearer("ada"), {"x-api-key": kit.make_key("ada")}):
        with kit.client().websocket_connect("/live", headers=headers) as socket:
            assert socket.receive_text() == "ada"


def test_a_websocket_without_credentials_is_refused() -> None:
    refused = (WebSocketDenialResponse, WebSocketDisconnect)
    with pytest.raises(refused), make_kit().client().websocket_connect("/live"):
        pass


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "http://testserver"},
        {"Origin": "null"},
        {"Origin": "https://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://sub.testserver", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_websocket_of_another_site_does_not_get_the_session(headers: dict[str, str]) -> None:
    client = make_kit().client()
    sign_in(client, "ada")
    refused = (WebSocketDenialResponse, WebSocketDisconnect)
    url = "wss://testserver/live"
    with pytest.raises(refused), client.websocket_connect(url, headers=headers):
        pass


def test_a_websocket_of_the_own_site_gets_the_session() -> None:
    client = make_kit().client()
    sign_in(client, "ada")
    headers = {"Origin": "https://testserver"}
    with client.websocket_connect("wss://testserver/live", headers=headers) as socket:
        assert socket.receive_text() == "ada"
