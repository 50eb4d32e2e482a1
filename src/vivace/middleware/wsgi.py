"""WSGI applications (PEP 3333) inside this one. Starlette deprecates it: prefer ``a2wsgi``."""

from starlette.middleware.wsgi import WSGIMiddleware

__all__ = ["WSGIMiddleware"]
