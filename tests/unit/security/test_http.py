from __future__ import annotations

from base64 import b64encode

import pytest
from tests.unit.security.clients import client_of, documented

from vivace.security.base import SecurityScheme
from vivace.security.http import (
    HTTPBase,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    HTTPDigest,
    decode_basic,
    quoted,
)


def encoded(user_and_password: bytes) -> str:
    return b64encode(user_and_password).decode()


@pytest.mark.parametrize(
    ("sent", "username", "password"),
    [
        pytest.param("ann:secret", "ann", "secret", id="plain"),
        pytest.param("Zoë:a:b", "Zoë", "a:b", id="utf-8 and colons"),
        pytest.param(":secret", "", "secret", id="no user name"),
        pytest.param("ann:", "ann", "", id="no password"),
        pytest.param(":", "", "", id="neither"),
    ],
)
def test_basic_credentials_are_utf_8_and_split_at_the_first_colon(
    sent: str, username: str, password: str
) -> None:
    expected = HTTPBasicCredentials(username=username, password=password)
    assert decode_basic(encoded(sent.encode())) == expected


def test_basic_credentials_reach_the_endpoint() -> None:
    header = f"Basic {encoded('Zoë:a:b'.encode())}"
    response = client_of(HTTPBasic()).get("/", headers={"Authorization": header})
    assert response.json() == {"username": "Zoë", "password": "a:b"}


@pytest.mark.parametrize(
    "malformed",
    [
        pytest.param("", id="nothing"),
        pytest.param("YTpi!!", id="not base64"),
        pytest.param("YTp", id="not padded"),
        pytest.param("é", id="not ascii"),
        pytest.param(encoded(b"\xff:x"), id="not utf-8"),
        pytest.param(encoded(b"no colon"), id="no colon"),
    ],
)
@pytest.mark.parametrize("auto_error", [True, False])
def test_malformed_basic_credentials_are_refused(malformed: str, auto_error: bool) -> None:
    client = client_of(HTTPBasic(auto_error=auto_error))
    header = f"Basic {malformed}".encode()
    response = client.get("/", headers=[(b"authorization", header)])
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Basic"
    assert decode_basic(malformed) is None


def test_optional_basic_credentials_may_be_absent_or_of_another_scheme() -> None:
    client = client_of(HTTPBasic(auto_error=False))
    assert client.get("/").json() is None
    assert client.get("/", headers={"Authorization": "Bearer abc"}).json() is None


def test_a_realm_is_sent_as_a_quoted_string() -> None:
    response = client_of(HTTPBasic(realm='the "inner" \\ circle')).get("/")
    challenge = response.headers["WWW-Authenticate"]
    assert challenge == r'Basic realm="the \"inner\" \\ circle"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", '""'), ("a b", '"a b"'), ('"', r'"\""'), ("\\", r'"\\"'), ('\\"', r'"\\\""')],
)
def test_quotes_and_backslashes_are_escaped_once(text: str, expected: str) -> None:
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("scheme", "sent"),
    [(HTTPBearer(), "bearer abc"), (HTTPDigest(), 'DIGEST username="a"')],
)
def test_the_name_of_the_scheme_is_kept_as_the_client_wrote_it(
    scheme: SecurityScheme, sent: str
) -> None:
    name, _, credentials = sent.partition(" ")
    response = client_of(scheme).get("/", headers={"Authorization": sent})
    assert response.json() == {"scheme": name, "credentials": credentials}


@pytest.mark.parametrize("scheme", [HTTPBearer(), HTTPDigest()])
@pytest.mark.parametrize("value", ["", " ", "Bearer", "Bearer ", "Digest", "Other x", "Bearer\tx"])
def test_credentials_that_are_empty_or_for_another_scheme_are_none(
    scheme: SecurityScheme, value: str
) -> None:
    response = client_of(scheme).get("/", headers={"Authorization": value})
    assert response.status_code == 401
    assert response.json() == {"detail": "Not authenticated"}
    assert response.headers["WWW-Authenticate"] == scheme.challenge


@pytest.mark.parametrize("sent", ["Hawk id=1", "Other id=1"])
def test_any_scheme_is_taken_by_the_general_one(sent: str) -> None:
    response = client_of(HTTPBase(scheme="Hawk")).get("/", headers={"Authorization": sent})
    assert response.json() == {"scheme": sent.partition(" ")[0], "credentials": "id=1"}


@pytest.mark.parametrize("value", ["", "Hawk", "Hawk "])
def test_the_general_scheme_is_named_in_the_challenge(value: str) -> None:
    headers = {"Authorization": value}
    response = client_of(HTTPBase(scheme="Hawk")).get("/", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Hawk"
    assert client_of(HTTPBase(scheme="Hawk", auto_error=False)).get("/").json() is None


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (HTTPBase(scheme="hawk", scheme_name="H"), {"H": {"type": "http", "scheme": "hawk"}}),
        (HTTPBasic(realm="r"), {"HTTPBasic": {"type": "http", "scheme": "basic"}}),
        (HTTPDigest(), {"HTTPDigest": {"type": "http", "scheme": "digest"}}),
        (
            HTTPBearer(bearerFormat="JWT", description="A token."),
            {
                "HTTPBearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token.",
                }
            },
        ),
    ],
)
def test_schemes_are_documented(scheme: SecurityScheme, expected: dict[str, object]) -> None:
    assert documented(scheme) == expected
