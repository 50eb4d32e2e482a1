"""The AsyncAPI document, and the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from pydantic import BaseModel

from vivace import Depends, Header, Security, Vivace
from vivace.live import Guest, Live
from vivace.security import APIKeyHeader, OAuth2AuthorizationCodeBearer, OAuth2PasswordBearer
from vivace.testclient import TestClient

from .chat import Said, joined, make_chat


@pytest.fixture
def document() -> dict[str, Any]:
    app, _ = make_chat()
    with TestClient(app) as client:
        response = client.get("/asyncapi.json")
    found: dict[str, Any] = response.json()
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/")
    for part in reference[2:].split("/"):
        document = document[part]
    return document


def test_it_has_what_version_3_requires(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"] == {"title": "Vivace", "version": "0.1.0"}
    channel = document["channels"]["rooms"]
    assert channel["address"] == "/rooms/{room}"
    assert set(channel["parameters"]) == {"room"}
    assert set(channel["bindings"]["ws"]) == {"method", "query", "bindingVersion"}
    actions = {name: one["action"] for name, one in document["operations"].items()}
    assert actions == {"rooms.send": "send", "rooms.receive": "receive"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert len(found) > 30
    for reference in found:
        assert resolve(document, reference)


def test_operations_name_the_messages_of_their_channel(document: dict[str, Any]) -> None:
    """As the specification asks: references to the channel, and not to the components."""
    names: dict[str, set[str]] = {}
    for name, operation in document["operations"].items():
        assert operation["channel"] == {"$ref": "#/channels/rooms"}
        keys = [
            one["$ref"].removeprefix("#/channels/rooms/messages/") for one in operation["messages"]
        ]
        assert set(keys) <= set(document["channels"]["rooms"]["messages"])
        names[name] = set(keys)
    assert {"from-say", "from-ask", "from-whisper", "room-pong"} <= names["rooms.receive"]
    assert {"to-said", "to-answer", "room-welcome", "room-joined"} <= names["rooms.send"]


def test_frames_are_what_the_document_says(document: dict[str, Any]) -> None:
    schemas = {}
    for message in document["channels"]["rooms"]["messages"].values():
        schemas[message["name"]] = {
            **message["payload"],
            "components": document["components"],
        }
    app, _ = make_chat()
    with (
        TestClient(app) as client,
        joined(client, "user=ada") as (ada, welcome),
        joined(client, "user=bob") as (bob, _),
    ):
        frames = [welcome, ada.receive_json()]
        for sent in ({"type": "ask", "ref": "1"}, {"type": "say", "text": "a"}, {"type": "say"}):
            ada.send_json(sent)
        frames += [ada.receive_json() for _ in range(4)]
        bob.close()
        frames.append(ada.receive_json())
    types = [frame["type"] for frame in frames]
    assert sorted(types) == ["ack", "answer", "error", "joined", "left", "said", "welcome"]
    for frame in frames:
        jsonschema_rs.validator_for(schemas[frame["type"]]).validate(frame)
        other = {**frame, "type": 5}
        assert not jsonschema_rs.is_valid(schemas[frame["type"]], other)


def test_it_can_be_below_a_prefix_or_nowhere() -> None:
    live = Live()
    live.rooms("/news", sends=Said, description="What is new", presence=False)
    app = Vivace(description="All of it")
    live.install(app, prefix="/v1", asyncapi_url=None, page_url=None)
    with TestClient(app) as client:
        assert client.get("/asyncapi.json").status_code == 404
        assert client.get("/asyncapi").status_code == 404
    document = live.asyncapi(app, "/v1")
    assert document["info"]["description"] == "All of it"
    channel = document["channels"]["news"]
    assert channel["address"] == "/v1/news"
    assert channel["description"].startswith("What is new")
    assert "parameters" not in channel
    assert "room-joined" not in channel["messages"]


def test_the_page_shows_rooms_and_escapes_what_it_shows() -> None:
    live = Live()
    live.rooms("/news", sends=Said, description="<b>new</b>")
    app = Vivace(title="A & B")
    live.install(app)
    with TestClient(app) as client:
        page = client.get("/asyncapi")
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>A &amp; B</h1>" in page.text
    assert "<code>/news</code>" in page.text
    assert "&lt;b&gt;new&lt;/b&gt;" in page.text
    assert "<b>" not in page.text


def test_it_says_what_a_client_has_to_bring(document: dict[str, Any]) -> None:
    query = document["channels"]["rooms"]["bindings"]["ws"]["query"]
    assert set(query["properties"]) == {"user", "color", "after"}
    assert query["required"] == ["user"]
    assert "security" not in document["operations"]["rooms.send"]
    assert "securitySchemes" not in document["components"]


class Level(Enum):
    LOW = "low"
    HIGH = "high"


key = APIKeyHeader(name="X-Key")
password = OAuth2PasswordBearer("token", scopes={"news": "Read them"})
code = OAuth2AuthorizationCodeBearer(
    authorizationUrl="https://id.example/authorize",
    tokenUrl="https://id.example/token",
    scopes={"news": "Read them"},
)


def admit_signed_in(
    key: Annotated[str, Depends(key)],
    token: Annotated[str, Depends(password)],
    code: Annotated[str, Security(code, scopes=["news"])],
    level: Level,
    x_region: Annotated[str, Header(description="Where")] = "eu",
) -> Guest:
    return Guest("ada")


def test_it_says_how_one_signs_in() -> None:
    live = Live()
    live.rooms("/news", sends=Said, admits=admit_signed_in, streams=False)
    document = live.asyncapi(Vivace())
    assert document["components"]["securitySchemes"] == {
        "APIKeyHeader": {"type": "httpApiKey", "in": "header", "name": "X-Key"},
        # AsyncAPI has no place for a URL that is relative.
        "OAuth2PasswordBearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The OpenAPI document says where tokens are from.",
        },
        "OAuth2AuthorizationCodeBearer": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "https://id.example/authorize",
                    "tokenUrl": "https://id.example/token",
                    "availableScopes": {"news": "Read them"},
                }
            },
        },
    }
    for operation in document["operations"].values():
        *others, scoped = operation["security"]
        assert [resolve(document, one["$ref"])["type"] for one in others] == ["httpApiKey", "http"]
        assert (scoped["type"], scoped["scopes"]) == ("oauth2", ["news"])
    asked = document["channels"]["news"]["bindings"]["ws"]
    assert asked["query"]["properties"]["level"]["enum"] == ["low", "high"]
    assert asked["query"]["required"] == ["level"]
    assert asked["headers"]["properties"]["x-region"]["description"] == "Where"


class Note(BaseModel):
    type: Literal["a/b", "a:b"] = "a/b"


def test_messages_of_any_type_are_told_apart() -> None:
    live = Live()
    live.rooms("/notes", sends=Note)
    app = Vivace()
    live.install(app)
    document = live.asyncapi(app)
    messages = document["channels"]["notes"]["messages"]
    assert {"to-a/b", "to-a:b"} <= set(messages)
    sent = [one["$ref"] for one in document["operations"]["notes.send"]["messages"]]
    assert "#/channels/notes/messages/to-a~1b" in sent
    assert "a/b" in TestClient(app).get("/asyncapi").text
    one = {**messages["to-a/b"]["payload"], "components": document["components"]}
    assert jsonschema_rs.is_valid(one, {"type": "a/b"})
    assert not jsonschema_rs.is_valid(one, {"type": "a:b"})
    assert not jsonschema_rs.is_valid(one, {})


def test_rooms_that_are_declared_later_are_in_it() -> None:
    live, app = Live(), Vivace()
    live.install(app)
    client = TestClient(app)
    for number in range(3):
        assert len(client.get("/asyncapi.json").json()["channels"]) == number
        live.rooms(f"/news{number}", sends=Said)


def test_what_users_show_is_in_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["rooms.user"]["properties"]["shows"] == {"$ref": "#/components/schemas/Profile"}
    assert schemas["Profile"]["properties"]["color"]["type"] == "string"
