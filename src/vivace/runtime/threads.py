"""Worker threads for code that may block, arranged so that it cannot block itself.

A dependency that holds a pooled resource, and the endpoint that uses it, need a thread each. If
all threads are taken by requests that wait for the resource, the requests that hold it can never
give it back. So each dependency that has something to clean up is waited for in a lane of its own,
and requests that hold something use and return it in another lane, in which nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import Context, copy_context
from types import MethodType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

T = TypeVar("T")


class Lane:
    """As many threads as anyio has by default, for one purpose.

    Args:
        dependency: What is waited for here, if it is one dependency.
    """

    def __init__(self, dependency: Callable[..., Any] | None = None) -> None:
        # The callable lives as long as its lane, so that nothing else gets its id meanwhile.
        self.dependency = dependency

    def limiter(self) -> CapacityLimiter:
        """The limiter of this lane in the event loop that runs now."""
        limiters = _limiters_of_loop()
        limiter = limiters.get(self)
        if limiter is None:
            size = anyio.to_thread.current_default_thread_limiter().total_tokens
            limiter = limiters[self] = CapacityLimiter(size)
        return limiter


_limiters: RunVar[WeakKeyDictionary[Lane, CapacityLimiter]] = RunVar("vivace_limiters")


def _limiters_of_loop() -> WeakKeyDictionary[Lane, CapacityLimiter]:
    try:
        return _limiters.get()
    except LookupError:
        limiters: WeakKeyDictionary[Lane, CapacityLimiter] = WeakKeyDictionary()
        _limiters.set(limiters)
        return limiters


#: Where requests use and return what their dependencies hold.
USING = Lane()

#: Handlers keep the lanes that they use: where the last is gone, as after a test that replaced a
#: dependency, its lane goes, and the callable with it.
_entering: WeakValueDictionary[Hashable, Lane] = WeakValueDictionary()


def lane_of(dependency: Callable[..., Any]) -> Lane:
    """Where requests wait for ``dependency``; to be kept by whoever waits there."""
    identity = _identity_of(dependency)
    lane = _entering.get(identity)
    if lane is None:
        lane = _entering[identity] = Lane(dependency)
    return lane


def _identity_of(call: Callable[..., Any]) -> Hashable:
    """What tells ``call`` from others; it need not be hashable itself."""
    if isinstance(call, MethodType):
        # There is a new object for each time that a method is taken from its instance.
        return id(call.__self__), id(call.__func__)
    return id(call)


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
