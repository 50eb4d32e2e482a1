"""Tasks that are sent by the clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from time import time
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from vivace.tasks.engines.protocol import Engine
from vivace.tasks.errors import EngineUnavailable
from vivace.tasks.task import Task

logger = logging.getLogger("vivace.tasks")

#: Seconds between two looks at the clock.
LOOK = 0.5


class Times(Protocol):
    """When a task is sent."""

    def latest(self, after: float, until: float) -> int | None:
        """The last time in ``(after, until]``, in seconds since 1970; ``None`` for none."""


@dataclass(frozen=True)
class Cron:
    """Times as cron has them.

    Args:
        expression: Minute, hour, day of the month, month and day of the week.
        timezone: By whose clocks, as ``Europe/Berlin``.

    Raises:
        ValueError: One of them is none.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        try:
            zone = ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f"There is no time zone {self.timezone!r}. Name one as 'Europe/Berlin'; where the "
                "system has none, install tzdata."
            ) from None
        try:
            next(CronSim(self.expression, datetime.fromtimestamp(0, zone)))
        except (CronSimError, StopIteration):
            raise ValueError(
                f"{self.expression!r} is no time of cron. Write minute, hour, day, month and "
                "weekday, as '*/5 * * * *'."
            ) from None

    def latest(self, after: float, until: float) -> int | None:
        zone = ZoneInfo(self.timezone)
        # Backwards from the first second that is too late, as times are whole seconds.
        start = datetime.fromtimestamp(floor(until) + 1, zone)
        try:
            found = next(CronSim(self.expression, start, reverse=True)).timestamp()
        except StopIteration:
            return None
        return int(found) if found > after else None


@dataclass(frozen=True)
class Every:
    """All times that ``seconds`` divide, counted from 1970: the same for all processes.

    Raises:
        ValueError: That is less than a second.
    """

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < 1 or self.seconds != floor(self.seconds):
            raise ValueError(f"every({self.seconds}) is no time. Give whole seconds, from 1 on.")

    def latest(self, after: float, until: float) -> int | None:
        found = floor(until / self.seconds) * self.seconds
        return found if found > after else None


@dataclass(frozen=True)
class Schedule:
    """A task, and when it is sent."""

    task: Task[[], Any, Any]
    times: Times

    def key(self, time: int) -> str:
        """What one time has, whichever process comes to it."""
        return f"{self.times!r}@{time}"


class Scheduler:
    """Sends tasks when it is time.

    Several may run, in whatever processes: engines that know keys take each time once, and of the
    others only one lets a scheduler send. While nobody can send, as when the engine is away, times
    pass; the last one that has is made up for, and not those before.

    Args:
        schedules: What is sent when.
        engine: What says whether this process may send.
    """

    def __init__(self, schedules: Sequence[Schedule], engine: Engine) -> None:
        self._schedules = schedules
        self._engine = engine
        #: Up to when all has been sent, by the index of the schedule.
        self._sent = [time()] * len(schedules)
        self._is_away = False

    async def run(self) -> None:
        """Send until this is cancelled."""
        while True:
            try:
                await self.send_due(time())
                self._is_away = False
            except EngineUnavailable as error:
                if not self._is_away:
                    logger.warning("Nothing can be sent by the clock: %s", error)
                self._is_away = True
            except Exception:
                # Nothing that an engine comes up with ends the clock.
                logger.exception("Nothing could be sent by the clock.")
            await asyncio.sleep(LOOK - time() % LOOK)

    async def send_due(self, now: float) -> None:
        """Send what has become due by ``now``.

        Raises:
            EngineUnavailable: What is left is sent next time.
        """
        may_send = await self._engine.may_schedule()
        for index, schedule in enumerate(self._schedules):
            due = schedule.times.latest(self._sent[index], now)
            if due is not None and may_send:
                key = schedule.key(due) if self._engine.knows_keys else None
                await schedule.task.sending(key=key).send()
            self._sent[index] = now


__all__ = ["Cron", "Every", "Schedule", "Scheduler"]
