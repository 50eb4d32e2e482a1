"""A worker: takes tasks from an engine, as many at once as it may, and stops in good order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from vivace.tasks.attempt import Attempts, Key, Run
from vivace.tasks.engines.protocol import Delivery, Engine
from vivace.tasks.errors import EngineUnavailable
from vivace.waiting import end

logger = logging.getLogger("vivace.tasks")

#: Seconds for which an engine is asked at a time: that long a worker may take to see that it stops.
WAIT = 1.0
#: The same, where only what waits already is run.
LOOK = 0.02
#: Seconds between two looks for an engine that is away: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
#: Seconds that a task has to clean up when it is cancelled.
CANCELLED = 2.0


class Runner:
    """Runs tasks of one engine in this event loop.

    Args:
        engine: Where they wait; opened, with as many workers.
        attempts: What runs them.
        queues: Which ones to take from; those that stand first go first.
        concurrency: How many run at once.
        lease: Seconds for which a task belongs to a worker that does not report.
    """

    def __init__(
        self,
        engine: Engine,
        attempts: Attempts,
        *,
        queues: Sequence[str],
        concurrency: int,
        lease: float,
    ) -> None:
        self._engine = engine
        self._attempts = attempts
        self._queues = tuple(queues)
        self._concurrency = concurrency
        self._lease = lease
        self._runs: dict[asyncio.Task[None], Run] = {}
        self._by_key: dict[Key, Run] = {}
        self._stopping = asyncio.Event()
        self.has_begun = False
        self._pause = FIRST_PAUSE

    def stop(self) -> None:
        """Have :meth:`run` take no more tasks, and return when those that run have ended."""
        self._stopping.set()
        self._engine.wake()

    async def run(self, *, grace: float, drains: bool = False) -> None:
        """Take tasks and run them, until :meth:`stop`.

        Args:
            grace: Seconds that tasks have from then on. What has not ended by then is cancelled,
                and goes back to where it came from.
            drains: Whether all that waits is still run, within that time.
        """
        self.has_begun = True
        try:
            while not self._stopping.is_set():
                await self._take(WAIT)
            deadline = monotonic() + grace
            if not drains:
                await self._stop_taking()
            while drains and monotonic() < deadline and (await self._take(LOOK) or self._runs):
                pass
            if self._runs:
                logger.info("Waiting for %d tasks to end.", len(self._runs))
                await asyncio.wait(self._runs, timeout=max(0.0, deadline - monotonic()))
        finally:
            await self._cancel()

    async def _stop_taking(self) -> None:
        try:
            await self._engine.stop_taking()
        except EngineUnavailable as error:
            logger.warning("%s", error)

    async def _take(self, wait: float) -> bool:
        """Take what there is room for; whether there was something, or no room."""
        free = self._concurrency - len(self._runs)
        if free <= 0:
            await asyncio.wait(self._runs, timeout=WAIT, return_when=asyncio.FIRST_COMPLETED)
            return True
        try:
            taken = await self._engine.take(self._queues, free, wait)
        except EngineUnavailable as error:
            await self._sleep(error)
            return False
        except Exception:
            # Nothing that an engine comes up with ends a worker.
            logger.exception("Tasks could not be taken.")
            await asyncio.sleep(LONGEST_PAUSE)
            return False
        if self._pause != FIRST_PAUSE:
            logger.warning("The engine of tasks can be reached again.")
            self._pause = FIRST_PAUSE
        for delivery in taken:
            self._start(delivery)
        return bool(taken)

    async def _sleep(self, error: EngineUnavailable) -> None:
        if self._pause == FIRST_PAUSE:
            logger.warning("%s", error)
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                await self._stopping.wait()

    def _start(self, delivery: Delivery) -> None:
        run = Run(delivery)
        known = self._by_key.get(run.key)
        if known is not None:
            known.deliveries.append(delivery)
            return
        task = asyncio.create_task(self._work(run), name=f"task {run.message.id}")
        self._runs[task] = self._by_key[run.key] = run
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        run = self._runs.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The task %s could not be run.", run.message.id, exc_info=error)

    async def _work(self, run: Run) -> None:
        heart = asyncio.create_task(self._attempts.keep_alive(run, self._lease / 3))
        try:
            await self._attempts.work(run)
        finally:
            # At once: what comes from now on is a run of its own.
            self._by_key.pop(run.key, None)
            await end(heart)

    async def _cancel(self) -> None:
        """Cancel what runs. Functions in threads cannot be, and go on until the process ends."""
        for task in self._runs:
            task.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=CANCELLED)
        for run in tuple(self._runs.values()):
            await self._attempts.give_back(run)


__all__ = ["Runner"]
