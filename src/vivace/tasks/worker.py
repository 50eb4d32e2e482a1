"""One worker process: an app that is started and that serves tasks instead of requests."""

from __future__ import annotations

import asyncio
import importlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from vivace import Vivace
from vivace.tasks.kit import Tasks
from vivace.tasks.working import working

logger = logging.getLogger("vivace.tasks")

#: The status of a process that cannot start, so that starting it again is of no use.
CANNOT_START = 3
#: Seconds between two looks whether the process above is still there.
LOOK = 1.0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What ``vivace worker`` says."""

    module: str
    #: Where the app, or its tasks, are in the module.
    attribute: str
    concurrency: int
    #: Of which queues tasks are taken; ``None`` for all.
    queues: tuple[str, ...] | None
    #: Seconds that tasks have when the worker is told to stop.
    grace: float
    #: Whether to send by the clock.
    schedules: bool
    #: Whether the attribute is a function that makes the app.
    is_factory: bool = False


class NoTasks(Exception):
    """What a worker is to run are no tasks; the message says what to do."""


def find_tasks(found: Any) -> Tasks:
    """The tasks that ``found`` is, or that are installed in it.

    Raises:
        NoTasks: There are none, or those of several kits, or they run in process.
    """
    # An app may be mounted at several paths.
    installed = [found] if isinstance(found, Tasks) else list(dict.fromkeys(_installed(found)))
    if len(installed) != 1:
        how_many = "no tasks" if not installed else "the tasks of several kits"
        raise NoTasks(
            f"There are {how_many} installed in this app. Name those that are to run, as in "
            "`vivace worker main:tasks`."
        )
    tasks: Tasks = installed[0]
    if tasks.url is None:
        raise NoTasks(
            "These tasks wait in the process that sends them, where no worker comes. Give them an "
            'engine, as in Tasks("redis://localhost").'
        )
    return tasks


def _installed(app: Any) -> list[Tasks]:
    state = getattr(app, "state", None)
    own = list(getattr(state, "tasks", ()))
    for route in getattr(app, "routes", ()):
        inner = getattr(route, "app", None)
        if isinstance(inner, Vivace):
            own += _installed(inner)
    return own


def run_worker(settings: WorkerSettings) -> None:
    """Run tasks until the process is told to stop. Ends the process."""
    # On a terminal, all processes are interrupted at once; this one waits to be told.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not logging.getLogger().handlers:
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
        )
    status = CANNOT_START
    try:
        found: Any = importlib.import_module(settings.module)
        for name in settings.attribute.split("."):
            found = getattr(found, name)
        if settings.is_factory:
            found = found()
        status = asyncio.run(_serve(found, settings))
    except NoTasks as error:
        logger.error("%s", error)
    except Exception:
        logger.exception("The worker has failed.")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # Functions in threads, which nothing stops, do not keep it.
    os._exit(status)


async def _serve(found: Any, settings: WorkerSettings) -> int:
    tasks = find_tasks(found)
    tasks.is_worker = True
    app = tasks.app if isinstance(found, Tasks) else found
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        started(app),
        working(
            tasks,
            concurrency=settings.concurrency,
            grace=settings.grace,
            queues=settings.queues,
            schedules=settings.schedules,
        ) as worker,
    ):
        logger.info("The worker runs tasks of %s.", tasks.name)
        stopped = asyncio.create_task(_wait(stop))
        await asyncio.wait([worker, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if worker.done() and not stop.is_set():
            await worker
        logger.info("The worker stops.")
    return 0


async def _wait(stop: asyncio.Event) -> None:
    """Until the process is told to stop, or that above is gone."""
    parent = multiprocessing.parent_process()
    while parent is None or parent.is_alive():
        try:
            async with asyncio.timeout(LOOK):
                await stop.wait()
                return
        except TimeoutError:
            pass
    stop.set()


@asynccontextmanager
async def started(app: Any) -> AsyncIterator[None]:
    """An app whose lifespan has begun, as a server does it (the lifespan protocol of ASGI).

    Raises:
        RuntimeError: It cannot start, or stop; with what it says of that.
    """
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    running = asyncio.create_task(app(scope, received.get, sent.put))
    try:
        await received.put({"type": "lifespan.startup"})
        await _answered(running, sent)
        yield
        await received.put({"type": "lifespan.shutdown"})
        await _answered(running, sent)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _answered(running: asyncio.Task[None], sent: asyncio.Queue[dict[str, Any]]) -> None:
    answer = asyncio.create_task(sent.get())
    await asyncio.wait([running, answer], return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        answer.cancel()
        # Whoever ends without a word, as an app without lifespan, says why.
        running.result()
        return
    message = answer.result()
    if message["type"].endswith(".failed"):
        raise RuntimeError(message.get("message", message["type"]))


__all__ = ["CANNOT_START", "NoTasks", "WorkerSettings", "find_tasks", "run_worker", "started"]
