"""Files of the operating system, read and written in blocks, in worker threads."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Final, TypeVar

from anyio.to_thread import run_sync

from vivace.files.errors import StorageFull, StoreUnavailable

T = TypeVar("T")

#: In bytes: what is read or written in one go, so that it takes few changes of threads.
BLOCK: Final = 262_144

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: A link in the place of a file is not followed, wherever it leads to.
_NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)

log = logging.getLogger("vivace.files")


@contextmanager
def disk_errors() -> Iterator[None]:
    """Around work on a disk: what goes wrong there is logged, and becomes what a client is told.

    Raises:
        StorageFull: The disk, or the quota, is full.
        StoreUnavailable: Anything else.
    """
    try:
        yield
    except OSError as error:
        log.error("A disk with files is full, or does not work", exc_info=error)
        raise (StorageFull if error.errno in _FULL else StoreUnavailable) from error


async def in_thread(work: Callable[[], T]) -> T:
    """The result of ``work``, done in a worker thread, with :func:`disk_errors` around it."""
    with disk_errors():
        return await run_sync(work)


def open_file(path: Path, mode: str) -> FileIO:
    """Open the file itself, not one that a link in its place leads to.

    Raises:
        OSError: It cannot be opened, or is a link.
    """
    return FileIO(path, mode, opener=_open_no_link)


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | _NOFOLLOW, 0o666)


def sync_folder(folder: Path) -> None:
    """Have the disk know which files are in ``folder``; Windows does so by itself."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_all(file: FileIO, content: bytes | bytearray) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


class BlockWriter:
    """Writes small chunks to a file as blocks."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._waiting = bytearray()

    async def write(self, chunk: bytes) -> None:
        self._waiting += chunk
        if len(self._waiting) >= BLOCK:
            await self.flush()

    async def flush(self) -> None:
        """Write what is waiting."""
        waiting, self._waiting = self._waiting, bytearray()
        if waiting:
            await in_thread(partial(write_all, self._file, waiting))


async def read_blocks(file: FileIO, start: int, stop: int | None) -> AsyncGenerator[bytes]:
    """The bytes of a file from ``start`` to ``stop``, which is not included, or to its end."""
    await in_thread(partial(file.seek, start))
    while stop is None or start < stop:
        size = BLOCK if stop is None else min(BLOCK, stop - start)
        block: bytes | None = await in_thread(partial(file.read, size))
        if not block:
            return
        start += len(block)
        yield block


__all__ = [
    "BLOCK",
    "BlockWriter",
    "disk_errors",
    "in_thread",
    "open_file",
    "read_blocks",
    "sync_folder",
    "write_all",
]
