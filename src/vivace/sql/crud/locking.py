"""Rows that nobody else changes until the transaction ends, seen as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, ORMExecuteState

from vivace.crud import Key
from vivace.sql.crud.plan import Plan


async def lock(
    session: AsyncSession, plan: Plan, statement: sa.Select[Any], key: Key, *, key_share: bool
) -> Any | None:
    """The row that ``statement`` finds, locked; ``None`` where there is none.

    SQLite has no ``FOR UPDATE``: there, those who write lock the whole database.

    Args:
        statement: Selects the row with ``key``, which is a parameter of it.
        key_share: Whether others may go on referring to the row, as its key does not change.
    """
    dialect = session.get_bind(plan.mapper).dialect.name
    has_read = session.in_transaction()
    await _forget(session, plan.mapper, key)
    if dialect == "sqlite":
        await session.execute(lock_statement(plan.mapper, key))
    else:
        statement = statement.with_for_update(key_share=key_share)
    is_stale = has_read and dialect in ("mysql", "mariadb")
    with _present_relations(session) if is_stale else nullcontext():
        found = await session.scalars(statement, plan.parameters(key))
    return found.one_or_none()


async def _forget(session: AsyncSession, mapper: Mapper[Any], key: Key) -> None:
    """Have the row read though the session knows it, as it may have been changed since."""
    known = session.identity_map.get(mapper.identity_key_from_primary_key(key))
    if known is not None:
        await session.flush()
        session.expire(known)


@contextmanager
def _present_relations(session: AsyncSession) -> Iterator[None]:
    """Have relations that are loaded within the block read as they are now.

    A transaction of InnoDB's goes on seeing what it has seen at first, except where it locks what
    it reads (REPEATABLE READ, which is the default).
    """

    def lock_relation(state: ORMExecuteState) -> None:
        if state.is_relationship_load and isinstance(state.statement, sa.Select):
            state.statement = state.statement.with_for_update(read=True)

    event.listen(session.sync_session, "do_orm_execute", lock_relation)
    try:
        yield
    finally:
        event.remove(session.sync_session, "do_orm_execute", lock_relation)


def lock_statement(mapper: Mapper[Any], key: Key) -> sa.Update:
    """What makes SQLite wait until nobody else writes, without changing anything.

    It is an ``UPDATE``, as no other statement locks within a transaction. Of the table only the key
    is named, so that nothing is set that is set with every other update.
    """
    columns = mapper.primary_key
    table: Any = columns[0].table
    bare = sa.table(
        table.name, *(sa.column(one.name, one.type) for one in columns), schema=table.schema
    )
    conditions = [bare.c[one.name] == value for one, value in zip(columns, key)]
    first = bare.c[columns[0].name]
    return sa.update(bare).where(*conditions).values({first: first})


__all__ = ["lock", "lock_statement"]
