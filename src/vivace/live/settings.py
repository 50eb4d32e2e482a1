"""Lifetimes and limits of rooms and sockets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

#: What becomes of a member whose buffer is full:
#:
#: ``disconnect``
#:     It is disconnected (close code 4008), and comes back with the id of the last event it has.
#: ``drop_oldest``
#:     What has waited longest is left out. The member is told how many were.
#: ``drop_newest``
#:     What comes is left out until there is room. The member is told how many were.
Overflow = Literal["disconnect", "drop_oldest", "drop_newest"]


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What holds for all rooms of a :class:`~vivace.live.Live`; times are in seconds.

    Args:
        heartbeat: How often a member is pinged; readers of events get a comment.
        missed_heartbeats: After how many pings without a word a socket is closed.
        presence: How long members of a process that was killed are still shown. Three times in this
            is looked who has gone, so that it may be up to a third longer.
        linger: How long a user is still shown whose connection broke, until that is looked: who
            comes back in that time has never left. One who says goodbye (close code 1000) leaves
            at once.
        presence_window: After a user has come or gone, how long others who do are waited for, so
            that members are told of all of them in one frame.
        max_frame: Bytes of a frame that a client may send, and of an event that is sent.
        max_errors: How many invalid frames one after the other close a socket.
        messages_per_second: How many messages a socket may send, on average.
        burst: How many of them at once.
        sockets_per_user: Sockets and streams that a user may have, over all processes. Each process
            lets in a tenth of them by itself, and counts the others together with all processes,
            so that of ``50`` a user may have 45 anywhere, and 5 more in each process. Less than
            10 are counted exactly, which costs the broker an entry for each of them. Those of a
            process that was killed are counted for ``presence`` seconds more. Users without a
            name are not counted.
        replay: Events that one who comes back gets at most; who missed more is told of the gap.
        reads: How many members of a process read what they missed at the same time.
        closing: How long a socket has to take the close frame.

    Raises:
        TypeError: One of them is no number.
        ValueError: One of them is not above 0.
    """

    heartbeat: float = 25.0
    missed_heartbeats: int = 3
    presence: float = 30.0
    linger: float = 10.0
    presence_window: float = 0.25
    max_frame: int = 64 * 1024
    max_errors: int = 10
    messages_per_second: float = 20.0
    burst: int = 40
    sockets_per_user: int = 50
    replay: int = 1000
    reads: int = 32
    closing: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int | float):
                raise TypeError(f"{field.name}={value!r} is no number.")
            if not value > 0:
                raise ValueError(f"{field.name}={value!r} has to be above 0.")


def check_overflow(overflow: str) -> None:
    """Refuse what is no :data:`Overflow`.

    Raises:
        ValueError: It is none.
    """
    if overflow not in get_args(Overflow):
        raise ValueError(f"overflow={overflow!r} is none of {', '.join(get_args(Overflow))}.")


__all__ = ["LiveSettings", "Overflow", "check_overflow"]
