"""What is said of a task where it is declared."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TypedDict

#: Names of queues and of kits become parts of keys, subjects and names of queues.
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt.

    Args:
        first: Seconds before the second attempt.
        factor: What each further wait is longer by.
        longest: Seconds that no wait exceeds.
        jitter: Which part of the wait is left to chance, from 0 to 1, so that what has failed
            together does not come back together.

    Raises:
        ValueError: One of them makes no sense.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 3600.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if self.first < 0 or self.factor < 1 or self.longest < 0 or not 0 <= self.jitter <= 1:
            raise ValueError(f"{self} makes no sense. Waits are positive, and do not get shorter.")

    def delay(self, attempt: int) -> float:
        """Seconds to wait after attempt number ``attempt``, which is 1 for the first."""
        try:
            wait = min(self.longest, self.first * self.factor ** (attempt - 1))
        except OverflowError:
            wait = self.longest
        return wait * (1 - self.jitter * random.random())


class Options(TypedDict, total=False):
    """The keyword arguments of :meth:`vivace.tasks.Tasks.task`."""

    name: str
    queue: str
    retries: int
    backoff: Backoff
    retry_on: tuple[type[Exception], ...]
    no_retry: tuple[type[Exception], ...]
    timeout: float
    keep_result: bool


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """The same, complete and checked."""

    queue: str = "default"
    retries: int = 3
    backoff: Backoff = field(default_factory=Backoff)
    retry_on: tuple[type[Exception], ...] = (Exception,)
    no_retry: tuple[type[Exception], ...] = ()
    timeout: float = 600.0
    keep_result: bool = True

    def __post_init__(self) -> None:
        check_name("queue", self.queue)
        if self.retries < 0:
            raise ValueError(f"retries={self.retries} is negative. 0 is for a single attempt.")
        if self.timeout <= 0:
            raise ValueError(f"timeout={self.timeout} is no time. Give seconds.")
        for kind in (*self.retry_on, *self.no_retry):
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                raise TypeError(f"{kind!r} is no class of exceptions. Give a tuple of them.")

    def retries_after(self, error: BaseException) -> bool:
        """Whether another attempt may help where ``error`` was raised."""
        return isinstance(error, self.retry_on) and not isinstance(error, self.no_retry)


def check_name(what: str, name: str) -> str:
    """``name``, if it can be part of what engines call things by.

    Raises:
        ValueError: It cannot.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{what}={name!r} is no name. Take letters, digits, '_' and '-', at most 64 of them."
        )
    return name


__all__ = ["Backoff", "Options", "TaskOptions", "check_name"]
