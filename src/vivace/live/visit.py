"""A connection in a room, from the way in to the way out, whatever it is made over."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

from anyio import CancelScope, move_on_after

from vivace.live.brokers.protocol import BrokerUnavailable, EntryTooLarge
from vivace.live.errors import (
    COMING_BACK,
    INTERNAL_ERROR,
    TRY_AGAIN_LATER,
    LiveUnavailable,
    RoomFull,
    as_http,
    close_code,
    error_frame,
)
from vivace.live.feed import Feed
from vivace.live.frames import GAP, Frame, own_frame
from vivace.live.handlers import Call
from vivace.live.hub import Hub
from vivace.live.member import ANONYMOUS, Guest, Member, Readmission
from vivace.live.outlets import Outlet
from vivace.live.quota import Place
from vivace.live.room import Room
from vivace.requests import HTTPConnection
from vivace.types import Scope

if TYPE_CHECKING:
    from vivace.live.rooms import Rooms

log = logging.getLogger("vivace.live")

#: What ids are made of: anything else would get into frames.
ID = re.compile(r"[A-Za-z0-9-]{1,64}")
#: Seconds in which a connection that is over has to be cleared up.
CLEARING = 10.0


class Visit:
    """One connection in a room.

    Args:
        rooms: Of which kind the room is.
        room: Which one it is.
        guest: Who is let in.
        outlet: The way to it.
        scope: That of the connection.

    Attributes:
        member: The connection, as handlers know it.
        room: As given.
    """

    __slots__ = (
        "_feed",
        "_has_joined",
        "_hub",
        "_place",
        "_rooms",
        "_scope",
        "member",
        "room",
    )

    def __init__(
        self, rooms: Rooms, room: Room, guest: Guest, outlet: Outlet, scope: Scope
    ) -> None:
        self.room = room
        self.member = Member(guest, rooms.sends, outlet)
        self._rooms = rooms
        self._scope = scope
        self._hub: Hub = rooms.hub
        self._feed: Feed | None = None
        self._place: Place | None = None
        self._has_joined = False

    async def begin(self) -> None:
        """Take a place in the room.

        Raises:
            LiveUnavailable: The broker is away.
            RoomFull: There is none.
            TooManySockets: The user has as many connections as one may.
        """
        member, rooms = self.member, self._rooms
        try:
            self._place = await self._hub.quota.take(member.user)
            feed = self._feed = await self._hub.use(self.room.name, has_roster=rooms.has_presence)
            if feed.roster is not None:
                await feed.roster.enter(member.user, member.shows, rooms.max_members)
            elif rooms.max_members is not None and feed.users > rooms.max_members:
                raise RoomFull
        except BaseException as error:
            await self._give_up()
            if isinstance(error, (BrokerUnavailable, EntryTooLarge)):
                raise LiveUnavailable from error
            raise

    async def _give_up(self) -> None:
        with CancelScope(shield=True), move_on_after(CLEARING):
            await self._release()

    async def events(self, after: str | None) -> AsyncIterator[list[Frame]]:
        """What the member gets first: a welcome, and what it has missed.

        From the last of it on, it gets events as they come. Each is to be put into its outlet, or
        sent, before the next is asked for.

        Raises:
            BrokerUnavailable: The broker is away.
        """
        feed, member = self._entered, self.member
        is_id = after is not None and ID.fullmatch(after) is not None
        position = after if after is not None and is_id else await feed.newest()
        roster = feed.roster
        # It is told from here on who comes and goes.
        feed.members.add(member)
        if roster is not None:
            member.known = roster.changes.count
        if self._rooms.readmits is not None:
            member.readmission = Readmission(self._readmit, self._rooms.readmits)
        self._hub.add(member)
        yield [
            own_frame(
                "welcome",
                id=position,
                member=member.id,
                user=member.user,
                members=roster.members if roster is not None else None,
            )
        ]
        if after and not is_id:
            yield [GAP]
        async for frames in feed.missed(member, position):
            yield frames

    async def _readmit(self) -> None:
        """Ask again whether the member may be here, with what it has connected with."""
        try:
            _, guest = await self._rooms.admit(HTTPConnection(self._scope))
        except Exception as error:
            told = as_http(error)
            if told is None or told.status_code == 429 or told.status_code >= 500:
                # What is asked is out of reach, or too busy, and says nothing of the member.
                log.warning("Whether a member may stay cannot be asked", exc_info=error)
            else:
                self.member.close(close_code(told.status_code), str(told.detail))
            return
        if guest.user != self.member.user and not guest.user.startswith(ANONYMOUS):
            self.member.close(close_code(401), "Somebody else is signed in")

    async def joined(self) -> None:
        """Call what is called when a member joins, and close the connection if that is refused."""
        handler = self._rooms.join_handler
        try:
            if handler is not None:
                await handler(self._scope, Call(self.room, self.member))
        except Exception as error:
            told = as_http(error)
            self.member.tell(error_frame(error, None))
            code = INTERNAL_ERROR if told is None else close_code(told.status_code)
            self.member.close(code, "" if told is None else str(told.detail))
        else:
            self._has_joined = True

    async def end(self, code: int) -> None:
        """Leave the room. Nothing stops it, and it raises nothing.

        Args:
            code: The close code. Where it says that the user may be back soon, the user is still
                shown for a while.
        """
        self._hub.remove(self.member)
        feed = self._entered
        feed.members.discard(self.member)
        # Each by itself: whatever the app's function does, nobody is shown who is gone.
        with CancelScope(shield=True), move_on_after(CLEARING) as clearing:
            await self._say_goodbye()
        if clearing.cancelled_caught:
            log.error("What is called when a member leaves takes longer than %g seconds", CLEARING)
        if feed.roster is not None:
            with CancelScope(shield=True), move_on_after(CLEARING), suppress(BrokerUnavailable):
                await feed.roster.leave(self.member.user, lingers=code in COMING_BACK)
        with CancelScope(shield=True), move_on_after(CLEARING):
            await self._release()

    async def _say_goodbye(self) -> None:
        handler = self._rooms.leave_handler
        if handler is None or not self._has_joined:
            return
        try:
            await handler(self._scope, Call(self.room, self.member))
        except Exception as error:
            if as_http(error) is None:
                log.exception("What is called when a member leaves has failed")

    async def _release(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            await self._hub.quota.give_back(place)
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.members.discard(self.member)
            await self._hub.release(feed)

    @property
    def _entered(self) -> Feed:
        assert self._feed is not None
        return self._feed

    def close_if_unavailable(self, error: Exception) -> None:
        """Close, if that is what is to be done while the broker is away."""
        if self._rooms.closes_when_unavailable and isinstance(
            error, (LiveUnavailable, BrokerUnavailable)
        ):
            self.member.close(TRY_AGAIN_LATER, "The room is out of reach")


__all__ = ["Visit"]
