"""Requests."""

from starlette.requests import ClientDisconnect, HTTPConnection, Request

__all__ = ["ClientDisconnect", "HTTPConnection", "Request"]
