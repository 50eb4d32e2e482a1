from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import ValidationError
from tests.unit.security.clients import client_of, documented

from vivace import Depends, Vivace
from vivace.security.oauth2 import (
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    OAuth2PasswordRequestFormStrict,
)
from vivace.testclient import TestClient

BEARERS = [OAuth2PasswordBearer("token"), OAuth2AuthorizationCodeBearer("authorize", "token")]


@pytest.fixture(name="client", scope="module")
def _client() -> TestClient:
    app = Vivace()

    @app.post("/token")
    def lenient(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> Any:
        return vars(form)

    @app.post("/strict")
    def strict(form: Annotated[OAuth2PasswordRequestFormStrict, Depends()]) -> Any:
        return vars(form)

    return TestClient(app)


@pytest.mark.parametrize("path", ["/token", "/strict"])
def test_a_token_request_has_its_parts(client: TestClient, path: str) -> None:
    sent = {
        "grant_type": "password",
        "username": "ann",
        "password": "secret",
        "scope": "read write",
        "client_id": "app",
        "client_secret": "hush",
    }
    assert client.post(path, data=sent).json() == {
        "grant_type": "password",
        "username": "ann",
        "password": "secret",
        "scopes": ["read", "write"],
        "client_id": "app",
        "client_secret": "hush",
    }


def test_only_the_strict_form_asks_for_the_grant_type(client: TestClient) -> None:
    sent = {"username": "ann", "password": "secret"}
    made = client.post("/token", data=sent)
    assert made.status_code == 200
    assert made.json()["grant_type"] is None
    assert made.json()["scopes"] == []
    refused = client.post("/strict", data=sent)
    assert refused.status_code == 422
    assert [error["loc"] for error in refused.json()["detail"]] == [["body", "grant_type"]]


@pytest.mark.parametrize("path", ["/token", "/strict"])
@pytest.mark.parametrize("grant_type", ["refresh_token", "Password", "passwords", "password "])
def test_another_grant_type_is_refused(client: TestClient, path: str, grant_type: str) -> None:
    sent = {"grant_type": grant_type, "username": "ann", "password": "secret"}
    response = client.post(path, data=sent)
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["detail"]] == [["body", "grant_type"]]


@pytest.mark.parametrize("missing", ["username", "password"])
def test_a_token_request_needs_a_user_name_and_a_password(client: TestClient, missing: str) -> None:
    sent = {"grant_type": "password", "username": "ann", "password": "secret"}
    del sent[missing]
    response = client.post("/token", data=sent)
    assert response.status_code == 422
    assert [error["loc"] for error in response.json()["detail"]] == [["body", missing]]


def test_the_scopes_of_a_form_are_split_at_any_white_space() -> None:
    form = OAuth2PasswordRequestForm(username="u", password="p", scope=" a  b\tc ")
    assert form.scopes == ["a", "b", "c"]


@pytest.mark.parametrize("scheme", BEARERS)
@pytest.mark.parametrize("value", ["", " ", "Bearer", "Bearer ", "Digest", "Other x", "Bearer\tx"])
def test_credentials_that_are_empty_or_for_another_scheme_are_none(
    scheme: OAuth2, value: str
) -> None:
    response = client_of(scheme).get("/", headers={"Authorization": value})
    assert response.status_code == 401
    assert response.json() == {"detail": "Not authenticated"}
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", BEARERS)
def test_a_bearer_token_is_taken_without_the_name_of_its_scheme(scheme: OAuth2) -> None:
    response = client_of(scheme).get("/", headers={"Authorization": "bearer  abc"})
    assert response.json() == "abc"


@pytest.mark.parametrize("value", ["Bearer abc", "Other x", "abc"])
def test_the_general_scheme_takes_the_whole_value(value: str) -> None:
    assert client_of(OAuth2()).get("/", headers={"Authorization": value}).json() == value


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_a_request_without_credentials_is_refused_or_gets_none(headers: dict[str, str]) -> None:
    refused = client_of(OAuth2()).get("/", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    for scheme in (
        OAuth2(auto_error=False),
        OAuth2PasswordBearer("token", auto_error=False),
        OAuth2AuthorizationCodeBearer("authorize", "token", auto_error=False),
    ):
        response = client_of(scheme).get("/", headers=headers)
        assert response.status_code == 200
        assert response.json() is None


def test_flows_and_their_urls_are_documented() -> None:
    scheme = OAuth2AuthorizationCodeBearer(
        "https://id.example/authorize",
        "https://id.example/token",
        refreshUrl="https://id.example/refresh",
        scopes={"read": "Read things"},
    )
    assert scheme.model.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "https://id.example/authorize",
                "tokenUrl": "https://id.example/token",
                "refreshUrl": "https://id.example/refresh",
                "scopes": {"read": "Read things"},
            }
        },
    }


def test_the_password_flow_is_documented_under_the_scheme_s_name() -> None:
    scheme = OAuth2PasswordBearer("token", scheme_name="Users", description="By password.")
    assert documented(scheme) == {
        "Users": {
            "type": "oauth2",
            "description": "By password.",
            "flows": {"password": {"tokenUrl": "token", "scopes": {}}},
        }
    }


def test_a_flow_without_its_url_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"flows\.implicit\.authorizationUrl"):
        OAuth2(flows={"implicit": {"scopes": {}}})
