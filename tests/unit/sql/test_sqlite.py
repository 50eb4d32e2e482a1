"""SQLite, set up to serve."""

import asyncio
import gc
import sqlite3
import threading
from typing import Annotated

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vivace import Vivace
from vivace.sql import Conflict, Database, DatabaseSettings, SyncDatabase
from vivace.sql.sqlite import MemoryDatabase
from vivace.testclient import AsyncTestClient, TestClient

from .heroes import Base, Hero, add_heroes, stored_names


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("foreign_keys", 1), ("journal_mode", "wal"), ("busy_timeout", 30_000), ("synchronous", 2)],
)
async def test_files_are_safe_to_serve_from(sqlite: str, pragma: str, value: object) -> None:
    db = Database(sqlite)
    async with db.begin() as session:
        assert await session.scalar(text(f"PRAGMA {pragma}")) == value
    await db.close()


@pytest.mark.anyio
async def test_one_reads_while_another_writes(sqlite: str) -> None:
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    async with db.begin() as writing:
        writing.add(Hero(name="bob"))
        await writing.flush()
        async with db.begin(read_only=True) as reading:
            assert [*await reading.scalars(select(Hero.name))] == ["ada"]
    await db.close()


@pytest.mark.anyio
async def test_a_transaction_sees_the_same_throughout(sqlite: str) -> None:
    """Python's driver would begin it at the first statement that writes."""
    add_heroes(sqlite, "ada")
    db = Database(sqlite)
    async with db.begin() as session:
        before = [*await session.scalars(select(Hero.name))]
        add_heroes(sqlite, "bob")
        assert [*await session.scalars(select(Hero.name))] == before
    await db.close()


@pytest.mark.anyio
async def test_a_savepoint_is_rolled_back_with_its_transaction(sqlite: str) -> None:
    db = Database(sqlite)
    with pytest.raises(ValueError, match="of the block"):
        async with db.begin() as session:
            async with session.begin_nested():
                session.add(Hero(name="eve"))
            raise ValueError("of the block")
    await db.close()
    assert stored_names(sqlite) == []


@pytest.mark.anyio
async def test_who_begins_with_the_right_to_write_is_not_refused(sqlite: str) -> None:
    """Two read, then both write what they have read: the second waits for its turn to read."""
    add_heroes(sqlite, "ada")
    db = Database(sqlite, settings=DatabaseSettings(begin_immediate=True))
    app = Vivace()

    @app.post("/age")
    async def grow(session: Annotated[AsyncSession, db.session]) -> int:
        hero = (await session.scalars(select(Hero))).one()
        await asyncio.sleep(0.001)
        hero.age += 1
        return hero.age

    @app.get("/age")
    async def read(session: Annotated[AsyncSession, db.read_session]) -> int:
        return (await session.scalars(select(Hero.age))).one()

    async with AsyncTestClient(app) as client:
        responses = await asyncio.gather(*(client.post("/age") for _ in range(6)))
        assert sorted(response.json() for response in responses) == [21, 22, 23, 24, 25, 26]
        assert (await client.get("/age")).json() == 26


# In memory.


def test_a_database_in_memory_serves_several_requests_at_once() -> None:
    """Each has a transaction of its own, as with a file."""
    db = Database("sqlite://", metadata=Base.metadata, create_tables=True)
    app = Vivace()

    @app.post("/heroes")
    async def create(name: str, session: Annotated[AsyncSession, db.session]) -> list[str]:
        session.add(Hero(name=name))
        await session.flush()
        await asyncio.sleep(0.001)
        if name.startswith("eve"):
            raise Conflict("No.")
        return [*await session.scalars(select(Hero.name))]

    async def ask() -> list[int]:
        async with AsyncTestClient(app) as client:
            names = ["ada", "eve1", "bob", "eve2", "cid", "eve3"]
            asked = (client.post(f"/heroes?name={name}") for name in names)
            return [response.status_code for response in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [200, 409, 200, 409, 200, 409]

    async def read() -> list[str]:
        # It is still there in another event loop.
        async with db.begin() as session:
            return [*await session.scalars(select(Hero.name).order_by(Hero.name))]

    assert asyncio.run(read()) == ["ada", "bob", "cid"]


def test_a_database_in_memory_serves_several_threads() -> None:
    db = SyncDatabase("sqlite:///:memory:", metadata=Base.metadata, create_tables=True)
    app = Vivace()
    threads = set()

    @app.post("/heroes")
    def create(name: str, session: Annotated[Session, db.session]) -> None:
        threads.add(threading.get_ident())
        session.add(Hero(name=name))

    @app.get("/heroes")
    def read(session: Annotated[Session, db.read_session]) -> int:
        threads.add(threading.get_ident())
        return len(session.scalars(select(Hero)).all())

    async def ask() -> int:
        async with AsyncTestClient(app) as client:
            await asyncio.gather(*(client.post(f"/heroes?name={name}") for name in range(20)))
            return int((await client.get("/heroes")).text)

    assert asyncio.run(ask()) == 20
    assert len(threads) > 1


def test_two_databases_in_memory_share_nothing() -> None:
    for _ in range(2):
        db = SyncDatabase("sqlite://", metadata=Base.metadata, create_tables=True)
        db.open()
        with db.begin() as session:
            session.add(Hero(name="ada"))
        db.close()


def test_a_database_in_memory_is_gone_with_its_object() -> None:
    memory = MemoryDatabase()
    path = f"{memory.locate(make_url('sqlite://')).database}?vfs=memdb"
    with sqlite3.connect(path, uri=True) as connection:
        connection.execute("CREATE TABLE heroes (name)")
    connection.close()
    del memory
    gc.collect()
    again = sqlite3.connect(path, uri=True)
    assert again.execute("SELECT * FROM sqlite_master").fetchall() == []
    again.close()


def test_an_old_sqlite_is_refused_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(ValueError, match=r"takes SQLite 3\.36.*use a file"):
        Database("sqlite://")


def test_an_app_on_memory_is_tested_without_being_started() -> None:
    db = Database("sqlite://", metadata=Base.metadata, create_tables=True)
    app = Vivace()

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> int:
        session.add(Hero(name=str(len((await session.scalars(select(Hero))).all()))))
        await session.flush()
        return len((await session.scalars(select(Hero))).all())

    # Each request has an event loop of its own.
    client = TestClient(app)
    assert [client.post("/heroes").json() for _ in range(3)] == [1, 2, 3]
