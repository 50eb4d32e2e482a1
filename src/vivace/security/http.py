"""HTTP authentication: credentials in the ``Authorization`` header (RFC 9110 §11)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from pydantic import BaseModel

# Annotations of ``__call__`` are read at run time: they say what is injected.
from starlette.requests import HTTPConnection  # noqa: TC002

from vivace.describe.security_schemes import (
    HTTPBase as HTTPBaseModel,
    HTTPBearer as HTTPBearerModel,
)
from vivace.security.base import SecurityScheme, split_authorization


class HTTPBasicCredentials(BaseModel):
    """What a client sends under the Basic scheme (RFC 7617)."""

    username: str
    password: str


class HTTPAuthorizationCredentials(BaseModel):
    """What a client sends in ``Authorization``.

    Attributes:
        scheme: The name of the scheme, as the client wrote it.
        credentials: Everything after it.
    """

    scheme: str
    credentials: str


class HTTPBase(SecurityScheme):
    """Any HTTP authentication scheme.

    Args:
        scheme: Its name, registered with IANA or one's own. It is documented, and named in the
            challenge; what scheme the client used is for the application to check.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without credentials; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        scheme: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(
            HTTPBaseModel(scheme=scheme, description=description),
            scheme_name=scheme_name,
            auto_error=auto_error,
            # Its case is of no meaning (RFC 9110, section 11.1), and this is how others write it.
            challenge=scheme.title(),
        )

    def accepts(self, scheme: str) -> bool:
        """Whether credentials under ``scheme`` are for this one."""
        return bool(scheme)

    async def __call__(self, request: HTTPConnection) -> Any:
        """The credentials that the client sent.

        Raises:
            HTTPException: There are none, or they are under another scheme, and ``auto_error``
                is true.
        """
        scheme, credentials = split_authorization(request)
        if credentials and self.accepts(scheme):
            return HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials)
        self.refuse()
        return None


class HTTPBearer(HTTPBase):
    """A bearer token (RFC 6750).

    Args:
        bearerFormat: How the token is made, as a hint for people who read the document: ``JWT``.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without a token; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        bearerFormat: str | None = None,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        model = HTTPBearerModel(bearerFormat=bearerFormat, description=description)
        SecurityScheme.__init__(
            self, model, scheme_name=scheme_name, auto_error=auto_error, challenge="Bearer"
        )

    def accepts(self, scheme: str) -> bool:
        return scheme.lower() == "bearer"

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """The token that the client sent.

        Raises:
            HTTPException: There is none, and ``auto_error`` is true.
        """
        credentials: HTTPAuthorizationCredentials | None = await super().__call__(request)
        return credentials


class HTTPDigest(HTTPBase):
    """Digest authentication (RFC 7616): what the client sent, not verified.

    Args:
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without credentials; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        SecurityScheme.__init__(
            self,
            HTTPBaseModel(scheme="digest", description=description),
            scheme_name=scheme_name,
            auto_error=auto_error,
            challenge="Digest",
        )

    def accepts(self, scheme: str) -> bool:
        return scheme.lower() == "digest"

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """The credentials that the client sent.

        Raises:
            HTTPException: There are none, and ``auto_error`` is true.
        """
        credentials: HTTPAuthorizationCredentials | None = await super().__call__(request)
        return credentials


class HTTPBasic(HTTPBase):
    """A user name and a password (RFC 7617).

    Args:
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        realm: The part of the server that the credentials are for (RFC 9110 §11.5).
        description: Markdown for the document.
        auto_error: Whether to refuse a request without credentials; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        realm: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.realm = realm
        SecurityScheme.__init__(
            self,
            HTTPBaseModel(scheme="basic", description=description),
            scheme_name=scheme_name,
            auto_error=auto_error,
            challenge="Basic" if realm is None else f"Basic realm={quoted(realm)}",
        )

    def accepts(self, scheme: str) -> bool:
        return scheme.lower() == "basic"

    async def __call__(self, request: HTTPConnection) -> HTTPBasicCredentials | None:
        """The user name and the password that the client sent.

        Raises:
            HTTPException: There are none, and ``auto_error`` is true; or what was sent cannot be
                read, which is an error even where credentials are optional.
        """
        scheme, encoded = split_authorization(request)
        if not self.accepts(scheme):
            self.refuse()
            return None
        credentials = decode_basic(encoded)
        if credentials is None:
            raise self.make_not_authenticated_error()
        return credentials


def decode_basic(encoded: str) -> HTTPBasicCredentials | None:
    """The credentials in base64 and UTF-8 (RFC 7617 §2); ``None`` if they are malformed."""
    try:
        decoded = b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    # A user name has no colon; a password may have.
    username, separator, password = decoded.partition(":")
    return HTTPBasicCredentials(username=username, password=password) if separator else None


def quoted(text: str) -> str:
    """``text`` as a quoted string (RFC 9110 §5.6.4)."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


__all__ = [
    "HTTPAuthorizationCredentials",
    "HTTPBase",
    "HTTPBasic",
    "HTTPBasicCredentials",
    "HTTPBearer",
    "HTTPDigest",
]
