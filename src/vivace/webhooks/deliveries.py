"""Looking at deliveries, and asking for them again, in transactions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from vivace.webhooks.endpoints import found, is_storable
from vivace.webhooks.errors import EndpointIsDisabled, NoSuchDelivery
from vivace.webhooks.events import now
from vivace.webhooks.store import deliveries as delivering
from vivace.webhooks.store.locking import begin_writing
from vivace.webhooks.store.records import Delivery, DeliveryDetails, State
from vivace.webhooks.store.transactions import AnyDatabase, transact


class Deliveries:
    """The deliveries of an app: messages on their way to endpoints.

    ``owner`` is whose the endpoint is: where it is given, the deliveries to others' are not there.
    """

    def __init__(self, database: AnyDatabase, ring: Callable[[Session], None]) -> None:
        self._database = database
        self._ring = ring

    async def find(
        self,
        *,
        owner: str | None = None,
        endpoint_id: str | None = None,
        state: State | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Delivery]:
        """Deliveries, the newest first.

        Args:
            endpoint_id: Those to one endpoint.
            state: Those in a state; ``"dead"`` for dead letters.
            before: The id of the last one of the page before.
            limit: How many at most.
        """
        if not is_storable((endpoint_id or "") + (before or "")):
            return []

        def work(session: Session) -> list[Delivery]:
            return delivering.list_of(
                *(session, owner),
                endpoint_id=endpoint_id,
                state=state,
                before=before,
                limit=limit,
            )

        return await transact(self._database, work)

    async def get(self, id: str, *, owner: str | None = None) -> DeliveryDetails:
        """A delivery, with what is sent and its last 100 attempts.

        Raises:
            NoSuchDelivery: It is not there.
        """
        return await transact(self._database, lambda session: _found(session, id, owner))

    async def replay(self, id: str, *, owner: str | None = None) -> None:
        """Deliver again, under the same ``webhook-id``, with all its attempts.

        What a process is just at is left to it.

        Raises:
            NoSuchDelivery: It is not there.
            EndpointIsDisabled: Its endpoint is not enabled.
        """

        def work(session: Session) -> None:
            begin_writing(session)
            delivery = _found(session, id, owner, for_update=True).delivery
            if not found(session, delivery.endpoint_id, owner).enabled:
                raise EndpointIsDisabled
            delivering.replay(session, id, now())
            self._ring(session)

        await transact(self._database, work)

    async def replay_since(
        self,
        endpoint_id: str,
        since: datetime,
        *,
        until: datetime | None = None,
        states: Sequence[State] = ("dead",),
        owner: str | None = None,
    ) -> int:
        """Deliver again what was written since then, to an endpoint that was away.

        Args:
            since, until: Of which time; with time zones.
            states: Dead letters, by default; what was delivered too, with ``"delivered"``.

        Returns:
            How many that are.

        Raises:
            NoSuchEndpoint: It is not there.
            EndpointIsDisabled: It is not enabled.
        """

        def work(session: Session) -> int:
            begin_writing(session)
            if not found(session, endpoint_id, owner).enabled:
                raise EndpointIsDisabled
            self._ring(session)
            return delivering.replay_since(session, endpoint_id, since, until, states, now())

        return await transact(self._database, work)


def _found(
    session: Session, id: str, owner: str | None, *, for_update: bool = False
) -> DeliveryDetails:
    storable = is_storable(id)
    details = delivering.find(session, id, owner, for_update=for_update) if storable else None
    if details is None:
        raise NoSuchDelivery
    return details


__all__ = ["Deliveries"]
