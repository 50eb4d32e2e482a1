"""Other databases for tests, and writing that is taken back."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from vivace import HTTPException, Vivace
from vivace.sql import Database, SyncDatabase
from vivace.testclient import AsyncTestClient, TestClient

from .heroes import Base, Hero, add_heroes, stored_names


def make_app(db: Database) -> Vivace:
    """An app that commits, rolls back and conflicts."""
    app = Vivace()

    @app.post("/heroes")
    async def create(
        name: str, session: Annotated[AsyncSession, db.session], fail: bool = False
    ) -> list[str]:
        session.add(Hero(name=name))
        names = [*await session.scalars(select(Hero.name).order_by(Hero.id))]
        if fail:
            raise HTTPException(404)
        return names

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.read_session]) -> list[str]:
        return [*await session.scalars(select(Hero.name).order_by(Hero.id))]

    return app


def make_sync_app(db: SyncDatabase) -> Vivace:
    """The same in threads."""
    app = Vivace()

    @app.post("/heroes")
    def create(name: str, session: Annotated[Session, db.session], fail: bool = False) -> list[str]:
        session.add(Hero(name=name))
        names = [*session.scalars(select(Hero.name).order_by(Hero.id))]
        if fail:
            raise HTTPException(404)
        return names

    @app.get("/heroes")
    def read(session: Annotated[Session, db.read_session]) -> list[str]:
        return [*session.scalars(select(Hero.name).order_by(Hero.id))]

    return app


@pytest.fixture(params=["async", "sync"])
def database_and_app(request: pytest.FixtureRequest, url: str) -> tuple[Any, Vivace]:
    if request.param == "sync":
        sync_db = SyncDatabase(url, metadata=Base.metadata)
        return sync_db, make_sync_app(sync_db)
    db = Database(url, metadata=Base.metadata)
    return db, make_app(db)


def test_what_a_test_writes_is_taken_back(url: str, database_and_app: tuple[Any, Vivace]) -> None:
    db, app = database_and_app
    for _ in range(2):
        with db.rolled_back(), TestClient(app) as client:
            assert client.post("/heroes?name=ada").json() == ["ada"]
            # A request that fails takes back what it did itself.
            assert client.post("/heroes?name=eve&fail=true").status_code == 404
            assert client.post("/heroes?name=ada").status_code == 409
            assert client.post("/heroes?name=bob").json() == ["ada", "bob"]
            assert client.get("/heroes").json() == ["ada", "bob"]
            assert stored_names(url) == []
        assert stored_names(url) == []
    # Afterwards it writes as ever.
    with TestClient(app) as client:
        client.post("/heroes?name=ada")
    assert stored_names(url) == ["ada"]


def test_another_database_takes_its_place(
    url: str, tmp_path: Path, database_and_app: tuple[Any, Vivace]
) -> None:
    add_heroes(url, "real")
    db, app = database_and_app
    before = str(db.address)
    with (
        db.override(f"sqlite:///{tmp_path}/other.db", create_tables=True),
        TestClient(app) as client,
    ):
        assert client.post("/heroes?name=ada").json() == ["ada"]
    assert str(db.address) == before
    with TestClient(app) as client:
        assert client.get("/heroes").json() == ["real"]
    assert stored_names(url) == ["real"]


@pytest.fixture
async def client(sqlite: str) -> AsyncIterator[tuple[AsyncTestClient, Database]]:
    """As the page on databases has it."""
    db = Database(sqlite)
    with db.rolled_back():
        async with AsyncTestClient(make_app(db)) as client:
            yield client, db


@pytest.mark.anyio
@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_test_prepares_what_requests_find(
    client: tuple[AsyncTestClient, Database], attempt: int
) -> None:
    requests, db = client
    async with db.begin() as session:
        session.add(Hero(name="ada"))
    assert (await requests.get("/heroes")).json() == ["ada"]
    await requests.post("/heroes?name=bob")
    async with db.begin() as session:
        assert [*await session.scalars(select(Hero.name).order_by(Hero.id))] == ["ada", "bob"]


def test_tables_that_are_made_are_taken_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/app.db"
    db = Database(url, metadata=Base.metadata, create_tables=True)
    with db.rolled_back(), TestClient(make_app(db)) as client:
        assert client.post("/heroes?name=ada").json() == ["ada"]
    sync_db = SyncDatabase(url, metadata=Base.metadata, create_tables=True)
    with sync_db.rolled_back(), TestClient(make_sync_app(sync_db)) as client:
        assert client.post("/heroes?name=ada").json() == ["ada"]
    with sync_db.begin() as session:
        assert session.scalars(text("SELECT name FROM sqlite_master")).all() == []
    sync_db.close()


def test_an_override_ends_with_its_block_where_that_fails(tmp_path: Path) -> None:
    db = SyncDatabase("sqlite://")
    before = db.address
    with pytest.raises(ValueError, match="of the test"), failing(db, tmp_path):
        pass
    assert db.address is before


def failing(db: SyncDatabase, directory: Path) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def block() -> Iterator[None]:
        with db.override(f"sqlite:///{directory}/other.db"):
            raise ValueError("of the test")
        yield

    return block()
