"""A room in one process, which follows it once for all of its members here."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from vivace.live.brokers.protocol import START, Broker, Entry, UnknownId
from vivace.live.changes import FrameFor
from vivace.live.errors import DISMISSED
from vivace.live.frames import DISMISSAL, GAP, MESSAGE, Frame, unpack
from vivace.live.member import Member
from vivace.live.roster import Roster
from vivace.live.settings import LiveSettings

#: How many events are at hand for those who come back, without asking the broker.
RECENT = 128
#: How many events are read from the broker at a time.
PAGE = 100


class Feed:
    """The events of one room.

    Args:
        name: The name that brokers know it by.
        broker: Where they come from.
        settings: How much is read.
        reads: Held by whoever reads what it missed.
        make_roster: Makes the list of who is there, given what tells all members; ``None``
            where there is none.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        settings: LiveSettings,
        reads: asyncio.Semaphore,
        make_roster: Callable[[Callable[[FrameFor], bool]], Roster] | None,
    ) -> None:
        self.name = name
        self.members: set[Member] = set()
        self.roster = make_roster(self._tell) if make_roster is not None else None
        #: How many use it: members, and those who are about to be.
        self.users = 0
        #: The id of the last event that has come here.
        self.position = START
        self._broker = broker
        self._settings = settings
        self._reads = reads
        self._recent: deque[Frame] = deque()
        #: All events after this one are at hand; ``None`` where that is not known.
        self._floor: str | None = None
        self._following: AbstractAsyncContextManager[None] | None = None
        self._starting: asyncio.Task[None] | None = None

    async def started(self) -> None:
        """Wait until it follows; whoever comes first begins.

        Raises:
            BrokerUnavailable: The broker is away; the next one tries again.
        """
        if self._starting is None or _has_failed(self._starting):
            self._starting = asyncio.create_task(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        following = self._broker.follow(self.name, self._take, self._lose)
        await following.__aenter__()
        self._following = following
        try:
            position = (await self._broker.read(self.name, None, 1)).position
            if self.roster is not None:
                await self.roster.start()
        except BaseException:
            await self._unfollow()
            raise
        self.position = self._floor = max(self.position, position)
        self._recent.clear()

    async def stop(self) -> None:
        """Follow no longer."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait([self._starting])
        await self._unfollow()

    async def _unfollow(self) -> None:
        following, self._following = self._following, None
        if self.roster is not None:
            await self.roster.stop()
        if following is not None:
            await following.__aexit__(None, None, None)

    async def newest(self) -> str:
        """The position from which one who is new gets events.

        Raises:
            BrokerUnavailable: The broker is away.
        """
        if self._floor is not None:
            return self.position
        return (await self._broker.read(self.name, None, 1)).position

    async def missed(self, member: Member, after: str) -> AsyncIterator[list[Frame]]:
        """What came after an id, and then have the member get what comes.

        From the last frames on, which are to be put into its outlet at once, it gets events as they
        come: none is left out in between, and none comes twice.

        Args:
            member: Who comes back.
            after: The id of the last event that it has, or where one who is new begins.

        Raises:
            BrokerUnavailable: The broker is away.
        """
        position, count = after, 0
        # What is after all that has come here may be the id of another process, or none at all:
        # the broker knows.
        is_known = position <= self.position
        while not (is_known and self._reaches(position)):
            is_known = True
            try:
                async with self._reads:
                    history = await self._broker.read(self.name, position, PAGE)
            except UnknownId:
                yield [GAP]
                position = await self.newest()
                continue
            if not history.is_complete:
                yield [GAP]
            yield self._frames(history.entries, member)
            position = history.position
            count += len(history.entries)
            if not history.entries:
                if self._floor is None:
                    break
                position = max(position, self._floor)
            elif count >= self._settings.replay and not self._reaches(position):
                yield [GAP]
                position = self._floor or await self.newest()
        recent = [one for one in self._recent if one.id is not None and one.id > position]
        member.position = max(position, self.position)
        yield [frame for frame in recent if frame.is_for(member.user)]

    def _reaches(self, position: str) -> bool:
        """Whether all that came after a position is at hand."""
        return self._floor is not None and position >= self._floor

    def _frames(self, entries: list[Entry], member: Member) -> list[Frame]:
        found = [received for entry in entries if (received := unpack(entry)) is not None]
        frames = [received.frame for received in found if received.kind == MESSAGE]
        return [frame for frame in frames if frame.is_for(member.user)]

    def _take(self, entry: Entry) -> None:
        if entry.id <= self.position:
            return
        self.position = entry.id
        received = unpack(entry)
        if received is None:
            return
        if received.kind == DISMISSAL:
            self._dismiss(received.frame.to or "", received.reason)
        elif received.kind == MESSAGE:
            self._keep(received.frame)
            for member in tuple(self.members):
                member.deliver(received.frame)

    def _keep(self, frame: Frame) -> None:
        if self._floor is None:
            self._floor = frame.id
            return
        self._recent.append(frame)
        if len(self._recent) > RECENT:
            self._floor = self._recent.popleft().id

    def _lose(self) -> None:
        """Events are missing: who is here is told, and ids may begin anew."""
        self._recent.clear()
        self._floor = None
        self.position = START
        for member in tuple(self.members):
            member.lose(GAP)

    def _dismiss(self, user: str, reason: str) -> None:
        for member in tuple(self.members):
            if member.user == user:
                member.close(DISMISSED, reason)

    def _tell(self, frame_for: FrameFor) -> bool:
        is_told = False
        for member in tuple(self.members):
            frame = frame_for(member.known)
            if frame is not None:
                member.tell(frame)
                is_told = True
        return is_told


def _has_failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


__all__ = ["PAGE", "RECENT", "Feed"]
