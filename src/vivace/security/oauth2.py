"""OAuth 2.0 (RFC 6749): its schemes, and the form of its password grant."""

from __future__ import annotations

from typing import Annotated, Any

# Annotations of ``__call__`` are read at run time: they say what is injected.
from starlette.requests import HTTPConnection  # noqa: TC002

from vivace.declare.functions import Form
from vivace.describe.security_schemes import OAuth2 as OAuth2Model, OAuthFlows
from vivace.security.base import SecurityScheme, split_authorization
from vivace.security.scopes import SecurityScopes


class OAuth2PasswordRequestForm:
    """The form of a token request with a password (RFC 6749 §4.3.2), used as a dependency.

    ``grant_type`` may be left out, which the RFC does not allow but many clients do:
    :class:`OAuth2PasswordRequestFormStrict` asks for it.

    Attributes:
        grant_type: ``"password"``, or ``None``.
        username: The resource owner's user name.
        password: Their password.
        scopes: The scope tokens asked for; in the form, one string with spaces (§3.3).
        client_id: The client, where it does not authenticate with HTTP Basic (§2.3.1).
        client_secret: Its secret.
    """

    def __init__(
        self,
        *,
        grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
        username: Annotated[str, Form()],
        password: Annotated[str, Form(json_schema_extra={"format": "password"})],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form(json_schema_extra={"format": "password"})] = None,
    ) -> None:
        self.grant_type = grant_type
        self.username = username
        self.password = password
        self.scopes = scope.split()
        self.client_id = client_id
        self.client_secret = client_secret


class OAuth2PasswordRequestFormStrict(OAuth2PasswordRequestForm):
    """The form of a token request with a password, with the ``grant_type`` that RFC 6749 demands.

    Its attributes are those of :class:`OAuth2PasswordRequestForm`.
    """

    def __init__(
        self,
        grant_type: Annotated[str, Form(pattern="^password$")],
        username: Annotated[str, Form()],
        password: Annotated[str, Form()],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form()] = None,
    ) -> None:
        super().__init__(
            grant_type=grant_type,
            username=username,
            password=password,
            scope=scope,
            client_id=client_id,
            client_secret=client_secret,
        )


class OAuth2(SecurityScheme):
    """OAuth 2.0 by any of its flows.

    Args:
        flows: The flows that clients may use.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without ``Authorization``; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        flows: OAuthFlows | dict[str, dict[str, Any]] | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        model = OAuth2Model.model_validate({"flows": flows or {}, "description": description})
        super().__init__(model, scheme_name=scheme_name, auto_error=auto_error, challenge="Bearer")

    async def __call__(self, request: HTTPConnection) -> str | None:
        """The whole value of ``Authorization``.

        Raises:
            HTTPException: There is none, and ``auto_error`` is true.
        """
        authorization = request.headers.get("Authorization")
        if not authorization:
            self.refuse()
            return None
        return authorization


class OAuth2Bearer(OAuth2):
    """OAuth 2.0 whose access tokens are sent as bearer tokens (RFC 6750 §2.1)."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        """The token that the client sent.

        Raises:
            HTTPException: There is none, and ``auto_error`` is true.
        """
        scheme, token = split_authorization(request)
        if token and scheme.lower() == "bearer":
            return token
        self.refuse()
        return None


class OAuth2PasswordBearer(OAuth2Bearer):
    """Bearer tokens that are had for a password (RFC 6749 §4.3).

    Args:
        tokenUrl: The path operation that takes :class:`OAuth2PasswordRequestForm`.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        scopes: Every scope token with what it allows.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without a token; else it gets ``None``.
        refreshUrl: Where a new token is had for an old one (RFC 6749 §6).
    """

    def __init__(
        self,
        tokenUrl: str,
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
        refreshUrl: str | None = None,
    ) -> None:
        flow = {"tokenUrl": tokenUrl, "refreshUrl": refreshUrl, "scopes": scopes or {}}
        super().__init__(
            flows={"password": flow},
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )


class OAuth2AuthorizationCodeBearer(OAuth2Bearer):
    """Bearer tokens that are had for an authorization code (RFC 6749 §4.1).

    Args:
        authorizationUrl: Where the resource owner is asked.
        tokenUrl: Where a token is had for the code.
        refreshUrl: Where a new token is had for an old one (RFC 6749 §6).
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        scopes: Every scope token with what it allows.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without a token; else it gets ``None``.
    """

    def __init__(
        self,
        authorizationUrl: str,
        tokenUrl: str,
        refreshUrl: str | None = None,
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        flow = {
            "authorizationUrl": authorizationUrl,
            "tokenUrl": tokenUrl,
            "refreshUrl": refreshUrl,
            "scopes": scopes or {},
        }
        super().__init__(
            flows={"authorizationCode": flow},
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )


__all__ = [
    "OAuth2",
    "OAuth2AuthorizationCodeBearer",
    "OAuth2Bearer",
    "OAuth2PasswordBearer",
    "OAuth2PasswordRequestForm",
    "OAuth2PasswordRequestFormStrict",
    "SecurityScopes",
]
