"""Refusals in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from vivace import Vivace
from vivace.ratelimit.endpoints import limits_on
from vivace.ratelimit.guard import limits_among

Document = dict[str, Any]

_INTEGER = {"type": "integer", "minimum": 1}
_FIELDS = {
    "Retry-After": {"description": "Seconds to wait.", "schema": _INTEGER},
    "RateLimit": {"description": "What is left of the quotas.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The quotas.", "schema": {"type": "string"}},
}
_DETAIL = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
#: draft-ietf-httpapi-ratelimit-headers-11, section 5.1.
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "violated-policies": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["type", "title", "status", "violated-policies"],
}


def describing(app: Vivace, *, whole_app: bool) -> Callable[[], Document]:
    """A function for ``app.openapi`` that adds the refusals to what it has been so far.

    Args:
        whole_app: Whether every request may be refused.
    """
    describe = app.openapi

    def openapi() -> Document:
        document = describe()
        for route in app.routes:
            if whole_app or _is_limited(route):
                _add_refusal(document, route, problems=app.problem_details)
        return document

    return openapi


def _is_limited(route: Any) -> bool:
    dependencies = getattr(route, "dependencies", ())
    return bool(limits_on(getattr(route, "endpoint", None)) or limits_among(dependencies))


def _add_refusal(document: Document, route: Any, *, problems: bool) -> None:
    operations = document.get("paths", {}).get(getattr(route, "path_format", None), {})
    for method in getattr(route, "methods", None) or ():
        operation = operations.get(method.lower())
        # What an endpoint says of it itself has precedence.
        if operation is not None and "429" not in operation["responses"]:
            operation["responses"]["429"] = _refusal(problems=problems)


def _refusal(*, problems: bool) -> Document:
    media_type, schema = "application/json", _DETAIL
    if problems:
        media_type, schema = "application/problem+json", _PROBLEM
    content = {media_type: {"schema": schema}}
    return deepcopy({"description": "Too Many Requests", "headers": _FIELDS, "content": content})


__all__ = ["describing"]
