"""What an engine does: it keeps tasks until they have been run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from vivace.tasks.message import Message

#: Is shown a dead letter, and says whether it is to go.
Visit = Callable[[Message], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a kit says of its engine."""

    #: What everything in the engine is called after.
    name: str
    queues: tuple[str, ...]
    #: Seconds for which a task belongs to a worker that does not report.
    lease: float
    #: How many tasks may wait in one queue.
    most_waiting: int
    #: How many dead letters are kept; of more, the oldest go.
    most_dead: int
    #: Seconds for which dead letters are kept.
    keep_dead: float
    #: Seconds for which keys of tasks are remembered.
    remember_keys: float
    #: Seconds for which results are kept.
    keep_results: float
    #: Seconds that the engine may take to answer.
    timeout: float
    #: On how many nodes of a cluster tasks are kept.
    replicas: int


class Delivery(Protocol):
    """A task that an engine has given to this worker, and keeps until it is told what came of it.

    Raises:
        DeliveryLost: By all methods: it has been given to another worker by now, or is done.
        EngineUnavailable: By all methods.
    """

    body: bytes
    #: Whether the engine has given it away before, and was not told what came of it.
    is_again: bool

    async def renew(self) -> None:
        """Say that this worker is still at it."""

    async def done(self) -> None:
        """Have the engine forget it."""

    async def replace(self, message: Message) -> None:
        """Have ``message`` wait in its place, until it is due."""

    async def bury(self, message: Message) -> bool:
        """Put ``message`` among the dead letters instead.

        Returns:
            Whether there are as many by now as are kept.
        """

    async def release(self) -> None:
        """Have the engine give it away again, as it could not be told what has come of it."""


class Engine(Protocol):
    """Keeps tasks until they have been run, and dead letters until someone looks at them.

    Each belongs to one event loop, and is opened before anything else.

    Raises:
        EngineUnavailable: By all methods, soon, where the engine is out of reach.
    """

    #: Whether a key keeps a task from being sent twice.
    knows_keys: bool

    async def open(self, *, workers: int = 0) -> None:
        """Connect; ``workers`` says how many tasks are taken at once, if any are."""

    async def close(self) -> None:
        """Let go of all connections, and of all tasks that were taken and are not done."""

    async def put(self, message: Message, *, key: str | None = None) -> None:
        """Keep ``message``; it is safe when this returns. Nothing happens if ``key`` is known.

        Raises:
            QueueFull: Too many wait already.
        """

    async def take(self, queues: Sequence[str], most: int, wait: float) -> list[Delivery]:
        """Up to ``most`` tasks that are due, as soon as there is one; none after ``wait`` s."""

    def wake(self) -> None:
        """Have :meth:`take` return soon, as whoever asked has to stop."""

    async def stop_taking(self) -> None:
        """Take no more: what is given back from now on goes to others."""

    async def visit_dead(self, visit: Visit, most: int) -> None:
        """Show up to ``most`` dead letters, the oldest first."""

    async def may_schedule(self) -> bool:
        """Whether this process may send what is scheduled; where keys are known, all may."""


__all__ = ["Delivery", "Engine", "EngineSettings", "Visit"]
