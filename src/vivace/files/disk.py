"""Files on a disk of the machine, or on one that several machines share."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from secrets import token_hex
from typing import Final

import anyio

from vivace.exceptions import VivaceError
from vivace.files.blocks import BlockWriter, in_thread, open_file, read_blocks, sync_folder
from vivace.files.errors import NoSuchFile
from vivace.files.store import check_name

#: In seconds without a write, after which what is unfinished is nobody's: its process has ended.
ABANDONED_AFTER: Final = 86_400

_UNFINISHED: Final = "unfinished"


class DiskStore:
    """Keeps files in a folder, spread over subfolders by the first letters of their names.

    A file is written under another name and renamed when it is whole. What processes that were
    killed have left unfinished is removed after a day, when an app starts.

    Args:
        path: The folder; it is made when the app starts. Nothing outside of it is ever opened,
            whatever links are put inside.
        fsync: Whether to wait until a file is on the disk before it counts as stored. Without it
            the last files can be lost where the power fails, not where a process does.
    """

    max_size: int | None = None

    def __init__(self, path: str | os.PathLike[str], *, fsync: bool = True) -> None:
        self._path = Path(path)
        self._fsync = fsync
        self._is_open = False

    async def open(self) -> None:
        await in_thread(self._prepare)

    async def close(self) -> None:
        """Does nothing: no file is open between requests."""

    def _prepare(self) -> None:
        unfinished = self._path / _UNFINISHED
        unfinished.mkdir(parents=True, exist_ok=True)
        # Links that lead to the folder are the operator's business; those inside are nobody's.
        self._path = self._path.resolve()
        self._is_open = True
        oldest = time.time() - ABANDONED_AFTER
        for entry in os.scandir(unfinished):
            with suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    Path(entry.path).unlink()

    async def put(
        self, name: str, chunks: AsyncIterable[bytes], headers: Mapping[str, str]
    ) -> None:
        place = self._place_of(name)
        draft = self._path / _UNFINISHED / token_hex(16)
        file = await in_thread(partial(open_file, draft, "xb"))
        try:
            writer = BlockWriter(file)
            async for chunk in chunks:
                await writer.write(chunk)
            await writer.flush()
            await in_thread(partial(self._finish, file, draft, place))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await in_thread(partial(_discard, file, draft))
            raise

    def _finish(self, file: FileIO, draft: Path, place: Path) -> None:
        self._make_folder(place.parent)
        if self._fsync:
            os.fsync(file.fileno())
        file.close()
        draft.replace(place)
        if self._fsync:
            sync_folder(place.parent)

    def _make_folder(self, folder: Path) -> None:
        is_new = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        _check_no_link(folder)
        if is_new and self._fsync:
            sync_folder(folder.parent)
            sync_folder(folder.parent.parent)

    async def read(
        self, name: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes]:
        file = await in_thread(partial(self._open, self._place_of(name)))
        with file:
            async for block in read_blocks(file, start, stop):
                yield block

    def _open(self, place: Path) -> FileIO:
        try:
            _check_no_link(place)
            return open_file(place, "rb")
        except FileNotFoundError:
            raise NoSuchFile from None

    async def delete(self, name: str) -> None:
        await in_thread(partial(self._unlink, self._place_of(name)))

    def _unlink(self, place: Path) -> None:
        with suppress(FileNotFoundError):
            _check_no_link(place)
            place.unlink()
            if self._fsync:
                sync_folder(place.parent)

    def _place_of(self, name: str) -> Path:
        check_name(name)
        if not self._is_open:
            raise VivaceError(
                "The store is not open. An app opens it when it starts; elsewhere, "
                "`await files.store.open()` does."
            )
        return self._path / name[:2] / name[2:4] / name


def _check_no_link(path: Path) -> None:
    """Check that ``path`` is where it says.

    Raises:
        FileNotFoundError: It, or a folder on the way, is a link: it counts as not there.
    """
    if path.resolve() != path:
        raise FileNotFoundError(f"There is a link on the way to {path}")


def _discard(file: FileIO, draft: Path) -> None:
    with suppress(OSError):
        file.close()
    with suppress(OSError):
        draft.unlink()


__all__ = ["ABANDONED_AFTER", "DiskStore"]
