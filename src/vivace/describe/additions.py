"""What is added to the operations of a document by what stands around endpoints.

A function that is given to ``Vivace.describe``'s place calls the one before it, and then goes
through the operations that it finds in the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from starlette.routing import BaseRoute

from vivace.describe.endpoint import with_groups
from vivace.serve.route import APIRoute

Schema = dict[str, Any]

_DETAIL: Schema = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
#: RFC 9457, section 3.1.
_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status"],
}


def described_operations(
    document: dict[str, Any], routes: Iterable[BaseRoute]
) -> Iterator[tuple[APIRoute, dict[str, Any]]]:
    """Each route that the document has, with its operation, which may be changed."""
    for route in with_groups(routes):
        if not isinstance(route, APIRoute):
            continue
        operations = document["paths"].get(route.path_format, {})
        for method in route.methods or ():
            operation = operations.get(method.lower())
            if operation is not None:
                yield route, operation


def error_content(*, problem_details: bool, members: Schema | None = None) -> dict[str, Any]:
    """The ``content`` of a response that is an error.

    Args:
        problem_details: Whether the app answers with problem details (RFC 9457).
        members: Schemas of the members that these have besides, all of which they always have.
    """
    if not problem_details:
        return {"application/json": {"schema": deepcopy(_DETAIL)}}
    schema = deepcopy(_PROBLEM)
    schema["properties"].update(deepcopy(members or {}))
    schema["required"].extend(members or ())
    return {"application/problem+json": {"schema": schema}}


__all__ = ["described_operations", "error_content"]
