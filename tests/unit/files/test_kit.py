from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from vivace.files import DiskStore, Files, NoSuchFile, StoreUnavailable
from vivace.files.errors import FileTooLarge, TypeNotAllowed
from vivace.files.s3 import S3Store

from .samples import PNG, TEXT, disk_files, pieces, stored_names

pytestmark = pytest.mark.anyio


@pytest.fixture
async def files(store_path: Path) -> Files:
    files = disk_files(store_path, max_size=20_000, types=["image/png", "text/plain"])
    await files.store.open()
    return files


async def read(files: Files, key: str) -> bytes:
    return b"".join([chunk async for chunk in files.read(key)])


async def test_a_file_is_saved_found_read_and_deleted(files: Files, store_path: Path) -> None:
    stored = await files.save(pieces(PNG), name="../a.png")
    assert (stored.name, stored.size, stored.content_type) == ("a.png", len(PNG), "image/png")
    assert stored.sha256 == hashlib.sha256(PNG).hexdigest()
    assert await files.find(stored.key) == stored
    assert await read(files, stored.key) == PNG
    assert [chunk async for chunk in files.read(stored.key, 5, 8)] == [PNG[5:8]]
    await files.delete(stored.key)
    assert stored_names(store_path) == []
    with pytest.raises(NoSuchFile):
        await files.find(stored.key)
    with pytest.raises(NoSuchFile):
        await read(files, stored.key)
    await files.delete(stored.key)


async def test_each_file_has_a_key_of_its_own(files: Files) -> None:
    assert (await files.save(pieces(TEXT))).key != (await files.save(pieces(TEXT))).key


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "0" * 32, "a/b", "\0", "a" * 10_000])
async def test_any_text_may_be_asked_for(files: Files, key: str) -> None:
    with pytest.raises(NoSuchFile):
        await files.find(key)
    with pytest.raises(NoSuchFile):
        await anext(files.read(key))
    await files.delete(key)


async def test_a_file_may_have_a_key_that_was_made_before(files: Files) -> None:
    key = "0123456789abcdef" * 2
    assert (await files.save(pieces(TEXT), key=key)).key == key
    with pytest.raises(NoSuchFile):
        await files.save(pieces(TEXT), key="../a")


async def test_a_file_that_is_too_large_does_not_stay(files: Files, store_path: Path) -> None:
    assert (await files.save(pieces(TEXT[:1000] * 20))).size == 20_000
    before = stored_names(store_path)
    with pytest.raises(FileTooLarge):
        await files.save(pieces(b"a" * 20_001))
    assert stored_names(store_path) == before


async def test_the_type_is_known_before_anything_is_stored(files: Files) -> None:
    asked = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield bytes(1000)

    with pytest.raises(TypeNotAllowed):
        await files.save(chunks())
    assert asked == 9


async def test_the_record_is_there_when_the_file_is(
    files: Files, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one comes before the other, so a process may end anywhere between."""
    seen: list[list[str]] = []
    put = files.store.put

    async def watched(name: str, *rest: Any) -> None:
        await put(name, *rest)
        seen.append([one for one in stored_names(store_path) if one.startswith(key)])

    monkeypatch.setattr(files.store, "put", watched)
    key = "0" * 32
    await files.save(pieces(TEXT), key=key)
    assert seen == [[f"{key}.json"], [key, f"{key}.json"]]


@pytest.mark.parametrize("failing", ["key", "record"])
async def test_a_store_that_fails_keeps_neither_file_nor_record(
    files: Files, store_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    put = files.store.put

    async def fail(name: str, chunks: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        if name.endswith(".json") == (failing == "record"):
            async for _ in chunks:
                pass
            raise StoreUnavailable
        await put(name, chunks, headers)

    monkeypatch.setattr(files.store, "put", fail)
    with pytest.raises(StoreUnavailable):
        await files.save(pieces(TEXT))
    assert stored_names(store_path) == []


async def test_a_save_that_is_cancelled_at_the_end_keeps_nothing(
    files: Files, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = files.store.put

    async def slow(name: str, *rest: Any) -> None:
        await put(name, *rest)
        if not name.endswith(".json"):
            scope.cancel()
            await anyio.sleep_forever()

    monkeypatch.setattr(files.store, "put", slow)
    with anyio.CancelScope() as scope:
        await files.save(pieces(TEXT))
    assert scope.cancelled_caught
    assert stored_names(store_path) == []


async def test_a_record_that_cannot_be_read_is_a_fault_of_the_store(
    files: Files, store_path: Path
) -> None:
    stored = await files.save(pieces(TEXT))
    (store_path / stored.key[:2] / stored.key[2:4] / f"{stored.key}.json").write_text("{}")
    with pytest.raises(StoreUnavailable):
        await files.find(stored.key)


@pytest.mark.parametrize(
    ("given", "size"),
    [(1, 1), ("2 GB", 2_000_000_000), ("2GiB", 2_147_483_648), ("1.5 MB", 1_500_000), ("7", 7)],
)
def test_sizes_have_units(given: int | str, size: int) -> None:
    assert Files(DiskStore("folder"), max_size=given).max_size == size


@pytest.mark.parametrize("given", [0, -1, "", "large", "-2 GB", "2 XB"])
def test_what_is_no_size_is_refused_at_start_up(given: int | str) -> None:
    with pytest.raises(ValueError, match="max_size="):
        Files(DiskStore("folder"), max_size=given)


def test_what_the_store_cannot_do_is_refused_at_start_up() -> None:
    bucket = S3Store("bucket", region="us-east-1")
    with pytest.raises(ValueError, match="With a larger part_size"):
        Files(bucket, max_size="1 TB")
    large = S3Store("bucket", region="us-east-1", part_size=200_000_000)
    assert Files(large, max_size="1 TB").max_size == 10**12
    with pytest.raises(ValueError, match="from a DiskStore itself"):
        Files(DiskStore("folder"), redirect_for=timedelta(minutes=1))
    with pytest.raises(ValueError, match="5 MiB"):
        S3Store("bucket", part_size=1000)
