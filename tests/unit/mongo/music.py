"""Songs, which have an album in them, and playlists, which refer to songs."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field
from pymongo import IndexModel

from vivace.mongo import Document, Lookup, ObjectId


class Album(BaseModel):
    title: str
    year: int | None = None


class Song(Document, collection="songs", indexes=[IndexModel("title", unique=True)]):
    title: str
    year: int | None = None
    album: Album | None = None
    genres: list[str] = []
    price: Decimal = Decimal("0.99")
    added_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Playlist(Document, collection="playlists"):
    name: str
    song_ids: list[ObjectId] = []


class PlaylistWithSongs(Playlist):
    songs: Annotated[list[Song], Lookup("song_ids")]


class PlaylistWithGaps(Playlist):
    songs: Annotated[list[Song | None], Lookup("song_ids")]
