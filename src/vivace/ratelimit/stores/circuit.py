"""What is tried again and again although it is away, and what that costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from vivace.ratelimit.stores.protocol import StoreUnavailable

T = TypeVar("T")

logger = logging.getLogger("vivace.ratelimit")


class Circuit:
    """Lets calls through to a server as long as it answers.

    When one fails or takes too long, those that follow fail at once, for a while. Then one is let
    through to see whether the server is back, and the others still do not wait for it.

    Args:
        timeout: Seconds that a call may take.
        pause: Seconds for which nothing is tried after a failure.
        failures: What says that the server is away; a time-out does so too.
    """

    def __init__(
        self, *, timeout: float, pause: float, failures: tuple[type[Exception], ...]
    ) -> None:
        self._timeout = timeout
        self._pause = pause
        self._failures: tuple[type[Exception], ...] = (*failures, TimeoutError)
        #: When the next call is let through, while the circuit is open; 0 while it is closed.
        self._open_until = 0.0

    async def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """What ``function`` returns.

        Raises:
            StoreUnavailable: It failed, or was not called.
        """
        if self._open_until:
            self._try_again()
        try:
            async with asyncio.timeout(self._timeout):
                result = await function()
        except self._failures as error:
            raise self._failed(error) from error
        if self._open_until:
            self._open_until = 0.0
            logger.warning("The counters of rate limits can be reached again.")
        return result

    def _try_again(self) -> None:
        """Go on if it is time; whoever does so has all others wait for as long again."""
        time = monotonic()
        if time < self._open_until:
            raise StoreUnavailable(self._open_until - time)
        self._open_until = time + self._pause

    def _failed(self, error: Exception) -> StoreUnavailable:
        if not self._open_until:
            logger.warning("The counters of rate limits are out of reach: %r", error)
        self._open_until = monotonic() + self._pause
        return StoreUnavailable(self._pause)


__all__ = ["Circuit"]
