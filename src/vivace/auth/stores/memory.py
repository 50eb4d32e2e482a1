"""The store for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from vivace.auth.stores import records
from vivace.auth.stores.protocol import Duplicate
from vivace.auth.stores.records import Record

R = TypeVar("R", bound=Record)


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
        time = records.now()
        kept: list[Any] = list(self._of(kind).values())
        expired = [r for r in kept if r.expires_at is not None and r.expires_at <= time]
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


__all__ = ["MemoryStore"]
