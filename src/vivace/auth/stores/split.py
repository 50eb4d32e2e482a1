"""Some kinds of records in one store, and the rest in another."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import Record

R = TypeVar("R", bound=Record)


class SplitStore:
    """Asks one of several stores, depending on the kind of the record.

    .. code-block:: python

        redis = RedisStore("redis://localhost")
        store = SplitStore(SQLStore(url), {Session: redis, Challenge: redis, Attempts: redis})

    Args:
        rest: For all kinds that are not named.
        stores: The stores of the others.
    """

    def __init__(self, rest: Store, stores: Mapping[type[Record], Store]) -> None:
        self._rest = rest
        self._stores = dict(stores)

    async def open(self) -> None:
        """Open all stores; where one cannot be opened, those before it are closed."""
        async with AsyncExitStack() as opened:
            for store in self._each():
                await store.open()
                opened.push_async_callback(store.close)
            opened.pop_all()

    async def close(self) -> None:
        """Close all stores, the last opened first, also where one of them fails to."""
        async with AsyncExitStack() as closing:
            for store in self._each():
                closing.push_async_callback(store.close)

    async def add(self, record: Record) -> None:
        await self._of(type(record)).add(record)

    async def get(self, kind: type[R], id: str) -> R | None:
        return await self._of(kind).get(kind, id)

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        return await self._of(kind).find(kind, **equal)

    async def replace(self, old: R, **changes: Any) -> R | None:
        return await self._of(type(old)).replace(old, **changes)

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        return await self._of(kind).remove(kind, **equal)

    async def remove_expired(self, kind: type[Record]) -> int:
        return await self._of(kind).remove_expired(kind)

    def _of(self, kind: type[Record]) -> Store:
        return self._stores.get(kind, self._rest)

    def _each(self) -> list[Store]:
        """Each store once."""
        return list({id(store): store for store in (self._rest, *self._stores.values())}.values())


__all__ = ["SplitStore"]
