"""A server that is tried again and again although it is away, and what that costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


class StoreUnavailable(Exception):
    """What is stored is out of reach at present.

    Args:
        retry_after: Seconds until the store is asked again.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__("The store is out of reach.")
        self.retry_after = retry_after


class Circuit:
    """Lets calls through to a server as long as it answers.

    When one fails or takes too long, those that follow fail at once, for a while. Then one is let
    through to see whether the server is back, and the others still do not wait for it.

    Args:
        what: What is kept there, as a log says it: "Cached answers".
        logger: Where the begin and the end of an outage are logged.
        timeout: Seconds that a call may take.
        pause: Seconds for which nothing is tried after a failure.
        failures: What says that the server is away; a time-out does so too.
    """

    def __init__(
        self,
        what: str,
        logger: logging.Logger,
        *,
        timeout: float,
        pause: float,
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._what = what
        self._logger = logger
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
            self._logger.warning("%s can be reached again.", self._what)
        return result

    def _try_again(self) -> None:
        """Go on if it is time; whoever does so has all others wait for as long again."""
        time = monotonic()
        if time < self._open_until:
            raise StoreUnavailable(self._open_until - time)
        self._open_until = time + self._pause

    def _failed(self, error: Exception) -> StoreUnavailable:
        if not self._open_until:
            self._logger.warning("%s are out of reach: %r", self._what, error)
        self._open_until = monotonic() + self._pause
        return StoreUnavailable(self._pause)


__all__ = ["Circuit", "StoreUnavailable"]
