from __future__ import annotations

from typing import Annotated, Any

import pytest

from vivace.mongo import Document, Documents, Lookup, Mongo, ObjectId
from vivace.mongo.documents import dump, joins_of

from .commands import Commands
from .music import Playlist, PlaylistWithGaps, PlaylistWithSongs, Song

pytestmark = pytest.mark.anyio


class Artist(Document, collection="artists"):
    name: str


class Track(Document, collection="tracks"):
    title: str
    position: int
    artist_id: ObjectId | None = None


class TrackWithArtist(Track):
    artist: Annotated[Artist | None, Lookup("artist_id")]


class ArtistWithTracks(Artist):
    tracks: Annotated[
        list[Track], Lookup("id", foreign="artist_id", pipeline=[{"$sort": {"position": 1}}])
    ]


class Mix(Document, collection="mixes"):
    track_ids: list[ObjectId] = []
    opener: dict[str, list[ObjectId]] = {}
    steps: list[dict[str, ObjectId]] = []


class MixWithTracks(Mix):
    tracks: Annotated[list[TrackWithArtist], Lookup("track_ids")]


class MixWithOpener(Mix):
    opened_by: Annotated[list[Track], Lookup("opener.track")]


class MixWithSteps(Mix):
    stepped: Annotated[list[Track], Lookup("steps.track")]


@pytest.fixture
async def songs(documents: Documents) -> dict[str, Song]:
    made = await documents[Song].insert_many([Song(title=title) for title in "abcdef"])
    return {song.title: song for song in made}


async def test_references_come_in_their_order(documents: Documents, songs: dict[str, Song]) -> None:
    ids = [songs[title].id for title in "fadbaf"]
    made = await documents[Playlist].insert(Playlist(name="x", song_ids=ids))
    read = await documents[PlaylistWithSongs].get(made.id)
    assert [song.title for song in read.songs] == [*"fadbaf"]
    assert read.songs[0] == songs["f"]


async def test_references_to_nothing_are_left_out(
    documents: Documents, songs: dict[str, Song]
) -> None:
    ids = [songs["b"].id, ObjectId(), songs["a"].id]
    made = await documents[Playlist].insert(Playlist(name="x", song_ids=ids))
    read = await documents[PlaylistWithSongs].get(made.id)
    assert [song.title for song in read.songs] == ["b", "a"]
    assert read.song_ids == ids


async def test_references_to_nothing_are_null_where_the_type_says_so(
    documents: Documents, songs: dict[str, Song]
) -> None:
    ids = [songs["b"].id, ObjectId(), songs["a"].id]
    made = await documents[Playlist].insert(Playlist(name="x", song_ids=ids))
    read = await documents[PlaylistWithGaps].get(made.id)
    assert [song and song.title for song in read.songs] == ["b", None, "a"]


async def test_any_number_of_documents_takes_one_command(
    documents: Documents, songs: dict[str, Song], commands: Commands
) -> None:
    ids = [song.id for song in songs.values()]
    await documents[Playlist].insert_many(
        [Playlist(name=str(number), song_ids=ids) for number in range(20)]
    )
    commands.clear()
    found = await documents[PlaylistWithSongs].find(sort={"name": 1}, limit=15)
    assert [len(playlist.songs) for playlist in found] == [6] * 15
    assert commands.names == ["aggregate"]


async def test_one_document_that_is_referred_to(documents: Documents, commands: Commands) -> None:
    artist = await documents[Artist].insert(Artist(name="Mingus"))
    tracks = [
        Track(title="Haitian Fight Song", position=1, artist_id=artist.id),
        Track(title="Lost", position=2, artist_id=ObjectId()),
        Track(title="Nobody's", position=3),
    ]
    await documents[Track].insert_many(tracks)
    commands.clear()
    found = await documents[TrackWithArtist].find(sort={"position": 1})
    assert [track.artist for track in found] == [artist, None, None]
    assert commands.names == ["aggregate"]


async def test_documents_that_refer_to_this_one(documents: Documents) -> None:
    mingus, monk = await documents[Artist].insert_many([Artist(name="Mingus"), Artist(name="Monk")])
    await documents[Track].insert_many(
        [Track(title=str(place), position=place, artist_id=mingus.id) for place in (3, 1, 2)]
    )
    found = await documents[ArtistWithTracks].find(sort={"name": 1})
    assert [[track.position for track in artist.tracks] for artist in found] == [[1, 2, 3], []]
    assert found[1].id == monk.id


async def test_lookups_within_lookups_are_in_the_same_command(
    documents: Documents, commands: Commands
) -> None:
    artist = await documents[Artist].insert(Artist(name="Mingus"))
    one, two = await documents[Track].insert_many(
        [
            Track(title="one", position=1, artist_id=artist.id),
            Track(title="two", position=2),
        ]
    )
    made = await documents[Mix].insert(Mix(track_ids=[two.id, one.id]))
    commands.clear()
    read = await documents[MixWithTracks].get(made.id)
    assert [(track.title, track.artist) for track in read.tracks] == [
        ("two", None),
        ("one", artist),
    ]
    assert commands.names == ["aggregate"]


async def test_references_within_an_embedded_document(documents: Documents) -> None:
    one, two = await documents[Track].insert_many(
        [Track(title="one", position=1), Track(title="two", position=2)]
    )
    made = await documents[Mix].insert(Mix(opener={"track": [two.id, one.id]}))
    read = await documents[MixWithOpener].get(made.id)
    assert [track.title for track in read.opened_by] == ["two", "one"]


def test_references_within_an_array_are_put_in_order() -> None:
    """What SecantusDB does not find; MongoDB does, and gives it in no order."""
    one, two = (dump(Track(title=title, position=1)) for title in ("one", "two"))
    steps = [{"track": two["_id"]}, {}, {"track": one["_id"]}]
    [join] = joins_of(MixWithSteps)
    assert join.stage()["$lookup"]["localField"] == "steps.track"
    arranged = join.arrange({"_id": ObjectId(), "steps": steps, "stepped": [one, two]})
    assert [track["title"] for track in arranged] == ["two", "one"]


async def test_a_document_is_written_without_what_it_looks_up(
    documents: Documents, songs: dict[str, Song]
) -> None:
    made = await documents[Playlist].insert(Playlist(name="x", song_ids=[songs["a"].id]))
    read = await documents[PlaylistWithSongs].get(made.id)
    read.song_ids.append(songs["b"].id)
    written = await documents[PlaylistWithSongs].replace(read)
    assert [song.title for song in written.songs] == ["a", "b"]
    stored = await documents.database["playlists"].find_one({})
    assert stored == {"_id": made.id, "name": "x", "song_ids": read.song_ids}


def wrong(annotation: Any, lookup: Lookup) -> type[Document]:
    class Wrong(Document, collection="wrong"):
        song_ids: list[ObjectId] = []
        found: Annotated[annotation, lookup]

    return Wrong


@pytest.mark.parametrize(
    ("annotation", "lookup", "message"),
    [
        (list[Song], Lookup("ids"), "Wrong has no field 'ids' to look up by"),
        (list[Song], Lookup("song_ids", foreign="nr"), "Song has no field 'nr'"),
        (Song, Lookup("song_ids"), r"Wrong\.found: a lookup finds list\[Model\]"),
        (list[str], Lookup("song_ids"), r"Wrong\.found: a lookup finds list\[Model\]"),
        (list[Song | None], Lookup("song_ids", foreign="title"), "nothing is missing"),
    ],
)
def test_a_lookup_that_contradicts_the_models_is_told_of(
    mongo: Mongo, annotation: Any, lookup: Lookup, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        mongo.collection(wrong(annotation, lookup))


class Folder(Document, collection="folders"):
    parent_id: ObjectId | None = None
    parent: Annotated[Folder | None, Lookup("parent_id")]


def test_a_lookup_without_end_is_told_of() -> None:
    with pytest.raises(TypeError, match="Folder looks itself up"):
        joins_of(Folder)
