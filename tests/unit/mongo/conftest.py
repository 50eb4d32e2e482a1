"""The server for all tests of this directory, and a database for each of them.

It is the one that ``MONGO_URL`` names, or SecantusDB, which is among the development dependencies.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from secrets import token_hex

import pytest
from pymongo import MongoClient

from vivace.mongo import Documents, Mongo, MongoSettings

from .commands import Commands
from .server import clients_cut_short, is_installed, running_server, with_one_monitor


@pytest.fixture
def anyio_backend() -> str:
    """PyMongo works on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    if given := os.environ.get("MONGO_URL"):
        yield with_one_monitor(given)
        return
    if not is_installed():
        pytest.skip("There is no server: SecantusDB is not installed, and MONGO_URL is not set.")
    with running_server() as server:
        yield server.url


@pytest.fixture(scope="session")
def standalone_url() -> Iterator[str]:
    """A server that belongs to no replica set."""
    if not is_installed():
        pytest.skip("SecantusDB is not installed.")
    with running_server("--standalone") as server:
        yield server.url


@pytest.fixture(scope="session")
def client(server_url: str) -> Iterator[MongoClient[dict[str, object]]]:
    with MongoClient[dict[str, object]](server_url) as client:
        yield client


@pytest.fixture
def name(client: MongoClient[dict[str, object]]) -> Iterator[str]:
    """The name of a database that nobody else uses; it is dropped afterwards."""
    name = f"vivace_{token_hex(8)}"
    yield name
    client.drop_database(name)


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def mongo(server_url: str, name: str, commands: Commands) -> Mongo:
    """A database in which nothing is yet; what is sent to it is remembered."""
    settings = MongoSettings(client_options={"event_listeners": [commands]})
    return Mongo(server_url, database=name, settings=settings)


@pytest.fixture
async def documents(mongo: Mongo) -> AsyncIterator[Documents]:
    async with mongo as documents:
        yield documents


@pytest.fixture
def absent_url() -> Iterator[str]:
    """An address where nobody listens."""
    with clients_cut_short():
        yield "mongodb://127.0.0.1:1/music"
