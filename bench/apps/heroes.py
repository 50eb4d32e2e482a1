"""One row read and one written, over SQLAlchemy: by the kit, and by hand as FastAPI teaches it.

All have the same engine on an SQLite file of their own, so that what differs is the framework.
"""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from vivace.sql import Database, DatabaseSettings

#: It is gone when the server ends.
DIRECTORY = tempfile.TemporaryDirectory()
FILE = Path(DIRECTORY.name) / "heroes.db"
KEY = 1


class Base(DeclarativeBase):
    pass


class Hero(Base):
    __tablename__ = "heroes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    age: Mapped[int]


class HeroData(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    age: int


def make_file() -> None:
    engine = create_engine(f"sqlite:///{FILE}")
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add(Hero(id=KEY, name="Ada", age=36))
    engine.dispose()


make_file()
# One connection: those that wait to write would sleep for up to 0.1 seconds, whoever serves them.
ONE = DatabaseSettings(pool_size=1, max_overflow=0)
db = Database(f"sqlite:///{FILE}", settings=ONE)


def open_session() -> AsyncSession:
    return AsyncSession(db.engine, expire_on_commit=False)


def add_to_vivace(app: Any) -> None:
    from vivace import HTTPException

    @app.get("/heroes/{key}")
    async def read(key: int, session: Annotated[AsyncSession, db.session]) -> HeroData:
        hero = await session.get(Hero, key)
        if hero is None:
            raise HTTPException(404)
        return hero

    @app.post("/heroes")
    async def create(data: HeroData, session: Annotated[AsyncSession, db.session]) -> HeroData:
        hero = Hero(name=data.name, age=data.age)
        session.add(hero)
        return hero


def add_to_fastapi(app: Any) -> None:
    from fastapi import Depends, HTTPException

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with open_session() as session:
            yield session

    @app.get("/heroes/{key}")
    async def read(key: int, session: Annotated[AsyncSession, Depends(get_session)]) -> HeroData:
        hero = await session.get(Hero, key)
        if hero is None:
            raise HTTPException(404)
        return hero

    @app.post("/heroes")
    async def create(
        data: HeroData, session: Annotated[AsyncSession, Depends(get_session)]
    ) -> HeroData:
        hero = Hero(name=data.name, age=data.age)
        session.add(hero)
        await session.commit()
        return hero


def add_to(app: Any) -> None:
    add = add_to_fastapi if os.environ["BENCH_FRAMEWORK"] == "fastapi" else add_to_vivace
    add(app)


async def read_hero() -> dict[str, Any]:
    """What the bare app answers with."""
    async with open_session() as session:
        hero = await session.get(Hero, KEY)
        assert hero is not None
        return {"name": hero.name, "age": hero.age}


async def create_hero(data: dict[str, Any]) -> dict[str, Any]:
    async with open_session() as session:
        hero = Hero(name=data["name"], age=data["age"])
        session.add(hero)
        await session.commit()
        return {"name": hero.name, "age": hero.age}
