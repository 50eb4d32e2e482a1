"""API keys: a secret that the client sends in a query parameter, a header or a cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

# Annotations of ``__call__`` are read at run time: they say what is injected.
from starlette.requests import HTTPConnection  # noqa: TC002

from vivace.describe.security_schemes import APIKey, APIKeyIn
from vivace.security.base import SecurityScheme

if TYPE_CHECKING:
    from collections.abc import Mapping


class APIKeyBase(SecurityScheme):
    """A key under a name; subclasses say where that name is looked up.

    Args:
        name: The name of the parameter, header or cookie.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without a key; else it gets ``None``.
    """

    location: ClassVar[APIKeyIn]

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.name = name
        model = APIKey.model_validate(
            {"in": self.location, "name": name, "description": description}
        )
        # No challenge is registered for API keys; a 401 has to have one nevertheless.
        super().__init__(model, scheme_name=scheme_name, auto_error=auto_error, challenge="APIKey")

    def values(self, request: HTTPConnection) -> Mapping[str, str]:
        """The part of the request that the key is looked up in."""
        raise NotImplementedError

    async def __call__(self, request: HTTPConnection) -> str | None:
        """The key that the client sent; an empty one is none.

        Raises:
            HTTPException: There is none, and ``auto_error`` is true.
        """
        key = self.values(request).get(self.name)
        if key:
            return key
        self.refuse()
        return None


class APIKeyQuery(APIKeyBase):
    """An API key in a query parameter."""

    location = APIKeyIn.query

    def values(self, request: HTTPConnection) -> Mapping[str, str]:
        return request.query_params


class APIKeyHeader(APIKeyBase):
    """An API key in a header."""

    location = APIKeyIn.header

    def values(self, request: HTTPConnection) -> Mapping[str, str]:
        return request.headers


class APIKeyCookie(APIKeyBase):
    """An API key in a cookie."""

    location = APIKeyIn.cookie

    def values(self, request: HTTPConnection) -> Mapping[str, str]:
        return request.cookies


__all__ = ["APIKeyBase", "APIKeyCookie", "APIKeyHeader", "APIKeyQuery"]
