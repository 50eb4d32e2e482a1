"""Functions of the app's that are called when something has happened to a delivery."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vivace.concurrency import run_in_threadpool
from vivace.webhooks.store.records import Attempt, Reason, State

logger = logging.getLogger("vivace.webhooks")

#: Seconds that a function has.
TIMEOUT = 10.0


@dataclass(frozen=True)
class AttemptMade:
    """An attempt, and what it has come to."""

    delivery_id: str
    message_id: str
    endpoint_id: str
    owner: str
    type: str
    #: Its number since the delivery was made, or asked for again; the first is 1.
    number: int
    attempt: Attempt
    #: ``dead`` where there will be no other attempt.
    state: State


@dataclass(frozen=True)
class EndpointDisabled:
    """An endpoint that was disabled because of how it answers."""

    endpoint_id: str
    owner: str
    url: str
    reason: Reason


@dataclass
class Hooks:
    """The functions, sync or async."""

    attempt: list[Callable[[AttemptMade], Any]] = field(default_factory=list)
    disabled: list[Callable[[EndpointDisabled], Any]] = field(default_factory=list)

    async def call(self, functions: list[Callable[[Any], Any]], happened: Any) -> None:
        """Call functions one after the other. One that fails is logged, and changes nothing."""
        for function in functions:
            try:
                async with asyncio.timeout(TIMEOUT):
                    if inspect.iscoroutinefunction(function):
                        await function(happened)
                        continue
                    given = await run_in_threadpool(function, happened)
                    # That of an object whose `__call__` is a coroutine function.
                    if inspect.isawaitable(given):
                        await given
            except Exception:
                logger.exception("A function that is told of webhooks has failed: %r", function)


__all__ = ["AttemptMade", "EndpointDisabled", "Hooks"]
