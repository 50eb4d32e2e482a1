"""How processes share the deliveries that are due, over a session that the caller commits.

A process that claims a delivery has it for itself until its lease ends: until then it is due for
nobody. So a process that dies leaves nothing behind that has to be cleaned up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from vivace.webhooks.store import endpoints as managing
from vivace.webhooks.store.choosing import choose
from vivace.webhooks.store.locking import begin_writing
from vivace.webhooks.store.records import Attempt, Reason, State
from vivace.webhooks.store.shares import Shares
from vivace.webhooks.store.tables import (
    attempts,
    deliveries,
    endpoints,
    messages,
    milliseconds,
    new_id,
)


@dataclass(frozen=True)
class Claimed:
    """A delivery that a process has for itself, with what it takes to make it."""

    id: str
    claim: str
    message_id: str
    type: str
    body: str
    #: Attempts before this one.
    attempts: int
    endpoint_id: str
    owner: str
    url: str
    #: The secrets, as they are kept.
    sealed: str


@dataclass(frozen=True)
class Verdict:
    """What becomes of a delivery after an attempt.

    Attributes:
        state: Its state from now on.
        due_at: When the next attempt is due, where it is still pending.
        hold_until: Until when nothing more is to be sent to the endpoint.
        failing: Whether the endpoint has failed; ``None`` where nothing is known of it.
        disable: Why the endpoint is to be disabled at once.
    """

    state: State
    due_at: datetime | None = None
    hold_until: datetime | None = None
    failing: bool | None = None
    disable: Reason | None = None


@dataclass(frozen=True)
class Recorded:
    """An attempt that was written down.

    Attributes:
        disabled: Why the endpoint is disabled, where it has just been.
    """

    disabled: Reason | None


def next_due(session: Session) -> int | None:
    """When the next delivery is due, in milliseconds since 1970; ``None`` where there is none."""
    query = select(func.min(deliveries.c.due_at)).where(deliveries.c.state == "pending")
    found: int | None = session.scalar(query)
    return found


def claim(
    session: Session,
    *,
    limit: int,
    shares: Shares,
    lease: timedelta,
    now: datetime,
) -> list[Claimed]:
    """Claim deliveries that are due, the oldest first.

    Args:
        limit: How many at most.
        shares: Of which endpoints, and owners; those that are claimed are taken from it.
        lease: For how long they are claimed.
    """
    begin_writing(session)
    chosen = choose(session, limit, shares, now)
    return _take(session, chosen, milliseconds(now + lease)) if chosen else []


def _take(session: Session, chosen: Collection[str], lease_ends_at: int) -> list[Claimed]:
    token = new_id("clm")
    session.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(chosen))
        .values(claim=token, due_at=lease_ends_at)
    )
    query = (
        select(deliveries, messages, endpoints.c.url, endpoints.c.secrets, endpoints.c.enabled)
        .join(messages, messages.c.id == deliveries.c.message_id)
        .outerjoin(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(deliveries.c.id.in_(chosen))
        .order_by(deliveries.c.created_at, deliveries.c.id)
    )
    taken: list[Claimed] = []
    for row in session.execute(query):
        columns = row._mapping
        if not columns[endpoints.c.enabled]:
            # Written while the endpoint was being disabled or deleted.
            _finish(session, columns[deliveries.c.id], "dead")
            continue
        taken.append(
            Claimed(
                id=columns[deliveries.c.id],
                claim=token,
                message_id=columns[messages.c.id],
                type=columns[messages.c.type],
                body=columns[messages.c.body],
                attempts=columns[deliveries.c.attempts],
                endpoint_id=columns[deliveries.c.endpoint_id],
                owner=columns[deliveries.c.owner],
                url=columns[endpoints.c.url],
                sealed=columns[endpoints.c.secrets],
            )
        )
    return taken


def _finish(session: Session, id: str, state: State) -> None:
    session.execute(
        update(deliveries)
        .where(deliveries.c.id == id)
        .values(state=state, claim=None, finished_at=milliseconds())
    )


def record(
    session: Session,
    claimed: Claimed,
    attempt: Attempt,
    verdict: Verdict,
    *,
    disable_after: timedelta | None,
    now: datetime,
) -> Recorded | None:
    """Write down what an attempt has come to.

    Endpoints are written before deliveries, here and wherever both are: so nobody waits in a ring.

    Returns:
        ``None`` where nothing is written: the lease has ended, and another process has the
        delivery; or it was given up, or removed.
    """
    begin_writing(session)
    query = (
        select(deliveries.c.id, endpoints.c.failing_since)
        .outerjoin(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
        .where(deliveries.c.id == claimed.id, deliveries.c.claim == claimed.claim)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    since: int | None = found.failing_since
    reason = _judge_endpoint(session, claimed.endpoint_id, since, verdict, disable_after, now)
    _add_attempt(session, claimed.id, attempt)
    finished = verdict.state != "pending"
    values = {
        "state": verdict.state,
        "attempts": claimed.attempts + 1,
        "claim": None,
        "finished_at": milliseconds(now) if finished else None,
    }
    if verdict.due_at is not None:
        values["due_at"] = milliseconds(verdict.due_at)
    session.execute(
        update(deliveries)
        .where(deliveries.c.id == claimed.id, deliveries.c.claim == claimed.claim)
        .values(**values)
    )
    if reason is not None:
        managing.disable(session, claimed.endpoint_id, reason)
    return Recorded(reason)


def release(session: Session, claimed: Claimed, now: datetime) -> None:
    """Leave a delivery, whose attempt came to no end, to whoever is there."""
    session.execute(
        update(deliveries)
        .where(deliveries.c.id == claimed.id, deliveries.c.claim == claimed.claim)
        .values(claim=None, due_at=milliseconds(now))
    )


def _judge_endpoint(
    session: Session,
    endpoint_id: str,
    since: int | None,
    verdict: Verdict,
    disable_after: timedelta | None,
    now: datetime,
) -> Reason | None:
    """Keep how an endpoint does; why it is to be disabled, if it is.

    Args:
        since: Since when it has been failing, in milliseconds since 1970.
    """
    values: dict[str, int | None] = {}
    if verdict.failing and since is None:
        values["failing_since"] = since = milliseconds(now)
    elif verdict.failing is False and since is not None:
        values["failing_since"] = since = None
    if verdict.hold_until is not None:
        values["held_until"] = milliseconds(verdict.hold_until)
    if values:
        session.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))
    if verdict.disable is not None or since is None or disable_after is None:
        return verdict.disable
    lasts = milliseconds(now) - since
    return "failing" if lasts >= disable_after.total_seconds() * 1000 else None


def _add_attempt(session: Session, delivery_id: str, attempt: Attempt) -> None:
    session.execute(
        insert(attempts).values(
            id=new_id("att"),
            delivery_id=delivery_id,
            started_at=milliseconds(attempt.started_at),
            milliseconds=round(attempt.seconds * 1000),
            status=attempt.status,
            error=attempt.error,
            response=attempt.response,
        )
    )


__all__ = ["Claimed", "Recorded", "Verdict", "claim", "next_due", "record", "release"]
