from __future__ import annotations

from datetime import datetime

import pytest
from pymongo import DESCENDING, TEXT, IndexModel

from vivace import Vivace
from vivace.mongo import Document, IndexConflict, Mongo
from vivace.testclient import TestClient

from .commands import Commands

pytestmark = pytest.mark.anyio


class Login(
    Document,
    collection="logins",
    indexes=[
        IndexModel("name", unique=True),
        IndexModel(["name", ("at", DESCENDING)]),
        IndexModel("at", expireAfterSeconds=3600),
        IndexModel("email", unique=True, partialFilterExpression={"email": {"$type": "string"}}),
    ],
):
    name: str
    email: str | None = None
    at: datetime


class LoginWithOptions(
    Document, collection="logins", indexes=[IndexModel("at", expireAfterSeconds=60)]
):
    at: datetime


class LoginByEmail(Document, collection="logins", indexes=[IndexModel("email", name="name_1")]):
    email: str


class Essay(Document, collection="essays", indexes=[IndexModel([("text", TEXT)])]):
    text: str


async def test_indexes_are_made_when_the_app_starts(mongo: Mongo) -> None:
    mongo.collection(Login)
    for _ in range(2):
        # The second time they are there already.
        async with mongo as documents:
            made = await documents[Login].raw.index_information()
    assert made.keys() == {"_id_", "name_1", "name_1_at_-1", "at_1", "email_1"}
    assert made["name_1"]["unique"]
    assert made["name_1_at_-1"]["key"] == [("name", 1), ("at", -1)]
    assert made["at_1"]["expireAfterSeconds"] == 3600
    assert made["email_1"]["partialFilterExpression"] == {"email": {"$type": "string"}}


async def test_an_app_makes_those_of_the_models_that_it_uses(mongo: Mongo) -> None:
    app = Vivace()

    @app.get("/logins", dependencies=[mongo.collection(Login)])
    async def count() -> int:
        return 0

    with TestClient(app):
        pass
    async with mongo as documents:
        assert "name_1" in await documents[Login].raw.index_information()


async def test_they_can_be_left_to_somebody_else(mongo: Mongo, commands: Commands) -> None:
    mongo._create_indexes = False
    mongo.collection(Login)
    async with mongo as documents:
        assert not commands.names
        assert await documents[Login].raw.index_information() == {}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LoginWithOptions, r"The index 'at_1' of LoginWithOptions cannot be made: .* another"),
        (LoginByEmail, r"The index 'name_1' of LoginByEmail cannot be made: .* another"),
    ],
)
async def test_a_conflict_with_an_index_that_is_there_stops_the_start(
    mongo: Mongo, server_url: str, name: str, model: type[Document], message: str
) -> None:
    mongo.collection(Login)
    async with mongo:
        pass
    other = Mongo(server_url, database=name)
    other.collection(model)
    with pytest.raises(IndexConflict, match=message) as caught:
        await other.open()
    await other.close()
    assert r"db.logins.dropIndex" in str(caught.value)


async def test_documents_that_have_the_same_stop_the_start(
    mongo: Mongo, server_url: str, name: str
) -> None:
    async with mongo as documents:
        await documents.database["logins"].insert_many([{"name": "ada"}, {"name": "ada"}])
    other = Mongo(server_url, database=name)
    other.collection(Login)
    with pytest.raises(IndexConflict, match="is unique, and in the collection 'logins' there are"):
        await other.open()
    await other.close()


async def test_an_app_does_not_start_with_a_conflict(
    mongo: Mongo, server_url: str, name: str
) -> None:
    async with mongo as documents:
        await documents.database["logins"].create_index("at", expireAfterSeconds=1)
    app = Vivace()
    other = Mongo(server_url, database=name)

    @app.get("/logins", dependencies=[other.collection(Login)])
    async def count() -> int:
        return 0

    with pytest.raises(IndexConflict, match="'at_1' of Login"), TestClient(app):
        pass


async def test_indexes_of_texts(mongo: Mongo, commands: Commands) -> None:
    """SecantusDB has none, and says so; MongoDB makes it."""
    mongo.collection(Essay)
    refusal = ""
    try:
        async with mongo:
            pass
    except IndexConflict as error:
        refusal = str(error)
    [command] = commands.of("createIndexes")
    assert command["createIndexes"] == "essays"
    assert [dict(index["key"]) for index in command["indexes"]] == [{"text": "text"}]
    assert not refusal or refusal.startswith(
        "The index 'text_text' of Essay cannot be made. The server says: text indexes are not"
    )
