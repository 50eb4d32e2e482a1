"""Sessions kept in a signed cookie. Needs ``itsdangerous``."""

from starlette.middleware.sessions import SessionMiddleware

__all__ = ["SessionMiddleware"]
