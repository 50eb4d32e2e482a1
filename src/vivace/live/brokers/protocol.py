"""What a broker does."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, runtime_checkable

#: The id before that of any entry.
START: Final = "0"

#: Bytes that the name of a room or a member may have in UTF-8.
LONGEST_NAME: Final = 512


class BrokerUnavailable(Exception):
    """The engine is out of reach, or does not answer in time.

    What was asked of it may have been done, or not: a caller that appends again gives a ``key``.
    """


class UnknownId(ValueError):
    """This is no id that this broker gives."""


class EntryTooLarge(ValueError):
    """The engine takes no entry, or no presence in a room, of so many bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was appended to a room.

    Args:
        id: Says where it stands. As strings, ids of one room are in the order of its entries;
            otherwise they are nobody's business. They are of ASCII letters, digits and hyphens.
        data: What was given.
    """

    id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class History:
    """What a room keeps, or a part of it.

    Args:
        entries: In the order in which they were appended.
        is_complete: Whether these are all that came after the id that was asked for, up to the last
            one here. ``False`` where some are no longer kept, and where that cannot be known.
        position: The id to read on from: of the last entry here, or, if there is none, one at or
            after the last that the room had.
    """

    entries: list[Entry]
    is_complete: bool
    position: str


#: Called with an entry, in the event loop; it returns at once and raises nothing.
Deliver: TypeAlias = Callable[[Entry], None]

#: Called in the event loop where entries are missing before the next one that is delivered.
Lost: TypeAlias = Callable[[], None]


@runtime_checkable
class Broker(Protocol):
    """Carries entries and presence; a class with these methods will do.

    It is made at import, and used in several processes and event loops. Names of rooms and members
    are any text of 1 to 512 bytes in UTF-8.

    What is told to one caller only, as that somebody left, is told to nobody where the answer of
    the engine gets lost on its way; ``present`` says what is so.

    Raises:
        BrokerUnavailable: By all methods, soon, where the engine is out of reach.
        ValueError: By all methods, of a name that is none.
    """

    async def open(self) -> None:
        """Connect, in the running event loop, and make what the engine needs."""

    async def close(self) -> None:
        """End what the running event loop has open, following included."""

    async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
        """Append an entry; gives its id, as soon as the engine has it and not before.

        Args:
            room: Where to.
            data: What.
            key: For appending again what may have been appended: in this room, within a few
                minutes, the same key gives the same id, and one entry.

        Raises:
            EntryTooLarge: The engine takes no entry of this size.
        """

    def follow(self, room: str, deliver: Deliver, lost: Lost) -> AbstractAsyncContextManager[None]:
        """Have ``deliver`` called for each entry that is appended while the context is entered.

        They come in order, none twice and none left out, across connections that are cut, too:
        what came meanwhile is read from what the room keeps. Where it is no longer kept,
        ``lost`` is called, and then ``deliver`` for what there is. Neither is called before the
        context is entered, nor after it is left.

        An entry that is read by ``read`` in the context may be delivered, too, and may have been.
        """

    async def read(self, room: str, after: str | None, limit: int) -> History:
        """What the room keeps: the first ``limit`` entries after an id, or the last ones at all.

        Args:
            room: Of which room.
            after: An id, of an entry or a position, or ``START``; ``None`` for the newest
                entries, which are complete by definition.
            limit: How many at most, from 1 on.

        Raises:
            UnknownId: ``after`` is no id that this broker could have given.
        """

    async def enter(self, room: str, member: str, data: bytes, ttl: float) -> bool:
        """Have a member present for ``ttl`` seconds, and say whether it was not before.

        ``data`` replaces what there was. A member whose time is over and has not been told by
        ``expire`` counts as present, since nobody knows otherwise.

        Raises:
            EntryTooLarge: The engine does not take so many, or so large, in one room.
        """

    async def renew(
        self, members: Collection[tuple[str, str]], ttl: float
    ) -> list[tuple[str, str]]:
        """Have members, each given as a room and a name, present for ``ttl`` seconds from now on.

        Gives those that are no longer present, and so have to enter again.
        """

    async def leave(self, room: str, member: str) -> bool:
        """Have a member absent, and say whether it was present: to one caller only."""

    async def present(self, room: str) -> dict[str, bytes]:
        """The members whose time is not over, by name, with their data."""

    async def expire(self, room: str) -> dict[str, bytes]:
        """Remove the members whose time is over; each is told to one caller only."""


__all__ = [
    "LONGEST_NAME",
    "START",
    "Broker",
    "BrokerUnavailable",
    "Deliver",
    "Entry",
    "EntryTooLarge",
    "History",
    "Lost",
    "UnknownId",
]
