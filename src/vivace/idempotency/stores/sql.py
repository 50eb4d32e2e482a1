"""Keys in the database that the changes are in, committed together with them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

from sqlalchemy import (
    Column,
    Double,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from vivace.answers.answer import Answer
from vivace.idempotency.stores.protocol import Held
from vivace.outages import StoreUnavailable
from vivace.sql import Conflict, Database, Unavailable

T = TypeVar("T")

#: The states of a request: it is carried out; its change is committed; its answer is kept too.
RUNNING: Final = "R"
COMMITTED: Final = "C"
ANSWERED: Final = "A"

#: With every so many keys, so many are deleted that are over.
SWEEP_EVERY: Final = 100
SWEPT: Final = 500

_metadata = MetaData()
_keys = Table(
    "idempotency_keys",
    _metadata,
    Column("name", String(40), primary_key=True),
    Column("fingerprint", String(40), nullable=False),
    Column("token", String(32), nullable=False),
    Column("state", String(1), nullable=False),
    # On MariaDB the length makes room for answers of 16 MB; elsewhere it says nothing.
    Column("answer", LargeBinary(2**24 - 1)),
    # Seconds since 1970.
    Column("until", Double, nullable=False, index=True),
)


class SqlStore:
    """Keeps keys in a database of :mod:`vivace.sql`, in the transaction of the change itself.

    So a change is carried out once, whatever breaks and whenever: the session of the request
    (``db.session``) commits the change and that its key is used up, or neither. A slow process
    whose key another one has by now cannot commit any more. The answer is written after that; where
    the process dies just then, a second request is told with a 409 that the first was carried out.

    It holds for what an endpoint does by ``db.session`` and leaves to it to commit.

    The table ``idempotency_keys`` is made by migrations, as others are::

        db = Database(url, metadata=[Base.metadata, SqlStore.metadata])
        idempotency = Idempotency(SqlStore(db))

    Args:
        database: The database.

    Raises:
        TypeError: It is no :class:`vivace.sql.Database`.

    Attributes:
        session: The dependency that gives a request its session.
        metadata: The table.
    """

    metadata: ClassVar[MetaData] = _metadata

    def __init__(self, database: Database) -> None:
        if not isinstance(database, Database):
            raise TypeError(f"{database!r} is no vivace.sql.Database. Give the one of the app.")
        self._database = database
        self.session: Any = database.session
        self._numbers = count(1)

    def __repr__(self) -> str:
        return f"SqlStore({self._database!r})"

    async def begin(self, name: str, fingerprint: str, token: str, lease: float) -> Held | None:
        running = Held(fingerprint, is_running=True)

        async def take(session: AsyncSession) -> Held | None:
            now = time.time()
            found = (await session.execute(select(_keys).where(_keys.c.name == name))).first()
            values = {
                "fingerprint": fingerprint,
                "token": token,
                "state": RUNNING,
                "answer": None,
                "until": now + lease,
            }
            if found is None:
                await session.execute(insert(_keys).values(name=name, **values))
                return None
            if found.until > now:
                return _held(found)
            # Whoever had it may come back, or another one may take it: one of them has it then.
            over = _keys.c.name == name, _keys.c.token == found.token, _keys.c.until <= now
            return None if await _changes(session, update(_keys).where(*over), values) else running

        if next(self._numbers) % SWEEP_EVERY == 0:
            await self._run(_sweep)
        try:
            return await self._run(take)
        except (Conflict, IntegrityError):
            # Another one has inserted it meanwhile.
            return await self._run(take)

    async def extend(self, name: str, fingerprint: str, token: str, lease: float) -> bool:
        ours = update(_keys).where(*_ours(name, token), _keys.c.state == RUNNING)
        return await self._run(lambda s: _changes(s, ours, {"until": time.time() + lease}))

    async def mark(self, session: AsyncSession, name: str, token: str, ttl: float) -> bool:
        """Have the key used up when ``session`` is committed; false where it is another's by now.

        Args:
            session: That of the request.
        """
        ours = update(_keys).where(*_ours(name, token), _keys.c.state == RUNNING)
        values = {"state": COMMITTED, "until": time.time() + ttl}
        return await _changes(session, ours, values)

    async def finish(
        self, name: str, fingerprint: str, token: str, answer: Answer | None, ttl: float
    ) -> bool:
        values = {
            "state": COMMITTED if answer is None else ANSWERED,
            "answer": None if answer is None else answer.to_bytes(),
            "until": time.time() + ttl,
        }
        ours = update(_keys).where(*_ours(name, token))
        return await self._run(lambda session: _changes(session, ours, values))

    async def free(self, name: str, token: str) -> None:
        # A change that is committed stays so, whatever has gone wrong after it.
        ours = delete(_keys).where(*_ours(name, token), _keys.c.state == RUNNING)
        await self._run(lambda session: session.execute(ours))

    async def close(self) -> None:
        pass  # The app closes its database.

    async def _run(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        try:
            return await self._database.run(work)
        except (Conflict, IntegrityError):
            raise
        except (Unavailable, SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(1) from error


def _ours(name: str, token: str) -> tuple[Any, Any]:
    return _keys.c.name == name, _keys.c.token == token


async def _changes(session: AsyncSession, statement: Any, values: dict[str, Any]) -> bool:
    """Whether a row has been changed."""
    connection = await session.connection()
    result = await connection.execute(statement.values(**values))
    return result.rowcount == 1


async def _sweep(session: AsyncSession) -> None:
    """Delete some keys that are over."""
    over = _keys.c.until <= time.time()
    names = (await session.execute(select(_keys.c.name).where(over).limit(SWEPT))).scalars()
    await session.execute(delete(_keys).where(_keys.c.name.in_([*names]), over))


def _held(row: Row[Any]) -> Held:
    answer = Answer.from_bytes(row.answer) if row.answer is not None else None
    return Held(row.fingerprint, row.state == RUNNING, answer)


__all__ = ["SqlStore"]
