from __future__ import annotations

from collections.abc import Iterator

import pytest

from .s3_server import Bucket, running_s3


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture
def bucket(s3_address: str) -> Bucket:
    return Bucket(s3_address)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
