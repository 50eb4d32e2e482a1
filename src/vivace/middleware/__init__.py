"""Middleware: what stands between the server and the application."""

from starlette.middleware import Middleware

__all__ = ["Middleware"]
