"""Dependencies that yield: entered before the endpoint, cleaned up after it."""

from __future__ import annotations

from contextlib import AbstractContextManager, AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any

from anyio import CancelScope

from vivace.runtime.threads import run_in_thread


def enter(stack: AsyncExitStack, manager: AbstractContextManager[Any], lane: int) -> Any:
    """Enter ``manager``, in the thread that this is called in, and have ``stack`` leave it.

    Args:
        lane: The lane of worker threads in which it will be left.
    """
    value = manager.__enter__()

    async def leave(
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        # Clean-up has to happen though the request is cancelled.
        with CancelScope(shield=True):
            return await run_in_thread(partial(manager.__exit__, kind, error, traceback), lane)

    stack.push_async_exit(leave)
    return value
