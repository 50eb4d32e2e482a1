"""Has those who deliver look at once, where something was just committed."""

from __future__ import annotations

import asyncio
from threading import Lock

from sqlalchemy import event
from sqlalchemy.orm import Session

from vivace.webhooks.delivery.listening import notify


class Bell:
    """Rings for everyone in this process who listens, from whatever thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def listen(self, woken: asyncio.Event) -> None:
        with self._lock:
            self._listeners[woken] = asyncio.get_running_loop()

    def leave(self, woken: asyncio.Event) -> None:
        with self._lock:
            self._listeners.pop(woken, None)

    def ring(self) -> None:
        with self._lock:
            for woken, loop in self._listeners.items():
                # One that is closed has nobody to be woken.
                if not loop.is_closed():
                    loop.call_soon_threadsafe(woken.set)

    def ring_after_commit(self, session: Session) -> None:
        """Ring whenever ``session`` commits. Rolled back, there is nothing to be delivered.

        Where nobody in this process listens, others are told by the database, if it can.
        """
        if not self._listeners:
            notify(session)
        if not event.contains(session, "after_commit", self._committed):
            event.listen(session, "after_commit", self._committed)

    def _committed(self, session: Session) -> None:
        self.ring()


__all__ = ["Bell"]
