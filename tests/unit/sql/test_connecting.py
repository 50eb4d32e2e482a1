"""Replicas in turn. That they go away, as connections do, is tested on servers."""

from pathlib import Path
from typing import Annotated

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from vivace import Vivace
from vivace.sql import Database, DatabaseSettings
from vivace.testclient import TestClient

from .databases import plain_engine
from .heroes import Base, Hero, add_heroes


@pytest.fixture
def databases(tmp_path: Path) -> list[str]:
    """A primary and two replicas; who is in them tells which one was read."""
    names = ["primary", "first", "second"]
    urls = [f"sqlite:///{tmp_path}/{name}.db" for name in names]
    for name, url in zip(names, urls):
        Base.metadata.create_all(plain_engine(url))
        add_heroes(url, name)
    return urls


def test_reading_sessions_go_to_replicas_in_turn(databases: list[str]) -> None:
    url, *replicas = databases
    settings = DatabaseSettings(pool_size=1, max_overflow=1)
    db = Database(url, replicas=replicas, settings=settings)
    app = Vivace()

    @app.get("/heroes")
    async def read(session: Annotated[AsyncSession, db.read_session]) -> str:
        async with db.begin(read_only=True) as other:
            names = [*await session.scalars(select(Hero.name))]
            return " ".join(sorted([*names, *await other.scalars(select(Hero.name))]))

    @app.post("/heroes")
    async def create(session: Annotated[AsyncSession, db.session]) -> list[str]:
        session.add(Hero(name="new"))
        names = [*await session.scalars(select(Hero.name).order_by(Hero.id))]
        await session.rollback()
        return names

    with TestClient(app) as client:
        assert client.get("/heroes").json() == "first second"
        assert client.post("/heroes").json() == ["primary", "new"]
