from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vivace.files import Files
from vivace.testclient import TestClient

from .samples import disk_files, make_app


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def files(store_path: Path) -> Files:
    return disk_files(store_path, max_size=100_000, max_files=3)


@pytest.fixture
def client(files: Files) -> Iterator[TestClient]:
    with TestClient(make_app(files)) as client:
        yield client
