"""Tasks that have failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any

from vivace.tasks.engines.protocol import Visit
from vivace.tasks.message import Message

if TYPE_CHECKING:
    from vivace.tasks.kit import Tasks


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A task that has failed for good."""

    id: str
    #: The name of the task.
    name: str
    queue: str
    #: As JSON has them.
    arguments: dict[str, Any]
    #: How many there have been.
    attempts: int
    sent_at: datetime
    #: The name of the class of the exception that was raised last.
    kind: str
    #: What it says.
    message: str


class DeadLetters:
    """The dead letters of a kit, as ``tasks.dead_letters``."""

    def __init__(self, kit: Tasks) -> None:
        self._kit = kit

    async def list(self, most: int = 100) -> list[DeadLetter]:
        """Up to ``most`` of them, the oldest first.

        Raises:
            EngineUnavailable: They are out of reach.
        """
        found: list[DeadLetter] = []

        async def note(message: Message) -> bool:
            found.append(_letter(message))
            return False

        await self._visit(note, None, most)
        return found

    async def replay(self, id: str | None = None, *, most: int = 100) -> int:
        """Send them once more, with all of their attempts before them.

        Each is sent before it is taken away, so that none is lost: if the engine goes away in
        between, one may be sent twice.

        Args:
            id: Which one; all by default.
            most: How many at most, where no one is named.

        Returns:
            How many were sent.

        Raises:
            EngineUnavailable: They are out of reach.
        """

        async def send(message: Message) -> bool:
            # What is no task at all cannot be sent again.
            if not message.task:
                return False
            # Or its result would be the old failure until it begins.
            await self._kit.forget_result(message)
            queue, task = message.queue, self._kit.registered.get(message.task)
            if queue not in self._kit.queues and task is not None:
                # Nobody takes from where it was by now.
                queue = task.options.queue
            await self._kit.put(
                message.again(0, attempt=1, lost=0, failure={}, sent=time(), queue=queue)
            )
            return True

        return await self._visit(send, id, most)

    async def discard(self, id: str | None = None, *, most: int = 100) -> int:
        """Forget them.

        Args:
            id: Which one; all by default.
            most: How many at most, where no one is named.

        Returns:
            How many there were.

        Raises:
            EngineUnavailable: They are out of reach.
        """

        async def drop(_: Message) -> bool:
            return True

        return await self._visit(drop, id, most)

    async def _visit(self, visit: Visit, id: str | None, most: int) -> int:
        """Show them to ``visit``, or one alone; how many have gone."""
        count = 0

        async def look(message: Message) -> bool:
            nonlocal count
            goes = id in (None, message.id) and await visit(message)
            count += goes
            return goes

        if id is not None:
            # It may be any of them.
            most = self._kit.settings.most_dead
        await (await self._kit.opened()).visit_dead(look, most)
        return count


def _letter(message: Message) -> DeadLetter:
    return DeadLetter(
        id=message.id,
        name=message.task,
        queue=message.queue,
        arguments=message.arguments,
        attempts=message.attempt,
        sent_at=datetime.fromtimestamp(message.sent, UTC),
        kind=message.failure.get("kind", ""),
        message=message.failure.get("message", ""),
    )


__all__ = ["DeadLetter", "DeadLetters"]
