"""Servers that are there for all tests that do not kill them.

The tests of one are for one worker of xdist, which starts it once.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .s3_server import Bucket, running_s3
from .server import Place, serving


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with running_s3() as address:
        yield address


@pytest.fixture
def bucket(s3_address: str) -> Bucket:
    return Bucket(s3_address)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(kind, marks=pytest.mark.xdist_group(f"files on {kind}"))
        for kind in ("disk", "s3")
    ],
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A server that takes files of 15 MB, on a store of each kind."""
    folder, environment = tmp_path_factory.mktemp("place"), {"FILES_MAX_SIZE": "15 MB"}
    bucket = None
    if request.param == "s3":
        bucket = Bucket(request.getfixturevalue("s3_address"))
        environment |= bucket.environment()
    with serving(folder, environment=environment) as server:
        yield Place(server, folder, bucket)
    assert "Traceback" not in server.log, server.log


@pytest.fixture(
    scope="session",
    params=[pytest.param(2, marks=pytest.mark.xdist_group("files over two processes"))],
)
def shared_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A server of two processes, which takes files of 4 MB."""
    folder, environment = tmp_path_factory.mktemp("shared"), {"FILES_MAX_SIZE": "4 MB"}
    with serving(folder, processes=request.param, environment=environment) as server:
        yield Place(server, folder, processes=request.param)
    assert "Traceback" not in server.log, server.log


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
