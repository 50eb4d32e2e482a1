"""Compressed responses (RFC 9110, section 8.4.1.3)."""

from starlette.middleware.gzip import GZipMiddleware

__all__ = ["GZipMiddleware"]
