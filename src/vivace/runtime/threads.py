"""Worker threads for code that may block, arranged so that it cannot block itself.

A dependency that holds a pooled resource, and the endpoint that uses it, need a thread each. If
all threads are taken by requests that wait for the resource, the requests that hold it can never
give it back. So each dependency that has something to clean up is waited for in a lane of its own,
and requests that hold something use and return it in another lane, in which nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

T = TypeVar("T")


class Lane:
    """As many threads as anyio has by default, for one purpose."""

    def __init__(self) -> None:
        self._limiter: RunVar[CapacityLimiter] = RunVar("vivace_lane")

    def limiter(self) -> CapacityLimiter:
        """The limiter of this lane in the event loop that runs now."""
        try:
            return self._limiter.get()
        except LookupError:
            size = anyio.to_thread.current_default_thread_limiter().total_tokens
            limiter = CapacityLimiter(size)
            self._limiter.set(limiter)
            return limiter


#: Where requests use and return what their dependencies hold.
USING = Lane()

_entering: dict[int, tuple[Any, Lane]] = {}


def lane_of(dependency: Callable[..., Any]) -> Lane:
    """Where requests wait for ``dependency``."""
    # The callable is kept with the lane, so that its id stays its own.
    return _entering.setdefault(id(dependency), (dependency, Lane()))[1]


async def run_in_thread(call: Callable[[], T], lane: Lane | None = None) -> T:
    """Call ``call`` in a worker thread; context variables that it sets are set afterwards.

    Args:
        lane: Whose threads to take; ``None`` for those that anyio has by default.
    """
    context = copy_context()
    limiter = None if lane is None else lane.limiter()
    try:
        return await anyio.to_thread.run_sync(context.run, call, limiter=limiter)
    finally:
        adopt(context)


def adopt(context: Context) -> None:
    """Set every variable that ``context`` has to the value that it has there.

    One that was reset to having no value keeps the one it has: nothing can take that away here.
    """
    for variable, value in context.items():
        if variable.get(_MISSING) is not value:
            variable.set(value)


_MISSING = object()
