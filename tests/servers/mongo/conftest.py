"""A server for each test, which can be killed, paused and told to fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from tests.unit.mongo.server import MongoServer, clients_cut_short, is_installed, running_server


@pytest.fixture
def anyio_backend() -> str:
    """PyMongo works on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_up() -> Iterator[None]:
    with clients_cut_short():
        yield


@pytest.fixture
def server() -> Iterator[MongoServer]:
    if not is_installed():
        pytest.skip("SecantusDB is not installed.")
    # Written to disk at each commit, so that it is there after a kill.
    with running_server("--enable-test-commands", "--sync-on-commit") as server:
        yield server


class Faults:
    """Tells a server to fail, as MongoDB's own tests do."""

    def __init__(self, server: MongoServer) -> None:
        self._server = server

    def set(self, *commands: str, times: int = 1, **how: Any) -> None:
        """Have the next ``times`` commands of these names fail in this way."""
        self._configure({"times": times}, failCommands=[*commands], **how)

    def clear(self) -> None:
        self._configure("off")

    def _configure(self, mode: Any, **data: Any) -> None:
        with MongoClient[dict[str, Any]](self._server.url) as client:
            client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})


@pytest.fixture
def faults(server: MongoServer) -> Faults:
    return Faults(server)
