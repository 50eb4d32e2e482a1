"""Tables that the tests work on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sqlalchemy import CheckConstraint, ForeignKey, MetaData, String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from vivace.sql import NAMING_CONVENTION

from .databases import plain_engine


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Team(Base):
    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    heroes: Mapped[list[Hero]] = relationship(back_populates="team")


class Hero(Base):
    __tablename__ = "heroes"
    __table_args__ = (CheckConstraint("age > 0", name="age"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)
    age: Mapped[int] = mapped_column(default=20)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    team: Mapped[Team | None] = relationship(back_populates="heroes")


class TeamOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class HeroOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class HeroWithTeam(HeroOut):
    team: TeamOut | None


def stored_names(url: str) -> list[str]:
    """The names of the heroes that everybody sees, over a connection of its own."""
    with Session(plain_engine(url)) as session:
        return [*session.scalars(select(Hero.name).order_by(Hero.id))]


def count_heroes(url: str) -> int:
    with Session(plain_engine(url)) as session:
        return session.scalar(select(func.count(Hero.id))) or 0


def add_heroes(url: str, *names: str, team: str | None = None) -> None:
    with Session(plain_engine(url)) as session, session.begin():
        of = None if team is None else Team(name=team)
        session.add_all([Hero(name=name, team=of) for name in names])
