"""Songs, which have their album in them, and playlists, which refer to songs."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field
from pymongo import DESCENDING, IndexModel

from vivace.mongo import Document, Lookup, ObjectId


class Album(BaseModel):
    """Part of a song: it is read with it, and of no use without one."""

    title: str = Field(min_length=1, max_length=100)
    artist: str = Field(min_length=1, max_length=100)
    year: int | None = Field(None, ge=1860, le=2100)


class Song(
    Document,
    collection="songs",
    indexes=[
        IndexModel(["title", "album.artist"], unique=True),
        IndexModel([("plays", DESCENDING), ("_id", DESCENDING)]),
        IndexModel("album.title"),
    ],
):
    title: str = Field(min_length=1, max_length=100)
    album: Album
    genres: list[str] = Field([], max_length=10)
    plays: int = 0


class Playlist(Document, collection="playlists", indexes=[IndexModel("song_ids")]):
    name: str = Field(min_length=1, max_length=100)
    song_ids: list[ObjectId] = Field([], max_length=500)
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class PlaylistWithSongs(Playlist):
    songs: Annotated[list[Song], Lookup("song_ids")]


class AlbumWithSongs(BaseModel):
    """What the songs say of an album."""

    title: str
    artist: str
    year: int | None
    songs: list[str]
    plays: int
