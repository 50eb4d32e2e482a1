"""What clients are told while the server fails, and what is left of their requests afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from pymongo import IndexModel, MongoClient
from tests.unit.mongo.server import MongoServer

from vivace import Vivace
from vivace.mongo import (
    Collection,
    Document,
    Documents,
    Mongo,
    MongoSettings,
    ObjectId,
    crud_router,
)
from vivace.testclient import AsyncTestClient

from .conftest import Faults

pytestmark = [
    pytest.mark.anyio,
    # See ``clients_cut_short``.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

#: Only for a server that is away is the wait short: one that is there may be slow, on a machine
#: that does much else.
SETTINGS = MongoSettings(
    server_selection_timeout=1.5, connect_timeout=20, response_timeout=60, pool_timeout=60
)
#: Far more than a server is looked for, and far less than what is there may take.
SOON = 20


class Song(Document, collection="songs", indexes=[IndexModel("title", unique=True)]):
    title: str
    plays: int = 0


class Gate:
    """Keeps an endpoint waiting in the middle of what it does."""

    def __init__(self) -> None:
        self.reached = anyio.Event()
        self.opened = anyio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def app(server: MongoServer, gate: Gate) -> Vivace:
    mongo = Mongo(server.url, database="music", settings=SETTINGS)
    app = Vivace()
    app.include_router(crud_router(Song, mongo))

    @app.post("/albums", dependencies=[mongo.transaction])
    async def create_album(songs: Collection[Song] = mongo.collection(Song)) -> None:
        await songs.insert(Song(title="first"))
        await gate.wait()
        await songs.insert(Song(title="second"))

    @app.post("/plays/{id}")
    async def play(id: ObjectId, songs: Collection[Song] = mongo.collection(Song)) -> int:
        return (await songs.update(id, {"$inc": {"plays": 1}})).plays

    @app.get("/ping")
    async def ping(documents: Documents = mongo.documents) -> None:
        await documents.database.command("ping")

    return app


@pytest.fixture
async def api(app: Vivace) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(app) as client:
        await wait_until_served(client)
        yield client


@pytest.fixture
def titles(server: MongoServer) -> Callable[[], list[str]]:
    def titles() -> list[str]:
        with MongoClient[dict[str, Any]](server.url) as client:
            return sorted(client["music"]["songs"].distinct("title"))

    return titles


def assert_away(response: Any) -> None:
    assert response.status_code == 503
    assert response.json() == {"detail": "The database cannot be reached at present."}
    assert response.headers["retry-after"] == "5"


async def wait_until_served(api: AsyncTestClient, path: str = "/ping") -> None:
    until = time.monotonic() + 60
    while (await api.get(path)).status_code != 200:
        assert time.monotonic() < until
        await anyio.lowlevel.checkpoint()


async def test_a_server_that_is_killed_in_the_middle_of_a_request(
    api: AsyncTestClient, server: MongoServer, gate: Gate, titles: Callable[[], list[str]]
) -> None:
    assert (await api.post("/songs", json={"title": "before"})).status_code == 201
    responses: list[Any] = []

    async def create_album() -> None:
        responses.append(await api.post("/albums"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(create_album)
        await gate.reached.wait()
        server.kill()
        began = time.monotonic()
        gate.opened.set()
    assert_away(responses[0])
    assert time.monotonic() - began < SOON
    assert_away(await api.get("/songs"))

    server.start()
    await wait_until_served(api)
    # Nothing of the album is there, and everything works.
    assert titles() == ["before"]
    assert (await api.post("/albums")).status_code == 200
    assert titles() == ["before", "first", "second"]


async def test_many_requests_while_the_server_is_killed(
    api: AsyncTestClient, server: MongoServer, titles: Callable[[], list[str]]
) -> None:
    """Each is answered, and what was acknowledged is there afterwards."""
    acknowledged: list[str] = []
    unknown: list[str] = []

    async def create(number: int) -> None:
        names = [f"{number}-{part}" for part in ("a", "b", "c")]
        response = await api.post("/songs/bulk", json=[{"title": name} for name in names])
        assert response.status_code in (201, 503), response.text
        (acknowledged if response.status_code == 201 else unknown).extend(names)
        if len(acknowledged) == 15:
            server.kill()

    began = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(create, number)
    assert time.monotonic() - began < SOON
    server.start()
    await wait_until_served(api)
    there = titles()
    assert len(acknowledged) >= 15
    assert {*acknowledged} <= {*there} <= {*acknowledged, *unknown}
    # All of a request's songs or none.
    assert len(there) % 3 == 0
    assert len({title.partition("-")[0] for title in there}) == len(there) // 3


async def test_a_server_that_answers_nothing(server: MongoServer) -> None:
    settings = MongoSettings(
        server_selection_timeout=1.5, connect_timeout=1, response_timeout=1, pool_timeout=60
    )
    mongo = Mongo(server.url, database="music", create_indexes=False, settings=settings)
    app = Vivace()
    app.include_router(crud_router(Song, mongo))
    async with AsyncTestClient(app) as api:
        await wait_until_served(api, "/songs")
        server.pause()
        began = time.monotonic()
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(expect_away, api)
        assert time.monotonic() - began < SOON
        server.resume()
        await wait_until_served(api, "/songs")


async def expect_away(api: AsyncTestClient) -> None:
    assert_away(await api.get("/songs"))


async def test_a_connection_that_is_cut_is_no_second_write(
    api: AsyncTestClient, faults: Faults
) -> None:
    """PyMongo tries a second time, and the server knows that it is the same."""
    made = (await api.post("/songs", json={"title": "a"})).json()
    faults.set("findAndModify", closeConnection=True)
    assert (await api.post(f"/plays/{made['id']}")).json() == 1
    faults.set("aggregate", "find", closeConnection=True)
    assert (await api.get(f"/songs/{made['id']}")).json()["plays"] == 1
    faults.set("findAndModify", times=10, closeConnection=True)
    assert_away(await api.post(f"/plays/{made['id']}"))
    faults.clear()
    assert (await api.post(f"/plays/{made['id']}")).json() == 2


async def test_a_commit_that_fails_is_not_acknowledged(
    api: AsyncTestClient, faults: Faults, gate: Gate, titles: Callable[[], list[str]]
) -> None:
    gate.opened.set()
    labels = ["TransientTransactionError"]
    faults.set("commitTransaction", errorCode=251, errorLabels=labels)
    response = await api.post("/albums")
    assert response.status_code == 409
    assert response.json()["detail"][0]["type"] == "changed_meanwhile"
    assert titles() == []
    assert (await api.post("/albums")).status_code == 200
    assert titles() == ["first", "second"]


async def test_several_documents_are_tried_again(
    api: AsyncTestClient, faults: Faults, titles: Callable[[], list[str]]
) -> None:
    labels = ["TransientTransactionError"]
    faults.set("insert", errorCode=112, errorLabels=labels)
    response = await api.post("/songs/bulk", json=[{"title": "a"}, {"title": "b"}])
    assert response.status_code == 201
    assert titles() == ["a", "b"]


async def test_connections_that_are_all_in_use(server: MongoServer, faults: Faults) -> None:
    settings = MongoSettings(max_pool_size=1, pool_timeout=0.2)
    mongo = Mongo(server.url, database="music", settings=settings)
    app = Vivace()

    @app.get("/count")
    async def count(documents: Documents = mongo.documents) -> int:
        return await documents[Song].count()

    async with AsyncTestClient(app) as api:
        assert (await api.get("/count")).json() == 0
        faults.set("aggregate", blockConnection=True, blockTimeMS=1500)
        statuses: list[int] = []

        async def ask() -> None:
            statuses.append((await api.get("/count")).status_code)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ask)
        assert sorted(statuses) == [200, 503, 503]
        assert (await api.get("/count")).json() == 0


async def test_an_app_that_starts_before_its_database(server: MongoServer) -> None:
    mongo = Mongo(server.url, database="music", create_indexes=False, settings=SETTINGS)
    app = Vivace()
    app.include_router(crud_router(Song, mongo))
    server.kill()
    async with AsyncTestClient(app) as api:
        assert_away(await api.get("/songs"))
        server.start()
        await wait_until_served(api, "/songs")
