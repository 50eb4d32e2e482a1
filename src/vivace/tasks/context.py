"""What a task may know of itself."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TaskContext:
    """The run of a task; a parameter of this type gets it, in tasks and in their dependencies."""

    #: What tells this task from all others; the same in each attempt.
    id: str
    #: The name of the task.
    name: str
    queue: str
    #: Which attempt this is; the first is 1. What a worker has not brought to an end counts.
    attempt: int
    #: How many attempts there are.
    attempts: int
    sent_at: datetime

    @property
    def is_last(self) -> bool:
        """Whether the task is given up if this attempt fails."""
        return self.attempt >= self.attempts


running: ContextVar[TaskContext] = ContextVar("vivace_task")


async def current_task() -> TaskContext:
    """The run of the task that calls this, as a dependency: ``Depends(current_task)``.

    Raises:
        LookupError: No task runs here.
    """
    try:
        return running.get()
    except LookupError:
        raise LookupError("No task runs here, and so there is no TaskContext.") from None


__all__ = ["TaskContext", "current_task", "running"]
