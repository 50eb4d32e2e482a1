"""Refusals in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any

from vivace import Vivace
from vivace.ratelimit.endpoints import limits_on
from vivace.ratelimit.guard import limits_among
from vivace.routing import APIRoute, BaseRoute, IncludedRouter, RouteGroup

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


def describing(app: Vivace, *, whole_app: bool) -> Callable[..., Document]:
    """A function for ``app.describe`` that adds the refusals to what it has made so far.

    Args:
        whole_app: Whether every request may be refused.
    """
    describe = app.describe

    def describe_refusals(routes: Sequence[BaseRoute], **options: Any) -> Document:
        document = describe(routes, **options)
        for route in _described(routes):
            if whole_app or _is_limited(route):
                _add_refusal(document, route, problems=app.problem_details)
        return document

    return describe_refusals


def _described(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, RouteGroup):
            yield from _described(route.described)
        elif isinstance(route, IncludedRouter):
            yield from _described(route.routes)
        elif isinstance(route, APIRoute):
            yield route


def _is_limited(route: APIRoute) -> bool:
    return bool(limits_on(route.endpoint) or limits_among(route.dependencies))


def _add_refusal(document: Document, route: APIRoute, *, problems: bool) -> None:
    operations = document["paths"].get(route.path_format, {})
    for method in route.methods or ():
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
