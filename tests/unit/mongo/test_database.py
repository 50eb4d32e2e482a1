from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError, InvalidOperation, InvalidURI, PyMongoError

from vivace import Request, Vivace
from vivace.mongo import Collection, Documents, Mongo, MongoSettings, ObjectId
from vivace.responses import JSONResponse
from vivace.testclient import TestClient

from .commands import Commands
from .music import Playlist, PlaylistWithSongs, Song

pytestmark = pytest.mark.anyio

IMPATIENT = MongoSettings(server_selection_timeout=0.05, connect_timeout=0.05)

#: See ``clients_cut_short``.
closed_while_connecting = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def make_app(mongo: Mongo) -> Vivace:
    app = Vivace()

    @app.get("/songs/{id}")
    async def read(id: ObjectId, songs: Collection[Song] = mongo.collection(Song)) -> Song:
        return await songs.get(id)

    @app.post("/songs")
    async def create(song: Song, songs: Collection[Song] = mongo.collection(Song)) -> Song:
        return await songs.insert(song)

    @app.get("/count")
    async def count(
        documents: Documents = mongo.documents,
        database: AsyncDatabase[dict[str, Any]] = mongo.database,
    ) -> list[int]:
        return [await documents[Song].count(), await database["songs"].count_documents({})]

    @app.get("/find")
    async def find(year: int, songs: Collection[Song] = mongo.collection(Song)) -> list[Song]:
        return await songs.find({"year": year})

    return app


def test_what_is_stored_is_what_is_read(mongo: Mongo) -> None:
    with TestClient(make_app(mongo)) as client:
        made = client.post("/songs", json={"title": "So What", "album": {"title": "x"}}).json()
        assert client.get(f"/songs/{made['id']}").json() == made
        assert client.get("/count").json() == [1, 1]


def test_errors_become_replies(mongo: Mongo) -> None:
    with TestClient(make_app(mongo)) as client:
        made = client.post("/songs", json={"title": "a"}).json()
        response = client.post("/songs", json={"title": "a"})
        assert response.status_code == 409
        assert response.json()["detail"] == [
            {
                "type": "already_exists",
                "loc": ["body", "title"],
                "msg": "There is one with this value already.",
            }
        ]
        response = client.post("/songs", json={"title": "b", "id": made["id"]})
        assert response.status_code == 409
        assert response.json()["detail"][0]["loc"] == ["body", "id"]
        assert client.get(f"/songs/{ObjectId()}").status_code == 404
        response = client.post(
            "/songs", json={"title": "b", "album": {"title": "x", "year": 2**64}}
        )
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "album", "year"]
        response = client.get(f"/find?year={2**64}")
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["query"]
        assert client.post("/songs", json={"title": "x" * 17_000_000}).status_code == 413
        assert client.get("/count").json() == [1, 1]


def test_errors_reach_the_app_s_own_handlers_where_that_is_wanted(
    server_url: str, name: str
) -> None:
    mongo = Mongo(server_url, database=name, settings=MongoSettings(translate_errors=False))
    app = make_app(mongo)

    @app.exception_handler(PyMongoError)
    async def answer(request: Request, error: PyMongoError) -> JSONResponse:
        return JSONResponse({"error": type(error).__name__}, 418)

    with TestClient(app) as client:
        client.post("/songs", json={"title": "a"})
        assert client.post("/songs", json={"title": "a"}).json() == {"error": "DuplicateKeyError"}


@closed_while_connecting
def test_a_database_that_is_away_is_a_503_that_leaks_nothing(absent_url: str) -> None:
    app = make_app(Mongo(absent_url, create_indexes=False, settings=IMPATIENT))
    with TestClient(app) as client:
        response = client.get("/count")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json() == {"detail": "The database cannot be reached at present."}


@closed_while_connecting
def test_an_app_that_makes_indexes_does_not_start_without_the_database(absent_url: str) -> None:
    app = make_app(Mongo(absent_url, settings=IMPATIENT))
    with pytest.raises(PyMongoError) as caught, TestClient(app):
        pass
    assert "create_indexes=False" in caught.value.__notes__[0]


def test_the_client_is_made_at_start_up_and_closed_at_shut_down(
    mongo: Mongo, commands: Commands
) -> None:
    app = make_app(mongo)
    clients: list[Any] = []

    @app.get("/client")
    async def keep(documents: Documents = mongo.documents) -> None:
        clients.append(documents.client)
        assert mongo.current is documents

    with TestClient(app) as client:
        assert commands.names == ["createIndexes"]
        for _ in range(3):
            client.get("/client")
    assert clients == [clients[0]] * 3
    assert clients[0]._closed
    # It is made anew where the app is started again.
    with TestClient(app) as client:
        client.get("/client")
    assert clients[3] is not clients[0]


def test_each_event_loop_has_a_client_of_its_own(mongo: Mongo) -> None:
    # Without a lifespan, each request of a test client has a loop of its own.
    client = TestClient(make_app(mongo))
    made = client.post("/songs", json={"title": "a"}).json()
    assert client.get(f"/songs/{made['id']}").json() == made


def test_a_dependency_is_declared_once(mongo: Mongo) -> None:
    assert mongo.collection(Song) is mongo.collection(Song)


def test_another_database_in_tests(mongo: Mongo, server_url: str, name: str) -> None:
    app = make_app(mongo)
    with mongo.override(server_url, database=f"{name}_2"), TestClient(app) as client:
        client.post("/songs", json={"title": "a"})
        assert client.get("/count").json() == [1, 1]
    with TestClient(app) as client:
        assert client.get("/count").json() == [0, 0]


async def test_in_a_script(mongo: Mongo) -> None:
    async with mongo as documents:
        await documents[Song].insert(Song(title="a"))
        assert documents[Song] is documents[Song]
    with pytest.raises(InvalidOperation):
        await documents[Song].count()


@closed_while_connecting
async def test_a_script_that_cannot_begin_leaves_nothing_open(absent_url: str) -> None:
    mongo = Mongo(absent_url, settings=IMPATIENT)
    mongo.collection(Song)
    with pytest.raises(PyMongoError):
        async with mongo:
            pass
    tasks = [task.get_name() for task in asyncio.all_tasks() if "pymongo" in task.get_name()]
    assert tasks == []


async def test_models_that_are_looked_up_have_their_indexes_too(
    mongo: Mongo, commands: Commands
) -> None:
    mongo.collection(PlaylistWithSongs)
    async with mongo as documents:
        assert "title_1" in await documents[Song].raw.index_information()
        assert documents[Playlist].raw.name == "playlists"


async def test_the_database_may_be_named_by_the_address(server_url: str, name: str) -> None:
    async with Mongo(urlsplit(server_url)._replace(path=f"/{name}").geturl()) as documents:
        assert documents.database.name == name


@pytest.mark.parametrize("url", ["mongodb://localhost", "mongodb+srv://localhost/?tls=true"])
def test_an_address_without_a_database_is_told_of(url: str) -> None:
    with pytest.raises(ValueError, match='database="music"'):
        Mongo(url)
    Mongo(url, database="music")


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "mongodb://local:host:x/y"])
def test_what_is_no_address_is_told_of(url: str) -> None:
    with pytest.raises((InvalidURI, ConfigurationError, ValueError)):
        Mongo(url)


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(Mongo("mongodb://ada:hush@localhost/music"))
