from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from vivace.files import blocks
from vivace.files.blocks import (
    BLOCK,
    BlockWriter,
    disk_errors,
    in_thread,
    open_file,
    read_blocks,
    sync_folder,
    write_all,
)
from vivace.files.errors import StorageFull, StoreUnavailable

pytestmark = pytest.mark.anyio


async def test_chunks_are_written_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def count(file: object, content: bytearray) -> None:
        sizes.append(len(content))

    monkeypatch.setattr(blocks, "write_all", count)
    with open_file(tmp_path / "file", "xb") as file:
        writer = BlockWriter(file)
        for _ in range(5):
            await writer.write(bytes(BLOCK // 2))
        await writer.write(bytes(2 * BLOCK))
        await writer.write(b"end")
        await writer.flush()
        await writer.flush()
    assert sizes == [BLOCK, BLOCK, 5 * BLOCK // 2, 3]


async def test_what_is_written_is_read(tmp_path: Path) -> None:
    content = os.urandom(BLOCK * 2 + 5)
    with open_file(tmp_path / "file", "xb") as file:
        write_all(file, content)
    sync_folder(tmp_path)
    with open_file(tmp_path / "file", "rb") as file:
        read = [block async for block in read_blocks(file, 0, None)]
        assert [len(block) for block in read] == [BLOCK, BLOCK, 5]
        assert b"".join(read) == content
        assert (
            b"".join([block async for block in read_blocks(file, 3, BLOCK + 9)])
            == (content[3 : BLOCK + 9])
        )


def test_a_disk_may_take_only_some_of_the_bytes_at_a_time() -> None:
    class Slow:
        written = b""

        def write(self, content: memoryview) -> int:
            self.written += bytes(content[:3])
            return min(3, len(content))

    slow = Slow()
    write_all(slow, b"hello world")  # type: ignore[arg-type]
    assert slow.written == b"hello world"


@pytest.mark.parametrize("mode", ["rb", "wb", "ab", "r+b"])
def test_a_link_is_not_opened(tmp_path: Path, mode: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="link"):
        open_file(tmp_path / "link", mode)
    assert (tmp_path / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EFBIG, StorageFull),
        (errno.EIO, StoreUnavailable),
        (errno.EROFS, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
        (errno.ENOENT, StoreUnavailable),
    ],
)
async def test_what_goes_wrong_with_a_disk_is_told(
    number: int, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(text: str) -> None:
        raise OSError(number, text)

    work: Callable[[], None] = partial(fail, "/secret/path")
    with pytest.raises(error) as told:
        await in_thread(work)
    assert "secret" not in str(told.value)
    # Who runs the server is told more.
    assert "secret" in caplog.text


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(KeyError), disk_errors():
        raise KeyError("a")
