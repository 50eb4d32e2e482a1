"""What is known of tasks that were sent: their state and their result."""

from __future__ import annotations

from enum import StrEnum
from time import time
from typing import Any, Protocol

from pydantic import BaseModel


class Status(StrEnum):
    """How far a task has come, as far as is known."""

    #: It waits, or nothing is known of it (any more).
    PENDING = "pending"
    RUNNING = "running"
    #: It has failed, and will run again.
    RETRYING = "retrying"
    DONE = "done"
    #: It has failed for good, and is among the dead letters.
    FAILED = "failed"


class Record(BaseModel):
    """The state of a task."""

    status: Status
    attempt: int = 1
    #: What it has returned, as JSON has it.
    result: Any = None
    #: The exception that was raised last: the name of its class, and what it says.
    kind: str = ""
    message: str = ""

    @property
    def is_final(self) -> bool:
        return self.status in (Status.DONE, Status.FAILED)


class ResultStore(Protocol):
    """Keeps records for a time.

    Raises:
        EngineUnavailable: By all methods, where the records are out of reach.
    """

    async def write(self, id: str, record: bytes) -> None: ...
    async def read(self, id: str) -> bytes | None: ...
    async def close(self) -> None: ...


class MemoryResults:
    """Keeps the records of this process.

    Args:
        keep: Seconds that one is kept.
        most: How many are kept; then the oldest go.
    """

    def __init__(self, keep: float, most: int = 10_000) -> None:
        self._keep = keep
        self._most = most
        self._records: dict[str, tuple[float, bytes]] = {}

    async def write(self, id: str, record: bytes) -> None:
        # Those that were written last stand last.
        self._records.pop(id, None)
        self._records[id] = (time() + self._keep, record)
        while len(self._records) > self._most:
            self._records.pop(next(iter(self._records)), None)

    async def read(self, id: str) -> bytes | None:
        until, record = self._records.get(id, (0.0, None))
        return record if until > time() else None

    async def close(self) -> None: ...


__all__ = ["MemoryResults", "Record", "ResultStore", "Status"]
