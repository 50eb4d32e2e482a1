"""Resumable uploads by tus 1.0 (tus.io), which are gone on with where they were broken off."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any, Final

import anyio

from vivace import APIRouter, Depends, HTTPException, Request
from vivace.files.blocks import in_thread
from vivace.files.bodies import peek, read_body
from vivace.files.content_types import HEAD
from vivace.files.errors import FileError, FileTooLarge, NoSuchFile, TypeNotAllowed
from vivace.files.kit import Files
from vivace.files.records import StoredFile
from vivace.files.tus_content import append, append_verified, read_staged
from vivace.files.tus_headers import (
    CONTENT_TYPE,
    Checksum,
    has_content,
    read_checksum,
    read_metadata,
    read_number,
)
from vivace.files.tus_routes import tus_router
from vivace.files.tus_staging import Staging, UploadLocked
from vivace.files.tus_upload import StagedUpload

#: Called with a file and the metadata of its upload.
Received = Callable[[StoredFile, Mapping[str, str]], Awaitable[None]]

log = logging.getLogger("vivace.files")

#: In seconds: how long a request waits for the one before, which may be about to end.
PATIENCE: Final = 1.0


class OffsetConflict(FileError):
    """409 for bytes that do not go on where those before them end."""

    def __init__(self, offset: int) -> None:
        place = ("header", "upload-offset")
        super().__init__(409, "offset_conflict", place, f"{offset} bytes are there")


class Tus:
    """Resumable uploads.

    .. code-block:: python

        tus = Tus(files, "uploads-in-progress")
        app.include_router(tus.router())

    An upload that is complete becomes a file of ``files``, with the same limits. The client finds
    its key in ``File-Key`` of the last answer.

    Args:
        files: What the files belong to.
        staging: A folder for uploads in progress, the same for all processes of the app. Several
            machines need one that they share, with locks that hold for all of them.
        lifetime: How long an upload is kept after its last bytes.
        received: Awaited with each file, and the metadata that the client has sent along, before
            the client is told that the upload is complete. If it raises, the file is not kept and
            the upload can be completed once more. After a fault it may see a file a second time.
        fsync: Whether to wait until bytes are on the disk before the client is told that they are
            there.
        purge_every: How often uploads that have expired are looked for.
    """

    def __init__(
        self,
        files: Files,
        staging: str | os.PathLike[str],
        *,
        lifetime: timedelta = timedelta(days=1),
        received: Received | None = None,
        fsync: bool = True,
        purge_every: timedelta = timedelta(minutes=10),
    ) -> None:
        self.files = files
        self.staging = Staging(staging, lifetime, fsync=fsync)
        self._received = received
        self._purge_every = purge_every
        self.opened: Any = _opening(self)

    def router(self, *, prefix: str = "/uploads") -> APIRouter:
        """The routes of the protocol, to be included in an app.

        They are open to all: give ``dependencies=`` to the inclusion for those who may. Who has
        the address of an upload can go on with it.
        """
        return tus_router(self, prefix=prefix)

    async def create(self, request: Request) -> StagedUpload:
        """A new upload, with what is in the body of ``request``.

        Raises:
            MalformedHeader: ``Upload-Length`` or ``Upload-Metadata`` cannot be understood.
            FileTooLarge: More is announced than a file may have.
            HTTPException: As :meth:`resume`; then there is no upload.
        """
        length = read_number(request, "upload-length")
        if length > self.files.max_size:
            raise FileTooLarge(("header", "upload-length"), self.files.max_size)
        metadata = request.headers.get("upload-metadata", "")
        read_metadata(metadata)
        checksum = read_checksum(request)
        upload = await self.staging.create(length, metadata)
        try:
            async with self.staging.hold(upload.state.id) as upload:
                if has_content(request):
                    await self._append(request, upload, checksum)
                await self._finish(upload)
        except BaseException:
            # The client does not know where it is.
            with anyio.CancelScope(shield=True):
                await in_thread(upload.remove)
            raise
        return upload

    async def resume(self, request: Request, id: str) -> StagedUpload:
        """Go on with an upload: the bytes are in the body of ``request``.

        What has come counts, also where the client goes away; with a checksum all or nothing does.

        Raises:
            FileError: 415 for another ``Content-Type``; 400 for other headers.
            NoSuchUpload, UploadExpired, UploadLocked: It cannot be gone on with, or not now.
            OffsetConflict: ``Upload-Offset`` is not how many bytes there are.
            FileTooLarge: The body is more than what is missing.
            TypeNotAllowed: It begins as a type does that is not taken; the upload is removed.
            ChecksumMismatch: The bytes are not those of ``Upload-Checksum``.
            StorageFull, StoreUnavailable: The client can go on later.
        """
        if not has_content(request):
            place = ("header", "content-type")
            raise FileError(415, "content_type_unknown", place, f"This has to be {CONTENT_TYPE}")
        offset = read_number(request, "upload-offset")
        checksum = read_checksum(request)
        async with self.staging.hold(id, patience=PATIENCE) as upload:
            start = await in_thread(upload.offset)
            if offset != start:
                raise OffsetConflict(start)
            if not upload.state.is_complete:
                await self._append(request, upload, checksum)
                await self._finish(upload)
            return upload

    async def look_at(self, id: str) -> StagedUpload:
        """An upload, to be told how far it is.

        That all bytes are there is only ever said of an upload that has become a file: clients
        take it for the end. So where a process has ended before, the file is made now.

        Raises:
            NoSuchUpload, UploadExpired: It cannot be gone on with.
            UploadLocked: All bytes are there, and another request makes the file of them.
        """
        try:
            async with self.staging.hold(id, patience=PATIENCE) as upload:
                await self._finish(upload)
                return upload
        except UploadLocked:
            upload = await self.staging.find(id)
            if await in_thread(upload.has_all):
                raise
            return upload

    async def end(self, id: str) -> None:
        """Give an upload up.

        Raises:
            NoSuchUpload, UploadExpired, UploadLocked: There is none, or not now.
        """
        async with self.staging.hold(id, patience=PATIENCE) as upload:
            await in_thread(upload.remove)

    async def _append(
        self, request: Request, upload: StagedUpload, checksum: Checksum | None
    ) -> None:
        start = await in_thread(upload.offset)
        limit = upload.state.length - start
        body = read_body(request, limit=limit, patience=self.files.patience)
        if start < HEAD:
            body = await self._check_type(upload, start, body)
        if checksum is None:
            await append(upload, body)
        else:
            await append_verified(upload, body, checksum)

    async def _check_type(
        self, upload: StagedUpload, start: int, body: AsyncGenerator[bytes]
    ) -> AsyncGenerator[bytes]:
        """``body``, if the file can be of a type that is taken as far as its beginning is there."""
        before = b"".join([block async for block in read_staged(upload, start)])
        head, body = await peek(body, HEAD - start)
        head = before + head
        if len(head) == min(HEAD, upload.state.length):
            try:
                self.files.types.check(head, ("body",))
            except TypeNotAllowed:
                await in_thread(upload.remove)
                raise
        return body

    async def _finish(self, upload: StagedUpload) -> None:
        """Make the file of an upload that is held, if all of its bytes are there.

        Raises:
            HTTPException: The file cannot be stored; another request can try again.
        """
        if not await in_thread(upload.has_all):
            return
        metadata = read_metadata(upload.state.metadata)
        stored = await self._store(upload, metadata.get("filename", metadata.get("name", "")))
        if self._received is not None:
            try:
                await self._received(stored, metadata)
            except BaseException:
                with anyio.CancelScope(shield=True), suppress(HTTPException):
                    await self.files.delete(stored.key)
                raise
        await in_thread(upload.complete)

    async def _store(self, upload: StagedUpload, name: str) -> StoredFile:
        with suppress(NoSuchFile):
            # A process has ended after it had stored the file.
            return await self._find_whole(upload)
        return await self.files.save(
            read_staged(upload, upload.state.length), name=name, key=upload.state.key
        )

    async def _find_whole(self, upload: StagedUpload) -> StoredFile:
        stored = await self.files.find(upload.state.key)
        async with aclosing(self.files.read(stored.key)) as content:
            await anext(content, None)
        return stored

    async def purge(self) -> int:
        """Remove uploads that have expired, and say how many; the app does so by itself."""
        return await self.staging.purge()

    async def purge_again_and_again(self) -> None:
        """Remove uploads that have expired, until cancelled."""
        while True:
            try:
                await self.purge()
            except Exception as error:
                log.error("Uploads that have expired cannot be removed", exc_info=error)
            await asyncio.sleep(self._purge_every.total_seconds())


def _opening(tus: Tus) -> Any:
    """A dependency of the app's own: the folder, and a task that keeps it clean."""

    async def opened_uploads(files: Any = tus.files.opened) -> AsyncIterator[None]:
        await tus.staging.open()
        purging = asyncio.create_task(tus.purge_again_and_again())
        try:
            yield
        finally:
            purging.cancel()
            with suppress(asyncio.CancelledError):
                await purging

    return Depends(opened_uploads, scope="app")


__all__ = ["OffsetConflict", "Tus"]
