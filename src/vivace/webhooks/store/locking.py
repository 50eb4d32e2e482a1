"""Who reads before writing, on SQLite."""

from __future__ import annotations

from sqlalchemy import false, update
from sqlalchemy.orm import Session

from vivace.webhooks.store.tables import deliveries


def begin_writing(session: Session) -> None:
    """Take the right to write before anything is read, where only one at a time has it.

    SQLite has no locks on rows, and refuses those to write who have read what somebody else has
    written since. A statement that writes, though nothing, is waited for instead.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.execute(update(deliveries).where(false()).values(claim=None))


__all__ = ["begin_writing"]
