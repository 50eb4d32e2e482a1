from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Any, Self

import pytest
from pydantic import BaseModel, Field, model_validator
from pymongo import IndexModel, MongoClient

from vivace import Depends, Header, Vivace
from vivace.crud import Hooks, Limits, Values
from vivace.mongo import (
    BaseDocument,
    Document,
    Mongo,
    MongoSettings,
    ObjectId,
    crud_router,
)
from vivace.testclient import TestClient

from .commands import Commands
from .music import Playlist, PlaylistWithGaps, PlaylistWithSongs, Song

Raw = MongoClient[dict[str, Any]]


class Account(Document, collection="accounts", indexes=[IndexModel("email", unique=True)]):
    email: str = Field(max_length=40)
    password: str = ""
    owner: str = "nobody"
    plays: int = 0
    opened_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    first: int = 0
    last: int = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.first > self.last:
            raise ValueError("the first comes after the last")
        return self


class Country(BaseDocument, collection="countries"):
    id: str = Field(min_length=2, max_length=2)
    name: str


WATCHING = Commands()
SETTINGS = MongoSettings(client_options={"event_listeners": [WATCHING]})
#: Where it is, each test says.
SOMEWHERE = Mongo("mongodb://localhost/music", settings=SETTINGS)


@pytest.fixture(scope="module")
def app() -> Vivace:
    app = Vivace()
    app.include_router(crud_router(Song, SOMEWHERE, limits=Limits(page=3)))
    app.include_router(crud_router(Playlist, SOMEWHERE, read=PlaylistWithSongs))
    app.include_router(crud_router(Country, SOMEWHERE))
    return app


@pytest.fixture
def api(app: Vivace, server_url: str, name: str) -> Iterator[TestClient]:
    with SOMEWHERE.override(server_url, database=name), TestClient(app) as client:
        yield client


@pytest.fixture
def commands() -> Commands:
    WATCHING.clear()
    return WATCHING


@pytest.fixture
def stored(client: Raw, name: str) -> Any:
    """The database, for what happens behind the app's back."""
    return client[name]


def make(api: TestClient, path: str = "/songs", **body: Any) -> dict[str, Any]:
    response = api.post(path, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def titles(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [song["title"] for song in response.json()["items"]]


def test_making_and_reading(api: TestClient) -> None:
    response = api.post("/songs", json={"title": "So What", "album": {"title": "Kind of Blue"}})
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"/songs/{made['id']}"
    read = api.get(response.headers["location"])
    assert read.json() == made
    assert read.headers["etag"] == response.headers["etag"]
    again = api.get(f"/songs/{made['id']}", headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304


def test_replacing(api: TestClient) -> None:
    made = make(api, title="a", year=1959, genres=["jazz"])
    response = api.put(f"/songs/{made['id']}", json={**made, "title": "b", "year": None})
    assert response.json() == {**made, "title": "b", "year": None}
    assert api.get(f"/songs/{made['id']}").json() == response.json()
    # What is not sent takes its default.
    response = api.put(
        f"/songs/{made['id']}", json={"title": "c", "added_at": "2024-01-01T00:00:00Z"}
    )
    assert response.json()["genres"] == []


def test_patching(api: TestClient) -> None:
    made = make(api, title="a", album={"title": "x", "year": 1959}, genres=["jazz"])
    patch = {"album": {"year": None}, "genres": ["modal", "jazz"]}
    response = api.patch(f"/songs/{made['id']}", json=patch)
    assert response.status_code == 200
    assert response.json() == {
        **made,
        "album": {"title": "x", "year": None},
        "genres": ["modal", "jazz"],
    }
    assert api.patch(f"/songs/{made['id']}", json={"album": None}).json()["album"] is None
    response = api.patch(f"/songs/{made['id']}", json={"album": {"year": 1}})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "album", "title"]


def test_patching_what_has_ids_for_keys(mongo: Mongo) -> None:
    class Ballot(Document, collection="ballots"):
        votes: dict[ObjectId, int] = {}
        seen: set[ObjectId] = set()

    app = Vivace()
    app.include_router(crud_router(Ballot, mongo))
    one, two = str(ObjectId()), str(ObjectId())
    with TestClient(app) as api:
        made = make(api, "/ballots", votes={one: 1, two: 2}, seen=[one])
        response = api.patch(f"/ballots/{made['id']}", json={"votes": {one: None, two: 3}})
        assert response.json() == {**made, "votes": {two: 3}}


def test_deleting(api: TestClient) -> None:
    made = make(api, title="a")
    assert api.delete(f"/songs/{made['id']}").status_code == 204
    assert api.delete(f"/songs/{made['id']}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there(api: TestClient, method: str) -> None:
    body = {"title": "x", "added_at": "2024-01-01T00:00:00Z"}
    options: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": body}
    response = api.request(method, f"/songs/{ObjectId()}", **options)
    assert response.status_code == 404
    assert response.json() == {"detail": "There is no such song."}
    response = api.request(method, "/songs/x", **options)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["path", "id"]


def test_of_several_all_are_made_or_none(api: TestClient, stored: Any) -> None:
    make(api, title="c")
    response = api.post("/songs/bulk", json=[{"title": title} for title in "abcd"])
    assert response.status_code == 409
    assert response.json()["detail"][0]["loc"] == ["body", 2, "title"]
    assert stored["songs"].count_documents({}) == 1
    response = api.post("/songs/bulk", json=[{"title": "a"}, {"title": "b", "year": 2**63}])
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", 1, "year"]
    assert stored["songs"].count_documents({}) == 1
    response = api.post("/songs/bulk", json=[{"title": title} for title in "abd"])
    assert response.status_code == 201
    assert [song["title"] for song in response.json()] == ["a", "b", "d"]


def test_a_conflict_has_a_place(api: TestClient) -> None:
    make(api, title="a")
    other = make(api, title="b")
    for response in (
        api.post("/songs", json={"title": "a"}),
        api.put(f"/songs/{other['id']}", json={**other, "title": "a"}),
        api.patch(f"/songs/{other['id']}", json={"title": "a"}),
    ):
        assert response.status_code == 409
        assert response.json()["detail"][0]["type"] == "already_exists"
        assert response.json()["detail"][0]["loc"] == ["body", "title"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"title": "a", "year": 2**63}, ["body", "year"]),
        ({"title": "a", "price": "1" * 35}, ["body", "price"]),
        ({"title": "a", "id": "65f1a2b3c4d5e6f708192a3b"}, ["body", "id"]),
        ({"title": "a", "$set": 1}, ["body", "$set"]),
    ],
)
def test_a_value_that_cannot_be_stored_has_a_place(
    api: TestClient, body: dict[str, Any], place: list[str]
) -> None:
    response = api.post("/songs", json=body)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == place


def test_pages_by_cursor(api: TestClient) -> None:
    for number, year in enumerate([1959, None, 1960, 1959, None, 1961, 1960]):
        make(api, title=str(number), year=year)
    for sort, expected in (("year", "0326514"), ("-year", "4156230"), ("title", "0123456")):
        seen, url = [], f"/songs?sort={sort}"
        while url:
            page = api.get(url)
            seen += titles(page)
            cursor = page.json()["next_cursor"]
            url = f"/songs?sort={sort}&cursor={cursor}" if cursor else ""
        assert seen == [*expected]
        before = api.get(f"/songs?sort={sort}&cursor={page.json()['prev_cursor']}")
        assert titles(before) == seen[3:6]


def test_pages_by_offset(api: TestClient, commands: Commands) -> None:
    for number in range(5):
        make(api, title=str(number))
    commands.clear()
    page = api.get("/songs?offset=3&total=true&sort=title")
    assert titles(page) == ["3", "4"]
    assert page.json()["total"] == 5
    # One for the page, and one for the total.
    assert commands.names == ["aggregate", "aggregate"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("year=1959", ["a"]),
        ("year__gte=1960", ["b"]),
        ("year__is_null=true", ["c"]),
        ("album.title=Kind+of+Blue", ["a"]),
        ("album.year__lt=1960", ["a"]),
        ("genres=jazz", ["a", "b"]),
        ("genres__in=modal&genres__in=rock", ["a"]),
        ("title__icontains=B", ["b"]),
        ("price__gt=1", ["c"]),
        ("added_at__gt=2999-01-01T00:00:00Z", []),
    ],
)
def test_filters(api: TestClient, query: str, expected: list[str]) -> None:
    album = {"title": "Kind of Blue", "year": 1959}
    make(api, title="a", year=1959, album=album, genres=["jazz", "modal"])
    make(api, title="b", year=1960, genres=["jazz"])
    make(api, title="c", price="1.50")
    assert titles(api.get(f"/songs?sort=title&{query}")) == expected


@pytest.mark.parametrize(
    "query", [f"year={2**63}", "year=x", "id=x", "nothing=1", "sort=album", "cursor=x", "limit=0"]
)
def test_a_list_that_makes_no_sense_is_refused(api: TestClient, query: str) -> None:
    response = api.get(f"/songs?{query}")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][0] == "query"


def test_references_are_resolved_in_one_command(api: TestClient, commands: Commands) -> None:
    ids = [make(api, title=title)["id"] for title in "abc"]
    gone = str(ObjectId())
    made = make(api, "/playlists", name="x", song_ids=[ids[2], gone, ids[0]])
    assert [song["title"] for song in made["songs"]] == ["c", "a"]
    for number in range(4):
        make(api, "/playlists", name=str(number), song_ids=ids)
    commands.clear()
    page = api.get("/playlists").json()["items"]
    assert [len(playlist["songs"]) for playlist in page] == [2, 3, 3, 3, 3]
    assert api.get(f"/playlists/{made['id']}").json() == made
    assert commands.names == ["aggregate", "aggregate"]


def test_what_refers_to_others_is_changed_by_the_references(
    api: TestClient, stored: Any, commands: Commands
) -> None:
    ids = [make(api, title=title)["id"] for title in "abc"]
    made = make(api, "/playlists", name="x", song_ids=ids[:1])
    commands.clear()
    # The songs that were shown may be sent back, and are not what counts.
    response = api.put(f"/playlists/{made['id']}", json={**made, "song_ids": ids[::-1]})
    assert [song["title"] for song in response.json()["songs"]] == ["c", "b", "a"]
    assert commands.names == ["aggregate", "update", "aggregate"]
    response = api.patch(f"/playlists/{made['id']}", json={"name": "y"})
    assert response.json()["name"] == "y"
    assert stored["playlists"].find_one() == {
        "_id": ObjectId(made["id"]),
        "name": "y",
        "song_ids": [ObjectId(id) for id in ids[::-1]],
    }
    bulk = api.post("/playlists/bulk", json=[{"name": "p", "song_ids": ids}, {"name": "q"}])
    assert [len(playlist["songs"]) for playlist in bulk.json()] == [3, 0]


def test_a_song_that_changes_changes_what_shows_it(api: TestClient) -> None:
    song = make(api, title="a")
    made = make(api, "/playlists", name="x", song_ids=[song["id"]])
    before = api.get(f"/playlists/{made['id']}").headers["etag"]
    api.patch(f"/songs/{song['id']}", json={"title": "b"})
    after = api.get(f"/playlists/{made['id']}", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.json()["songs"][0]["title"] == "b"


def test_a_change_that_was_not_seen_is_not_lost(api: TestClient, stored: Any) -> None:
    made = make(api, title="a")
    path = f"/songs/{made['id']}"
    seen = {"If-Match": api.get(path).headers["etag"]}
    # Also one that no representation shows.
    stored["songs"].update_one({}, {"$set": {"reviewed": True}})
    for method in ("PUT", "PATCH", "DELETE"):
        options: dict[str, Any] = {} if method == "DELETE" else {"json": {**made, "title": "b"}}
        if method == "PATCH":
            options = {"json": {"title": "b"}}
        assert api.request(method, path, headers=seen, **options).status_code == 412
    now = {"If-Match": api.get(path).headers["etag"]}
    assert api.patch(path, json={"title": "b"}, headers=now).status_code == 200
    assert stored["songs"].find_one()["reviewed"] is True


def test_of_many_changes_at_once_each_counts(api: TestClient, stored: Any) -> None:
    """Each sees what the others have written, or is refused; none undoes another."""
    made = make(api, title="a")
    path = f"/songs/{made['id']}"

    def add(number: int) -> int:
        while True:
            before = api.get(path)
            genres = [*before.json()["genres"], str(number)]
            headers = {"If-Match": before.headers["etag"]}
            status = api.patch(path, json={"genres": genres}, headers=headers).status_code
            if status == 200:
                return number
            assert status in (409, 412)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(8))) == [*range(8)]
    assert sorted(stored["songs"].find_one()["genres"]) == [*map(str, range(8))]


class RacingHooks(Hooks):
    """Somebody else comes before each try, as often as they are told to."""

    stored: Any = None
    times = 0

    async def before_update(self, item: Any, values: Values) -> Values:
        if RacingHooks.times:
            RacingHooks.times -= 1
            self.stored["accounts"].update_one({}, {"$inc": {"plays": 1}})
        return values

    async def before_delete(self, item: Any) -> None:
        await self.before_update(item, {})


@pytest.fixture
def racing(mongo: Mongo, stored: Any) -> Iterator[TestClient]:
    app = Vivace()
    app.include_router(crud_router(Account, mongo, hooks=RacingHooks))
    RacingHooks.stored, RacingHooks.times = stored, 0
    with TestClient(app) as client:
        yield client


def test_a_patch_is_made_of_what_is_there_when_it_is_written(
    racing: TestClient, stored: Any
) -> None:
    made = make(racing, "/accounts", email="a")
    RacingHooks.times = 2
    response = racing.patch(f"/accounts/{made['id']}", json={"email": "b"})
    assert response.json() == {**made, "email": "b", "plays": 2}
    RacingHooks.times = 2
    assert racing.delete(f"/accounts/{made['id']}").status_code == 204


def test_a_client_that_never_gets_its_turn_is_told_so(racing: TestClient, stored: Any) -> None:
    made = make(racing, "/accounts", email="a")
    RacingHooks.times = 100
    for response in (
        racing.patch(f"/accounts/{made['id']}", json={"email": "b"}),
        racing.delete(f"/accounts/{made['id']}"),
    ):
        assert response.status_code == 409
        assert response.json()["detail"][0]["type"] == "changed_meanwhile"
    assert stored["accounts"].find_one()["email"] == "a"


def test_an_item_that_is_deleted_meanwhile_is_not_there(mongo: Mongo, stored: Any) -> None:
    class Deleting(Hooks):
        async def before_update(self, item: Any, values: Values) -> Values:
            stored["accounts"].delete_many({})
            return values

    app = Vivace()
    app.include_router(crud_router(Account, mongo, hooks=Deleting))
    with TestClient(app) as api:
        made = make(api, "/accounts", email="a")
        response = api.patch(f"/accounts/{made['id']}", json={"email": "b"})
        assert response.status_code == 404
        assert stored["accounts"].count_documents({}) == 0


def test_a_rule_over_several_fields_counts_for_what_is_sent(racing: TestClient) -> None:
    made = make(racing, "/accounts", email="a", last=3)
    for response in (
        racing.post("/accounts", json={"email": "b", "first": 1}),
        racing.patch(f"/accounts/{made['id']}", json={"first": 4}),
    ):
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body"]
    response = racing.post("/accounts/bulk", json=[{"email": "b"}, {"email": "c", "first": 1}])
    assert response.json()["detail"][0]["loc"] == ["body", 1]


def test_who_sees_and_sets_a_field(mongo: Mongo, stored: Any) -> None:
    app = Vivace()
    router = crud_router(
        Account,
        mongo,
        hidden=["owner"],
        write_only=["password"],
        read_only=["plays", "opened_at"],
    )
    app.include_router(router)
    with TestClient(app) as api:
        made = make(api, "/accounts", email="a", password="hush")
        assert made.keys() == {"id", "email", "plays", "opened_at", "first", "last"}
        assert api.post("/accounts", json={"email": "b", "owner": "x"}).status_code == 422
        assert api.get("/accounts?owner=nobody").status_code == 422
        assert api.get("/accounts?sort=password").status_code == 422
        path = f"/accounts/{made['id']}"
        before = api.get(path).headers["etag"]
        response = api.put(path, json={"email": "c", "password": "hush, hush"})
        assert response.json() == {**made, "email": "c"}
        account = stored["accounts"].find_one()
        assert (account["password"], account["owner"]) == ("hush, hush", "nobody")
        # A change of what is not shown is a change.
        api.patch(path, json={"email": "a", "password": "other"})
        assert api.get(path).json() == made
        assert api.get(path).headers["etag"] != before


async def tenant(x_tenant: Annotated[str, Header()]) -> dict[str, Any]:
    return {"owner": x_tenant}


@pytest.fixture
def tenants(mongo: Mongo) -> Iterator[TestClient]:
    app = Vivace()
    router = crud_router(Account, mongo, hidden=["owner"], scope=Depends(tenant))
    app.include_router(router)
    with TestClient(app) as client:
        yield client


def test_what_is_out_of_scope_is_not_there(tenants: TestClient, stored: Any) -> None:
    ada, bob = {"X-Tenant": "ada"}, {"X-Tenant": "bob"}
    made = tenants.post("/accounts", json={"email": "a"}, headers=ada).json()
    tenants.post("/accounts/bulk", json=[{"email": "b"}, {"email": "c"}], headers=bob)
    assert {one["email"]: one["owner"] for one in stored["accounts"].find()} == {
        "a": "ada",
        "b": "bob",
        "c": "bob",
    }
    path = f"/accounts/{made['id']}"
    for method in ("GET", "DELETE"):
        assert tenants.request(method, path, headers=bob).status_code == 404
    for method in ("PUT", "PATCH"):
        body = {"email": "x", "opened_at": "2024-01-01T00:00:00Z"}
        assert tenants.request(method, path, json=body, headers=bob).status_code == 404
    page = tenants.get("/accounts?total=true", headers=bob).json()
    assert ([one["email"] for one in page["items"]], page["total"]) == (["b", "c"], 2)
    assert tenants.patch(path, json={"plays": 1}, headers=ada).json()["plays"] == 1


def test_a_scope_may_be_a_filter(mongo: Mongo, stored: Any) -> None:
    async def few() -> dict[str, Any]:
        return {"plays": {"$lt": 10}, "$or": [{"owner": "nobody"}]}

    app = Vivace()
    app.include_router(crud_router(Account, mongo, scope=Depends(few)))
    with TestClient(app) as api:
        one = make(api, "/accounts", email="a", plays=9)
        other = make(api, "/accounts", email="b", plays=10)
        assert api.get(f"/accounts/{one['id']}").status_code == 200
        assert api.get(f"/accounts/{other['id']}").status_code == 404


def test_a_scope_that_is_none_shows_nothing(mongo: Mongo) -> None:
    async def forgotten() -> None:
        return None

    app = Vivace()
    app.include_router(crud_router(Account, mongo, scope=Depends(forgotten)))
    with TestClient(app) as api, pytest.raises(TypeError, match="The scope of Account is None"):
        api.get("/accounts")


def test_ids_of_one_s_own(api: TestClient) -> None:
    made = make(api, "/countries", id="nl", name="Netherlands")
    assert api.get("/countries/nl").json() == made
    assert api.put("/countries/nl", json={**made, "name": "x"}).json()["name"] == "x"
    response = api.post("/countries", json=made)
    assert response.json()["detail"][0]["loc"] == ["body", "id"]
    assert api.get("/countries/nld").status_code == 422


def test_schemas_of_one_s_own(mongo: Mongo) -> None:
    class Title(BaseModel):
        title: str

    app = Vivace()
    app.include_router(
        crud_router(
            Song,
            mongo,
            name="tune",
            plural="tunes",
            read=Title,
            create=Title,
            replace=Title,
            patch=Title,
            sortable=["title"],
        )
    )
    with TestClient(app) as api:
        made = api.post("/tunes", json={"title": "a"})
        assert made.json() == {"title": "a"}
        path = made.headers["location"]
        assert api.put(path, json={"title": "b"}).json() == {"title": "b"}
        assert api.patch(path, json={"title": "c"}).json() == {"title": "c"}
        assert titles(api.get("/tunes?sort=title")) == ["c"]
        assert api.get("/tunes?year=1").status_code == 422


def test_a_model_that_shows_something_else_is_told_of(mongo: Mongo) -> None:
    with pytest.raises(TypeError, match="PlaylistWithGaps shows what Song is"):
        crud_router(Song, mongo, read=PlaylistWithGaps)


def test_the_document_shows_ids_and_models(app: Vivace) -> None:
    document = app.openapi()
    assert {"Song", "SongCreate", "SongReplace", "SongPatch", "SongPage", "PlaylistWithSongs"} <= {
        *document["components"]["schemas"]
    }
    [parameter, *_] = document["paths"]["/songs/{id}"]["get"]["parameters"]
    assert parameter["schema"]["pattern"] == "^[0-9a-f]{24}$"
    names = {one["name"] for one in document["paths"]["/songs"]["get"]["parameters"]}
    assert {"year__gte", "album.title", "genres__in", "id"} <= names
