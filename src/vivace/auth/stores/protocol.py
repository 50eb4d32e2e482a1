"""What a store does, whatever it keeps records in."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from vivace.auth.stores.records import Record

R = TypeVar("R", bound=Record)


class Duplicate(Exception):
    """A record with this value of a unique field is there already.

    Args:
        kind: The class of the record.
        name: The field.
    """

    def __init__(self, kind: type[Record], name: str) -> None:
        super().__init__(f"There is a {kind.__name__} with this {name} already.")
        self.kind = kind
        self.name = name


class Store(Protocol):
    """Keeps records. Each method is atomic, also where several processes use one store."""

    async def open(self) -> None:
        """Get ready; called once in each process, before anything else."""

    async def close(self) -> None:
        """Give back what is held."""

    async def add(self, record: Record) -> None:
        """Keep a new record.

        Raises:
            Duplicate: its id, or the value of a unique field, is taken.
        """

    async def get(self, kind: type[R], id: str) -> R | None:
        """The record of this kind and id."""

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        """The records of this kind whose fields have these values, the oldest first."""

    async def replace(self, old: R, **changes: Any) -> R | None:
        """The record with ``changes``, its version one higher.

        ``None`` where the store's version is not ``old``'s any more: somebody was faster. So of
        several who use up a code at once, one succeeds.

        Raises:
            Duplicate: the new value of a unique field is taken.
        """

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        """Forget the records whose fields have these values; how many there were.

        Raises:
            TypeError: ``equal`` is empty: all of them is never what is meant.
        """

    async def remove_expired(self, kind: type[Record]) -> int:
        """Forget the records whose ``expires_at`` has passed; how many there were."""


__all__ = ["Duplicate", "Store"]
