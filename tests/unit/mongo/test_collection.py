from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import anyio
import bson
import pytest
from pydantic import BaseModel
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from vivace.crud import Conflict
from vivace.mongo import (
    BaseDocument,
    Collection,
    Document,
    Documents,
    Mongo,
    MongoSettings,
    NotFound,
    ObjectId,
)
from vivace.mongo.codec import Unstorable

from .commands import Commands
from .music import Album, Playlist, PlaylistWithSongs, Song

pytestmark = pytest.mark.anyio


@pytest.fixture
async def songs(documents: Documents) -> Collection[Song]:
    await documents[Song].raw.create_index("title", unique=True)
    return documents[Song]


async def test_what_is_inserted_is_returned_as_it_is_read(songs: Collection[Song]) -> None:
    at = datetime(2024, 1, 1, 0, 0, 0, 123_456, UTC)
    song = Song(title="So What", album=Album(title="Kind of Blue"), added_at=at)
    made = await songs.insert(song)
    assert made == await songs.get(song.id)
    assert made.added_at == at.replace(microsecond=123_000)
    assert made.model_copy(update={"added_at": at}) == song


async def test_an_id_that_is_not_there(songs: Collection[Song]) -> None:
    for work in (songs.get(ObjectId()), songs.update(ObjectId(), {"$set": {"year": 1}})):
        with pytest.raises(NotFound, match=r"There is no such song\."):
            await work
    for gone in (ObjectId(), Song(title="x"), await deleted(songs)):
        with pytest.raises(NotFound):
            await songs.delete(gone)
    with pytest.raises(NotFound):
        await songs.replace(Song(title="x"))


async def deleted(songs: Collection[Song]) -> Song:
    song = await songs.insert(Song(title="gone"))
    await songs.delete(song.id)
    return song


@pytest.mark.parametrize("id", [2**70, "\ud800"])
async def test_an_id_that_nothing_can_have(songs: Collection[Song], id: Any) -> None:
    with pytest.raises(NotFound):
        await songs.get(id)


async def test_finding(songs: Collection[Song], commands: Commands) -> None:
    for number in range(5):
        await songs.insert(Song(title=str(number), year=number % 2))
    commands.clear()
    found = await songs.find({"year": 0}, sort={"title": -1}, skip=1, limit=1)
    assert [song.title for song in found] == ["2"]
    assert len(await songs.find()) == 5
    assert [song.title async for song in songs.stream({"title": {"$gt": "2"}})] == ["3", "4"]
    assert (await songs.find_one({"year": 1}, sort={"title": -1})) == found_one(
        await songs.find({"title": "3"})
    )
    assert await songs.find_one({"year": 9}) is None
    assert await songs.count({"year": 0}) == 3
    assert await songs.count() == 5
    assert set(commands.names) == {"find", "aggregate"}


def found_one(found: list[Song]) -> Song:
    [song] = found
    return song


async def test_filters_have_the_types_of_documents(songs: Collection[Song]) -> None:
    await songs.insert(Song(title="a", price=Decimal("1.50")))
    assert await songs.count({"price": {"$gte": Decimal("1.5")}}) == 1


async def test_many_documents_come_in_several_batches(
    songs: Collection[Song], commands: Commands
) -> None:
    await songs.insert_many([Song(title=f"{number:03}") for number in range(150)])
    commands.clear()
    found = await songs.find(sort={"title": 1})
    assert [song.title for song in found] == [f"{number:03}" for number in range(150)]
    assert commands.names[0] == "find"
    assert set(commands.names[1:]) == {"getMore"}


async def test_a_stream_that_is_left_early_leaves_nothing_open(
    songs: Collection[Song], commands: Commands
) -> None:
    await songs.insert_many([Song(title=str(number)) for number in range(150)])
    stream = songs.stream()
    assert (await anext(stream)).title == "0"
    await stream.aclose()
    assert commands.names[-1] == "killCursors"


async def test_updating(songs: Collection[Song]) -> None:
    song = await songs.insert(Song(title="a", year=1, genres=["jazz"]))
    changed = await songs.update(song.id, {"$inc": {"year": 1}, "$push": {"genres": "modal"}})
    assert (changed.year, changed.genres) == (2, ["jazz", "modal"])
    changed = await songs.update(song.id, [{"$set": {"title": {"$toUpper": "$title"}}}])
    assert changed.title == "A"
    assert changed == await songs.get(song.id)


async def test_replacing(songs: Collection[Song]) -> None:
    song = await songs.insert(Song(title="a"))
    changed = await songs.replace(song.model_copy(update={"title": "b"}))
    assert changed == await songs.get(song.id)
    changed.title = "c"
    again = await songs.replace(changed)
    assert again.title == "c"
    # Made, and not read: whatever is there is replaced.
    await songs.replace(Song(id=song.id, title="d"))
    assert (await songs.get(song.id)).title == "d"


Change = Callable[[Collection[Song], Song], Any]
CHANGES: list[Change] = [
    lambda songs, song: songs.update(song.id, {"$set": {"year": 1}}),
    lambda songs, song: songs.replace(song.model_copy(update={"title": "other"})),
    # A field that the model does not know of, by somebody else's program.
    lambda songs, song: songs.raw.update_one({"_id": song.id}, {"$set": {"plays": 1}}),
    lambda songs, song: songs.raw.update_one({"_id": song.id}, {"$unset": {"genres": 1}}),
    lambda songs, song: songs.raw.update_one({"_id": song.id}, {"$push": {"genres": "jazz"}}),
    lambda songs, song: songs.raw.update_one({"_id": song.id}, {"$set": {"title": "A"}}),
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_that_was_not_seen_is_not_lost(
    songs: Collection[Song], change: Change
) -> None:
    song = await songs.insert(Song(title="a"))
    await change(songs, song)
    changed = await songs.raw.find_one({"_id": song.id})
    with pytest.raises(Conflict, match="changed_meanwhile"):
        await songs.replace(song.model_copy(update={"title": "mine"}))
    with pytest.raises(Conflict, match="changed_meanwhile"):
        await songs.delete(song)
    assert await songs.raw.find_one({"_id": song.id}) == changed


async def test_of_many_who_change_a_document_at_once_one_succeeds(songs: Collection[Song]) -> None:
    song = await songs.insert(Song(title="a"))
    outcomes: list[str] = []

    async def change(number: int) -> None:
        try:
            changed = await songs.replace(song.model_copy(update={"title": f"by {number}"}))
            outcomes.append(changed.title)
        except Conflict:
            outcomes.append("conflict")

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(change, number)
    assert sorted(outcomes)[1:] == ["conflict"] * 9
    assert sorted(outcomes)[0] == (await songs.get(song.id)).title


async def test_what_the_model_does_not_know_stays(songs: Collection[Song]) -> None:
    song = await songs.insert(Song(title="a"))
    await songs.raw.update_one({"_id": song.id}, {"$set": {"plays": 7}})
    read = await songs.get(song.id)
    changed = await songs.replace(read.model_copy(update={"title": "b"}))
    stored = await songs.raw.find_one({"_id": song.id})
    assert stored is not None
    assert (stored["plays"], stored["title"]) == (7, "b")
    # What was returned can be replaced in its turn.
    await songs.replace(changed.model_copy(update={"title": "c"}))


async def test_what_a_model_takes_in_can_be_taken_away(documents: Documents) -> None:
    class Note(Document, collection="notes", extra="allow"):
        text: str

    notes = documents[Note]
    note = await notes.insert(Note(text="x", colour="blue"))
    read = await notes.get(note.id)
    assert read.model_extra == {"colour": "blue"}
    changed = await notes.replace(Note.model_validate({"id": note.id, "text": "y"}))
    assert changed.model_extra == {}


async def test_deleting(songs: Collection[Song]) -> None:
    one, two = await songs.insert_many([Song(title="a"), Song(title="b")])
    await songs.delete(one)
    await songs.delete(two.id)
    assert await songs.count() == 0


async def test_a_second_one_of_what_has_to_be_unique(songs: Collection[Song]) -> None:
    await songs.insert(Song(title="a"))
    other = await songs.insert(Song(title="b"))
    with pytest.raises(DuplicateKeyError):
        await songs.insert(Song(title="a"))
    with pytest.raises(DuplicateKeyError):
        await songs.replace(other.model_copy(update={"title": "a"}))
    with pytest.raises(DuplicateKeyError):
        await songs.update(other.id, {"$set": {"title": "a"}})


async def test_of_several_documents_all_are_inserted_or_none(songs: Collection[Song]) -> None:
    await songs.insert(Song(title="c"))
    with pytest.raises(BulkWriteError):
        await songs.insert_many([Song(title=title) for title in "abcd"])
    assert [song.title for song in await songs.find()] == ["c"]
    made = await songs.insert_many([Song(title=title) for title in "abd"])
    assert [song.title for song in made] == ["a", "b", "d"]
    assert made == await songs.find({"title": {"$ne": "c"}}, sort={"_id": 1})
    assert await songs.insert_many([]) == []


async def test_several_documents_with_lookups(
    documents: Documents, songs: Collection[Song]
) -> None:
    song = await songs.insert(Song(title="a"))
    made = await documents[PlaylistWithSongs].insert_many(
        [PlaylistWithSongs(name=name, song_ids=[song.id], songs=[]) for name in ("x", "y")]
    )
    assert [(one.name, one.songs) for one in made] == [("x", [song]), ("y", [song])]
    changed = await documents[PlaylistWithSongs].update(made[0].id, {"$set": {"name": "z"}})
    assert (changed.name, changed.songs) == ("z", [song])


async def test_a_value_that_has_no_place_is_told_of(songs: Collection[Song]) -> None:
    song = Song(title="a", album=Album(title="b", year=2**70))
    with pytest.raises(Unstorable) as caught:
        await songs.insert(song)
    assert caught.value.places == [("album", "year")]
    with pytest.raises(Unstorable) as caught:
        await songs.insert_many([Song(title="b"), song])
    assert caught.value.places == [(1, "album", "year")]
    for work in (
        songs.find({"year": 2**70}),
        songs.count({"year": 2**70}),
        songs.update(song.id, {"$set": {"year": 2**70}}),
        songs.aggregate([{"$match": {"year": 2**70}}]),
    ):
        with pytest.raises(Unstorable):
            await work
    assert await songs.count() == 0


class GenreCount(BaseModel):
    genre: str
    songs: int


async def test_aggregating(songs: Collection[Song], documents: Documents) -> None:
    made = await songs.insert_many(
        [Song(title="a", genres=["jazz", "modal"]), Song(title="b", genres=["jazz"])]
    )
    pipeline: list[dict[str, Any]] = [
        {"$unwind": "$genres"},
        {"$group": {"_id": "$genres", "songs": {"$sum": 1}}},
        {"$sort": {"songs": -1}},
    ]
    assert await songs.aggregate(pipeline) == [
        {"_id": "jazz", "songs": 2},
        {"_id": "modal", "songs": 1},
    ]
    named = [*pipeline, {"$project": {"_id": 0, "genre": "$_id", "songs": 1}}]
    counts = await songs.aggregate(named, GenreCount)
    assert counts[0] == GenreCount(genre="jazz", songs=2)
    assert await songs.aggregate([{"$match": {"title": "b"}}], Song) == [made[1]]
    await documents[Playlist].insert(Playlist(name="x", song_ids=[made[0].id]))
    [playlist] = await documents[Playlist].aggregate([{"$limit": 1}], PlaylistWithSongs)
    assert playlist.songs == [made[0]]


async def test_a_filter_that_is_none_is_the_program_s_fault(songs: Collection[Song]) -> None:
    with pytest.raises(OperationFailure, match=r"\$nothing"):
        await songs.find({"$nothing": 1})


async def test_ids_of_one_s_own(documents: Documents) -> None:
    class Country(BaseDocument, collection="countries"):
        id: str
        name: str

    countries = documents[Country]
    await countries.insert(Country(id="nl", name="Netherlands"))
    with pytest.raises(DuplicateKeyError):
        await countries.insert(Country(id="nl", name="Nowhere"))
    changed = await countries.update("nl", {"$set": {"name": "The Netherlands"}})
    assert changed == await countries.get("nl")
    await countries.delete(changed)


async def test_ids_that_pymongo_has_made(songs: Collection[Song]) -> None:
    result = await songs.raw.insert_one({"title": "x"})
    assert type(result.inserted_id) is bson.ObjectId
    song = await songs.get(result.inserted_id)
    assert song.id == result.inserted_id
    await songs.delete(song)


async def test_what_was_just_written_is_read_where_it_was(
    server_url: str, name: str, commands: Commands
) -> None:
    settings = MongoSettings(
        client_options={"event_listeners": [commands], "readPreference": "secondaryPreferred"}
    )
    async with Mongo(server_url, database=name, settings=settings) as documents:
        playlists = documents[PlaylistWithSongs]
        made = await playlists.insert(PlaylistWithSongs(name="x", songs=[]))
        await playlists.get(made.id)
    after_writing, later = commands.of("aggregate")
    assert "$readPreference" not in after_writing
    assert later["$readPreference"]["mode"] == "secondaryPreferred"
