"""What the routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vivace.webhooks.keys import SignatureVersion
from vivace.webhooks.store.records import Reason, State

_TYPES = Field(
    default=["*"],
    min_length=1,
    max_length=500,
    description="The types of events that it gets; `*` for all.",
)
_SIGNATURE = Field(
    default=None,
    description="`v1` with a secret that both sides have, `v1a` with a key pair of Ed25519.",
)
_VERIFIED_BY = Field(
    description="What messages are verified with: `whsec_...`, which is not shown again, or for "
    "`v1a` the public key, `whpk_...`."
)


class EndpointIn(BaseModel):
    """A new endpoint."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Where messages are sent to.", examples=["https://shop.example/"])
    event_types: list[str] = _TYPES
    description: str = ""
    enabled: bool = True
    signature: SignatureVersion | None = _SIGNATURE


class EndpointPatch(BaseModel):
    """What is to be changed."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = None
    event_types: list[str] | None = Field(default=None, min_length=1, max_length=500)
    description: str | None = None
    enabled: bool | None = None


class EndpointOut(BaseModel):
    """An endpoint."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    url: str
    event_types: list[str]
    description: str
    enabled: bool
    disabled_reason: Reason | None
    created_at: datetime
    failing_since: datetime | None


class EndpointCreated(EndpointOut):
    """An endpoint, with its secret."""

    secret: str = _VERIFIED_BY


class SecretIn(BaseModel):
    """Which secret is to be made."""

    model_config = ConfigDict(extra="forbid")

    signature: SignatureVersion | None = _SIGNATURE


class PublicKeyOut(BaseModel):
    """A key that messages are verified with."""

    key: str = Field(description="As `whpk_...`.")
    until: datetime | None = Field(description="Until when it signs; `null` for the present one.")


class SecretOut(BaseModel):
    """A new secret."""

    secret: str = _VERIFIED_BY
    former_until: datetime = Field(description="Until then the former secret signs, too.")


class MessageOut(BaseModel):
    """A message that was sent."""

    message_id: str


class DeliveryOut(BaseModel):
    """A message on its way to an endpoint."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    message_id: str
    endpoint_id: str
    type: str
    state: State
    attempts: int
    due_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryPage(BaseModel):
    """Deliveries, the newest first."""

    items: list[DeliveryOut]
    before: str | None = Field(description="For the next page; `null` on the last one.")


class AttemptOut(BaseModel):
    """An attempt at a delivery."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime
    seconds: float
    status: int | None
    error: str | None
    response: str | None


class DeliveryDetailsOut(DeliveryOut):
    """A delivery, with what is sent and its last 100 attempts."""

    body: str
    history: list[AttemptOut]


class ReplayIn(BaseModel):
    """What is to be delivered again."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime
    until: AwareDatetime | None = None
    states: list[State] = Field(default=["dead"], min_length=1, max_length=3)


class ReplayOut(BaseModel):
    """How many deliveries are made again."""

    count: int


class EventTypeOut(BaseModel):
    """A type of events that an endpoint may subscribe to."""

    name: str
    summary: str
    data: dict[str, Any] = Field(description="The JSON Schema of the data.")


__all__ = [
    "AttemptOut",
    "DeliveryDetailsOut",
    "DeliveryOut",
    "DeliveryPage",
    "EndpointCreated",
    "EndpointIn",
    "EndpointOut",
    "EndpointPatch",
    "EventTypeOut",
    "MessageOut",
    "PublicKeyOut",
    "ReplayIn",
    "ReplayOut",
    "SecretIn",
    "SecretOut",
]
