"""Live rooms: messages, presence and resumption over WebSockets and server-sent events.

Everything starts with :class:`Live`, and all that an app needs is here. Inside, a module imports
from those before it::

    brokers -> settings, messages, frames -> errors, origin, changes -> outlets -> member
        -> quota, roster -> feed -> hub, room -> handlers -> visit -> declared -> socket, stream
        -> rooms, entrance -> routes, asyncapi, page -> kit
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vivace.live.brokers.memory import MemoryBroker
from vivace.live.brokers.protocol import Broker, BrokerUnavailable, Entry, History
from vivace.live.errors import (
    EventTooLarge,
    LiveUnavailable,
    RoomFull,
    TooManyMessages,
    TooManySockets,
)
from vivace.live.handlers import current_member, current_message, current_room
from vivace.live.kit import Live
from vivace.live.member import Guest, Member, Present
from vivace.live.room import Room
from vivace.live.rooms import Rooms
from vivace.live.settings import LiveSettings, Overflow

__all__ = [
    "Broker",
    "BrokerUnavailable",
    "Entry",
    "EventTooLarge",
    "Guest",
    "History",
    "Live",
    "LiveSettings",
    "LiveUnavailable",
    "Member",
    "MemoryBroker",
    "NatsBroker",
    "Overflow",
    "Present",
    "RedisBroker",
    "Room",
    "RoomFull",
    "Rooms",
    "TooManyMessages",
    "TooManySockets",
    "current_member",
    "current_message",
    "current_room",
]

_ENGINES = {
    "NatsBroker": "vivace.live.brokers.nats",
    "RedisBroker": "vivace.live.brokers.redis",
}

if TYPE_CHECKING:
    from vivace.live.brokers.nats import NatsBroker
    from vivace.live.brokers.redis import RedisBroker
else:
    # Type checkers would take any name for one that is here.

    def __getattr__(name: str) -> Any:
        # Not every app has Redis or NATS, or should wait for their packages.
        if name not in _ENGINES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_ENGINES[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
