from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vivace.files.tus_upload import STATE, NoSuchUpload, StagedUpload, UploadState

DAY = timedelta(days=1)


@pytest.fixture(params=[True, False], ids=["fsync", "no fsync"])
def upload(tmp_path: Path, request: pytest.FixtureRequest) -> StagedUpload:
    state = UploadState(id="upload", length=10, metadata="", key="0" * 32)
    upload = StagedUpload(tmp_path / "upload", state, DAY, fsync=request.param)
    upload.create()
    return upload


def add(upload: StagedUpload, content: bytes) -> None:
    with upload.data.open("ab") as file:
        file.write(content)


def as_found_later(upload: StagedUpload) -> StagedUpload:
    """The upload as another process finds it."""
    folder = upload.data.parent
    state = UploadState.model_validate_json((folder / STATE).read_text())
    return StagedUpload(folder, state, DAY, fsync=False)


def test_what_is_written_counts(upload: StagedUpload) -> None:
    assert upload.offset() == 0
    add(upload, b"12345")
    upload.sync()
    assert as_found_later(upload).offset() == 5
    assert not upload.has_all()
    add(upload, b"67890")
    assert upload.has_all()


def test_what_is_not_verified_does_not_count(upload: StagedUpload) -> None:
    add(upload, b"123")
    upload.mark_unverified()
    add(upload, b"4567890")
    assert as_found_later(upload).offset() == 3
    assert not upload.has_all()
    as_found_later(upload).drop_unverified()
    assert upload.data.read_bytes() == b"123"
    assert upload.offset() == 3


def test_what_is_verified_counts(upload: StagedUpload) -> None:
    upload.mark_unverified()
    add(upload, b"123")
    upload.verify()
    upload.drop_unverified()
    assert as_found_later(upload).offset() == 3


def test_a_complete_upload_has_no_bytes_any_more(upload: StagedUpload) -> None:
    add(upload, b"1234567890")
    upload.complete()
    later = as_found_later(upload)
    assert later.state.is_complete
    assert later.offset() == 10
    assert not later.has_all()
    assert not later.data.exists()
    assert later.expires_at() > datetime.now(UTC) + DAY - timedelta(hours=1)


def test_it_is_given_up_some_time_after_the_last_bytes(upload: StagedUpload) -> None:
    os.utime(upload.data, (1_000_000, 1_000_000))
    assert upload.expires_at() == datetime.fromtimestamp(1_000_000, UTC) + DAY
    add(upload, b"1")
    assert upload.expires_at() > datetime.now(UTC)


def test_it_can_be_removed(upload: StagedUpload) -> None:
    upload.remove()
    assert not upload.data.parent.exists()
    upload.remove()


def test_one_that_was_removed_since_it_was_found_is_none(upload: StagedUpload) -> None:
    found = as_found_later(upload)
    upload.remove()
    with pytest.raises(NoSuchUpload):
        found.offset()
    with pytest.raises(NoSuchUpload):
        found.expires_at()
