"""Worker threads for code that may block, arranged so that it cannot block itself.

A dependency that holds a pooled resource, and the endpoint that uses it, need a thread each. If
all threads are taken by requests that wait for the resource, the requests that hold it can never
give it back. So a request that holds n dependencies takes its threads from lane n: those that
hold more never queue behind those that hold less.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

T = TypeVar("T")

#: Threads a lane may use at once; lane 0 is anyio's own default.
LANE_SIZE = 40

_lanes: RunVar[dict[int, CapacityLimiter]] = RunVar("vivace_lanes")


async def run_in_thread(call: Callable[[], T], lane: int = 0) -> T:
    """Call ``call`` in a worker thread; context variables that it sets are set afterwards.

    Args:
        lane: How many dependencies with something to clean up the request holds.
    """
    context = copy_context()
    try:
        return await anyio.to_thread.run_sync(context.run, call, limiter=_limiter(lane))
    finally:
        adopt(context)


def adopt(context: Context) -> None:
    """Set every variable that ``context`` has to the value that it has there."""
    for variable, value in context.items():
        if variable.get(_MISSING) is not value:
            variable.set(value)


_MISSING = object()


def _limiter(lane: int) -> CapacityLimiter | None:
    if lane == 0:
        return None
    try:
        lanes = _lanes.get()
    except LookupError:
        lanes = {}
        _lanes.set(lanes)
    if lane not in lanes:
        lanes[lane] = CapacityLimiter(LANE_SIZE)
    return lanes[lane]
