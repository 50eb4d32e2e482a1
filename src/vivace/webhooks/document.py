"""The events of an app in its OpenAPI document."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Annotated, Any

from vivace import APIRouter, Body, Header
from vivace.webhooks.events import Events, EventType

#: The header fields of a message (Standard Webhooks, "Webhook headers").
FIELDS = {
    "webhook-id": "The message. It is the same in each attempt: what was seen already is dropped.",
    "webhook-timestamp": "When the attempt was made, in seconds since 1970.",
    "webhook-signature": "Signatures of the message, one for each secret, separated by spaces.",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    "2XX": {"description": "The message has arrived."},
    410: {"description": "No messages are wanted any more: the endpoint is disabled."},
    429: {"description": "Too many messages: `Retry-After` is heeded."},
    "default": {"description": "The message has not arrived, and is sent again later."},
}


def describe_events(router: APIRouter, events: Events) -> None:
    """Add the events to ``app.webhooks``, also those that are declared later."""

    def describe(event: EventType) -> None:
        sent = _differently_sent(event)
        router.add_api_route(
            event.name,
            _receiver(event, has_body=sent is None),
            openapi_extra=sent,
            methods=["POST"],
            summary=event.summary,
            responses=_RESPONSES,
            status_code=204,
            response_model=None,
            name=event.name,
            operation_id=event.name,
        )

    events.watch(describe)


def _differently_sent(event: EventType) -> dict[str, Any] | None:
    """The body, in ``openapi_extra``, where a message is not written as its model is read.

    It has computed fields, for example, or decimals, which are sent as text. A body that a function
    takes is described as it is read, which has the advantage of a name among the schemas.
    """
    read, sent = (
        without_references(event.envelope.model_json_schema(mode=mode))
        for mode in ("validation", "serialization")
    )
    # What has a default is always sent, but need not be relied upon.
    if _without_required(read) == _without_required(sent):
        return None
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": sent}}}}


def _without_required(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_required(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_required(value)
        for key, value in schema.items()
        # A property may have that name.
        if key != "required" or not isinstance(value, list)
    }


def without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose definitions stand where they are used: elsewhere nobody would find them.

    What contains itself is anything, within itself.
    """
    definitions = schema.pop("$defs", {})

    def resolved(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [resolved(item, within) for item in value]
        if not isinstance(value, dict):
            return value
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return {key: resolved(item, within) for key, item in value.items()}
        name = reference.rpartition("/")[2]
        if name in within:
            return {}
        rest = {key: item for key, item in value.items() if key != "$ref"}
        found: dict[str, Any] = resolved(definitions[name], (*within, name))
        return {**found, **rest}

    made: dict[str, Any] = resolved(schema, ())
    return made


def _receiver(event: EventType, *, has_body: bool) -> Any:
    """A function whose signature is what a receiver gets."""

    async def receive(**given: Any) -> None:
        """What a receiver does."""

    fields = [
        Parameter(
            name.replace("-", "_"),
            Parameter.KEYWORD_ONLY,
            annotation=Annotated[str, Header(alias=name, description=description)],
        )
        for name, description in FIELDS.items()
    ]
    if has_body:
        envelope: Any = Annotated[event.envelope, Body()]
        fields.insert(0, Parameter("body", Parameter.KEYWORD_ONLY, annotation=envelope))
    function: Any = receive
    function.__doc__ = event.model.__doc__ or event.summary
    function.__name__ = event.name.replace(".", "_")
    function.__signature__ = Signature(fields)
    return function


__all__ = ["FIELDS", "describe_events", "without_references"]
