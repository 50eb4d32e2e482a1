"""Messages that were received, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from vivace.exceptions import RequestValidationError
from vivace.webhooks.document import without_references
from vivace.webhooks.events import EventType
from vivace.webhooks.incoming.errors import Dropped, Malformed

D = TypeVar("D")


@dataclass(frozen=True)
class Received(Generic[D]):
    """A message that is authentic.

    Attributes:
        id: Its ``webhook-id``, which is the same in each attempt.
        type: As ``invoice.paid``.
        timestamp: When the event has happened.
        data: What has happened.
        body: The message as it was signed.
    """

    id: str
    type: str
    timestamp: datetime
    data: D
    body: bytes


class Reader:
    """Reads messages of some types."""

    def __init__(self, events: Iterable[EventType]) -> None:
        self._events = {event.name: event for event in events}

    def read(self, id: str, body: bytes) -> Received[Any]:
        """A message whose signature has been checked.

        Raises:
            Malformed: It is no message.
            Dropped: It is of another type.
            RequestValidationError: Its data are not those of its type.
        """
        try:
            found = from_json(body)
        except ValueError:
            raise Malformed from None
        kind = found.get("type") if isinstance(found, dict) else None
        if not isinstance(kind, str):
            raise Malformed
        event = self._events.get(kind)
        if event is None:
            raise Dropped
        try:
            message = event.envelope.model_validate_json(body)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            raise RequestValidationError(
                [{**one, "loc": ("body", *one["loc"])} for one in errors]
            ) from None
        return Received(id, kind, message.timestamp, message.data, body)


def documented(events: Iterable[EventType]) -> dict[str, Any]:
    """What ``openapi_extra`` takes, to have the body and the refusals in the document."""
    schemas = [without_references(event.envelope.model_json_schema()) for event in events]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    refusals = {
        "204": "The message was handled before, or is of no use here.",
        "400": "The message is no JSON object with a type.",
        "401": "The signature is not valid, or the message is too old.",
        "409": "The message is being handled.",
        "413": "The message is too large.",
    }
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {status: {"description": text} for status, text in refusals.items()},
    }


__all__ = ["Reader", "Received", "documented"]
