"""Forgetting what has been done, over a session that the caller commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from vivace.webhooks.store.deliveries import CHUNK
from vivace.webhooks.store.locking import begin_writing
from vivace.webhooks.store.tables import attempts, deliveries, messages, milliseconds


def purge(session: Session, before: datetime) -> int:
    """Remove some of what was finished before then; how many deliveries and messages that were.

    It is to be called until nothing is left: so that no transaction is long.
    """
    begin_writing(session)
    at = milliseconds(before)
    # What is just being asked for again is locked, and is not to be removed when that is done.
    old = (
        select(deliveries.c.id)
        .where(deliveries.c.finished_at < at)
        .limit(CHUNK)
        .with_for_update(skip_locked=True)
    )
    ids = [*session.scalars(old)]
    if ids:
        session.execute(delete(attempts).where(attempts.c.delivery_id.in_(ids)))
        session.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
        return len(ids)
    # Those whose deliveries are gone.
    left = exists().where(deliveries.c.message_id == messages.c.id)
    unused = select(messages.c.id).where(messages.c.created_at < at, ~left).limit(CHUNK)
    ids = [*session.scalars(unused)]
    if ids:
        session.execute(delete(messages).where(messages.c.id.in_(ids)))
    return len(ids)


__all__ = ["purge"]
