from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from vivace.describe.objects import OpenAPIObject
from vivace.describe.security_schemes import (
    APIKey,
    APIKeyIn,
    HTTPBase,
    HTTPBearer,
    OAuth2,
    OAuthFlowImplicit,
    OAuthFlows,
    OpenIdConnect,
    SecurityScheme,
    SecuritySchemeType,
)


def on_the_wire(scheme: OpenAPIObject) -> dict[str, Any]:
    return scheme.model_dump(mode="json", by_alias=True, exclude_none=True)


PASSWORD = {"tokenUrl": "/token", "scopes": {}}
SCHEMES = [
    pytest.param({"type": "apiKey", "in": "cookie", "name": "session"}, APIKey, id="key"),
    pytest.param({"type": "http", "scheme": "basic"}, HTTPBase, id="basic"),
    pytest.param({"type": "oauth2", "flows": {"password": PASSWORD}}, OAuth2, id="oauth2"),
    pytest.param({"type": "openIdConnect", "openIdConnectUrl": "/o"}, OpenIdConnect, id="openid"),
]


@pytest.mark.parametrize(("written", "model"), SCHEMES)
def test_a_scheme_is_read_and_written_as_it_stands(
    written: dict[str, Any], model: type[OpenAPIObject]
) -> None:
    scheme = TypeAdapter[Any](SecurityScheme).validate_python(written)
    assert type(scheme) is model
    assert on_the_wire(scheme) == written


@pytest.mark.parametrize(("written", "model"), SCHEMES)
def test_the_type_need_not_be_said_where_the_class_says_it(
    written: dict[str, Any], model: type[OpenAPIObject]
) -> None:
    without = {key: value for key, value in written.items() if key != "type"}
    assert on_the_wire(model.model_validate(without)) == written


def test_a_bearer_scheme_is_always_bearer() -> None:
    assert on_the_wire(HTTPBearer(bearerFormat="JWT")) == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    }
    with pytest.raises(ValidationError, match="scheme"):
        HTTPBearer.model_validate({"scheme": "basic"})


@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_a_key_has_one_of_three_places(place: str) -> None:
    key = APIKey.model_validate({"in": place, "name": "k"})
    assert key.in_ is APIKeyIn(place)
    assert key.type_ is SecuritySchemeType.apiKey
    assert on_the_wire(key)["in"] == place


@pytest.mark.parametrize(
    ("model", "written", "place"),
    [
        (APIKey, {"in": "path", "name": "k"}, "in"),
        (APIKey, {"name": "k"}, "in"),
        (APIKey, {"in": "query"}, "name"),
        (HTTPBase, {}, "scheme"),
        (OAuth2, {}, "flows"),
        (OAuth2, {"flows": {"password": {}}}, "flows.password.tokenUrl"),
        (OAuth2, {"flows": {"clientCredentials": {}}}, "flows.clientCredentials.tokenUrl"),
        (OAuth2, {"flows": {"implicit": {}}}, "flows.implicit.authorizationUrl"),
        (
            OAuth2,
            {"flows": {"authorizationCode": {"tokenUrl": "/t"}}},
            "flows.authorizationCode.authorizationUrl",
        ),
        (
            OAuth2,
            {"flows": {"authorizationCode": {"authorizationUrl": "/a"}}},
            "flows.authorizationCode.tokenUrl",
        ),
        (OpenIdConnect, {}, "openIdConnectUrl"),
        (HTTPBase, {"type": "mutual", "scheme": "basic"}, "type"),
    ],
)
def test_what_the_specification_demands_is_asked_for(
    model: type[OpenAPIObject], written: dict[str, Any], place: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(written)
    (error,) = refusal.value.errors()
    assert ".".join(map(str, error["loc"])) == place


def test_flows_stand_side_by_side_and_may_be_none() -> None:
    both = {"implicit": {"authorizationUrl": "/a", "scopes": {"r": "Read"}}, "password": PASSWORD}
    assert on_the_wire(OAuthFlows.model_validate(both)) == both
    assert on_the_wire(OAuth2(flows=OAuthFlows())) == {"type": "oauth2", "flows": {}}


def test_scopes_of_one_flow_do_not_reach_another() -> None:
    first, second = (OAuthFlowImplicit(authorizationUrl="/a") for _ in range(2))
    first.scopes["read"] = "Read"
    assert second.scopes == {}


def test_extensions_are_kept() -> None:
    written = {"type": "http", "scheme": "hawk", "x-clock": {"skew": 5}}
    assert on_the_wire(HTTPBase.model_validate(written)) == written
