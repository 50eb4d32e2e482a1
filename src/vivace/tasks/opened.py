"""An engine that is opened when it is first needed."""

from __future__ import annotations

import asyncio
import logging

from vivace.tasks.engines.protocol import Engine
from vivace.tasks.errors import EngineUnavailable

logger = logging.getLogger("vivace.tasks")

#: Seconds between two attempts to open an engine that is away, at most.
LONGEST_PAUSE = 2.0


class Opened:
    """Opens an engine once, however many ask for it at once; if that fails, it is tried anew."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = asyncio.Lock()
        self._is_open = False

    async def get(self) -> Engine:
        """The engine, opened.

        Raises:
            EngineUnavailable: It cannot be reached.
        """
        if not self._is_open:
            async with self._lock:
                if not self._is_open:
                    await self._engine.open()
                    self._is_open = True
        return self._engine

    async def close(self) -> None:
        await self._engine.close()


async def open_patiently(engine: Engine, *, workers: int) -> None:
    """Open an engine for workers, however long it is away."""
    pause = 0.1
    while True:
        try:
            return await engine.open(workers=workers)
        except EngineUnavailable as error:
            logger.warning("%s", error)
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)


__all__ = ["Opened", "open_patiently"]
