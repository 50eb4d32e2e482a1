from __future__ import annotations

import pytest
from tests.unit.security.clients import client_of, documented

from vivace.security.open_id_connect import OpenIdConnect

URL = "https://id.example/.well-known/openid-configuration"


@pytest.mark.parametrize("value", ["Bearer abc", "abc", "Other x y"])
def test_the_whole_authorization_is_taken(value: str) -> None:
    client = client_of(OpenIdConnect(openIdConnectUrl=URL))
    assert client.get("/", headers={"Authorization": value}).json() == value


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_a_request_without_authorization_is_refused(headers: dict[str, str]) -> None:
    response = client_of(OpenIdConnect(openIdConnectUrl=URL)).get("/", headers=headers)
    assert response.status_code == 401
    assert response.json() == {"detail": "Not authenticated"}
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_where_authentication_is_optional_there_is_none(headers: dict[str, str]) -> None:
    client = client_of(OpenIdConnect(openIdConnectUrl=URL, auto_error=False))
    response = client.get("/", headers=headers)
    assert response.status_code == 200
    assert response.json() is None


def test_the_provider_is_documented() -> None:
    assert documented(OpenIdConnect(openIdConnectUrl=URL)) == {
        "OpenIdConnect": {"type": "openIdConnect", "openIdConnectUrl": URL}
    }


def test_the_scheme_s_own_name_and_description_are_documented() -> None:
    scheme = OpenIdConnect(openIdConnectUrl=URL, scheme_name="Staff", description="For staff.")
    assert documented(scheme) == {
        "Staff": {"type": "openIdConnect", "openIdConnectUrl": URL, "description": "For staff."}
    }
