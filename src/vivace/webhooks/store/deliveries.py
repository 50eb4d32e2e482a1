"""Messages and their deliveries in the database, over a session that the caller commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, insert, select, true, update
from sqlalchemy.orm import Session

from vivace.webhooks.store.records import Attempt, Delivery, DeliveryDetails, State
from vivace.webhooks.store.tables import (
    attempts,
    deliveries,
    messages,
    milliseconds,
    moment,
    new_id,
)

#: What cannot be in an ``IN`` of thousands is done in parts of so many rows.
CHUNK = 500
#: How many attempts of a delivery are shown: replays make ever more of them.
MOST_ATTEMPTS = 100

_COLUMNS = (
    *(column for column in deliveries.c if column.name not in ("claim", "owner")),
    messages.c.type,
)


def add(
    session: Session, *, type: str, body: str, owner: str, endpoint_ids: Sequence[str], at: datetime
) -> str:
    """Keep a message, to be delivered to some endpoints as soon as that is committed.

    Returns:
        The id of the message.
    """
    now = milliseconds(at)
    message_id = new_id("msg")
    session.execute(insert(messages).values(id=message_id, type=type, body=body, created_at=now))
    session.execute(
        insert(deliveries),
        [
            {
                "id": new_id("dlv"),
                "message_id": message_id,
                "endpoint_id": endpoint_id,
                "owner": owner,
                "state": "pending",
                "attempts": 0,
                "due_at": now,
                "created_at": now,
            }
            for endpoint_id in endpoint_ids
        ],
    )
    return message_id


def list_of(
    session: Session,
    owner: str | None,
    *,
    endpoint_id: str | None = None,
    state: State | None = None,
    before: str | None = None,
    limit: int,
) -> list[Delivery]:
    """Deliveries, the newest first.

    Args:
        owner: Whose; ``None`` for all.
        before: The id of the last one of the page before.
    """
    query = _selected(owner).order_by(deliveries.c.id.desc()).limit(limit)
    if endpoint_id is not None:
        query = query.where(deliveries.c.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return [*map(read, session.execute(query))]


def find(
    session: Session, id: str, owner: str | None, *, for_update: bool = False
) -> DeliveryDetails | None:
    """A delivery with its last attempts; ``None`` where there is none, or not of ``owner``."""
    query = _selected(owner).add_columns(messages.c.body).where(deliveries.c.id == id)
    if for_update:
        query = query.with_for_update(of=deliveries)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    made = select(attempts).where(attempts.c.delivery_id == id)
    last = made.order_by(attempts.c.id.desc()).limit(MOST_ATTEMPTS)
    history = [*map(_read_attempt, session.execute(last))]
    return DeliveryDetails(read(row), row.body, tuple(reversed(history)))


def replay(session: Session, id: str, at: datetime) -> None:
    """Deliver again, from the first attempt on; what is on its way is due at once."""
    _again(session, and_(deliveries.c.id == id, _is_unclaimed(at)), at)


def replay_since(
    session: Session,
    endpoint_id: str,
    since: datetime,
    until: datetime | None,
    states: Collection[State],
    at: datetime,
) -> int:
    """Deliver again what was made since then; how many that are."""
    wanted = and_(
        deliveries.c.endpoint_id == endpoint_id,
        deliveries.c.state.in_(states),
        deliveries.c.created_at >= milliseconds(since),
        true() if until is None else deliveries.c.created_at < milliseconds(until),
        _is_unclaimed(at),
    )
    return _again(session, wanted, at)


def give_up(session: Session, endpoint_id: str) -> None:
    """Have all that is on its way to an endpoint become dead letters."""
    session.execute(
        update(deliveries)
        .where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.state == "pending")
        .values(state="dead", claim=None, finished_at=milliseconds())
    )


def _again(session: Session, wanted: ColumnElement[bool], at: datetime) -> int:
    now = milliseconds(at)
    changed: Any = session.execute(
        update(deliveries)
        .where(wanted)
        .values(state="pending", attempts=0, due_at=now, claim=None, finished_at=None)
    )
    return int(changed.rowcount)


def _is_unclaimed(at: datetime) -> ColumnElement[bool]:
    """That no process is just at it: it would be sent twice at once."""
    return deliveries.c.claim.is_(None) | (deliveries.c.due_at <= milliseconds(at))


def _selected(owner: str | None) -> Select[Any]:
    query = select(*_COLUMNS).join(messages, messages.c.id == deliveries.c.message_id)
    if owner is not None:
        query = query.where(deliveries.c.owner == owner)
    return query


def read(row: Row[Any]) -> Delivery:
    created_at = moment(row.created_at)
    assert created_at is not None
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        endpoint_id=row.endpoint_id,
        type=row.type,
        state=row.state,
        attempts=row.attempts,
        due_at=moment(row.due_at) if row.state == "pending" else None,
        created_at=created_at,
        finished_at=moment(row.finished_at),
    )


def _read_attempt(row: Row[Any]) -> Attempt:
    started_at = moment(row.started_at)
    assert started_at is not None
    return Attempt(started_at, row.milliseconds / 1000, row.status, row.error, row.response)


__all__ = ["CHUNK", "add", "find", "give_up", "list_of", "read", "replay", "replay_since"]
