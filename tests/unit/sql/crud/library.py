"""Tables that the tests work on, and apps with routers for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from vivace import Vivace
from vivace.sql import Database, crud_router
from vivace.testclient import TestClient


class Base(DeclarativeBase):
    pass


class Genre(Enum):
    NOVEL = "novel"
    POEM = "poem"


book_tags = sa.Table(
    "book_tags",
    Base.metadata,
    sa.Column("book_id", sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("tags.id"), primary_key=True),
)


club_members = sa.Table(
    "club_members",
    Base.metadata,
    sa.Column("club_id", sa.ForeignKey("clubs.id"), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[Annotated[str, Field(min_length=1)]] = mapped_column(sa.String(40), unique=True)
    phone: Mapped[str | None] = mapped_column(sa.String(20), info={"crud": "write-only"})
    books: Mapped[list[Book]] = relationship(back_populates="author", order_by="Book.title")
    profile: Mapped[Profile | None] = relationship(back_populates="author")


class Profile(Base):
    """One to one."""

    __tablename__ = "profiles"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(sa.String(100))
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("authors.id"), unique=True)
    author: Mapped[Author | None] = relationship(back_populates="profile")


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20), unique=True)
    books: Mapped[list[Book]] = relationship(secondary=book_tags, back_populates="tags")


class Book(Base):
    __tablename__ = "books"
    __table_args__ = (
        sa.UniqueConstraint("title", "author_id", name="title_and_author"),
        sa.CheckConstraint("pages > 0", name="has_pages"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(40))
    genre: Mapped[Genre] = mapped_column(default=Genre.NOVEL)
    pages: Mapped[int] = mapped_column(default=100)
    price: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 2))
    published: Mapped[date | None] = mapped_column(doc="When it was to be had first.")
    notes: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    added_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), info={"crud": "read-only"}
    )
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("authors.id"))
    author: Mapped[Author | None] = relationship(back_populates="books")
    tags: Mapped[list[Tag]] = relationship(secondary=book_tags, back_populates="books")


class Account(Base):
    """With a version."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    balance: Mapped[int] = mapped_column(default=0)
    code: Mapped[str | None] = mapped_column(sa.String(20), info={"crud": "write-only"})

    __mapper_args__ = {"version_id_col": version}


class Club(Base):
    """With a version, and relations."""

    __tablename__ = "clubs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(20))
    version: Mapped[int] = mapped_column()
    members: Mapped[list[Account]] = relationship(secondary=club_members)

    __mapper_args__ = {"version_id_col": version}


class Country(Base):
    """With a natural key."""

    __tablename__ = "countries"

    code: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(40))


class Line(Base):
    """With a key of two parts."""

    __tablename__ = "lines"

    document: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(sa.String(40))


#: A model, and the options of its router.
Served = type[Any] | tuple[type[Any], dict[str, Any]]


def app_of(db: Database, *served: Served) -> Vivace:
    app = Vivace()
    for one in served:
        model, options = one if isinstance(one, tuple) else (one, {})
        app.include_router(crud_router(model, db, **options))
    return app


#: Apps that are made already, by what they serve: to make one takes longer than most tests.
_APPS: dict[str, tuple[Database, Vivace]] = {}


@contextmanager
def serve(url: str, *served: Served) -> Iterator[TestClient]:
    """A client of an app with a router for each model."""
    described = repr(served)
    if described not in _APPS:
        made = Database("sqlite://")
        _APPS[described] = made, app_of(made, *served)
    db, app = _APPS[described]
    with db.override(url), TestClient(app) as client:
        yield client


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are executed within the block, transactions aside."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *ignored: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def place(response: Any) -> tuple[int, Any]:
    """The status of a refusal, and the place that it names first."""
    return response.status_code, response.json()["detail"][0]["loc"]
