"""Which of the deliveries that are due are next, over a session that the caller commits.

It takes no longer for what one endpoint has waiting. The oldest are looked at first, as many as
there is room for. Where some of them have to wait, others are looked for by endpoint, each of which
is asked for its own oldest ones: what is waiting for one is not walked through to get to another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from vivace.webhooks.store.shares import Place, Shares
from vivace.webhooks.store.tables import deliveries, endpoints, milliseconds


def choose(session: Session, limit: int, shares: Shares, now: datetime) -> list[str]:
    """The ids of deliveries that are due, locked for this transaction where rows have locks.

    Args:
        limit: How many at most.
        shares: Of which endpoints, and owners; those that are chosen are taken from it.
    """
    at = milliseconds(now)
    chosen, seen = _oldest(session, limit, shares, at)
    # Where there were no more, there are no others: those that others have locked, they take.
    if seen < limit or len(chosen) == limit:
        return chosen
    for place in _others(session, limit, shares, at):
        room = min(shares.room(place), limit - len(chosen))
        if room > 0:
            found = _of_endpoint(session, place, room, chosen, at)
            shares.take(place, len(found))
            chosen += found
        if len(chosen) == limit:
            break
    return chosen


def _oldest(session: Session, limit: int, shares: Shares, at: int) -> tuple[list[str], int]:
    """Those that were due first, but for endpoints that have to wait; how many were looked at."""
    held_until = select(endpoints.c.held_until).where(endpoints.c.id == deliveries.c.endpoint_id)
    query = (
        select(
            *(deliveries.c.id, deliveries.c.endpoint_id, deliveries.c.owner),
            held_until.scalar_subquery().label("held_until"),
        )
        .where(_is_due(at))
        # By nothing else: what is due at once would have to be sorted.
        .order_by(deliveries.c.due_at)
        .limit(limit)
    )
    rows = session.execute(query).all()
    fitting: dict[str, Place] = {}
    left = deepcopy(shares)
    for row in rows:
        place = Place(row.endpoint_id, row.owner)
        # There is no time where the endpoint was deleted meanwhile.
        if (row.held_until or 0) <= at and left.room(place) > 0:
            left.take(place)
            fitting[row.id] = place
    # Those that have to wait are not locked, nor, on MariaDB, what is written meanwhile.
    these = select(deliveries.c.id).where(deliveries.c.id.in_(fitting), _is_due(at))
    chosen = [*session.scalars(_locked(these, limit))] if fitting else []
    for id in chosen:
        shares.take(fitting[id])
    return chosen, len(rows)


def _others(session: Session, limit: int, shares: Shares, at: int) -> Iterator[Place]:
    """Endpoints that something is due for, and that have room; the one that waits longest first."""
    # One look into the index for each endpoint. As a join, or EXISTS, it may become a walk through
    # all that is due.
    due_at = (
        select(deliveries.c.due_at)
        .where(deliveries.c.endpoint_id == endpoints.c.id, deliveries.c.state == "pending")
        .order_by(deliveries.c.due_at)
        .limit(1)
    )
    asked: list[str] = []
    while True:
        free = and_(
            *(endpoints.c.enabled, endpoints.c.held_until <= at),
            endpoints.c.id.not_in([*shares.full_endpoints, *asked]),
            endpoints.c.owner.not_in(shares.full_owners),
        )
        waiting = select(
            *(endpoints.c.id, endpoints.c.owner),
            due_at.scalar_subquery().label("due_at"),
        ).where(free)
        found = waiting.subquery()
        query = select(found).where(found.c.due_at <= at).order_by(found.c.due_at).limit(limit)
        rows = session.execute(query).all()
        for row in rows:
            asked.append(row.id)
            yield Place(row.id, row.owner)
        if len(rows) < limit:
            return


def _of_endpoint(
    session: Session, place: Place, limit: int, chosen: Collection[str], at: int
) -> list[str]:
    """Those of one endpoint that were due first."""
    query = (
        select(deliveries.c.id)
        .where(deliveries.c.endpoint_id == place.endpoint_id, _is_due(at))
        .where(deliveries.c.id.not_in(chosen))
        .order_by(deliveries.c.due_at)
    )
    return [*session.scalars(_locked(query, limit))]


def _is_due(at: int) -> ColumnElement[bool]:
    return and_(deliveries.c.state == "pending", deliveries.c.due_at <= at)


def _locked(query: Select[Any], limit: int) -> Select[Any]:
    return query.limit(limit).with_for_update(skip_locked=True, of=deliveries)


__all__ = ["choose"]
