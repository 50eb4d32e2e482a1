"""Who has come and gone in a room, told in one frame where several do at nearly the same time.

The first change is told at once. Those that come within a while after it are told together when
that is over: where a thousand come at once, each member gets a few frames and not a thousand. Who
has come and gone again in between is not told of at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

from vivace.live.frames import Frame, own_frame

#: Gives the frame for a member that was welcomed after so many changes, if it is to be told.
FrameFor: TypeAlias = Callable[[int], Frame | None]

#: What clients are told of a user; ``None`` of one who is not there.
State: TypeAlias = dict[str, Any] | None


class Changes:
    """The changes of who is in a room, in one process.

    Args:
        window: Seconds after a change in which others are told together.
        tell: Tells all members, each with its own frame, and says whether anybody is told.

    Attributes:
        count: How many changes there were: those that one who is welcomed now knows.
    """

    def __init__(self, window: float, tell: Callable[[FrameFor], bool]) -> None:
        self.count = 0
        self._window = window
        self._tell = tell
        #: How many there were when those began that are to be told.
        self._told = 0
        #: Of each user in them, what it was after how many changes; who changed last is last.
        self._states: dict[str, list[tuple[int, State]]] = {}
        self._frames: dict[int, Frame | None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, user: str, before: State, after: State) -> None:
        """A user has come or gone, or shows something else."""
        states = self._states.pop(user, None) or [(self._told, before)]
        self.count += 1
        self._states[user] = [*states, (self.count, after)]
        if self._timer is None:
            self._tell_all()

    def stop(self) -> None:
        """Forget what was to be told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._forget()

    def _tell_all(self) -> None:
        self._timer = None
        if not self._states:
            return
        if self._tell(self._frame_for):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._window, self._tell_all)
        self._forget()

    def _forget(self) -> None:
        self._states, self._frames = {}, {}
        self._told = self.count

    def _frame_for(self, known: int) -> Frame | None:
        known = max(known, self._told)
        if known not in self._frames:
            self._frames[known] = self._make_frame(known)
        return self._frames[known]

    def _make_frame(self, known: int) -> Frame | None:
        joined, left = [], []
        for states in reversed(self._states.values()):
            if states[-1][0] <= known:
                break
            after = states[-1][1]
            before = next(state for count, state in reversed(states) if count <= known)
            if after is not None and after != before:
                joined.append(after)
            elif before is not None and after is None:
                left.append(before)
        return _frame(joined[::-1], left[::-1])


def _frame(joined: list[dict[str, Any]], left: list[dict[str, Any]]) -> Frame | None:
    match joined, left:
        case [], []:
            return None
        case [member], []:
            frame = own_frame("joined", member=member)
        case [], [member]:
            frame = own_frame("left", member=member)
        case _:
            return own_frame("presence", joined=joined, left=left)
    # Of one user, a member that is behind needs only the last.
    frame.key = f"\0{member['user']}"
    return frame


__all__ = ["Changes", "FrameFor"]
