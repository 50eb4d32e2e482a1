from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from examples.music.main import app, mongo

from vivace.testclient import TestClient


@pytest.fixture
def client(server_url: str, name: str) -> Iterator[TestClient]:
    with mongo.override(server_url, database=name), TestClient(app) as client:
        yield client


def add(client: TestClient, title: str, album: str = "Kind of Blue") -> str:
    body = {"title": title, "album": {"title": album, "artist": "Miles Davis", "year": 1959}}
    response = client.post("/songs", json=body)
    assert response.status_code == 201, response.text
    id: str = response.json()["id"]
    return id


def songs_of(playlist: Any) -> list[str]:
    return [song["title"] for song in playlist.json()["songs"]]


def test_what_is_played_most_comes_first(client: TestClient) -> None:
    add(client, "So What")
    blues = add(client, "All Blues")
    assert client.post(f"/songs/{blues}/plays").json()["plays"] == 1
    titles = [song["title"] for song in client.get("/songs").json()["items"]]
    assert titles == ["All Blues", "So What"]


def test_albums_are_what_songs_say_of_them(client: TestClient) -> None:
    for title in ("So What", "All Blues"):
        add(client, title)
    walkin = add(client, "Solar", album="Walkin'")
    client.post(f"/songs/{walkin}/plays")
    assert [(one["title"], one["songs"]) for one in client.get("/albums").json()] == [
        ("Walkin'", ["Solar"]),
        ("Kind of Blue", ["All Blues", "So What"]),
    ]


def test_a_playlist_refers_to_songs(client: TestClient) -> None:
    ids = [add(client, title) for title in ("So What", "All Blues")]
    playlist = client.post("/playlists", json={"name": "Quiet", "song_ids": ids[:1]})
    path = playlist.headers["location"]
    assert songs_of(client.post(f"{path}/songs/{ids[1]}")) == ["So What", "All Blues"]
    missing = client.post(f"{path}/songs/65f1a2b3c4d5e6f708192a3b")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no such song.")
    assert client.delete(f"/catalogue/{ids[0]}").status_code == 204
    assert songs_of(client.get(path)) == ["All Blues"]
    assert client.get(path).json()["song_ids"] == ids[1:]


def test_the_same_song_of_the_same_artist_is_there_once(client: TestClient) -> None:
    add(client, "So What")
    album = {"title": "Kind of Blue", "artist": "Miles Davis"}
    response = client.post("/songs", json={"title": "So What", "album": album})
    assert response.status_code == 409
    places = [error["loc"] for error in response.json()["errors"]]
    assert places == [["body", "title"], ["body", "album", "artist"]]
