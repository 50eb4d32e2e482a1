"""Webhooks that an app receives, as dependencies of its endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel

from vivace import Depends, Header, Request
from vivace.webhooks.document import FIELDS
from vivace.webhooks.events import Events, EventType, now
from vivace.webhooks.incoming.errors import NotAuthentic, TooLarge
from vivace.webhooks.incoming.messages import Reader, Received, documented
from vivace.webhooks.incoming.seen import Seen
from vivace.webhooks.signing import InvalidSignature, Verifier

LONGEST_SOURCE = 100


class Incoming:
    """Messages of one sender, by the Standard Webhooks (standardwebhooks.com).

    .. code-block:: python

        incoming = Incoming(events, os.environ["SHOP_SECRET"], seen=SQLSeen(db))


        @app.post("/hooks/shop", openapi_extra=incoming.openapi(InvoicePaid))
        async def receive(paid: Annotated[InvoicePaid, incoming.event(InvoicePaid)]) -> None: ...

    The body is checked as it came, before anything reads it; so the endpoint has no other body.

    Args:
        events: The types of events that the sender has.
        secrets: What it signs with, as ``whsec_...``, or the public key of that, as ``whpk_...``;
            several while it changes them.
        seen: Knows what was handled before. Without it an endpoint gets a message as often as it
            comes.
        source: A name for the sender, where several share what knows that.
        tolerance: How old a message may be, or how far the sender's clock ahead.
        max_body: Bytes of a message at most.

    Raises:
        ValueError: A secret is none, or the source too long.
        TypeError: What should know the messages that were handled does not.
    """

    def __init__(
        self,
        events: Events,
        secrets: str | Sequence[str],
        *,
        seen: Seen | None = None,
        source: str = "",
        tolerance: timedelta = timedelta(minutes=5),
        max_body: int = 1024 * 1024,
    ) -> None:
        if len(source) > LONGEST_SOURCE:
            raise ValueError(f"source has to have at most {LONGEST_SOURCE} characters.")
        if seen is not None and not isinstance(seen, Seen):
            raise TypeError(f"{seen!r} does not know messages. Give SQLSeen(db) or MemorySeen().")
        self.events = events
        self._verifier = Verifier(secrets, tolerance.total_seconds())
        self._seen = seen
        self._source = source
        self._max_body = max_body
        self._verified = Depends(self._make_verified())

    def event(self, *models: type[BaseModel]) -> Any:
        """A dependency that gives the data of a message: one of ``models``, by its type.

        Messages of other types are acknowledged, and dropped.

        Args:
            models: Those that the endpoint takes; by default all there are.

        Raises:
            TypeError: A model is not that of a type of events.
            ValueError: There are no types.
        """

        async def event(message: Received[Any] = self.message(*models)) -> Any:
            return message.data

        return Depends(event, scope="function")

    def message(self, *models: type[BaseModel]) -> Any:
        """The same, with the id and time of the message around it: a :class:`Received`."""
        reader = Reader(self._types(models))

        async def message(verified: tuple[str, bytes] = self._verified) -> Received[Any]:
            return reader.read(*verified)

        if self._seen is None:
            return Depends(message)
        return self._seen.once(Depends(message), self._source)

    def openapi(self, *models: type[BaseModel]) -> dict[str, Any]:
        """For ``openapi_extra`` of routes: it has the body, and what is refused."""
        return documented(self._types(models))

    def _types(self, models: Sequence[type[BaseModel]]) -> list[EventType]:
        types = [self.events.of(model) for model in models] if models else [*self.events]
        if not types:
            raise ValueError("There are no types of events yet. Declare them before endpoints.")
        return types

    def _make_verified(self) -> Any:
        async def verified(
            request: Request,
            id: Annotated[str, Header(alias="webhook-id", description=FIELDS["webhook-id"])],
            timestamp: Annotated[
                str, Header(alias="webhook-timestamp", description=FIELDS["webhook-timestamp"])
            ],
            signature: Annotated[
                str, Header(alias="webhook-signature", description=FIELDS["webhook-signature"])
            ],
        ) -> tuple[str, bytes]:
            body = await read_body(request, self._max_body)
            try:
                self._verifier.verify(id, timestamp, signature, body, now())
            except InvalidSignature:
                raise NotAuthentic from None
            return id, body

        return verified


async def read_body(request: Request, most: int) -> bytes:
    """The body as it came.

    Raises:
        TooLarge: It has more than ``most`` bytes.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise TooLarge(most)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLarge(most)
    return bytes(body)


__all__ = ["Incoming", "read_body"]
