"""What is known of endpoints, messages and their deliveries, as an app sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

#: A delivery is to be made, has been made, or has been given up: then it is a dead letter.
State: TypeAlias = Literal["pending", "delivered", "dead"]
STATES: tuple[State, ...] = ("pending", "delivered", "dead")

#: Why an endpoint was disabled: by who manages it, by its answer 410, or for failing too long.
Reason: TypeAlias = Literal["managed", "gone", "failing"]

#: Stands for all types of events.
ALL = "*"


@dataclass(frozen=True)
class Secret:
    """A secret of an endpoint, and until when it signs."""

    value: str = field(repr=False)
    #: ``None`` for the present one.
    until: datetime | None


@dataclass(frozen=True)
class Endpoint:
    """Where messages are sent to."""

    id: str
    #: Whose it is; empty where nobody's.
    owner: str
    url: str
    #: ``("*",)`` for all.
    event_types: tuple[str, ...]
    description: str
    enabled: bool
    disabled_reason: Reason | None
    created_at: datetime
    #: The first failed attempt since the last that did not fail.
    failing_since: datetime | None

    def wants(self, type: str) -> bool:
        return type in self.event_types or ALL in self.event_types


@dataclass(frozen=True)
class Attempt:
    """An attempt at a delivery."""

    started_at: datetime
    seconds: float
    #: The status of the answer; ``None`` where there was none.
    status: int | None
    #: Why it failed; ``None`` where it did not.
    error: str | None
    #: How the answer began.
    response: str | None = None


@dataclass(frozen=True)
class Delivery:
    """A message, on its way to an endpoint."""

    id: str
    #: The ``webhook-id``, which is the same in each attempt.
    message_id: str
    endpoint_id: str
    type: str
    state: State
    #: How many attempts there have been since it was made, or asked for again.
    attempts: int
    #: When the next attempt is due; ``None`` where none is to be made.
    due_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class DeliveryDetails:
    """A delivery with what was sent, and the last 100 attempts, the first one first."""

    delivery: Delivery
    body: str
    attempts: tuple[Attempt, ...]


__all__ = [
    "ALL",
    "STATES",
    "Attempt",
    "Delivery",
    "DeliveryDetails",
    "Endpoint",
    "Reason",
    "Secret",
    "State",
]
