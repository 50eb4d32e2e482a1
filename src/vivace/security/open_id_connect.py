"""OpenID Connect, by the URL at which a provider describes itself."""

from __future__ import annotations

# Annotations of ``__call__`` are read at run time: they say what is injected.
from starlette.requests import HTTPConnection  # noqa: TC002

from vivace.describe.security_schemes import OpenIdConnect as OpenIdConnectModel
from vivace.security.base import SecurityScheme


class OpenIdConnect(SecurityScheme):
    """An OpenID Connect provider (OpenID Connect Discovery 1.0 §4).

    Args:
        openIdConnectUrl: Where the provider's metadata is.
        scheme_name: The name of the scheme in the OpenAPI document; by default that of the class.
        description: Markdown for the document.
        auto_error: Whether to refuse a request without ``Authorization``; else it gets ``None``.
    """

    def __init__(
        self,
        *,
        openIdConnectUrl: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(
            OpenIdConnectModel(openIdConnectUrl=openIdConnectUrl, description=description),
            scheme_name=scheme_name,
            auto_error=auto_error,
            challenge="Bearer",
        )

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


__all__ = ["OpenIdConnect"]
