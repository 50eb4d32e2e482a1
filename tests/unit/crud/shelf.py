"""A collection in memory, and an app with the router of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cmp_to_key
from typing import Annotated, Any, Unpack

from pydantic import BaseModel, ConfigDict, Field as ModelField

from vivace import Depends, Vivace
from vivace.crud import (
    Change,
    Check,
    Conflict,
    CrudOptions,
    Field,
    Filter,
    Key,
    Order,
    Resource,
    Selection,
    Slice,
    Values,
    already_exists,
    make_router,
)
from vivace.crud.resource import COMPARISON, EQUALITY, PRESENCE, SEARCH
from vivace.testclient import TestClient


@dataclass(frozen=True)
class Book:
    id: int
    title: str
    price: Decimal = Decimal(10)
    published: date | None = None
    notes: dict[str, Any] = field(default_factory=dict)
    #: Not shown.
    shelf: str = "a"

    def numbered(self, id: int) -> Book:
        return replace(self, id=id)

    def on_shelf(self, shelf: str) -> Book:
        return replace(self, shelf=shelf)


class BookFields(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, ModelField(min_length=1, max_length=40)]
    price: Annotated[Decimal, ModelField(ge=0, max_digits=6, decimal_places=2)] = Decimal(10)
    published: date | None = None
    notes: dict[str, Any] = {}


class BookRead(BookFields):
    id: int


class BookCreate(BookFields):
    """A book that is to be made."""


class BookReplace(BookFields):
    """A book as it is to be."""


BOOKS = Resource(
    name="book",
    plural="books",
    key={"id": Annotated[int, ModelField(ge=1, le=10**9)]},
    read=BookRead,
    create=BookCreate,
    replace=BookReplace,
    fields=(
        Field("id", int, EQUALITY | COMPARISON, sortable=True),
        Field("title", str, EQUALITY | SEARCH, sortable=True),
        Field("price", Decimal, EQUALITY | COMPARISON, sortable=True),
        Field("published", date, EQUALITY | PRESENCE, sortable=True, nullable=True),
    ),
)


class Shelf:
    """Books in memory. Titles are unique."""

    def __init__(self) -> None:
        self.books: dict[Key, Book] = {}
        self.selections: list[Selection] = []

    def add(self, *titles: str) -> None:
        for title in titles:
            self._keep(Book(self._next_id(), title))

    def _next_id(self) -> int:
        return max((key[0] for key in self.books), default=0) + 1

    def _keep(self, book: Book) -> Book:
        if any(one.title == book.title and one.id != book.id for one in self.books.values()):
            raise already_exists("title")
        self.books[book.id,] = book
        return book

    async def select(self, selection: Selection) -> Slice[Book]:
        self.selections.append(selection)
        compare = comparison(selection.order)

        def values(book: Book) -> tuple[Any, ...]:
            return tuple(getattr(book, order.field) for order in selection.order)

        books = [b for b in self.books.values() if all(is_true(f, b) for f in selection.filters)]
        found = len(books)
        books.sort(key=cmp_to_key(lambda a, b: compare(values(a), values(b))))

        if selection.position is not None:
            sign = -1 if selection.backward else 1
            books = [b for b in books if compare(values(b), selection.position) * sign > 0]
        if selection.backward:
            chosen = books[-selection.limit :]
        else:
            chosen = books[selection.offset :][: selection.limit]
        more = len(books) > selection.limit + selection.offset
        return Slice(chosen, more, found if selection.total else None)

    async def read(self, key: Key) -> Book | None:
        return self.books.get(key)

    async def create(self, values: Values) -> Book:
        return self._keep(Book(self._next_id(), **values))

    async def create_many(self, values: Sequence[Values]) -> Sequence[Book]:
        before = dict(self.books)
        made = []
        for index, one in enumerate(values):
            try:
                made.append(await self.create(one))
            except Conflict as error:
                self.books = before
                raise error.of_item(index) from None
        return made

    async def update(self, key: Key, change: Change[Book]) -> Book | None:
        if key not in self.books:
            return None
        return self._keep(replace(self.books[key], **await change(self.books[key])))

    async def delete(self, key: Key, check: Check[Book]) -> bool:
        if key not in self.books:
            return False
        await check(self.books[key])
        del self.books[key]
        return True

    def values(self, item: Book) -> Values:
        return {name: getattr(item, name) for name in BookReplace.model_fields}

    def version(self, item: Book) -> object:
        return item.shelf


def comparison(order: tuple[Order, ...]) -> Callable[[tuple[Any, ...], tuple[Any, ...]], int]:
    """A function that says whether values are before others, -1, equal, 0, or after them, 1."""

    def compare(left: tuple[Any, ...], right: tuple[Any, ...]) -> int:
        for one, a, b in zip(order, left, right):
            if a != b:
                is_after = b is not None and (a is None or a > b)
                return 1 if is_after != one.descending else -1
        return 0

    return compare


def is_true(condition: Filter, book: Book) -> bool:
    value: Any = getattr(book, condition.field)
    wanted = condition.value
    if condition.operator == "is_null":
        return bool((value is None) == wanted)
    if value is None:
        return False
    answers: dict[str, Callable[[], Any]] = {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "gt": lambda: value > wanted,
        "gte": lambda: value >= wanted,
        "lt": lambda: value < wanted,
        "lte": lambda: value <= wanted,
        "in": lambda: value in wanted,
        "icontains": lambda: wanted.lower() in value.lower(),
        "istartswith": lambda: value.lower().startswith(wanted.lower()),
    }
    return bool(answers[condition.operator]())


def serve(shelf: Shelf, **options: Unpack[CrudOptions]) -> TestClient:
    """A client of an app with the router of ``shelf``."""

    async def collection() -> Shelf:
        return shelf

    app = Vivace()
    app.include_router(make_router(BOOKS, Depends(collection), **options))
    return TestClient(app)
