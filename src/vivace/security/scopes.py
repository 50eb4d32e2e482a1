"""The OAuth 2.0 scopes that reach a dependency."""

from __future__ import annotations


class SecurityScopes:
    """The scopes that everything above a dependency asks for, injected by this type.

    A dependency that verifies a token compares the token's scopes with them.

    Attributes:
        scopes: Scope tokens (RFC 6749 §3.3), outermost declaration first.
        scope_str: The same separated by spaces, as a ``Bearer`` challenge has them
            (RFC 6750 §3).
    """

    def __init__(self, scopes: list[str] | None = None) -> None:
        self.scopes: list[str] = scopes or []
        self.scope_str: str = " ".join(self.scopes)


__all__ = ["SecurityScopes"]
