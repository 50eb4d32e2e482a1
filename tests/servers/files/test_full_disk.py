"""A disk that is full: 507, nothing half-written, and all is well when there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.files.tus_client import TusClient

from .server import content_of, serving, wait_for_no_files

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for four megabytes, in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "vivace-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"A disk of its own takes the right to mount one: {error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_a_file_for_which_there_is_no_room_leaves_nothing(small_disk: Path) -> None:
    with serving(small_disk) as server:
        for path in ("/files", "/forms"):
            options = (
                {"files": {"a": CONTENT * 2}} if path == "/forms" else {"content": CONTENT * 2}
            )
            response = server.client.post(path, **options)
            assert response.status_code == 507
            assert response.json() == {"detail": "There is no room for the file"}
            wait_for_no_files(small_disk)
        address = server.client.post("/files", content=CONTENT).headers["location"]
        assert content_of(address, server) == CONTENT
        assert server.client.post("/files", content=CONTENT).status_code == 507
        assert server.client.delete(address).status_code == 204
        assert server.client.post("/files", content=CONTENT).status_code == 201


def test_a_resumable_upload_goes_on_when_there_is_room_again(
    small_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    filler = small_disk / "filler"
    with serving(small_disk, environment={"FILES_STORE": str(tmp_path / "store")}) as server:
        tus = TusClient(server.client)
        address = tus.begin(len(CONTENT))
        filler.write_bytes(bytes(2_000_000))
        assert tus.patch(address, 0, CONTENT).status_code == 507
        filler.unlink()
        offset = tus.offset(address)
        assert 0 < offset < len(CONTENT)
        response = tus.patch(address, offset, CONTENT[offset:])
        assert content_of(f"/files/{response.headers['file-key']}", server) == CONTENT
