"""What one event loop knows of rooms: those that members are in, and whose heart is to be heard.

However many sockets there are, there are three tasks: one that pings, one that renews presence, and
one that looks for those whose presence is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from secrets import token_hex
from typing import Any

from vivace.live.brokers.protocol import Broker, BrokerUnavailable
from vivace.live.changes import FrameFor
from vivace.live.errors import SERVICE_RESTART
from vivace.live.feed import Feed
from vivace.live.member import Member
from vivace.live.quota import Quota
from vivace.live.roster import Roster
from vivace.live.settings import LiveSettings

log = logging.getLogger("vivace.live")

#: Rooms that are looked into at once.
LOOKING = 10

#: In how many parts members are pinged, so that not all are at once.
SLOTS = 16


class Hub:
    """The rooms of one event loop.

    Args:
        broker: Carries what is said to other processes.
        settings: Lifetimes and limits.

    Attributes:
        process: What brokers know this process by.
        quota: How many connections users have.
    """

    def __init__(self, broker: Broker, settings: LiveSettings) -> None:
        self.process = token_hex(8)
        self.quota = Quota(broker, settings.sockets_per_user, settings.presence)
        self._broker = broker
        self._settings = settings
        self._feeds: dict[str, Feed] = {}
        self._wheel: list[set[Member]] = [set() for _ in range(SLOTS)]
        self._slot = 0
        self._turns = 0
        self._looks = 0
        self._reads = asyncio.Semaphore(settings.reads)
        self._tasks: list[asyncio.Task[None]] = []
        self._asking: set[asyncio.Task[None]] = set()

    async def use(self, room: str, *, has_roster: bool) -> Feed:
        """The feed of a room, which is followed until all have released it.

        Raises:
            BrokerUnavailable: The broker is away.
        """
        self._begin()
        feed = self._feeds.get(room)
        if feed is None:
            feed = self._feeds[room] = self._make_feed(room, has_roster=has_roster)
        feed.users += 1
        try:
            await feed.started()
        except BaseException:
            await self.release(feed)
            raise
        return feed

    async def release(self, feed: Feed) -> None:
        """One user of a feed less."""
        feed.users -= 1
        if not feed.users:
            del self._feeds[feed.name]
            await feed.stop()

    def find(self, room: str) -> Feed | None:
        """The feed of a room, if a member of it is here."""
        return self._feeds.get(room)

    def add(self, member: Member) -> None:
        """Have a member pinged."""
        # In those that have just been visited, so that the first ping comes late; in several, as
        # all may come at once.
        self._turns += 1
        member.slot = (self._slot - 1 - self._turns % (SLOTS // 4)) % SLOTS
        self._wheel[member.slot].add(member)

    def remove(self, member: Member) -> None:
        self._wheel[member.slot].discard(member)

    async def close(self) -> None:
        """Have all members come back elsewhere."""
        tasks = [*self._tasks, *self._asking]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks = []
        for slot in self._wheel:
            for member in tuple(slot):
                member.close(SERVICE_RESTART, "The service restarts")
        for feed in tuple(self._feeds.values()):
            await feed.stop()

    def _make_feed(self, room: str, *, has_roster: bool) -> Feed:
        def make_roster(tell: Callable[[FrameFor], bool]) -> Roster:
            return Roster(self._broker, room, self.process, self._settings, tell)

        make = make_roster if has_roster else None
        return Feed(room, self._broker, self._settings, self._reads, make)

    def _begin(self) -> None:
        if not self._tasks:
            # To look into thousands of rooms may take longer than those may wait who are renewed.
            work: list[Coroutine[Any, Any, None]] = [
                self._ping(),
                self._repeat("Presence is not renewed", self._keep),
                self._repeat("Who has gone is not known", self._look),
            ]
            self._tasks = [asyncio.create_task(one) for one in work]

    async def _ping(self) -> None:
        """Visit each member once in a heartbeat."""
        while True:
            await asyncio.sleep(self._settings.heartbeat / SLOTS)
            for member in tuple(self._wheel[self._slot]):
                member.visit(self._settings.missed_heartbeats)
                if member.readmission is not None and member.readmission.is_due():
                    self._start(member.readmission.ask)
            self._slot = (self._slot + 1) % SLOTS

    def _start(self, ask: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Ask whether a member may stay, of not too many at the same time."""

        async def asking() -> None:
            async with self._reads:
                await ask()

        task = asyncio.create_task(asking())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _repeat(self, failure: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Three times in the time after which those expire whom nobody renews."""
        while True:
            await asyncio.sleep(self._settings.presence / 3)
            try:
                await work()
            except BrokerUnavailable:
                log.warning("%s: the broker is away", failure)
            except Exception:
                log.exception(failure)

    @property
    def _rosters(self) -> list[Roster]:
        return [feed.roster for feed in self._feeds.values() if feed.roster is not None]

    async def _keep(self) -> None:
        await self._renew()
        await self.quota.renew()

    async def _renew(self) -> None:
        rosters = self._rosters
        names = [name for roster in rosters for name in roster.names()]
        if not names:
            return
        absent = {*await self._broker.renew(names, self._settings.presence)}
        # Meanwhile rooms may have been left, and entered again.
        by_room = {roster.room: roster for roster in (*rosters, *self._rosters)}
        for room, name in names:
            roster = by_room[room]
            if (room, name) in absent:
                await roster.enter_again(name)
            elif not roster.is_here(name):
                await roster.linger(name)

    async def _look(self) -> None:
        self._looks += 1
        refreshes = self._looks % 3 == 0
        rosters = self._rosters
        for first in range(0, len(rosters), LOOKING):
            looks = (_look_into(one, refreshes) for one in rosters[first : first + LOOKING])
            await asyncio.gather(*looks)


async def _look_into(roster: Roster, refreshes: bool) -> None:
    await roster.sweep()
    if refreshes:
        await roster.refresh()


__all__ = ["Hub"]
