"""The process above the workers: starts them, starts those again that end, and stops them."""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from time import monotonic, sleep
from typing import Any

from vivace.tasks.worker import CANNOT_START, WorkerSettings, run_worker

logger = logging.getLogger("vivace.tasks")

#: Seconds between two looks at the workers.
LOOK = 0.5
#: Seconds that a worker has to stop beyond those that its tasks have.
CLOSING = 15.0
#: Seconds before a worker is started again that has ended at once.
PAUSE = 1.0


@dataclass
class _Worker:
    process: SpawnProcess
    started: float


class Supervisor:
    """Keeps so many workers at work.

    Args:
        settings: What each of them is told; only the first sends by the clock.
        processes: How many there are.
        run: What a worker runs.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        processes: int,
        run: Callable[[WorkerSettings], None] = run_worker,
    ) -> None:
        self._settings = settings
        self._run = run
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker | None] = [None] * processes
        self._is_stopping = False

    def run(self) -> int:
        """Work until told to stop, by SIGTERM or SIGINT. The status of the process."""
        before = {
            number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            status = self._supervise()
            self._end()
            return status
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: Any) -> None:
        self._is_stopping = True

    def _supervise(self) -> int:
        while not self._is_stopping:
            for index, worker in enumerate(self._workers):
                if worker is None or not worker.process.is_alive():
                    if worker is not None and worker.process.exitcode == CANNOT_START:
                        return CANNOT_START
                    self._workers[index] = self._start(index, worker)
            wait([worker.process.sentinel for worker in self._workers if worker], timeout=LOOK)
        return 0

    def _start(self, index: int, ended: _Worker | None) -> _Worker:
        if ended is not None:
            logger.error("A worker has ended with status %s.", ended.process.exitcode)
            if monotonic() - ended.started < PAUSE:
                sleep(PAUSE)
        settings = self._settings
        if index:
            settings = replace(settings, schedules=False)
        process = self._context.Process(target=self._run, args=(settings,))
        process.start()
        return _Worker(process, monotonic())

    def _end(self) -> None:
        """Have all workers stop, and end those that do not."""
        processes = [worker.process for worker in self._workers if worker is not None]
        for process in processes:
            process.terminate()
        deadline = monotonic() + self._settings.grace + CLOSING
        for process in processes:
            process.join(max(0.0, deadline - monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


__all__ = ["Supervisor"]
