from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from vivace import Depends, Security, Vivace, WebSocket
from vivace.exceptions import HTTPException
from vivace.security import (
    APIKeyCookie,
    APIKeyHeader,
    APIKeyQuery,
    HTTPBasic,
    HTTPBearer,
    HTTPDigest,
    OAuth2,
    OAuth2AuthorizationCodeBearer,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
    OpenIdConnect,
    SecurityScheme,
    SecurityScopes,
)
from vivace.testclient import TestClient


def client_of(scheme: SecurityScheme) -> TestClient:
    app = Vivace()

    @app.get("/")
    def read(credentials: Any = Security(scheme)) -> Any:
        return credentials

    return TestClient(app)


def basic(user_and_password: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(user_and_password).decode()}"}


def test_basic_credentials_are_utf_8_and_split_at_the_first_colon() -> None:
    response = client_of(HTTPBasic()).get("/", headers=basic("Zoë:a:b".encode()))
    assert response.json() == {"username": "Zoë", "password": "a:b"}


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("", id="nothing"),
        pytest.param("YTpi!!", id="not base64"),
        pytest.param("é", id="not ascii"),
        pytest.param(b64encode(b"\xff:x").decode(), id="not utf-8"),
        pytest.param(b64encode(b"no colon").decode(), id="no colon"),
    ],
)
@pytest.mark.parametrize("auto_error", [True, False])
def test_malformed_basic_credentials_are_refused(encoded: str, auto_error: bool) -> None:
    client = client_of(HTTPBasic(auto_error=auto_error))
    header = f"Basic {encoded}".encode()
    response = client.get("/", headers=[(b"authorization", header)])
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Basic"


def test_a_realm_is_sent_as_a_quoted_string() -> None:
    response = client_of(HTTPBasic(realm='the "inner" \\ circle')).get("/")
    challenge = response.headers["WWW-Authenticate"]
    assert challenge == r'Basic realm="the \"inner\" \\ circle"'


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        (HTTPBasic(), "bAsIc"),
        (HTTPBearer(), "bEaReR"),
        (HTTPDigest(), "dIgEsT"),
        (OAuth2PasswordBearer("token"), "bEaReR"),
    ],
)
def test_names_of_schemes_are_case_insensitive(scheme: SecurityScheme, name: str) -> None:
    credentials = b64encode(b"a:b").decode()
    response = client_of(scheme).get("/", headers={"Authorization": f"{name}  {credentials} "})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "scheme",
    [
        HTTPBearer(),
        HTTPDigest(),
        OAuth2PasswordBearer("token"),
        OAuth2AuthorizationCodeBearer("authorize", "token"),
    ],
)
@pytest.mark.parametrize("value", ["", " ", "Bearer", "Bearer ", "Digest", "Other x", "Bearer\tx"])
def test_credentials_that_are_empty_or_for_another_scheme_are_none(
    scheme: SecurityScheme, value: str
) -> None:
    response = client_of(scheme).get("/", headers={"Authorization": value})
    assert response.status_code == 401
    assert response.json() == {"detail": "Not authenticated"}
    assert response.headers["WWW-Authenticate"] == scheme.challenge


@pytest.mark.parametrize(
    ("scheme", "path", "headers"),
    [
        (APIKeyQuery(name="key"), "/?key=", {}),
        (APIKeyHeader(name="key"), "/", {"key": ""}),
        (APIKeyCookie(name="key"), "/", {"Cookie": "key="}),
        (OAuth2(), "/", {"Authorization": ""}),
        (OpenIdConnect(openIdConnectUrl="/openid"), "/", {"Authorization": ""}),
    ],
)
def test_an_empty_value_is_no_credential(
    scheme: SecurityScheme, path: str, headers: dict[str, str]
) -> None:
    assert client_of(scheme).get(path, headers=headers).status_code == 401
    scheme.auto_error = False
    assert client_of(scheme).get(path, headers=headers).json() is None


def test_the_refusal_can_be_another_one() -> None:
    class Hidden(HTTPBearer):
        def make_not_authenticated_error(self) -> HTTPException:
            return HTTPException(status_code=404)

    response = client_of(Hidden()).get("/")
    assert response.status_code == 404
    assert "WWW-Authenticate" not in response.headers


def test_a_scheme_of_ones_own_is_documented_and_asked() -> None:
    class Signature(SecurityScheme):
        def __init__(self) -> None:
            inner = APIKeyHeader(name="signature", description="Ed25519")
            super().__init__(
                inner.model, scheme_name="Signed", auto_error=True, challenge="Signature"
            )

        async def __call__(self, request: HTTPConnection) -> str | None:
            signature = request.headers.get("signature")
            if signature is None:
                self.refuse()
            return signature

    client = client_of(Signature())
    assert client.get("/").headers["WWW-Authenticate"] == "Signature"
    assert client.get("/", headers={"signature": "s"}).json() == "s"
    document = client.get("/openapi.json").json()
    assert document["paths"]["/"]["get"]["security"] == [{"Signed": []}]
    assert document["components"]["securitySchemes"]["Signed"] == {
        "type": "apiKey",
        "in": "header",
        "name": "signature",
        "description": "Ed25519",
    }


def test_one_scheme_serves_requests_and_websockets() -> None:
    scheme = APIKeyQuery(name="key")
    app = Vivace()

    @app.get("/")
    def read(key: str = Depends(scheme)) -> str:
        return key

    @app.websocket("/")
    async def talk(websocket: WebSocket, key: str = Depends(scheme)) -> None:
        await websocket.accept()
        await websocket.send_text(key)
        await websocket.close()

    client = TestClient(app)
    assert client.get("/?key=k").json() == "k"
    with client.websocket_connect("/?key=k") as websocket:
        assert websocket.receive_text() == "k"


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


def test_the_scopes_of_a_form_are_split_at_any_white_space() -> None:
    form = OAuth2PasswordRequestForm(username="u", password="p", scope=" a  b\tc ")
    assert form.scopes == ["a", "b", "c"]


def test_scopes_are_also_one_string() -> None:
    assert SecurityScopes(["a", "b"]).scope_str == "a b"
    assert SecurityScopes().scopes == []
