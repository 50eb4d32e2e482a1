"""Background tasks: run when the reply is out, and run to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from anyio import CancelScope
from starlette.types import Scope

from vivace.runtime.errors import raise_late

Task = Callable[[], Awaitable[None]]

#: The key in the scope under which an app keeps its running tasks.
RUNNING = "vivace.background"


class BackgroundJobs:
    """The background tasks that an app is still running."""

    def __init__(self) -> None:
        self._jobs: set[asyncio.Task[None]] = set()

    def start(self, task: Task) -> asyncio.Task[None]:
        job = asyncio.ensure_future(_as_coroutine(task))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    async def finish(self) -> None:
        """Wait for all of them."""
        while self._jobs:
            await asyncio.wait(tuple(self._jobs))


async def run_background(task: Task, scope: Scope) -> None:
    """Run ``task`` and wait for it; it goes on to its end though the request is cancelled.

    Unless the app says otherwise, that is. Middleware cancels a request when the client goes
    away, which must not undo what the reply has already promised.
    """
    jobs: BackgroundJobs | None = scope.get(RUNNING)
    try:
        if jobs is None:
            await task()
        elif _runs_on_asyncio():
            await asyncio.shield(jobs.start(task))
        else:
            with CancelScope(shield=True):
                await task()
    except Exception as error:
        raise_late(error, scope)


def _runs_on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _as_coroutine(task: Task) -> None:
    await task()
