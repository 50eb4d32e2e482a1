"""Work to do after a response has been sent."""

from __future__ import annotations

from starlette.background import BackgroundTask, BackgroundTasks as StarletteBackgroundTasks

from vivace.telemetry.background import background_task


class BackgroundTasks(StarletteBackgroundTasks):
    """Functions to call, in order, when the response has been sent."""

    async def __call__(self) -> None:
        for task in self.tasks:
            with background_task(task.func):
                await task()


__all__ = ["BackgroundTask", "BackgroundTasks"]
