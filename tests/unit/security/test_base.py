from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection
from tests.unit.security.clients import client_of

from vivace.exceptions import HTTPException
from vivace.security import APIKeyHeader, HTTPBasic, HTTPBearer, HTTPDigest, OAuth2PasswordBearer
from vivace.security.base import SecurityScheme, split_authorization


class Signature(SecurityScheme):
    def __init__(self, *, scheme_name: str | None = "Signed", auto_error: bool = True) -> None:
        inner = APIKeyHeader(name="signature", description="Ed25519")
        super().__init__(
            inner.model, scheme_name=scheme_name, auto_error=auto_error, challenge="Signature"
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        signature = request.headers.get("signature")
        if signature is None:
            self.refuse()
        return signature


def connection(*authorization: bytes) -> HTTPConnection:
    headers = [(b"authorization", value) for value in authorization]
    return HTTPConnection({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        pytest.param(b"Bearer abc", ("Bearer", "abc"), id="both"),
        pytest.param(b"  bEaReR   abc  ", ("bEaReR", "abc"), id="spaces around"),
        pytest.param(b"Bearer", ("Bearer", ""), id="no credentials"),
        pytest.param(b"Bearer ", ("Bearer", ""), id="blank credentials"),
        pytest.param(b'Digest a="b", c="d"', ("Digest", 'a="b", c="d"'), id="parameters"),
        pytest.param(b"Bearer\tabc", ("Bearer\tabc", ""), id="a tab is no space"),
        pytest.param(b"", ("", ""), id="empty"),
        pytest.param(b"  ", ("", ""), id="blank"),
    ],
)
def test_an_authorization_is_split_at_its_first_space(value: bytes, parts: tuple[str, str]) -> None:
    assert split_authorization(connection(value)) == parts


def test_an_authorization_that_was_not_sent_has_empty_parts() -> None:
    assert split_authorization(connection()) == ("", "")


def test_a_scheme_has_the_name_of_its_class_unless_it_is_given_another() -> None:
    assert Signature(scheme_name=None).scheme_name == "Signature"
    assert Signature(scheme_name="").scheme_name == "Signature"
    assert Signature().scheme_name == "Signed"


def test_a_scheme_that_takes_no_credentials_cannot_be_made() -> None:
    class Nothing(SecurityScheme):
        pass

    with pytest.raises(TypeError, match="__call__"):
        Nothing(  # type: ignore[abstract]
            Signature().model, scheme_name=None, auto_error=True, challenge="Nothing"
        )


def test_a_refusal_is_raised_only_where_credentials_are_asked_for() -> None:
    with pytest.raises(HTTPException) as refusal:
        Signature().refuse()
    assert refusal.value.status_code == 401
    assert refusal.value.headers == {"WWW-Authenticate": "Signature"}
    optional = client_of(Signature(auto_error=False)).get("/")
    assert optional.status_code == 200
    assert optional.json() is None


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
    response = client_of(scheme).get("/", headers={"Authorization": f"{name}  YTpi "})
    assert response.status_code == 200


def test_the_refusal_can_be_another_one() -> None:
    class Hidden(HTTPBearer):
        def make_not_authenticated_error(self) -> HTTPException:
            return HTTPException(status_code=404)

    response = client_of(Hidden()).get("/")
    assert response.status_code == 404
    assert "WWW-Authenticate" not in response.headers


def test_a_scheme_of_ones_own_is_documented_and_asked() -> None:
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
