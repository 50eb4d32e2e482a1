"""Refusals in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from vivace import Vivace
from vivace.describe.additions import described_operations, error_content
from vivace.ratelimit.endpoints import limits_on
from vivace.ratelimit.guard import limits_among
from vivace.routing import APIRoute, BaseRoute

Document = dict[str, Any]

_INTEGER = {"type": "integer", "minimum": 1}
_FIELDS = {
    "Retry-After": {"description": "Seconds to wait.", "schema": _INTEGER},
    "RateLimit": {"description": "What is left of the quotas.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The quotas.", "schema": {"type": "string"}},
}
#: draft-ietf-httpapi-ratelimit-headers-11, section 5.1.
_MEMBERS = {"violated-policies": {"type": "array", "items": {"type": "string"}}}


def describing(app: Vivace, *, whole_app: bool) -> Callable[..., Document]:
    """A function for ``app.describe`` that adds the refusals to what it has made so far.

    Args:
        whole_app: Whether every request may be refused.
    """
    describe = app.describe

    def describe_refusals(routes: Sequence[BaseRoute], **options: Any) -> Document:
        document = describe(routes, **options)
        for route, operation in described_operations(document, routes):
            if whole_app or _is_limited(route):
                # What an endpoint says of it itself has precedence.
                refusal = _refusal(problem_details=app.problem_details)
                operation["responses"].setdefault("429", refusal)
        return document

    return describe_refusals


def _is_limited(route: APIRoute) -> bool:
    return bool(limits_on(route.endpoint) or limits_among(route.dependencies))


def _refusal(*, problem_details: bool) -> Document:
    content = error_content(problem_details=problem_details, members=_MEMBERS)
    return {"description": "Too Many Requests", "headers": deepcopy(_FIELDS), "content": content}


__all__ = ["describing"]
