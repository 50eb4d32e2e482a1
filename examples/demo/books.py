"""Listing, reading and changing books."""

from collections.abc import Iterator
from typing import Annotated

from vivace import (
    APIRouter,
    BackgroundTasks,
    HTTPException,
    Path,
    Query,
    Response,
    UploadFile,
)

from .live import Live
from .models import Book, BookChange, NewBook, Selection
from .store import ReadBooks, WriteBooks
from .users import Keeper

router = APIRouter(prefix="/books", tags=["books"])

BookId = Annotated[int, Path(ge=1)]


@router.get("")
def list_books(selection: Annotated[Selection, Query()], books: ReadBooks) -> list[Book]:
    return list(books.select(selection))


@router.get("/export")
def export_books(selection: Annotated[Selection, Query()], books: ReadBooks) -> Iterator[Book]:
    """The same as JSON lines: each book is sent as soon as it is read."""
    yield from books.select(selection)


@router.get("/{book_id}")
def read_book(book_id: BookId, books: ReadBooks) -> Book:
    return books.get(book_id)


@router.post("", status_code=201)
def add_book(
    new: NewBook,
    books: WriteBooks,
    live: Live,
    response: Response,
    tasks: BackgroundTasks,
    user: Keeper,
) -> Book:
    book = books.add(new)
    response.headers["Location"] = f"/books/{book.id}"
    tasks.add_task(live.publish, "added", book)
    return book


@router.patch("/{book_id}")
def change_book(
    book_id: BookId,
    change: BookChange,
    books: WriteBooks,
    live: Live,
    tasks: BackgroundTasks,
    user: Keeper,
) -> Book:
    book = books.change(book_id, change)
    tasks.add_task(live.publish, "changed", book)
    return book


@router.delete("/{book_id}", status_code=204)
def remove_book(
    book_id: BookId, books: WriteBooks, live: Live, tasks: BackgroundTasks, user: Keeper
) -> None:
    tasks.add_task(live.publish, "removed", books.remove(book_id))


@router.put("/{book_id}/cover")
def upload_cover(book_id: BookId, cover: UploadFile, books: WriteBooks, user: Keeper) -> Book:
    if cover.content_type not in {"image/jpeg", "image/png", "image/webp"}:
        raise HTTPException(status_code=415, detail="A cover is a JPEG, PNG or WebP image.")
    return books.set_cover(book_id, cover.file.read(), cover.content_type)


@router.get("/{book_id}/cover", response_class=Response)
def read_cover(book_id: BookId, books: ReadBooks) -> Response:
    data, media_type = books.get_cover(book_id)
    return Response(data, media_type=media_type, headers={"X-Content-Type-Options": "nosniff"})
