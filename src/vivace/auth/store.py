"""Where records are kept: the protocol, and the store for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from vivace.auth.records import Record

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


class MemoryStore:
    """Keeps records in this process, for tests: they are gone when it ends."""

    def __init__(self) -> None:
        self._records: dict[type[Record], dict[str, Record]] = {}

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def add(self, record: Record) -> None:
        if record.id in self._of(type(record)):
            raise Duplicate(type(record), "id")
        self._check_unique(record)
        self._of(type(record))[record.id] = record

    async def get(self, kind: type[R], id: str) -> R | None:
        found: Any = self._of(kind).get(id)
        return found  # type: ignore[no-any-return]

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        found: list[Any] = [r for r in self._of(kind).values() if _has(r, equal)]
        return sorted(found, key=lambda record: (record.created_at, record.id))

    async def replace(self, old: R, **changes: Any) -> R | None:
        current = self._of(type(old)).get(old.id)
        if current is None or current.version != old.version:
            return None
        new = replace(old, **changes, version=old.version + 1)
        self._check_unique(new)
        self._of(type(old))[old.id] = new
        return new

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        if not equal:
            raise TypeError("Say which records are to be removed: remove(Session, user_id=...)")
        return self._drop(kind, [r.id for r in self._of(kind).values() if _has(r, equal)])

    async def remove_expired(self, kind: type[Record]) -> int:
        from vivace.auth.records import now

        time = now()
        records: list[Any] = list(self._of(kind).values())
        expired = [r for r in records if r.expires_at is not None and r.expires_at <= time]
        return self._drop(kind, [record.id for record in expired])

    def _of(self, kind: type[Record]) -> dict[str, Record]:
        return self._records.setdefault(kind, {})

    def _drop(self, kind: type[Record], ids: list[str]) -> int:
        for id in ids:
            del self._of(kind)[id]
        return len(ids)

    def _check_unique(self, record: Record) -> None:
        for name, spec in type(record).__dataclass_fields__.items():
            value = getattr(record, name)
            if not spec.metadata.get("unique") or value is None:
                continue
            for other in self._of(type(record)).values():
                if other.id != record.id and getattr(other, name) == value:
                    raise Duplicate(type(record), name)


def _has(record: Record, equal: dict[str, Any]) -> bool:
    return all(getattr(record, name) == value for name, value in equal.items())


__all__ = ["Duplicate", "MemoryStore", "Store"]
