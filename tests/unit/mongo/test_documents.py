from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import Field, ValidationError, computed_field
from pymongo import IndexModel

from vivace.mongo import BaseDocument, Document, ObjectId
from vivace.mongo.documents import dump, joins_of, load

from .music import Album, Playlist, PlaylistWithSongs, Song


def test_a_document_is_stored_under_the_names_of_its_fields() -> None:
    class Film(Document, collection="films"):
        title: str = Field(alias="name")
        year: int = Field(validation_alias="released", serialization_alias="published")

        @computed_field  # type: ignore[prop-decorator]
        @property
        def century(self) -> int:
            return self.year // 100 + 1

    film = Film.model_validate({"name": "Ran", "released": 1985})
    assert dump(film) == {"_id": film.id, "title": "Ran", "year": 1985}
    assert load(Film, dump(film)) == film


def test_an_embedded_model_is_stored_in_the_document() -> None:
    song = Song(title="So What", album=Album(title="Kind of Blue"))
    assert dump(song)["album"] == {"title": "Kind of Blue", "year": None}


def test_the_id_is_made_with_the_document() -> None:
    assert Playlist(name="a").id != Playlist(name="a").id
    assert dump(Playlist(name="a")).keys() == {"_id", "name", "song_ids"}


def test_an_id_of_one_s_own() -> None:
    class Country(BaseDocument, collection="countries"):
        id: str
        name: str

    class Ticket(BaseDocument, collection="tickets"):
        id: UUID = Field(default_factory=uuid4)

    assert dump(Country(id="nl", name="Netherlands")) == {"_id": "nl", "name": "Netherlands"}
    assert load(Ticket, {"_id": UUID(int=1)}).id == UUID(int=1)


def test_what_was_read_is_remembered_and_plays_no_part_in_equality() -> None:
    made = Playlist(name="Quiet")
    read = load(Playlist, dump(made))
    assert read == made
    assert read != Playlist(name="Quiet")
    assert made._stored.document is None
    for one in (read, read.model_copy(update={"name": "Loud"}), copy.deepcopy(read)):
        assert one._stored.document == dump(made)


def test_what_a_model_does_not_know_is_no_obstacle() -> None:
    stored = {"_id": ObjectId(), "name": "Quiet", "song_ids": [], "colour": "blue"}
    assert load(Playlist, stored)._stored.document == stored


def test_a_document_that_does_not_fit_is_named() -> None:
    stored = {"_id": ObjectId(), "name": None}
    with pytest.raises(ValidationError) as caught:
        load(Playlist, stored)
    assert caught.value.__notes__ == [f"It is {stored['_id']!r} of the collection 'playlists'."]


def test_a_value_that_does_not_fit_is_not_stored() -> None:
    song = Song(title="So What")
    song.year = "1959"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="year"):
        dump(song)


def test_lookups_are_not_stored() -> None:
    song = Song(title="So What")
    playlist = PlaylistWithSongs(name="Quiet", song_ids=[song.id], songs=[song])
    stored = dump(playlist, joins_of(PlaylistWithSongs))
    assert stored == {"_id": playlist.id, "name": "Quiet", "song_ids": [song.id]}
    joined = {**stored, "songs": [dump(song)]}
    read = load(PlaylistWithSongs, joined, joins_of(PlaylistWithSongs))
    assert read._stored.document == stored


def test_a_subclass_belongs_to_the_same_collection() -> None:
    assert PlaylistWithSongs.__collection__ == "playlists"
    assert PlaylistWithSongs.__indexes__ == Playlist.__indexes__


def test_a_base_class_needs_no_collection() -> None:
    class Dated(Document):
        added_at: datetime = Field(default_factory=lambda: datetime.now(UTC))

    class Note(Dated, collection="notes", frozen=True):
        text: str

    assert dump(Note(text="x")).keys() == {"_id", "added_at", "text"}
    assert Note.model_config["frozen"]
    with pytest.raises(TypeError, match=r'class Dated\(Document, collection="\.\.\."\)'):
        joins_of(Dated)


def make(indexes: list[IndexModel], **config: Any) -> type[BaseDocument]:
    class Note(Document, collection="notes", indexes=indexes, **config):
        text: str
        author: dict[str, str] = {}

    return Note


def test_an_index_on_what_is_no_field_is_told_of() -> None:
    with pytest.raises(TypeError, match=r"Note has an index on 'txt'.*: id, text, author\."):
        make([IndexModel("txt")])


@pytest.mark.parametrize("path", ["text", "author.name", "_id", "$**"])
def test_indexes_on_fields_and_within_them(path: str) -> None:
    assert len(make([IndexModel(path)]).__indexes__) == 1


def test_a_model_that_takes_anything_may_have_an_index_on_anything() -> None:
    assert make([IndexModel("anything")], extra="allow").__indexes__


def test_a_document_has_an_id() -> None:
    with pytest.raises(TypeError, match="Note has no id"):

        class Note(BaseDocument, collection="notes"):
            text: str
