"""The responses of an operation."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from vivace.analyse.blame import blaming
from vivace.analyse.plan import StreamKind
from vivace.declare.defaults import DefaultPlaceholder
from vivace.describe.merging import merge
from vivace.describe.schemas import REFERENCE_PREFIX

if TYPE_CHECKING:
    from vivace.describe.schemas import JsonSchema, Schemas

Responses = dict[str, dict[str, Any]]

#: Descriptions of responses that have no status of their own (OpenAPI 3.1 §4.8.16).
RANGES = {
    "1XX": "Information",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "default": "Default Response",
}

#: What a client gets whose request is invalid.
VALIDATION_ERROR_DEFINITIONS: dict[str, JsonSchema] = {
    "ValidationError": {
        "title": "ValidationError",
        "type": "object",
        "properties": {
            "loc": {
                "title": "Location",
                "type": "array",
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            },
            "msg": {"title": "Message", "type": "string"},
            "type": {"title": "Error Type", "type": "string"},
            "input": {"title": "Input"},
            "ctx": {"title": "Context", "type": "object"},
        },
        "required": ["loc", "msg", "type"],
    },
    "HTTPValidationError": {
        "title": "HTTPValidationError",
        "type": "object",
        "properties": {
            "detail": {
                "title": "Detail",
                "type": "array",
                "items": {"$ref": REFERENCE_PREFIX + "ValidationError"},
            }
        },
    },
}
VALIDATION_ERROR_REFERENCE = REFERENCE_PREFIX + "HTTPValidationError"


def response_objects(route: Any, schemas: Schemas) -> Responses:
    """Response objects by status (OpenAPI 3.1 §4.8.16), without that of invalid requests.

    Raises:
        ValueError: A response is declared for what is no status.
    """
    response_class = _response_class(route)
    status = _own_status(route, response_class)
    responses: Responses = {
        status: {
            "description": route.response_description,
            **_content(_own_content(route, status, response_class, schemas)),
        }
    }
    for declared, response in route.responses.items():
        _add_declared(responses, declared, response, route, response_class, schemas)
    return responses


def _content(content: dict[str, Any]) -> dict[str, Any]:
    return {"content": content} if content else {}


def _response_class(route: Any) -> Any:
    declared = route.response_class
    return declared.value if isinstance(declared, DefaultPlaceholder) else declared


def _own_status(route: Any, response_class: Any) -> str:
    """The status of a response that nothing else is said of, which its class may decide."""
    status = route.status_code
    if status is None:
        parameter = inspect.signature(response_class).parameters.get("status_code")
        status = parameter.default if parameter is not None else None
    return str(status if isinstance(status, int) else 200)


def _own_content(route: Any, status: str, response_class: Any, schemas: Schemas) -> dict[str, Any]:
    """The content of the response by media type; empty where the response has none."""
    response = route.plan.response
    if not has_body(status):
        return {}
    if response.stream is StreamKind.SERVER_SENT_EVENTS:
        return {"text/event-stream": {"itemSchema": event_schema(response.stream_item, schemas)}}
    if response.stream is StreamKind.JSON_LINES:
        item = response.stream_item
        return {"application/jsonl": {"itemSchema": schemas.of(item) if item else {}}}
    media_type = response_class.media_type
    if not media_type:
        return {}
    if not issubclass(response_class, JSONResponse):
        return {media_type: {"schema": {"type": "string"}}}
    field = route.response_field
    return {media_type: {"schema": schemas.of(field) if field else {}}}


def event_schema(item: Any, schemas: Schemas) -> JsonSchema:
    """The schema of one server-sent event (OpenAPI 3.2.0 §4.14.4)."""
    data: JsonSchema = {"type": "string"}
    if item is not None:
        data |= {"contentMediaType": "application/json", "contentSchema": schemas.of(item)}
    schema: JsonSchema = {
        "type": "object",
        "properties": {
            "data": data,
            "event": {"type": "string"},
            "id": {"type": "string"},
            "retry": {"type": "integer", "minimum": 0},
        },
    }
    return schema if item is None else {**schema, "required": ["data"]}


def has_body(status: str) -> bool:
    """Whether responses with this status may have content (RFC 9110 §6.4.1)."""
    return not status.isdecimal() or not (int(status) < 200 or int(status) in (204, 205, 304))


def _add_declared(
    responses: Responses,
    declared_status: int | str,
    declared: dict[str, Any],
    route: Any,
    response_class: Any,
    schemas: Schemas,
) -> None:
    """Add what ``responses=`` of a route says of one status."""
    with blaming(route.endpoint):
        status = _declared_status(declared_status)
    made = responses.setdefault(status, {})
    merge(made, {key: value for key, value in declared.items() if key != "model"})
    field = route.response_fields.get(declared_status)
    if field is not None:
        media_type = response_class.media_type or "application/json"
        content = made.setdefault("content", {}).setdefault(media_type, {})
        merge(content.setdefault("schema", {}), schemas.of(field))
    made.setdefault("description", status_description(status))


def _declared_status(declared: int | str) -> str:
    status = str(declared).upper()
    status = "default" if status == "DEFAULT" else status
    if status not in RANGES and not status.isdecimal():
        raise ValueError(
            f"responses={{{declared!r}: ...}} has no status code: use a number, "
            f"or one of {', '.join(map(repr, RANGES))}."
        )
    return status


def status_description(status: str) -> str:
    """What a status, or a range of them, means in general."""
    if status in RANGES:
        return RANGES[status]
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "Additional Response"


def add_validation_error(responses: Responses) -> None:
    """Add the response to an invalid request, unless one is declared that covers it."""
    if responses.keys() & {"422", "4XX", "default"}:
        return
    responses["422"] = {
        "description": "Validation Error",
        "content": {"application/json": {"schema": {"$ref": VALIDATION_ERROR_REFERENCE}}},
    }


__all__ = [
    "VALIDATION_ERROR_DEFINITIONS",
    "Responses",
    "add_validation_error",
    "event_schema",
    "has_body",
    "response_objects",
    "status_description",
]
