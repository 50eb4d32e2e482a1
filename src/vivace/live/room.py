"""A room, as programs see it: what is sent to it, and who is there."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import from_json

from vivace.live.brokers.protocol import Broker, BrokerUnavailable, EntryTooLarge as TooLargeForIt
from vivace.live.errors import EventTooLarge, LiveUnavailable
from vivace.live.frames import DISMISSAL, MESSAGE, pack
from vivace.live.member import Member, Present
from vivace.live.messages import Messages
from vivace.live.roster import presence_of


@dataclass(frozen=True, slots=True)
class Sending:
    """How the rooms of one kind send.

    Args:
        broker: Carries it.
        sends: The messages.
        shows: Reads what users show; ``None`` where nobody is told who is there.
        latest_by: Gives the key of a message, or ``None``.
        max_size: Bytes of a message.
    """

    broker: Broker
    sends: Messages
    shows: TypeAdapter[Any] | None
    latest_by: Any
    max_size: int


class Room:
    """One room. It is the same in every process, and costs nothing to make.

    Attributes:
        name: What brokers know it by.
        values: The values of the parameters of its path, as text.
        last_event_id: The id of what was sent last with this object.
    """

    __slots__ = ("_sending", "last_event_id", "name", "values")

    def __init__(self, name: str, values: dict[str, str], sending: Sending) -> None:
        self.name = name
        self.values = values
        self.last_event_id: str | None = None
        self._sending = sending

    def __repr__(self) -> str:
        return f"<Room {self.name!r}>"

    async def broadcast(self, message: BaseModel, *, key: str | None = None) -> str:
        """Send a message to all members, in every process.

        When this returns, the broker has it: it comes to all who are connected, and to those who
        come back as long as the broker keeps it.

        Args:
            message: One of those that the room sends.
            key: What tells it from others in the room, where it may have been sent already, such
                as the user and an id that its client gave it: within a few minutes it is sent only
                once. Any text.

        Returns:
            The id of the event.

        Raises:
            LiveUnavailable: The broker is away. It may have been sent, or not.
            EventTooLarge: It is larger than the settings or the broker allow.
            TypeError: The room is not declared to send it.
        """
        return await self._send(message, None, key)

    async def send_to(
        self, user: str | Member, message: BaseModel, *, key: str | None = None
    ) -> str:
        """Send a message to all connections of one user; otherwise as :meth:`broadcast`.

        Args:
            user: Who, or one of the user's connections.
            message, key: As there.

        Raises:
            TypeError: Also where ``user`` is neither.
        """
        to = user.user if isinstance(user, Member) else user
        if not isinstance(to, str):
            raise TypeError(f"{user!r} is no user. Give its name, or use broadcast for all.")
        return await self._send(message, to, key)

    async def dismiss(self, user: str, reason: str = "") -> None:
        """End all connections of a user to the room (close code 4403), in every process.

        Whether the user may come back is for ``admits`` to decide.

        Args:
            user: Who.
            reason: What its clients are told: at most 120 bytes.

        Raises:
            LiveUnavailable: The broker is away.
        """
        await self._append(pack(DISMISSAL, to=user, reason=reason), None)

    async def members(self) -> list[Present]:
        """Who is there, each user once.

        Raises:
            LiveUnavailable: The broker is away.
            TypeError: The room is declared without presence.
        """
        shows = self._sending.shows
        if shows is None:
            raise TypeError("Nobody knows who is in a room that is declared with presence=False.")
        try:
            present = await self._sending.broker.present(presence_of(self.name))
        except BrokerUnavailable as error:
            raise LiveUnavailable from error
        found: dict[str, Present] = {}
        for data in present.values():
            said = from_json(data)
            value = said.get("shows")
            found[said["user"]] = Present(
                said["user"], None if value is None else shows.validate_python(value)
            )
        return [found[user] for user in sorted(found)]

    async def _send(self, message: BaseModel, to: str | None, key: str | None) -> str:
        sending = self._sending
        type, json = sending.sends.encode(message)
        if len(json) > sending.max_size:
            raise EventTooLarge
        latest = sending.latest_by(message) if sending.latest_by is not None else None
        entry = pack(
            MESSAGE, json, type=type, to=to, key=None if latest is None else f"{type} {latest}"
        )
        self.last_event_id = await self._append(entry, key)
        return self.last_event_id

    async def _append(self, entry: bytes, key: str | None) -> str:
        try:
            return await self._sending.broker.append(
                self.name, entry, key=None if key is None else _key_of(key)
            )
        except BrokerUnavailable as error:
            raise LiveUnavailable from error
        except TooLargeForIt as error:
            raise EventTooLarge from error


def _key_of(text: str) -> str:
    """Any text as a key for brokers: what a client calls its message may be long, or empty."""
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


__all__ = ["Room", "Sending"]
