"""Songs, albums and playlists in MongoDB.

It looks for a server where MONGO_URL says, and on this machine otherwise. One to try it with, which
forgets everything in the end: ``pip install secantusdb``, then
``python -m secantus --storage-path :memory:``.
"""

import os
from typing import Annotated

from vivace import Vivace
from vivace.mongo import Collection, Mongo, ObjectId, crud_router

from .models import AlbumWithSongs, Playlist, PlaylistWithSongs, Song

mongo = Mongo(os.environ.get("MONGO_URL", "mongodb://localhost:27017"), database="music")
Songs = Annotated[Collection[Song], mongo.collection(Song)]
Playlists = Annotated[Collection[PlaylistWithSongs], mongo.collection(PlaylistWithSongs)]

app = Vivace(title="Music", problem_details=True)
app.include_router(crud_router(Song, mongo, read_only=["plays"], sort="-plays"))
app.include_router(crud_router(Playlist, mongo, read=PlaylistWithSongs, read_only=["created_at"]))


@app.post("/songs/{id}/plays", tags=["songs"])
async def play_song(id: ObjectId, songs: Songs) -> Song:
    """Count that a song was played."""
    return await songs.update(id, {"$inc": {"plays": 1}})


@app.get("/albums", tags=["albums"])
async def list_albums(songs: Songs) -> list[AlbumWithSongs]:
    """The albums that songs are of, with those played most first."""
    return await songs.aggregate(
        [
            {"$sort": {"title": 1}},
            {
                "$group": {
                    "_id": "$album",
                    "songs": {"$push": "$title"},
                    "plays": {"$sum": "$plays"},
                }
            },
            {"$sort": {"plays": -1, "_id": 1}},
            {"$replaceWith": {"$mergeObjects": ["$_id", {"songs": "$songs", "plays": "$plays"}]}},
            {"$limit": 100},
        ],
        AlbumWithSongs,
    )


@app.post("/playlists/{id}/songs/{song_id}", tags=["playlists"], dependencies=[mongo.transaction])
async def add_song(
    id: ObjectId, song_id: ObjectId, songs: Songs, playlists: Playlists
) -> PlaylistWithSongs:
    """Add a song to the end of a playlist; it is there, or nothing is added."""
    await songs.get(song_id)
    return await playlists.update(id, {"$push": {"song_ids": song_id}})


@app.delete(
    "/catalogue/{song_id}", status_code=204, tags=["songs"], dependencies=[mongo.transaction]
)
async def withdraw_song(song_id: ObjectId, songs: Songs, playlists: Playlists) -> None:
    """Delete a song, and take it out of all playlists."""
    await songs.delete(song_id)
    await playlists.raw.update_many({"song_ids": song_id}, {"$pull": {"song_ids": song_id}})
