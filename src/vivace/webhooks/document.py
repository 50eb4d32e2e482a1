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
        router.add_api_route(
            event.name,
            _receiver(event),
            methods=["POST"],
            summary=event.summary,
            responses=_RESPONSES,
            status_code=204,
            response_model=None,
            name=event.name,
            operation_id=event.name,
        )

    events.watch(describe)


def _receiver(event: EventType) -> Any:
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
    body = Parameter("body", Parameter.KEYWORD_ONLY, annotation=Annotated[event.envelope, Body()])
    function: Any = receive
    function.__doc__ = event.model.__doc__ or event.summary
    function.__name__ = event.name.replace(".", "_")
    function.__signature__ = Signature([body, *fields])
    return function


__all__ = ["FIELDS", "describe_events"]
