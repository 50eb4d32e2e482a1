"""The events that an app tells others of: a model for the data of each type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

M = TypeVar("M", bound=BaseModel)
D = TypeVar("D")

#: What a type is made of (Standard Webhooks, "Event types").
NAME = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*")
LONGEST_NAME = 100


class Envelope(BaseModel, Generic[D]):
    """A message as it is sent (Standard Webhooks, "Payload structure")."""

    # A sender may add to it.
    model_config = ConfigDict(extra="ignore")

    type: str
    timestamp: datetime = Field(description="When the event has happened.")
    data: D


@dataclass(frozen=True)
class EventType:
    """A type of events.

    Attributes:
        name: As ``invoice.paid``.
        model: The model of its data.
        envelope: The model of a message of the type.
        summary: What people are told of it.
    """

    name: str
    model: type[BaseModel]
    envelope: type[Envelope[Any]]
    summary: str

    @cached_property
    def data_schema(self) -> dict[str, Any]:
        """The JSON Schema of the data."""
        return self.model.model_json_schema(mode="serialization")

    def write(self, data: BaseModel, happened_at: datetime) -> str:
        """The message, as the text that is signed and sent each time."""
        message = self.envelope(type=self.name, timestamp=happened_at, data=data)
        return message.model_dump_json(by_alias=True)


class Events:
    """The types of events, for an app that sends them, one that receives them, or both.

    .. code-block:: python

        events = Events()


        @events.event("invoice.paid")
        class InvoicePaid(BaseModel):
            invoice_id: int
    """

    def __init__(self) -> None:
        self._by_name: dict[str, EventType] = {}
        self._by_model: dict[type[BaseModel], EventType] = {}
        self._watchers: list[Callable[[EventType], None]] = []

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def event(self, name: str, *, summary: str | None = None) -> Callable[[type[M]], type[M]]:
        """A decorator for the model of the data of a type.

        Args:
            name: The type: words of letters, digits and ``_``, with full stops between them.
            summary: What people are told of it; by default the first line of the docstring.

        Raises:
            ValueError: The name is none of a type, or there is a type of this name.
            TypeError: What is decorated is no model, or has a type already.
        """
        if not isinstance(name, str):
            raise TypeError("A type of events has a name: @events.event('invoice.paid').")
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise ValueError(
                f"{name!r} is no type of events. Write words of letters, digits and _ with full "
                f"stops between them, {LONGEST_NAME} characters at most: 'invoice.paid'."
            )
        if name in self._by_name:
            raise ValueError(f"There is a type {name!r} already: {self._by_name[name].model}.")

        def declare(model: type[M]) -> type[M]:
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                raise TypeError(f"The data of {name!r} has to be a pydantic model, not {model!r}.")
            if model in self._by_model:
                raise TypeError(f"{model.__name__} is the data of {self.of(model).name!r} already.")
            made = EventType(name, model, _envelope(name, model), summary or _first_line(model))
            self._by_name[name] = self._by_model[model] = made
            for watcher in self._watchers:
                watcher(made)
            return model

        return declare

    def of(self, model: type[BaseModel]) -> EventType:
        """The type of events whose data is ``model``.

        Raises:
            TypeError: There is none.
        """
        found = self._by_model.get(model) if isinstance(model, type) else None
        if found is None:
            raise TypeError(
                f"{getattr(model, '__name__', model)!s} is the data of no type of events. Declare "
                "it with @events.event('...'), on the events that were given here."
            )
        return found

    def watch(self, watcher: Callable[[EventType], None]) -> None:
        """Have a function called with each type, those that are declared later among them."""
        self._watchers.append(watcher)
        for event in self:
            watcher(event)


def _envelope(name: str, model: type[BaseModel]) -> type[Envelope[Any]]:
    fields: dict[str, Any] = {"type": (Literal[name], ...), "data": (model, ...)}
    return create_model(
        f"{model.__name__}Message", __base__=Envelope[Any], __module__=model.__module__, **fields
    )


def _first_line(model: type[BaseModel]) -> str:
    own = model.__dict__.get("__doc__") or model.__name__
    return str(own).strip().partition("\n")[0]


def now() -> datetime:
    return datetime.now(UTC)


__all__ = ["LONGEST_NAME", "NAME", "Envelope", "EventType", "Events", "now"]
