"""The document of an app that answers with problem details (RFC 9457)."""

from __future__ import annotations

from typing import Any

from vivace.describe.responses import VALIDATION_ERROR_REFERENCE
from vivace.describe.schemas import REFERENCE_PREFIX
from vivace.problems import ProblemResponse

PROBLEM = "ValidationProblem"

#: What a client gets whose request is invalid.
DEFINITION: dict[str, Any] = {
    "title": PROBLEM,
    "type": "object",
    "properties": {
        "type": {"title": "Type", "type": "string", "format": "uri-reference"},
        "title": {"title": "Title", "type": "string"},
        "status": {"title": "Status", "type": "integer"},
        "detail": {"title": "Detail", "type": "string"},
        "errors": {
            "title": "Errors",
            "type": "array",
            "items": {"$ref": REFERENCE_PREFIX + "ValidationError"},
        },
    },
    "required": ["type", "title", "status", "errors"],
}
_PLAIN = {"application/json": {"schema": {"$ref": VALIDATION_ERROR_REFERENCE}}}
_PROBLEM = {ProblemResponse.media_type: {"schema": {"$ref": REFERENCE_PREFIX + PROBLEM}}}


def with_problem_details(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with the replies to invalid requests as such an app sends them."""
    replaced: dict[str, Any] = _replaced(document)
    schemas = replaced.get("components", {}).get("schemas", {})
    if schemas.pop("HTTPValidationError", None) is not None:
        schemas[PROBLEM] = DEFINITION
    return replaced


def _replaced(value: Any) -> Any:
    if value == _PLAIN:
        return _PROBLEM
    if isinstance(value, dict):
        return {key: _replaced(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item) for item in value]
    return value
