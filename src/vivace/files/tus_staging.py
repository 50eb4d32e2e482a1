"""Uploads that are not complete, in a folder that all processes of the app share.

An upload is a folder with its state and its bytes. The size of the file of bytes is the offset, so
what has been written counts, whatever happens to the process. Only who has the lock writes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from pydantic import ValidationError

from vivace import HTTPException
from vivace.extras import brought_by
from vivace.files.blocks import in_thread
from vivace.files.errors import NoSuchFile
from vivace.files.records import check_key, is_key, make_key
from vivace.files.tus_upload import STATE, NoSuchUpload, StagedUpload, UploadState

with brought_by("files"):
    from filelock import FileLock, Timeout

#: In seconds: how often a lock is tried while it is waited for.
_AGAIN: Final = 0.02


class UploadExpired(HTTPException):
    """410 for an upload that was not gone on with in time (RFC 9110, section 15.5.11)."""

    def __init__(self) -> None:
        super().__init__(410, "The upload has expired")


class UploadLocked(HTTPException):
    """423 for an upload that another request is at (RFC 4918, section 11.3)."""

    def __init__(self) -> None:
        super().__init__(423, "Another request is at this upload", {"Retry-After": "1"})


class Staging:
    """The uploads that are not complete, and, for a while, those that are.

    Args:
        path: The folder; all processes of the app have the same. It is made when the app starts.
        lifetime: How long an upload is kept that nobody goes on with.
        fsync: Whether to wait until bytes are on the disk before they count.
    """

    def __init__(self, path: str | os.PathLike[str], lifetime: timedelta, *, fsync: bool) -> None:
        self._path = Path(path)
        self._lifetime = lifetime
        self._fsync = fsync

    async def open(self) -> None:
        await in_thread(partial(self._path.mkdir, parents=True, exist_ok=True))

    async def create(self, length: int, metadata: str) -> StagedUpload:
        """A new upload, of which there are no bytes yet."""
        state = UploadState(id=make_key(), length=length, metadata=metadata, key=make_key())
        upload = StagedUpload(self._path / state.id, state, self._lifetime, fsync=self._fsync)
        await in_thread(upload.create)
        return upload

    async def find(self, id: str) -> StagedUpload:
        """The upload as it is at this moment.

        Raises:
            NoSuchUpload: There is none of this id, which may be any text.
            UploadExpired: It is too late.
        """
        return await in_thread(partial(self._find, id))

    def _find(self, id: str) -> StagedUpload:
        upload = self._load(id)
        if upload.expires_at() <= datetime.now(UTC):
            raise UploadExpired
        return upload

    def _load(self, id: str) -> StagedUpload:
        try:
            folder = self._path / check_key(id)
            state = UploadState.model_validate_json((folder / STATE).read_bytes())
        except (FileNotFoundError, NotADirectoryError, NoSuchFile, ValidationError):
            raise NoSuchUpload from None
        return StagedUpload(folder, state, self._lifetime, fsync=self._fsync)

    @asynccontextmanager
    async def hold(self, id: str, *, patience: float = 0) -> AsyncIterator[StagedUpload]:
        """The upload, which nobody else touches meanwhile, in whatever process.

        Args:
            patience: In seconds, how long to wait for one who has it.

        Raises:
            NoSuchUpload: There is none of this id.
            UploadExpired: It is too late.
            UploadLocked: Another request has it.
        """
        await self.find(id)
        # The lock is the kernel's: it ends with the process, however that ends.
        lock = FileLock(self._path / id / "lock", thread_local=False)
        await _acquire(lock, patience)
        try:
            # What was found before may have changed until the lock was there.
            upload = await self.find(id)
            await in_thread(upload.drop_unverified)
            yield upload
        finally:
            with anyio.CancelScope(shield=True):
                await in_thread(lock.release)

    async def purge(self) -> int:
        """Remove uploads that have expired, and say how many; none that a request is at."""
        removed = 0
        for id in await in_thread(self._ids):
            removed += await in_thread(partial(self._remove_expired, id))
        return removed

    def _ids(self) -> list[str]:
        """Those of all uploads; what else is in the folder is somebody else's."""
        return [path.name for path in self._path.iterdir() if path.is_dir() and is_key(path.name)]

    def _remove_expired(self, id: str) -> bool:
        folder = self._path / id
        lock = FileLock(folder / "lock", thread_local=False)
        try:
            if not _is_old(folder, self._lifetime):
                return False
            lock.acquire(blocking=False)
        except (FileNotFoundError, Timeout):
            return False
        try:
            self._find(id)
        except UploadExpired:
            self._load(id).remove()
            return True
        except NoSuchUpload:
            # Its process ended while it was made or removed.
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            lock.release()
        return False


def _is_old(folder: Path, lifetime: timedelta) -> bool:
    return datetime.fromtimestamp(folder.stat().st_mtime, UTC) + lifetime <= datetime.now(UTC)


async def _acquire(lock: FileLock, patience: float) -> None:
    """Take ``lock``.

    Raises:
        UploadLocked: Another has it, and keeps it for ``patience`` seconds.
    """
    until = anyio.current_time() + patience
    while not await in_thread(partial(_try, lock)):
        if anyio.current_time() >= until:
            raise UploadLocked
        await anyio.sleep(_AGAIN)


def _try(lock: FileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


__all__ = ["NoSuchUpload", "Staging", "UploadExpired", "UploadLocked"]
