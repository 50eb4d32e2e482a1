"""Books in a database that lives as long as the app, and the dependencies that open it.

Nothing here is asynchronous: Vivace runs it in worker threads.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from vivace import Depends, HTTPException

from .models import Book, BookChange, NewBook, Selection

SCHEMA = """
CREATE TABLE book (
    id INTEGER PRIMARY KEY, title TEXT, author TEXT, year INTEGER, price TEXT,
    cover BLOB, cover_type TEXT
)
"""
FIRST_BOOKS = [
    ("The Time Machine", "H. G. Wells", 1895, "7.90"),
    ("Emma", "Jane Austen", 1815, "9.50"),
    ("Walden", "Henry David Thoreau", 1854, "8.20"),
]


def make_database() -> Iterator[Path]:
    """A database with a few books: made when the app starts, removed when it ends."""
    with TemporaryDirectory(prefix="bookshop-") as directory:
        file = Path(directory, "books.sqlite")
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(SCHEMA)
            connection.executemany(
                "INSERT INTO book (title, author, year, price) VALUES (?, ?, ?, ?)", FIRST_BOOKS
            )
        yield file


Database = Annotated[Path, Depends(make_database, scope="app")]


class Books:
    """The books as one connection sees them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.row_factory = sqlite3.Row

    def select(self, selection: Selection) -> Iterator[Book]:
        rows = self.connection.execute(
            "SELECT *, cover IS NOT NULL AS has_cover FROM book "
            # The order is one of the words that Selection allows.
            f"WHERE instr(lower(title), lower(?)) ORDER BY {selection.order}, id LIMIT ? OFFSET ?",
            (selection.search, selection.limit, selection.offset),
        )
        return (Book.model_validate(dict(row)) for row in rows)

    def find_titles(self, search: str) -> list[str]:
        return [book.title for book in self.select(Selection(search=search))]

    def get(self, book_id: int) -> Book:
        return Book.model_validate(self._row(book_id))

    def add(self, new: NewBook) -> Book:
        cursor = self.connection.execute(
            "INSERT INTO book (title, author, year, price) VALUES (?, ?, ?, ?)",
            (new.title, new.author, new.year, str(new.price)),
        )
        assert cursor.lastrowid is not None
        return self.get(cursor.lastrowid)

    def change(self, book_id: int, change: BookChange) -> Book:
        book = self.get(book_id).model_copy(update=change.model_dump(exclude_none=True))
        self.connection.execute(
            "UPDATE book SET title = ?, price = ? WHERE id = ?",
            (book.title, str(book.price), book_id),
        )
        return book

    def remove(self, book_id: int) -> Book:
        book = self.get(book_id)
        self.connection.execute("DELETE FROM book WHERE id = ?", (book_id,))
        return book

    def set_cover(self, book_id: int, data: bytes, media_type: str) -> Book:
        self.connection.execute(
            "UPDATE book SET cover = ?, cover_type = ? WHERE id = ?", (data, media_type, book_id)
        )
        return self.get(book_id)

    def get_cover(self, book_id: int) -> tuple[bytes, str]:
        row = self._row(book_id)
        if row["cover"] is None:
            raise HTTPException(status_code=404, detail="This book has no cover.")
        return row["cover"], row["cover_type"]

    def _row(self, book_id: int) -> dict[str, Any]:
        row = self.connection.execute(
            "SELECT *, cover IS NOT NULL AS has_cover FROM book WHERE id = ?", (book_id,)
        ).fetchone()
        if row is None:
            raise HTTPException(status_code=404, detail=f"There is no book {book_id}.")
        return dict(row)


def open_for_reading(database: Database) -> Iterator[Books]:
    """Open until the response has been sent, so that an endpoint may stream what it reads."""
    with closing(sqlite3.connect(database, check_same_thread=False)) as connection:
        yield Books(connection)


def open_for_writing(database: Database) -> Iterator[Books]:
    """One transaction: committed before the response says that it was, undone on an error."""
    with closing(sqlite3.connect(database, check_same_thread=False)) as connection, connection:
        yield Books(connection)


ReadBooks = Annotated[Books, Depends(open_for_reading, scope="request")]
WriteBooks = Annotated[Books, Depends(open_for_writing, scope="function")]
