"""Keys in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from vivace import Vivace
from vivace.describe.additions import described_operations, error_content
from vivace.idempotency.keys import HEADER, LONGEST_KEY
from vivace.idempotency.settings import Settings
from vivace.routing import BaseRoute

Document = dict[str, Any]

#: The attribute of an endpoint that has its settings.
SETTINGS = "__idempotency__"

_DESCRIPTION = (
    "Identifies the request: sent again with the same key, it is not carried out again, and gets "
    "the answer that it got. A random string, as a UUID."
)
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_RESPONSES = {
    "400": ("The header Idempotency-Key is missing or not valid", {}),
    "409": ("A request with this Idempotency-Key is being carried out", _RETRY_AFTER),
    "422": ("This Idempotency-Key was used for another request", {}),
}


def describing(app: Vivace) -> Callable[..., Document]:
    """A function for ``app.describe`` that adds keys to what it has made so far."""
    describe = app.describe

    def describe_keys(routes: Sequence[BaseRoute], **options: Any) -> Document:
        document = describe(routes, **options)
        for route, operation in described_operations(document, routes):
            settings = getattr(route.endpoint, SETTINGS, None)
            if settings is not None:
                _add_key(operation, settings, problem_details=app.problem_details)
        return document

    return describe_keys


def _add_key(operation: Document, settings: Settings, *, problem_details: bool) -> None:
    parameters = operation.setdefault("parameters", [])
    # What an endpoint says of it itself has precedence.
    if all(one.get("name", "").lower() != HEADER.lower() for one in parameters):
        parameters.append(_parameter(is_required=settings.is_required))
    for status, (description, headers) in _RESPONSES.items():
        content = error_content(problem_details=problem_details)
        said = {"description": description, "content": content}
        if headers:
            said["headers"] = deepcopy(headers)
        operation["responses"].setdefault(status, said)


def _parameter(*, is_required: bool) -> Document:
    return {
        "name": HEADER,
        "in": "header",
        "required": is_required,
        "description": _DESCRIPTION,
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    }


__all__ = ["SETTINGS", "describing"]
