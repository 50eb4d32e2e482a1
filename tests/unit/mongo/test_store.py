from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
)

from vivace import Depends, HTTPException, Vivace
from vivace.mongo import Collection, Documents, Mongo, TransactionsNotSupported
from vivace.testclient import TestClient

from .commands import Commands
from .music import Playlist, Song

pytestmark = pytest.mark.anyio

#: The titles of the songs as somebody else sees them.
Titles = Callable[[], list[str]]


@pytest.fixture
def titles(client: MongoClient[dict[str, Any]], name: str) -> Titles:
    return lambda: sorted(client[name]["songs"].distinct("title"))


@pytest.fixture
async def songs(documents: Documents) -> Collection[Song]:
    assert await documents.supports_transactions(), "MONGO_URL has to be of a replica set."
    await documents[Song].raw.create_index("title", unique=True)
    await documents[Playlist].insert(Playlist(name="x"))
    return documents[Song]


async def test_a_transaction_is_committed_at_the_end_of_its_block(
    documents: Documents, songs: Collection[Song], titles: Titles
) -> None:
    async with documents.transaction():
        song = await songs.insert(Song(title="a"))
        await documents[Playlist].insert(Playlist(name="y", song_ids=[song.id]))
        assert await songs.get(song.id) == song
        assert titles() == []
    assert titles() == ["a"]
    assert await documents[Playlist].count() == 2


async def test_a_transaction_is_aborted_where_its_block_fails(
    documents: Documents, songs: Collection[Song], titles: Titles
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with documents.transaction():
            await songs.insert(Song(title="a"))
            await documents.database["songs"].insert_one({"title": "b"})
            raise ZeroDivisionError
    assert titles() == []
    # Nothing of it is left behind.
    await songs.insert(Song(title="c"))
    assert titles() == ["c"]


async def test_one_within_another_is_part_of_it(
    documents: Documents, songs: Collection[Song], titles: Titles
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with documents.transaction() as outer:
            async with documents.transaction() as inner:
                assert inner is outer
                await songs.insert(Song(title="a"))
            await documents.run(lambda session: songs.insert(Song(title="b")))
            await songs.insert_many([Song(title="c"), Song(title="d")])
            raise ZeroDivisionError
    assert titles() == []


async def test_a_transaction_is_of_one_database_server(
    documents: Documents, songs: Collection[Song], server_url: str, name: str
) -> None:
    async with Mongo(server_url, database=name) as others:
        async with documents.transaction():
            # It does not become part of the one that is running, and PyMongo refuses it.
            with pytest.raises(InvalidOperation):
                async with others.transaction():
                    pass
            await songs.insert(Song(title="a"))
        assert await others[Song].count() == 1


async def test_two_who_write_the_same_at_once(
    documents: Documents, songs: Collection[Song], client: MongoClient[dict[str, Any]], name: str
) -> None:
    song = await songs.insert(Song(title="a"))
    with pytest.raises(OperationFailure) as caught:
        async with documents.transaction():
            assert await songs.get(song.id) == song
            client[name]["songs"].update_one({"_id": song.id}, {"$set": {"year": 1}})
            await songs.update(song.id, {"$set": {"year": 2}})
    assert caught.value.has_error_label("TransientTransactionError")
    assert (await songs.get(song.id)).year == 1


async def test_work_is_done_again_where_it_had_to_give_way(
    documents: Documents, songs: Collection[Song], client: MongoClient[dict[str, Any]], name: str
) -> None:
    song = await songs.insert(Song(title="a", year=0))
    tries: list[int] = []

    async def work(session: Any) -> int:
        before = await songs.get(song.id)
        if not tries:
            client[name]["songs"].update_one({"_id": song.id}, {"$set": {"year": 10}})
        tries.append(before.year or 0)
        await songs.update(song.id, {"$inc": {"year": 1}})
        return len(tries)

    assert await documents.run(work) == 2
    assert tries == [0, 10]
    assert (await songs.get(song.id)).year == 11


async def test_work_that_has_to_give_way_each_time_fails(
    documents: Documents, songs: Collection[Song], client: MongoClient[dict[str, Any]], name: str
) -> None:
    song = await songs.insert(Song(title="a", year=0))
    tries: list[int] = []

    async def work(session: Any) -> None:
        tries.append((await songs.get(song.id)).year or 0)
        client[name]["songs"].update_one({"_id": song.id}, {"$inc": {"year": 1}})
        await songs.update(song.id, {"$set": {"year": 10}})

    with pytest.raises(OperationFailure):
        await documents.run(work, attempts=2)
    assert tries == [0, 1]
    with pytest.raises(ValueError, match="attempts=0"):
        await documents.run(work, attempts=0)


async def test_work_that_fails_is_not_done_again(
    documents: Documents, songs: Collection[Song], titles: Titles
) -> None:
    await songs.insert(Song(title="a"))
    tries: list[str] = []

    async def work(session: Any) -> None:
        tries.append("once")
        await songs.insert(Song(title="b"))
        await songs.insert(Song(title="a"))

    with pytest.raises(DuplicateKeyError):
        await documents.run(work)
    assert tries == ["once"]
    assert titles() == ["a"]


@pytest.fixture
def app(mongo: Mongo) -> Vivace:
    mongo.collection(Song)
    app = Vivace()

    @app.post("/songs", dependencies=[mongo.transaction])
    async def create(titles: list[str], songs: Collection[Song] = mongo.collection(Song)) -> int:
        for title in titles:
            if title == "wrong":
                raise HTTPException(400, "There is no such song.")
            await songs.insert(Song(title=title))
        return len(titles)

    return app


def test_a_request_is_one_transaction(app: Vivace, titles: Titles) -> None:
    with TestClient(app) as client:
        assert client.post("/songs", json=["a", "b"]).json() == 2
        assert titles() == ["a", "b"]
        assert client.post("/songs", json=["c", "wrong"]).status_code == 400
        assert client.post("/songs", json=["c", "a"]).status_code == 409
        assert titles() == ["a", "b"]
        assert client.post("/songs", json=["c"]).status_code == 200
    assert titles() == ["a", "b", "c"]


def test_it_is_committed_before_the_client_is_told_so(
    app: Vivace, commands: Commands, mongo: Mongo
) -> None:
    seen: list[str] = []

    async def watch() -> AsyncIterator[None]:
        yield
        seen.extend(commands.names)

    @app.post("/watched", dependencies=[mongo.transaction, Depends(watch, scope="request")])
    async def create(songs: Collection[Song] = mongo.collection(Song)) -> None:
        await songs.insert(Song(title="a"))

    with TestClient(app) as client:
        commands.clear()
        assert client.post("/watched").status_code == 200
    assert seen[-2:] == ["insert", "commitTransaction"]


async def test_a_server_without_transactions_is_told_of(standalone_url: str, name: str) -> None:
    async with Mongo(standalone_url, database=name) as documents:
        assert not await documents.supports_transactions()
        with pytest.raises(TransactionsNotSupported, match="--replSet"):
            async with documents.transaction():
                pass
        with pytest.raises(TransactionsNotSupported):
            await documents.run(lambda session: documents[Song].count())


async def test_without_transactions_what_was_inserted_is_taken_back(
    standalone_url: str, name: str
) -> None:
    mongo = Mongo(standalone_url, database=name)
    mongo.collection(Song)
    async with mongo as documents:
        songs = documents[Song]
        await songs.insert(Song(title="c"))
        with pytest.raises(BulkWriteError):
            await songs.insert_many([Song(title=title) for title in "abcd"])
        assert [song.title for song in await songs.find()] == ["c"]
        made = await songs.insert_many([Song(title=title) for title in "ab"])
        assert [song.title for song in made] == ["a", "b"]
        await documents.client.drop_database(name)
