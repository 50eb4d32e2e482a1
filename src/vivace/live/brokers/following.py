"""Following a room over a connection that may be cut, without a gap.

An engine keeps the log of a room, and tells of each entry as it is appended, with the id of the one
before it. What is told may get lost; that something did is seen by that id, and what it was is read
from the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from vivace.live.brokers.protocol import (
    START,
    BrokerUnavailable,
    Deliver,
    Entry,
    History,
    Lost,
)
from vivace.waiting import end

logger = logging.getLogger(__name__)

#: How many entries are read from the log at once.
BATCH = 100

#: How many are held back meanwhile.
HELD = 1000

#: Reads the log: room, id to read after (``None`` for the newest), and how many at most.
Read: TypeAlias = Callable[[str, str | None, int], Awaitable[History]]


class Follower:
    """Passes on the entries of one room: in order, each once.

    Args:
        room: Of which room.
        deliver: What takes entries.
        lost: What is told that some are missing.
        read: Reads the log of the engine.
        gate: Held while the log is read, for thousands of rooms that have to be read at once.
        pause: Seconds until an engine that is out of reach is asked again.
    """

    def __init__(
        self,
        room: str,
        deliver: Deliver,
        lost: Lost,
        *,
        read: Read,
        gate: asyncio.Semaphore,
        pause: float,
    ) -> None:
        self.room = room
        self._deliver = deliver
        self._lost = lost
        self._read = read
        self._gate = gate
        self._pause = pause
        # All up to here has been passed on.
        self._position = START
        self._has_started = False
        # Whether what comes next is told, so that nothing has to be read.
        self._is_sure = False
        # Whether something may have got lost since the log was last read.
        self._is_doubted = False
        # If more come than are held back, the gap is seen, and the log read again.
        self._held: deque[tuple[Entry, str]] = deque(maxlen=HELD)
        self._catching_up: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin with what is appended from now on; entries are told of already.

        Raises:
            BrokerUnavailable: The log cannot be read.
        """
        self._is_doubted = False
        self._position = (await self._read(self.room, None, 1)).position
        self._has_started = True
        if self._is_doubted:
            self.check()
        else:
            self._go_on()

    def take(self, entry: Entry, before: str) -> None:
        """What the engine tells: an entry, and the id of the one before it."""
        if self._is_sure and before <= self._position:
            self._pass_on(entry)
            return
        self._held.append((entry, before))
        if self._is_sure:
            self.check()

    def doubt(self) -> None:
        """Something may get lost from now on, until :meth:`check`."""
        self._is_sure = False

    def check(self) -> None:
        """Something may have got lost: read the log from where this is."""
        self._is_sure = False
        self._is_doubted = True
        if self._has_started and self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    async def close(self) -> None:
        """End; nothing is passed on from now on."""
        self._is_sure = self._has_started = False
        if self._catching_up is not None:
            await end(self._catching_up)

    async def _catch_up(self) -> None:
        try:
            while not self._is_sure:
                try:
                    await self._read_on()
                except BrokerUnavailable:
                    await asyncio.sleep(self._pause)
                except Exception:
                    # Whoever follows would wait for ever.
                    logger.exception("A room cannot be read, and will be tried again.")
                    await asyncio.sleep(self._pause)
        finally:
            self._catching_up = None

    async def _read_on(self) -> None:
        async with self._gate:
            self._is_doubted = False
            history = await self._read(self.room, self._position, BATCH)
        if not history.is_complete:
            self._lost()
        for entry in history.entries:
            self._deliver(entry)
        # It may be an earlier one: an engine that has lost its log begins anew.
        self._position = history.position
        if len(history.entries) < BATCH and not self._is_doubted:
            self._go_on()

    def _go_on(self) -> None:
        """With what is told, from what was held back on, if nothing is missing there."""
        while self._held:
            entry, before = self._held.popleft()
            if before > self._position:
                self._held.clear()
                self.check()
                return
            self._pass_on(entry)
        self._is_sure = True

    def _pass_on(self, entry: Entry) -> None:
        if entry.id > self._position:
            self._position = entry.id
            self._deliver(entry)


__all__ = ["BATCH", "HELD", "Follower", "Read"]
