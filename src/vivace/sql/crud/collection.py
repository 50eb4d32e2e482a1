"""The rows of a model, as one request may see them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from vivace import HTTPException
from vivace.crud import Change, Check, Key, Selection, Slice, Values, changed_meanwhile
from vivace.crud.errors import RefusedRequest
from vivace.sql.crud.locking import lock
from vivace.sql.crud.plan import Plan
from vivace.sql.crud.references import resolve
from vivace.sql.crud.rows import assign, change_version, make_item, present_values
from vivace.sql.crud.scope import Scope
from vivace.sql.crud.statements import condition, listed


class SQLCollection:
    """The rows of a model that are in ``scope``, read and written through ``session``.

    A row is locked while it is changed: by ``SELECT ... FOR UPDATE``; and on SQLite, where those
    who write lock the whole database, by an ``UPDATE`` that changes nothing.
    """

    def __init__(self, plan: Plan, session: AsyncSession, scope: Scope) -> None:
        self._plan = plan
        self._session = session
        self._scope = scope

    async def select(self, selection: Selection) -> Slice[Any]:
        attributes = self._plan.attributes
        conditions = [condition(attributes, one) for one in selection.filters]
        statement = self._scope.of(self._plan.shown).where(*conditions)
        dialect = self._session.get_bind(self._plan.mapper).dialect.name
        statement = listed(statement, attributes, selection, null_is_last=dialect == "postgresql")
        with _refusing(self._plan.refusals.of_list):
            rows = [*await self._session.scalars(statement)]
        items = rows[: selection.limit]
        if selection.backward:
            items.reverse()
        total = await self._count(conditions) if selection.total else None
        return Slice(items, more=len(rows) > selection.limit, total=total)

    async def _count(self, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
        statement = sa.select(sa.func.count()).select_from(self._plan.mapper.class_)
        found = await self._session.scalar(self._scope.of(statement).where(*conditions))
        return found or 0

    async def read(self, key: Key) -> Any | None:
        statement = self._scope.of(self._plan.shown_by_key)
        found = await self._session.scalars(statement, self._plan.parameters(key))
        return found.one_or_none()

    async def create(self, values: Values) -> Any:
        [item] = await self._insert([values])
        return item

    async def create_many(self, values: Sequence[Values]) -> Sequence[Any]:
        try:
            async with self._session.begin_nested():
                return await self._insert(values)
        except RefusedRequest:
            # Of several rows that go at once no database says which it was.
            return await self._insert_in_turn(values)

    async def _insert_in_turn(self, values: Sequence[Values]) -> Sequence[Any]:
        items: list[Any] = []
        for index, one in enumerate(values):
            try:
                items += await self._insert([one])
            except RefusedRequest as error:
                raise error.of_item(index) from error.__cause__
        return items

    async def _insert(self, values: Sequence[Values]) -> Sequence[Any]:
        plan, session = self._plan, self._session
        filled = [self._scope.fill(one) for one in values]
        with self._refusing_write({name for one in values for name in one}):
            resolved = await resolve(session, plan, filled, self._scope.options)
            items = [make_item(plan.mapper, one) for one in resolved]
            session.add_all(items)
            await session.flush()
        return await self._read_again([plan.key_of(item) for item in items])

    async def update(self, key: Key, change: Change[Any]) -> Any | None:
        # Others may go on referring to the row, as its key does not change.
        item = await self._lock(key, key_share=True)
        if item is None:
            return None
        values = await change(item)
        with self._refusing_write(values):
            options = self._scope.options
            [resolved] = await resolve(self._session, self._plan, [values], options)
            assign(item, resolved)
            if not self._plan.relations.keys().isdisjoint(values):
                change_version(self._plan, item)
            await self._session.flush()
        [changed] = await self._read_again([key])
        return changed

    async def delete(self, key: Key, check: Check[Any]) -> bool:
        item = await self._lock(key)
        if item is None:
            return False
        await check(item)
        with _refusing(self._plan.refusals.of_delete):
            await self._session.delete(item)
            await self._session.flush()
        return True

    def values(self, item: Any) -> Values:
        return present_values(self._plan, item)

    def version(self, item: Any) -> object:
        version = self._plan.version
        return None if version is None else getattr(item, version)

    async def _lock(self, key: Key, *, key_share: bool = False) -> Any | None:
        """The row as it is now, and as it stays until the transaction ends."""
        statement = self._scope.of(self._plan.changed_by_key)
        return await lock(self._session, self._plan, statement, key, key_share=key_share)

    async def _read_again(self, keys: list[Key]) -> list[Any]:
        """The rows with ``keys``, as the database has them: rounded, completed, in the scope.

        Raises:
            HTTPException: 403, where one has been written out of the scope.
        """
        statement = self._scope.of(self._plan.shown_by_keys(keys))
        # A session of its own, on the same connection: one that has written knows the objects
        # already, and what it knows of them and of their relations it does not read.
        bind = {"mapper": self._plan.mapper}
        connection = await self._session.connection(bind_arguments=bind)
        async with AsyncSession(connection, expire_on_commit=False) as reading:
            items = {self._plan.key_of(item): item for item in await reading.scalars(statement)}
        if len(items) < len(keys):
            raise HTTPException(403, "You may not give it these values.")
        # A database may have made another key of what was sent, as by padding it.
        return [items[key] for key in keys] if items.keys() == {*keys} else [*items.values()]

    def _refusing_write(self, sent: Collection[str]) -> AbstractContextManager[None]:
        """Have a client told what is wrong with the fields that have been ``sent``."""
        return _refusing(lambda error: self._plan.refusals.of_write(error, sent))


@contextmanager
def _refusing(refusal_of: Callable[[StatementError], RefusedRequest | None]) -> Iterator[None]:
    """Have a client told what an error of the database means for it, if it means anything."""
    try:
        yield
    except StaleDataError as error:
        raise changed_meanwhile() from error
    except StatementError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


__all__ = ["SQLCollection"]
