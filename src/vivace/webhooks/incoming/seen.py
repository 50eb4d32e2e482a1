"""Which messages were handled before, so that each is handled once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vivace import Depends
from vivace.sql import Database, SyncDatabase
from vivace.webhooks.incoming.errors import Dropped, StillHandled
from vivace.webhooks.incoming.messages import Received
from vivace.webhooks.store.tables import metadata, milliseconds, received

#: Seconds between two times that what is old is forgotten.
PURGE_INTERVAL = 3600.0


@runtime_checkable
class Seen(Protocol):
    """Knows what was handled before."""

    def once(self, message: Any, source: str) -> Any:
        """A dependency that gives a message to an endpoint once.

        Args:
            message: The dependency that gives the message.
            source: Whose message it is: ids of different senders have nothing to do with each
                other.
        """


class MemorySeen:
    """Remembers messages in this process: for an app with one, and for tests.

    A message whose endpoint fails is not remembered.

    Args:
        most: How many are remembered.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        #: Whether a message has been handled, or is still being.
        self._handled: OrderedDict[tuple[str, str], bool] = OrderedDict()

    def once(self, message: Any, source: str) -> Any:
        async def once(message: Received[Any] = message) -> AsyncIterator[Received[Any]]:
            key = (source, message.id)
            if key in self._handled:
                raise Dropped if self._handled[key] else StillHandled
            self._handled[key] = False
            if len(self._handled) > self._most:
                self._handled.popitem(last=False)
            try:
                yield message
            except BaseException:
                self._handled.pop(key, None)
                raise
            self._handled[key] = True

        return Depends(once, scope="function")


class SQLSeen:
    """Remembers messages in the app's database, in the transaction of the request.

    So what a message has changed, and that it was handled, are committed together or not at all.
    The endpoint has to use ``database.session``.

    Args:
        database: The database, which has to know the tables:
            ``Database(..., metadata=[Base.metadata, vivace.webhooks.metadata])``.
        keep: For how long a message is remembered.

    Raises:
        ValueError: The database does not know the tables.
    """

    def __init__(
        self, database: Database | SyncDatabase, *, keep: timedelta = timedelta(days=30)
    ) -> None:
        if metadata not in database.metadata:
            raise ValueError(
                "The database does not know the tables of webhooks. Give them to it: "
                "Database(..., metadata=[Base.metadata, vivace.webhooks.metadata])."
            )
        self._database = database
        self._keep = keep
        self._purge_at = time.monotonic() + PURGE_INTERVAL

    def once(self, message: Any, source: str) -> Any:
        session = self._database.session
        if isinstance(self._database, SyncDatabase):

            def once_in_thread(
                message: Received[Any] = message, session: Session = session
            ) -> Received[Any]:
                self._remember(session, source, message.id)
                return message

            return Depends(once_in_thread, scope="function")

        async def once(
            message: Received[Any] = message, session: AsyncSession = session
        ) -> Received[Any]:
            await session.run_sync(self._remember, source, message.id)
            return message

        return Depends(once, scope="function")

    def _remember(self, session: Session, source: str, id: str) -> None:
        """Write down a message. One that another request is at is waited for by the database.

        Raises:
            Dropped: It was handled before.
        """
        if time.monotonic() > self._purge_at:
            self._purge_at = time.monotonic() + PURGE_INTERVAL
            before = milliseconds() - int(self._keep.total_seconds() * 1000)
            session.execute(delete(received).where(received.c.received_at < before))
        # What a dependency has added before, and cannot be written, is no sign of this message.
        session.flush()
        try:
            with session.begin_nested():
                session.execute(
                    insert(received).values(source=source, id=id, received_at=milliseconds())
                )
        except IntegrityError:
            raise Dropped from None


__all__ = ["MemorySeen", "SQLSeen", "Seen"]
