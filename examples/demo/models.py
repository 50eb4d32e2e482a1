"""What goes in and out."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

Title = Annotated[str, Field(min_length=1, max_length=200)]
Year = Annotated[int, Field(ge=1450, le=2100, description="The year of this edition.")]
Price = Annotated[Decimal, Field(ge=0, max_digits=8, decimal_places=2)]


class NewBook(BaseModel):
    title: Title
    author: Annotated[str, Field(min_length=1, max_length=100)]
    year: Year
    price: Price


class BookChange(BaseModel):
    """A change: what is left out stays as it is."""

    title: Title | None = None
    price: Price | None = None


class Book(NewBook):
    id: int
    has_cover: bool = False


class Selection(BaseModel):
    """Which books to list: each field is a query parameter."""

    model_config = {"extra": "forbid"}

    search: str = ""
    order: Literal["title", "author", "year", "price"] = "title"
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0)] = 0


class Change(BaseModel):
    """What has happened to a book, as it is told live."""

    number: int
    kind: Literal["added", "changed", "removed"]
    book: Book


class Token(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"


class User(BaseModel):
    name: str
    scopes: list[str]
