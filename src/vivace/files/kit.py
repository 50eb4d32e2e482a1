"""The kit as a whole: what an app makes once, and takes its uploads, downloads and routes from."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import anyio
from pydantic import ByteSize, TypeAdapter, ValidationError

from vivace import APIRouter, HTTPException, Request, Response
from vivace.files.bodies import peek
from vivace.files.content_types import HEAD, TypeLimit
from vivace.files.dependencies import form_dependency, upload_dependency
from vivace.files.dispositions import make_disposition
from vivace.files.downloads import make_download, redirect
from vivace.files.errors import FileTooLarge, NoSuchFile, Place, StoreUnavailable
from vivace.files.names import safe_name
from vivace.files.records import Key, StoredFile, check_key, make_key, now, record_name
from vivace.files.routes import UPLOAD_BODY, file_router
from vivace.files.store import SigningStore, Store
from vivace.opening import opening


class Files:
    """Files of an app: how they come, where they are kept, and how they are given.

    .. code-block:: python

        files = Files(DiskStore("uploads"), max_size="2 GB", types=["image/*", "application/pdf"])


        @app.post("/photos", openapi_extra=files.openapi)
        async def add_photo(photo: Annotated[StoredFile, files.upload]) -> StoredFile:
            return photo


        @app.get("/photos/{key}")
        async def read_photo(key: str, request: Request) -> Response:
            return await files.response(request, key)

    Args:
        store: Where they are kept.
        max_size: Of one file: in bytes, or as ``"2 GB"`` (decimal) or ``"2 GiB"`` (binary).
        types: The media types that are taken, as ``image/png`` or ``image/*``; a file's own is
            found in its content. ``None`` for any.
        max_files: How many files a form may have.
        patience: In seconds: a client that sends nothing for so long is given up.
        cache_control: That header of downloads. By default browsers keep a file and ask each time
            whether it may still be used, and shared caches keep nothing.
        redirect_for: Have clients fetch from the store itself, by addresses that are good for so
            long. By default all bytes go through the app.

    Attributes:
        upload: A dependency that gives the :class:`StoredFile` that a request has brought, as its
            body or in a form.
        form: One that gives the :class:`UploadedForm`, with fields and up to ``max_files`` files.
        openapi: For ``openapi_extra`` of routes that have one of these: it describes the body.

    Raises:
        ValueError: ``max_size`` is none, or more than the store can keep; a type is not known; or
            nobody can fetch from the store itself.
    """

    def __init__(
        self,
        store: Store,
        *,
        max_size: int | str = "100 MB",
        types: Iterable[str] | None = None,
        max_files: int = 10,
        patience: float = 60,
        cache_control: str = "private, no-cache",
        redirect_for: timedelta | None = None,
    ) -> None:
        self.store = store
        self.max_size = _size(max_size)
        self.patience = patience
        self.types = TypeLimit(types)
        self._cache_control = cache_control
        self._redirect_for = redirect_for
        self._check_store()
        self.opened: Any = opening(store)
        self.upload: Any = upload_dependency(self)
        self.form: Any = form_dependency(self, max_files)
        self.openapi = UPLOAD_BODY

    def _check_store(self) -> None:
        kind = type(self.store).__name__
        largest = self.store.max_size
        if largest is not None and self.max_size > largest:
            raise ValueError(
                f"max_size is {self.max_size} bytes, and this {kind} keeps files of at most "
                f"{largest}. With a larger part_size an S3Store keeps larger ones."
            )
        if self._redirect_for and not isinstance(self.store, SigningStore):
            raise ValueError(f"redirect_for: nobody can fetch files from a {kind} itself.")

    async def save(
        self,
        chunks: AsyncIterable[bytes],
        *,
        name: str = "",
        key: str | None = None,
        place: Place = ("body",),
    ) -> StoredFile:
        """Store a file that comes in pieces; what an upload does.

        Nothing of it can be read before all of it is safe. Where something goes wrong, be it that
        ``chunks`` raises, nothing of it remains.

        Args:
            name: What it is called; it is made safe.
            key: A key for it, which no other file has; by default a new one.
            place: Where in a request it came, for what a client is told.

        Raises:
            FileTooLarge: It is larger than ``max_size``.
            TypeNotAllowed: Its content is of none of ``types``.
            StorageFull: There is no room.
            StoreUnavailable: The store cannot be reached.
        """
        valid = make_key() if key is None else check_key(key)
        head, content = await peek(chunks, HEAD)
        content_type = self.types.check(head, place)
        draft = _Draft(valid, safe_name(name), content_type)
        try:
            await self.store.put(valid, self._counted(draft, content, place), draft.headers())
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(HTTPException):
                await self.delete(valid)
            raise
        return draft.finished()

    async def _counted(
        self, draft: _Draft, chunks: AsyncIterable[bytes], place: Place
    ) -> AsyncIterator[bytes]:
        """Pass on the chunks. The record goes first: when the file is there, so is its record."""
        async for chunk in chunks:
            if draft.size + len(chunk) > self.max_size:
                raise FileTooLarge(place, self.max_size)
            draft.add(chunk)
            yield chunk
        record = draft.finished().model_dump_json().encode()
        await self.store.put(record_name(draft.key), _one(record), {})

    async def find(self, key: str) -> StoredFile:
        """What is known of a file.

        Raises:
            NoSuchFile: There is none of this key, which may be any text.
            StoreUnavailable: The store cannot be reached.
        """
        name = record_name(check_key(key))
        record = b"".join([chunk async for chunk in self.store.read(name)])
        try:
            return StoredFile.model_validate_json(record)
        except ValidationError as error:
            raise StoreUnavailable from error

    def read(self, key: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes]:
        """The content of a file, from ``start`` up to ``stop``, piece by piece.

        Raises:
            NoSuchFile: There is none of this key.
            StoreUnavailable: The store cannot be reached.
        """
        return self.store.read(check_key(key), start, stop)

    async def delete(self, key: str) -> None:
        """Delete a file. It is gone for everybody at once; does nothing where there is none.

        Raises:
            StoreUnavailable: The store cannot be reached; ask again, or the bytes stay there.
        """
        with suppress(NoSuchFile):
            valid = check_key(key)
            await self.store.delete(record_name(valid))
            await self.store.delete(valid)

    async def response(self, request: Request, key: str, *, inline: bool = False) -> Response:
        """The answer to a ``GET`` or ``HEAD`` of a file, with all that RFC 9110 has for that.

        Args:
            inline: Whether a browser should show it rather than save it; only pictures, sound,
                films, PDF and plain text are ever shown.

        Raises:
            NoSuchFile: There is none of this key.
            FileError: 412 or 416 for conditions or ranges that do not hold.
            StoreUnavailable: The store cannot be reached.
        """
        stored = await self.find(key)
        if self._redirect_for and request.method != "HEAD":
            assert isinstance(self.store, SigningStore)
            return redirect(await self.store.sign(stored.key, self._redirect_for))
        headers = {
            "Content-Disposition": make_disposition(
                stored.name, stored.content_type, inline=inline
            ),
            "Cache-Control": self._cache_control,
        }
        return await make_download(request, stored, self.store, headers)

    def router(self, *, prefix: str = "/files", delete: bool = False) -> APIRouter:
        """Routes for uploads and downloads, to be included in an app.

        They are open to all: give ``dependencies=`` to the inclusion for those who may.

        Args:
            delete: Whether there is a route by which whoever has a key can delete the file.
        """
        return file_router(self, prefix=prefix, delete=delete)


class _Draft:
    """What is known of a file while it comes."""

    def __init__(self, key: Key, name: str, content_type: str) -> None:
        self.key = key
        self.name = name
        self.content_type = content_type
        self.size = 0
        self._hash = hashlib.sha256()
        self._created_at = now()

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._hash.update(chunk)

    def finished(self) -> StoredFile:
        return StoredFile(
            key=self.key,
            name=self.name,
            size=self.size,
            content_type=self.content_type,
            sha256=self._hash.hexdigest(),
            created_at=self._created_at,
        )

    def headers(self) -> dict[str, str]:
        """For clients that fetch it from the store itself."""
        return {
            "Content-Type": self.content_type,
            "Content-Disposition": make_disposition(self.name, self.content_type),
        }


async def _one(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk


def _size(given: int | str) -> int:
    try:
        size = int(TypeAdapter(ByteSize).validate_python(given))
    except ValidationError:
        size = 0
    if size <= 0:
        raise ValueError(f"max_size={given!r} is no size, as 2_000_000, '2 GB' or '2 GiB'.")
    return size


__all__ = ["Files"]
