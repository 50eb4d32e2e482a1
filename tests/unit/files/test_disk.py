from __future__ import annotations

import errno
import os
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace.exceptions import VivaceError
from vivace.files.disk import ABANDONED_AFTER, DiskStore
from vivace.files.errors import NoSuchFile, StorageFull, StoreUnavailable

from .samples import fuzz, pieces, stored_names

pytestmark = pytest.mark.anyio

NAME = "abcdef0123"


@pytest.fixture(params=[True, False], ids=["fsync", "no fsync"])
async def store(store_path: Path, request: pytest.FixtureRequest) -> DiskStore:
    store = DiskStore(store_path, fsync=request.param)
    await store.open()
    return store


async def read(store: DiskStore, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(NAME, start, stop)])


async def test_what_is_put_can_be_read(store: DiskStore, store_path: Path) -> None:
    content = os.urandom(1_000_000)
    await store.put(NAME, pieces(content, 70_001), {})
    assert await read(store) == content
    assert (store_path / "ab" / "cd" / NAME).read_bytes() == content
    assert stored_names(store_path) == [NAME]


async def test_parts_can_be_read(store: DiskStore) -> None:
    content = os.urandom(600_000)
    await store.put(NAME, pieces(content, 100_000), {})
    for start, stop in [(0, 1), (5, 5), (100, 300_000), (599_999, 600_000), (300_000, None)]:
        assert await read(store, start, stop) == content[start:stop]
    assert await read(store, 600_000) == b""


async def test_nothing_is_a_content_too(store: DiskStore) -> None:
    await store.put(NAME, pieces(b""), {})
    assert await read(store) == b""


async def test_nobody_sees_what_is_not_whole(store: DiskStore, store_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        with pytest.raises(NoSuchFile):
            await read(store)
        assert NAME not in stored_names(store_path)
        yield b"end"

    await store.put(NAME, chunks(), {})
    assert len(await read(store)) == 300_003


async def test_where_the_source_fails_nothing_remains(store: DiskStore, store_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        raise RuntimeError("The client has gone away")

    with pytest.raises(RuntimeError, match="gone away"):
        await store.put(NAME, chunks(), {})
    assert stored_names(store_path) == []


async def test_where_it_is_cancelled_nothing_remains(store: DiskStore, store_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        started.set()
        await anyio.sleep_forever()

    started = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.put, NAME, chunks(), {})
        await started.wait()
        tasks.cancel_scope.cancel()
    assert stored_names(store_path) == []


@pytest.mark.parametrize(
    ("number", "error", "status"),
    [
        (errno.ENOSPC, StorageFull, 507),
        (errno.EDQUOT, StorageFull, 507),
        (errno.EIO, StoreUnavailable, 503),
    ],
)
async def test_a_disk_that_fails_keeps_nothing(
    store: DiskStore,
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[Exception],
    status: int,
) -> None:
    def write(file: FileIO, content: bytearray) -> None:
        file.write(b"half of it")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("vivace.files.blocks.write_all", write)
    with pytest.raises(error) as refused:
        await store.put(NAME, pieces(bytes(10)), {})
    assert getattr(refused.value, "status_code", 0) == status
    assert stored_names(store_path) == []


async def test_a_disk_that_is_gone_is_no_missing_file(store: DiskStore, store_path: Path) -> None:
    (store_path / "unfinished").rmdir()
    with pytest.raises(StoreUnavailable):
        await store.put(NAME, pieces(b"a"), {})


async def test_what_is_deleted_is_gone(store: DiskStore) -> None:
    await store.put(NAME, pieces(b"a"), {})
    await store.delete(NAME)
    with pytest.raises(NoSuchFile):
        await read(store)
    await store.delete(NAME)


async def test_a_file_that_is_deleted_while_it_is_read_is_read_to_the_end(store: DiskStore) -> None:
    await store.put(NAME, pieces(bytes(600_000)), {})
    reading = store.read(NAME)
    size = len(await anext(reading))
    await store.delete(NAME)
    async for chunk in reading:
        size += len(chunk)
    assert size == 600_000


PATHS = st.lists(st.sampled_from(["..", "/", "\\", "etc", "%2e", "\0", "a" * 40]), max_size=6)


@fuzz
@given(name=st.text(max_size=30) | PATHS.map("".join))
def test_no_name_leads_outside(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    store = DiskStore(tmp_path / "store", fsync=False)

    async def try_all() -> None:
        await store.open()
        with suppress(ValueError, NoSuchFile):
            assert await anext(store.read(name)) != b"secret"
        with suppress(ValueError):
            await store.put(name, pieces(b"changed"), {})
        with suppress(ValueError):
            await store.delete(name)

    anyio.run(try_all)
    assert (tmp_path / "secret").read_text() == "secret"
    assert {path.name for path in tmp_path.iterdir()} == {"secret", "store"}


async def test_links_in_the_place_of_files_are_not_followed(
    store: DiskStore, store_path: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    (store_path / "ab" / "cd").mkdir(parents=True)
    (store_path / "ab" / "cd" / NAME).symlink_to(outside)
    with pytest.raises(NoSuchFile):
        await read(store)
    await store.delete(NAME)
    assert outside.read_text() == "secret"
    # What is stored under the name takes the place of the link, not of what it leads to.
    await store.put(NAME, pieces(b"new"), {})
    assert outside.read_text() == "secret"
    assert await read(store) == b"new"


@pytest.mark.parametrize("link", ["ab", "ab/cd"])
async def test_links_in_the_place_of_folders_are_not_followed(
    store: DiskStore, store_path: Path, tmp_path: Path, link: str
) -> None:
    outside = tmp_path / "outside"
    (outside / "cd").mkdir(parents=True)
    for place in (outside / NAME, outside / "cd" / NAME):
        place.write_text("secret")
    (store_path / link).parent.mkdir(exist_ok=True)
    (store_path / link).symlink_to(outside)
    with pytest.raises(NoSuchFile):
        await read(store)
    await store.delete(NAME)
    with pytest.raises(StoreUnavailable):
        await store.put(NAME, pieces(b"new"), {})
    for place in (outside / NAME, outside / "cd" / NAME):
        assert place.read_text() == "secret"


async def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "disk")
    store = DiskStore(tmp_path / "store")
    await store.open()
    await store.put(NAME, pieces(b"a"), {})
    assert await read(store) == b"a"


async def test_a_store_that_nobody_has_opened_says_so(store_path: Path) -> None:
    store = DiskStore(store_path)
    with pytest.raises(VivaceError, match=r"await files\.store\.open"):
        await store.put(NAME, pieces(b"a"), {})
    with pytest.raises(VivaceError):
        await read(store)


async def test_what_a_process_has_left_unfinished_is_removed(
    store: DiskStore, store_path: Path
) -> None:
    old, new = store_path / "unfinished" / "old", store_path / "unfinished" / "new"
    old.touch()
    new.touch()
    long_ago = time.time() - ABANDONED_AFTER - 1
    os.utime(old, (long_ago, long_ago))
    await store.open()
    assert stored_names(store_path) == ["new"]
    await store.close()
