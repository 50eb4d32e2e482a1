"""Which version each consumer has: that of their first call."""

from __future__ import annotations

from typing import Protocol


class ConsumerStore(Protocol):
    """Keeps the version of each consumer. On many machines it is a table that they share."""

    async def get(self, consumer: str) -> str | None:
        """The version of ``consumer``; ``None`` where there was no call yet."""

    async def remember(self, consumer: str, version: str) -> None:
        """Keep ``version``, unless there is one already: of two first calls at once, one wins."""

    async def change(self, consumer: str, version: str) -> None:
        """Keep ``version`` in the place of any other."""


class MemoryConsumers:
    """Keeps them in the memory of this process, and so until it ends."""

    def __init__(self) -> None:
        self._versions: dict[str, str] = {}

    async def get(self, consumer: str) -> str | None:
        return self._versions.get(consumer)

    async def remember(self, consumer: str, version: str) -> None:
        self._versions.setdefault(consumer, version)

    async def change(self, consumer: str, version: str) -> None:
        self._versions[consumer] = version


__all__ = ["ConsumerStore", "MemoryConsumers"]
