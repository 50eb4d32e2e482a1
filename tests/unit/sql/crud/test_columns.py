from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic_core import PydanticUndefined
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vivace.sql.crud.columns import Access, Overrides, column_fields, constant_default, key_fields

from .library import Account, Line


class Base(DeclarativeBase):
    pass


class Thing(Base):
    """With a column for each way in which one is set."""

    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    plain: Mapped[str]
    named: Mapped[str] = mapped_column("other_name", doc="Words.")
    computed: Mapped[int] = mapped_column(sa.Computed("id + 1"))
    always: Mapped[int] = mapped_column(sa.Identity(always=True))
    touched: Mapped[datetime] = mapped_column(onupdate=sa.func.now())
    server_touched: Mapped[datetime] = mapped_column(server_onupdate=sa.FetchedValue())
    touched_and_set: Mapped[datetime] = mapped_column(
        onupdate=sa.func.now(), info={"crud": "read-write"}
    )
    made: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    token: Mapped[UUID] = mapped_column(default=uuid4)
    status: Mapped[str] = mapped_column(default="new")
    tags: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    settings: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=lambda: {"a": 1})
    number: Mapped[int] = mapped_column(sa.Integer, sa.Sequence("numbers"))
    secret: Mapped[str | None] = mapped_column(info={"crud": "hidden"})
    password: Mapped[str] = mapped_column(info={"crud": "write-only"})
    _private: Mapped[str | None] = mapped_column()
    kind: Mapped[str]

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "thing"}


class Natural(Base):
    __tablename__ = "natural"

    code: Mapped[str] = mapped_column(primary_key=True)


class Generated(Base):
    __tablename__ = "generated"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


class Child(Thing):
    """Of joined inheritance: its key is its parent's."""

    __tablename__ = "children"

    id: Mapped[int] = mapped_column(sa.ForeignKey("things.id"), primary_key=True)
    toys: Mapped[int]

    __mapper_args__ = {"polymorphic_identity": "child"}


def fields_of(model: Any, **overrides: Any) -> Any:
    made = {name: frozenset(names) for name, names in overrides.items()}
    return column_fields(sa.inspect(model), Overrides(**made))


@pytest.mark.parametrize(
    ("name", "access"),
    [
        ("id", "read-only"),
        ("plain", "read-write"),
        ("named", "read-write"),
        ("computed", "read-only"),
        ("always", "read-only"),
        ("touched", "read-only"),
        ("server_touched", "read-only"),
        ("touched_and_set", "read-write"),
        ("made", "read-write"),
        ("token", "read-write"),
        ("secret", "hidden"),
        ("password", "write-only"),
        ("_private", "hidden"),
        ("kind", "read-only"),
    ],
)
def test_a_column_says_who_may_see_and_set_it(name: str, access: Access) -> None:
    assert fields_of(Thing)[name].access == access


def test_a_router_says_otherwise() -> None:
    fields = fields_of(Thing, hidden=["plain"], read_only=["secret"], write_only=["token"])
    assert fields["plain"].access == "hidden"
    assert fields["secret"].access == "read-only"
    assert fields["token"].access == "write-only"
    # Hiding is stronger than the rest.
    fields = fields_of(Thing, hidden=["plain"], read_only=["plain"])
    assert fields["plain"].access == "hidden"


def test_what_access_means() -> None:
    fields = fields_of(Thing)
    assert fields["plain"].is_shown and fields["plain"].is_replaceable
    assert fields["touched"].is_shown and not fields["touched"].is_settable
    assert fields["password"].is_settable and not fields["password"].is_shown
    assert not fields["secret"].is_settable and not fields["secret"].is_shown
    assert fields["named"].description == "Words."


def test_keys_are_set_once_or_by_themselves() -> None:
    code = fields_of(Natural)["code"]
    assert code.is_settable and not code.is_replaceable
    assert not fields_of(Generated)["id"].is_settable
    child = fields_of(Child)["id"]
    assert child.is_key and child.access == "read-only"
    assert all(field.is_settable for name, field in fields_of(Line).items())


def test_a_version_is_set_by_itself() -> None:
    assert fields_of(Account)["version"].access == "read-only"


def test_the_key_has_its_parts_in_order() -> None:
    assert [*key_fields(sa.inspect(Line))] == ["document", "number"]
    assert [*key_fields(sa.inspect(Child))] == ["id"]


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("status", "new"),
        ("tags", []),
        ("plain", PydanticUndefined),
        ("made", PydanticUndefined),
        ("token", PydanticUndefined),
        ("settings", PydanticUndefined),
        ("number", PydanticUndefined),
    ],
)
def test_a_default_is_known_if_it_is_always_the_same(name: str, default: Any) -> None:
    column: Any = Thing.__table__.c[name]
    assert constant_default(column) == default
    assert constant_default(None) is PydanticUndefined
