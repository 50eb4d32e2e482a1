"""Reading the `Authorization` header."""

from __future__ import annotations


def get_authorization_scheme_param(authorization_header_value: str | None) -> tuple[str, str]:
    """The scheme and the credentials of an `Authorization` header (RFC 9110, section 11.6.2).

    Either is empty where it was not sent.
    """
    scheme, _, credentials = (authorization_header_value or "").strip().partition(" ")
    return scheme, credentials.strip()


__all__ = ["get_authorization_scheme_param"]
