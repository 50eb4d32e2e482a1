"""Endpoints in the database, over a session that the caller commits."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from vivace.webhooks.store import deliveries as delivering
from vivace.webhooks.store.records import Endpoint, Reason
from vivace.webhooks.store.tables import attempts, deliveries, endpoints, milliseconds, moment

#: What is known of an endpoint, but for its secrets.
_COLUMNS = [column for column in endpoints.c if column.name != "secrets"]


def add(
    session: Session,
    endpoint: Endpoint,
    sealed: str,
    *,
    most: int,
) -> bool:
    """Keep a new endpoint.

    Args:
        sealed: Its secrets.
        most: How many endpoints its owner may have.

    Returns:
        Whether it is kept; the owner may have as many as they may.
    """
    of_owner = endpoints.c.owner == endpoint.owner
    # Who adds some at once counts one after the other, as soon as there is one to be locked.
    first = select(endpoints.c.id).where(of_owner).order_by(endpoints.c.id).limit(1)
    session.execute(first.with_for_update())
    count = select(func.count()).select_from(endpoints).where(of_owner)
    if session.scalars(count).one() >= most:
        return False
    session.execute(
        insert(endpoints).values(
            id=endpoint.id,
            owner=endpoint.owner,
            url=endpoint.url,
            event_types=json.dumps(endpoint.event_types),
            secrets=sealed,
            description=endpoint.description,
            enabled=endpoint.enabled,
            created_at=milliseconds(endpoint.created_at),
            held_until=0,
        )
    )
    return True


def find(session: Session, id: str, owner: str | None, *, for_update: bool = False) -> Any:
    """The row of an endpoint, with its secrets; ``None`` where there is none, or not of ``owner``.

    Args:
        owner: Whose it has to be; ``None`` for anyone.
    """
    query = select(endpoints).where(endpoints.c.id == id)
    if owner is not None:
        query = query.where(endpoints.c.owner == owner)
    if for_update:
        query = query.with_for_update()
    return session.execute(query).one_or_none()


def list_of(session: Session, owner: str) -> list[Endpoint]:
    """All endpoints of an owner, the oldest first."""
    query = select(*_COLUMNS).where(endpoints.c.owner == owner).order_by(endpoints.c.id)
    return [*map(read, session.execute(query))]


def receivers(session: Session, owner: str, type: str) -> list[Endpoint]:
    """The endpoints of an owner that want events of a type."""
    query = select(*_COLUMNS).where(endpoints.c.owner == owner, endpoints.c.enabled)
    return [endpoint for endpoint in map(read, session.execute(query)) if endpoint.wants(type)]


def change(session: Session, id: str, values: dict[str, Any]) -> None:
    """Change columns of an endpoint; one that is disabled has its deliveries given up.

    Args:
        values: New values, by attribute of :class:`Endpoint`.
    """
    if "event_types" in values:
        values = {**values, "event_types": json.dumps(values["event_types"])}
    if values.get("enabled"):
        values = {**values, "disabled_reason": None, "failing_since": None, "held_until": 0}
    if values:
        session.execute(update(endpoints).where(endpoints.c.id == id).values(**values))
    if values.get("enabled") is False:
        delivering.give_up(session, id)


def disable(session: Session, id: str, reason: Reason) -> None:
    """Send nothing to an endpoint any more; what is on its way becomes dead letters."""
    change(session, id, {"enabled": False, "disabled_reason": reason})


def sealed_after(session: Session, after: str, limit: int) -> list[tuple[str, str]]:
    """The secrets of the next endpoints, by id, for a change of them.

    Args:
        after: The id of the one before them.
    """
    query = select(endpoints.c.id, endpoints.c.secrets).where(endpoints.c.id > after)
    found = session.execute(query.order_by(endpoints.c.id).limit(limit).with_for_update())
    return [(row.id, row.secrets) for row in found]


def keep_secrets(session: Session, id: str, sealed: str) -> None:
    session.execute(update(endpoints).where(endpoints.c.id == id).values(secrets=sealed))


def remove(session: Session, id: str) -> None:
    """Remove an endpoint, with its deliveries."""
    session.execute(delete(endpoints).where(endpoints.c.id == id))
    made = select(deliveries.c.id).where(deliveries.c.endpoint_id == id)
    session.execute(delete(attempts).where(attempts.c.delivery_id.in_(made)))
    session.execute(delete(deliveries).where(deliveries.c.endpoint_id == id))


def read(row: Row[Any]) -> Endpoint:
    created_at = moment(row.created_at)
    assert created_at is not None
    return Endpoint(
        id=row.id,
        owner=row.owner,
        url=row.url,
        event_types=tuple(json.loads(row.event_types)),
        description=row.description,
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        created_at=created_at,
        failing_since=moment(row.failing_since),
    )


__all__ = [
    "add",
    "change",
    "disable",
    "find",
    "keep_secrets",
    "list_of",
    "read",
    "receivers",
    "remove",
    "sealed_after",
]
