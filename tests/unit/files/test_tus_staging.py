from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import given, strategies as st

from vivace.files.tus_staging import NoSuchUpload, Staging, UploadExpired, UploadLocked
from vivace.files.tus_upload import StagedUpload

from .samples import fuzz

pytestmark = pytest.mark.anyio

LIFETIME = timedelta(hours=1)


@pytest.fixture
async def staging(tmp_path: Path) -> Staging:
    staging = Staging(tmp_path / "staging", LIFETIME, fsync=False)
    await staging.open()
    return staging


def make_old(upload: StagedUpload) -> None:
    """Have nothing come for longer than an upload lives."""
    long_ago = time.time() - LIFETIME.total_seconds() - 1
    for path in (*upload.data.parent.iterdir(), upload.data.parent):
        os.utime(path, (long_ago, long_ago))


async def test_an_upload_is_found_by_its_id(staging: Staging) -> None:
    upload = await staging.create(10, "filename YQ==")
    found = await staging.find(upload.state.id)
    assert found.state == upload.state
    assert (found.state.length, found.state.metadata) == (10, "filename YQ==")
    assert found.state.key != found.state.id


@fuzz
@given(st.text(max_size=40))
def test_any_text_may_be_asked_for(tmp_path: Path, id: str) -> None:
    async def ask() -> None:
        staging = Staging(tmp_path, LIFETIME, fsync=False)
        with pytest.raises(NoSuchUpload):
            await staging.find(id)
        with pytest.raises(NoSuchUpload):
            async with staging.hold(id):
                pass

    anyio.run(ask)
    assert list(tmp_path.iterdir()) == []


async def test_only_one_holds_an_upload(staging: Staging) -> None:
    id = (await staging.create(10, "")).state.id
    async with staging.hold(id):
        with pytest.raises(UploadLocked) as refused:
            async with staging.hold(id):
                pass
        assert refused.value.status_code == 423
        other = (await staging.create(10, "")).state.id
        async with staging.hold(other):
            pass
    async with staging.hold(id):
        pass


async def test_who_waits_gets_it_when_it_is_free(staging: Staging) -> None:
    id = (await staging.create(10, "")).state.id
    order = []

    async def wait() -> None:
        async with staging.hold(id, patience=10):
            order.append("second")

    async with anyio.create_task_group() as tasks, staging.hold(id):
        tasks.start_soon(wait)
        await anyio.sleep(0.05)
        order.append("first")
    assert order == ["first", "second"]


async def test_an_upload_that_is_removed_while_it_is_waited_for_is_gone(staging: Staging) -> None:
    id = (await staging.create(10, "")).state.id
    outcomes = []

    async def wait() -> None:
        try:
            async with staging.hold(id, patience=10):
                outcomes.append("held")
        except NoSuchUpload:
            outcomes.append("gone")

    async with anyio.create_task_group() as tasks, staging.hold(id) as upload:
        tasks.start_soon(wait)
        await anyio.sleep(0.05)
        upload.remove()
    assert outcomes == ["gone"]


async def test_what_was_not_verified_is_dropped_by_who_comes_next(staging: Staging) -> None:
    upload = await staging.create(10, "")
    upload.mark_unverified()
    upload.data.write_bytes(b"12345")
    async with staging.hold(upload.state.id) as held:
        assert held.data.read_bytes() == b""


async def test_an_upload_expires(staging: Staging) -> None:
    upload = await staging.create(10, "")
    make_old(upload)
    with pytest.raises(UploadExpired) as refused:
        await staging.find(upload.state.id)
    assert refused.value.status_code == 410
    with pytest.raises(UploadExpired):
        async with staging.hold(upload.state.id):
            pass


async def test_what_has_expired_is_removed(staging: Staging, tmp_path: Path) -> None:
    kept, expired, complete = [await staging.create(10, "") for _ in range(3)]
    complete.complete()
    make_old(expired)
    make_old(complete)
    assert await staging.purge() == 2
    assert [path.name for path in (tmp_path / "staging").iterdir()] == [kept.state.id]
    with pytest.raises(NoSuchUpload):
        await staging.find(expired.state.id)
    assert await staging.purge() == 0


async def test_what_a_request_is_at_is_not_removed(staging: Staging) -> None:
    upload = await staging.create(10, "")
    async with staging.hold(upload.state.id):
        make_old(upload)
        assert await staging.purge() == 0
        upload.data.touch()
    await staging.find(upload.state.id)


async def test_what_is_somebody_else_s_is_left_alone(staging: Staging, tmp_path: Path) -> None:
    (tmp_path / "staging" / "family").mkdir()
    (tmp_path / "staging" / "family" / "photo").touch()
    (tmp_path / "staging" / ("a" * 32)).touch()
    for path in (tmp_path / "staging").iterdir():
        os.utime(path, (0, 0))
    assert await staging.purge() == 0
    assert (tmp_path / "staging" / "family" / "photo").exists()
    assert (tmp_path / "staging" / ("a" * 32)).exists()
    for id in ("family", "a" * 32):
        with pytest.raises(NoSuchUpload):
            await staging.find(id)


async def test_what_was_made_halfway_is_removed(staging: Staging, tmp_path: Path) -> None:
    folder = tmp_path / "staging" / ("a" * 32)
    folder.mkdir()
    (folder / "data").touch()
    await staging.purge()
    assert folder.exists()
    os.utime(folder, (0, 0))
    await staging.purge()
    assert not folder.exists()
