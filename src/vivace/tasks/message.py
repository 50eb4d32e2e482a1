"""A task on its way: what engines keep, in the format of taskiq."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import time
from typing import Any

from pydantic import BaseModel, ValidationError
from taskiq.message import TaskiqMessage

#: Bytes that a task may have where it is sent, arguments and all: what NATS takes, unless it is
#: told otherwise, less some for its headers and for what failures add.
MAX_SIZE = 1_000_000


class _Labels(BaseModel):
    """What is kept of a task beside its arguments; others may add labels of their own."""

    queue_name: str = "default"
    attempt: int = 1
    due: float = 0.0
    sent: float = 0.0
    lost: int = 0
    trace: dict[str, str] = {}
    failure: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Message:
    """One task that was sent."""

    id: str
    task: str
    #: By name, as JSON has them.
    arguments: dict[str, Any] = field(default_factory=dict)
    queue: str = "default"
    #: Which attempt this is for; the first is 1.
    attempt: int = 1
    #: Seconds since 1970 before which it is not to run.
    due: float = 0.0
    #: Seconds since 1970.
    sent: float = 0.0
    #: How often it came to workers that do not know the task.
    lost: int = 0
    #: The context of the trace that it was sent in (W3C Trace Context).
    trace: dict[str, str] = field(default_factory=dict)
    #: ``kind`` and ``message`` of the exception that it was given up for.
    failure: dict[str, str] = field(default_factory=dict)

    @property
    def wait(self) -> float:
        """Seconds until it is due; 0 where it is."""
        return max(0.0, self.due - time()) if self.due else 0.0

    def again(self, after: float, **changes: Any) -> Message:
        """The same once more, in so many seconds."""
        return replace(self, due=time() + after if after > 0 else 0.0, **changes)

    def encode(self) -> bytes:
        """The bytes that engines keep."""
        labels = _Labels(
            queue_name=self.queue,
            attempt=self.attempt,
            due=self.due,
            sent=self.sent,
            lost=self.lost,
            trace=self.trace,
            failure=self.failure,
        )
        body = TaskiqMessage(
            task_id=self.id,
            task_name=self.task,
            labels=labels.model_dump(),
            args=[],
            kwargs=self.arguments,
        )
        return body.model_dump_json().encode()

    def check_size(self) -> None:
        """Whether it may be sent. Later on it may grow a little, by what is said of a failure.

        Raises:
            ValueError: It is too large.
        """
        size = len(self.encode())
        if size > MAX_SIZE:
            raise ValueError(
                f"The task {self.task} has {size} bytes of arguments, and {MAX_SIZE} are the most. "
                "Store what is large elsewhere, and send where it is."
            )

    @classmethod
    def decode(cls, body: bytes) -> Message:
        """The message of ``body``.

        Raises:
            ValueError: This is none.
        """
        try:
            found = TaskiqMessage.model_validate_json(body)
            labels = _Labels.model_validate(found.labels)
        except ValidationError as error:
            raise ValueError(f"This is no message of a task: {error}") from None
        if found.args:
            raise ValueError("The arguments of a task are sent by name.")
        return cls(
            id=found.task_id,
            task=found.task_name,
            arguments=found.kwargs,
            queue=labels.queue_name,
            attempt=labels.attempt,
            due=labels.due,
            sent=labels.sent,
            lost=labels.lost,
            trace=labels.trace,
            failure=labels.failure,
        )


__all__ = ["MAX_SIZE", "Message"]
