"""Running the tasks of a kit in an event loop: beside an app, or in a worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from vivace.tasks.engines.choice import make_engine
from vivace.tasks.engines.protocol import Engine
from vivace.tasks.opened import open_patiently
from vivace.tasks.runner import Runner
from vivace.tasks.schedule import Scheduler
from vivace.waiting import end

if TYPE_CHECKING:
    from vivace.tasks.kit import Tasks

logger = logging.getLogger("vivace.tasks")

#: Seconds after which what still opens an engine is cancelled once more.
PATIENCE = 10.0


@asynccontextmanager
async def working(
    kit: Tasks,
    *,
    concurrency: int,
    grace: float,
    queues: Sequence[str] | None = None,
    schedules: bool = True,
) -> AsyncIterator[asyncio.Task[None]]:
    """Run tasks inside of ``async with``; the app of the kit has to have started.

    Args:
        concurrency: How many at once.
        grace: Seconds that they have at the end. In process, what waits is still run then.
        queues: Of which queues, the most urgent first; of all by default.
        schedules: Whether to send by the clock as well.

    Yields:
        What works; it ends before it is told to only if it fails.

    Raises:
        ValueError: There is no such queue.
    """
    for queue in queues or ():
        if queue not in kit.queues:
            raise ValueError(f"There is no queue {queue!r}, but {', '.join(kit.queues)}.")
    for task in kit.registered.values():
        await task.arguments.caller.prepare(kit.app)
    engine: Engine = kit.memory if kit.url is None else make_engine(kit.url, kit.settings)
    runner = Runner(
        engine,
        kit.make_attempts(),
        queues=queues or kit.queues,
        concurrency=concurrency,
        lease=kit.lease,
    )
    scheduler = Scheduler(kit.schedules if schedules else (), engine)
    worker = asyncio.create_task(_work(runner, scheduler, engine, concurrency, grace, kit))
    try:
        yield worker
    finally:
        runner.stop()
        # An engine that is away is not waited for.
        while not (runner.has_begun or worker.done()):
            worker.cancel()
            # A driver may swallow that, and an engine takes some seconds to close.
            await asyncio.wait([worker], timeout=PATIENCE)
        with suppress(asyncio.CancelledError):
            await worker


async def _work(
    runner: Runner,
    scheduler: Scheduler,
    engine: Engine,
    concurrency: int,
    grace: float,
    kit: Tasks,
) -> None:
    try:
        await open_patiently(engine, workers=concurrency)
        clock = asyncio.create_task(scheduler.run())
        try:
            await runner.run(grace=grace, drains=kit.url is None)
        finally:
            await end(clock)
        left = kit.memory.waiting + kit.memory.delayed if kit.url is None else 0
        if left:
            logger.error("%d tasks were not run, and end with this process.", left)
    finally:
        await engine.close()


__all__ = ["working"]
