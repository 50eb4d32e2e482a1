"""Members: who is in a room, over one connection each."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from math import ceil, inf
from secrets import token_urlsafe
from time import monotonic
from typing import Any

from pydantic import BaseModel

from vivace.live.brokers.protocol import START
from vivace.live.errors import DISMISSED, SILENT, TooManyMessages
from vivace.live.frames import PING, Frame
from vivace.live.messages import Messages
from vivace.live.outlets import Outlet

#: Bytes of a user's name: brokers put the process beside it.
LONGEST_USER = 400
#: What the names of users begin with that have none.
ANONYMOUS = "anonymous-"


@dataclass(frozen=True, slots=True)
class Guest:
    """Who may come in: what the function ``admits`` of a room returns.

    Args:
        user: Who it is, in at most 400 bytes, the same over all of a user's connections; by
            default nobody else.
        shows: What others see of the user, as a model of the type that the room ``shows``.
        held: Anything for the handlers of this connection; it does not leave the process.

    Raises:
        TypeError: ``user`` is no text.
    """

    user: str = ""
    shows: Any = None
    held: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.user, str):
            raise TypeError(f"Guest({self.user!r}): a user is told by text. Give str(...) of it.")
        if not self.user:
            object.__setattr__(self, "user", ANONYMOUS + token_urlsafe(12))


@dataclass(frozen=True, slots=True)
class Present:
    """A user who is in a room, however many connections it has."""

    user: str
    shows: Any = None


class Readmission:
    """Asks again, at times, whether a member may be here; once at a time, however long it takes.

    Args:
        ask: Asks, and closes the connection of one who may not.
        every: Seconds between.
    """

    __slots__ = ("_ask", "_every", "_next")

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, None]], every: float) -> None:
        self._ask = ask
        self._every = every
        self._next = monotonic() + every

    def is_due(self) -> bool:
        """Whether :meth:`ask` is to be called now, which then has to be."""
        if monotonic() < self._next:
            return False
        self._next = inf
        return True

    async def ask(self) -> None:
        try:
            await self._ask()
        finally:
            self._next = monotonic() + self._every


class Member:
    """One connection to a room, over a socket or as a reader of events; or a request to it.

    Attributes:
        id: Tells it from all others.
        user, shows, held: As the :class:`Guest` had them.
    """

    __slots__ = (
        "_allowance",
        "_counted_at",
        "_outlet",
        "_sends",
        "held",
        "id",
        "known",
        "missed",
        "position",
        "readmission",
        "shows",
        "slot",
        "user",
    )

    def __init__(self, guest: Guest, sends: Messages, outlet: Outlet) -> None:
        self.id = token_urlsafe(9)
        self.user = guest.user
        self.shows = guest.shows
        self.held = guest.held
        self._sends = sends
        self._outlet = outlet
        #: Up to where it has the events of the room; ``None`` while it gets what it missed.
        self.position: str | None = None
        #: After how many changes of who is there it was welcomed.
        self.known = 0
        #: How many pings there were since it was last heard.
        self.missed = 0
        self.slot = 0
        #: Asks again whether it may be here; ``None`` where that is asked only once.
        self.readmission: Readmission | None = None
        self._allowance = 0.0
        self._counted_at = 0.0

    def __repr__(self) -> str:
        return f"<Member {self.id} user={self.user!r}>"

    async def send(self, message: BaseModel) -> None:
        """Send a message to this connection alone. It is not kept: who comes back has missed it.

        Raises:
            TypeError: The room is not declared to send it.
        """
        type, json = self._sends.encode(message)
        self._outlet.put_own(Frame(type, json))

    def close(self, code: int = DISMISSED, reason: str = "") -> None:
        """End this connection, with a close code of RFC 6455, section 7.4."""
        self._outlet.end(code, reason)

    @property
    def is_open(self) -> bool:
        return self._outlet.closed is None

    # What follows is for the room.

    def deliver(self, frame: Frame) -> None:
        """Send an event of the room, unless it has it already or is still getting what it missed.

        Where it missed some, what comes is read from the broker with them.
        """
        position = self.position
        if position is None or (frame.id is not None and frame.id <= position):
            return
        if frame.id is not None:
            self.position = frame.id
        if frame.is_for(self.user):
            self._outlet.put(frame)

    def lose(self, gap: Frame) -> None:
        """Say that events are missing; ids may begin anew after them."""
        if self.position is not None:
            self.position = START
            self._outlet.put_own(gap)

    def tell(self, frame: Frame) -> None:
        """Send what the room says by itself."""
        self._outlet.put_own(frame)

    def heard(self) -> None:
        self.missed = 0

    def visit(self, missed_heartbeats: int) -> None:
        """At each heartbeat: ping, or close a socket that has been silent for too long."""
        if self.missed >= missed_heartbeats:
            self._outlet.end(SILENT, "Pings are not answered")
            return
        self.missed += 1
        if not self._outlet.is_busy:
            self._outlet.put_own(PING)

    def count(self, per_second: float, burst: int) -> None:
        """Count a message (a bucket of tokens, which fills up evenly).

        Raises:
            TooManyMessages: It comes too soon.
        """
        now = monotonic()
        allowance = min(burst, self._allowance + (now - self._counted_at) * per_second)
        if self._counted_at == 0.0:
            allowance = burst
        self._counted_at = now
        if allowance < 1:
            self._allowance = allowance
            raise TooManyMessages(ceil((1 - allowance) / per_second))
        self._allowance = allowance - 1


__all__ = ["ANONYMOUS", "LONGEST_USER", "Guest", "Member", "Present", "Readmission"]
