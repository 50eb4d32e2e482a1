"""What can go wrong, and what a task may raise to say how it goes on."""

from __future__ import annotations

from vivace import HTTPException


class EngineUnavailable(HTTPException):
    """The engine has not answered in time: 503 for a client, where an endpoint lets it pass.

    A task of which :meth:`~vivace.tasks.Task.send` raises this may run nevertheless: the engine may
    have it, and only its answer is missing.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(503, "Service Unavailable", {"Retry-After": "1"})
        self.reason = reason

    def __str__(self) -> str:
        return f"The engine of tasks is out of reach: {self.reason}"


class QueueFull(EngineUnavailable):
    """As many tasks wait already as may: 503 for a client, where an endpoint lets it pass."""

    def __str__(self) -> str:
        return f"No further task is taken: {self.reason}"


class DeliveryLost(Exception):
    """The engine gives the task to another worker, or has it done by now."""


class TaskFailed(Exception):
    """A task has failed for good.

    Args:
        id: Which task.
        kind: The name of the class of the exception that it has raised last.
        message: What that says.

    Attributes:
        id, kind, message: As given.
    """

    def __init__(self, id: str, kind: str, message: str) -> None:
        super().__init__(f"Task {id} has failed: {kind}: {message}")
        self.id = id
        self.kind = kind
        self.message = message


class ResultNotKept(LookupError):
    """There is nowhere that results are kept; what is said of it says what to do."""


class Retry(Exception):
    """Raised by a task: run it again, if attempts are left, whatever ``retry_on`` says.

    Args:
        reason: Why, for the log.
        after: Seconds to wait; by default what the back-off of the task says.
    """

    def __init__(self, reason: str = "", *, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class GiveUp(Exception):
    """Raised by a task: it has failed, and no further attempt will change that.

    Args:
        reason: Why, for the log and the dead letter.
    """


__all__ = [
    "DeliveryLost",
    "EngineUnavailable",
    "GiveUp",
    "QueueFull",
    "ResultNotKept",
    "Retry",
    "TaskFailed",
]
