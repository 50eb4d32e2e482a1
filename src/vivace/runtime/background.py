"""Background tasks: run when the reply is out, and run to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import sniffio
from anyio import CancelScope
from starlette.types import Scope

#: The tasks that an app is still running; the app waits for them when it shuts down.
RUNNING = "vivace.background"


async def run_background(task: Callable[[], Awaitable[None]], scope: Scope) -> None:
    """Run ``task`` and wait for it; it goes on to its end though the request is cancelled.

    Middleware cancels a request when the client goes away, which must not undo what the reply
    has already promised.
    """
    running: set[asyncio.Task[None]] | None = scope.get(RUNNING)
    if running is None or sniffio.current_async_library() != "asyncio":
        with CancelScope(shield=True):
            await task()
        return
    job = asyncio.ensure_future(_as_coroutine(task))
    running.add(job)
    job.add_done_callback(running.discard)
    await asyncio.shield(job)


async def _as_coroutine(task: Callable[[], Awaitable[None]]) -> None:
    await task()
