"""One upload that is not complete, in its folder."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from vivace import HTTPException
from vivace.files.blocks import open_file, sync_folder, write_all

STATE: Final = "state.json"


class NoSuchUpload(HTTPException):
    """404 for an id that no upload has."""

    def __init__(self) -> None:
        super().__init__(404, "There is no such upload")


class UploadState(BaseModel):
    """What is known of an upload, besides how much of it there is."""

    model_config = ConfigDict(frozen=True)

    id: str
    #: In bytes, of all of it.
    length: int
    #: ``Upload-Metadata`` as it came.
    metadata: str
    #: Of the file that it becomes: chosen at the beginning, so that it becomes one file and no
    #: more, wherever a process ends.
    key: str
    #: Whether it has become that file.
    is_complete: bool = False


class StagedUpload:
    """An upload on the disk; its methods block.

    Args:
        folder: Its own folder.
        state: What is known of it.
        lifetime: How long it is kept after something has come.
        fsync: Whether to wait until what is written is on the disk.
    """

    def __init__(
        self, folder: Path, state: UploadState, lifetime: timedelta, *, fsync: bool
    ) -> None:
        self.state = state
        #: The file with the bytes that have come.
        self.data = folder / "data"
        self._folder = folder
        self._unverified = folder / "unverified"
        self._lifetime = lifetime
        self._fsync = fsync

    def create(self) -> None:
        self._folder.mkdir()
        self.data.touch()
        # Last, as an upload without a state is none.
        self._write(self._folder / STATE, self.state.model_dump_json())
        if self._fsync:
            sync_folder(self._folder.parent)

    def offset(self) -> int:
        """How many bytes there are that need not be sent again."""
        if self.state.is_complete:
            return self.state.length
        try:
            return int(self._unverified.read_text())
        except FileNotFoundError:
            return _stat(self.data).st_size

    def has_all(self) -> bool:
        """Whether all bytes are there, and no file has been made of them yet."""
        return not self.state.is_complete and self.offset() == self.state.length

    def expires_at(self) -> datetime:
        """When it is given up, unless more comes before."""
        changed = self._folder / STATE if self.state.is_complete else self.data
        return datetime.fromtimestamp(_stat(changed).st_mtime, UTC) + self._lifetime

    def mark_unverified(self) -> None:
        """Have bytes that come from here on not count until :meth:`verify` is called."""
        self._write(self._unverified, str(self.offset()))

    def verify(self) -> None:
        """Have all bytes count."""
        self._unverified.unlink(missing_ok=True)

    def drop_unverified(self) -> None:
        """Drop the bytes that do not count: they were wrong, or their process has ended."""
        if self._unverified.exists():
            with open_file(self.data, "r+b") as file:
                file.truncate(self.offset())
            self.verify()

    def sync(self) -> None:
        """Wait until the bytes are on the disk."""
        if self._fsync:
            with open_file(self.data, "r+b") as file:
                os.fsync(file.fileno())

    def complete(self) -> None:
        """Note that the file has been made, and drop the bytes."""
        self.state = self.state.model_copy(update={"is_complete": True})
        self._write(self._folder / STATE, self.state.model_dump_json())
        self.data.unlink(missing_ok=True)

    def remove(self) -> None:
        (self._folder / STATE).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, path: Path, text: str) -> None:
        """Write a small file, whole or not at all."""
        draft = path.with_suffix(".new")
        with open_file(draft, "wb") as file:
            write_all(file, text.encode())
            if self._fsync:
                os.fsync(file.fileno())
        draft.replace(path)
        if self._fsync:
            sync_folder(path.parent)


def _stat(path: Path) -> os.stat_result:
    """What is known of a file of an upload; it may have been removed since the upload was found."""
    try:
        return path.stat()
    except FileNotFoundError:
        raise NoSuchUpload from None


__all__ = ["STATE", "NoSuchUpload", "StagedUpload", "UploadState"]
