"""Requests for other hosts turned away (RFC 9110, section 7.2)."""

from starlette.middleware.trustedhost import TrustedHostMiddleware

__all__ = ["TrustedHostMiddleware"]
