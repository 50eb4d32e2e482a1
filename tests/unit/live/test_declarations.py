"""What is said wrongly of rooms fails where it is said, and names the mend."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from vivace import APIRouter, Depends, Request, Vivace
from vivace.live import Guest, Live, LiveSettings, Member, MemoryBroker, Room
from vivace.live.brokers.names import name_bytes
from vivace.testclient import TestClient

from .chat import Answer, Ask, Profile, Said, Say, Whisper, joined, make_chat


class Untyped(BaseModel):
    text: str


class Loose(BaseModel):
    type: str = "loose"


class Numbered(BaseModel):
    type: Literal[5] = 5


class Welcome(BaseModel):
    type: Literal["welcome"] = "welcome"


class Kept(BaseModel):
    type: Literal["kept"] = "kept"
    number: int = Field(alias="event_id")


class Aliased(BaseModel):
    type: Literal["aliased"] = Field("aliased", alias="kind")


class SayToo(BaseModel):
    type: Literal["say"] = "say"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (int, r"Rooms at /r, sends: <class 'int'> is no message"),
        (Untyped, r'Untyped needs a field .* `type: Literal\["untyped"\]`'),
        (Loose, r"Loose needs a field"),
        (Numbered, r"Numbered needs a field"),
        (Welcome, r'Welcome is of type "welcome", as a frame of rooms'),
        (Kept, r'Kept has a field "event_id", which frames have'),
        (Aliased, r"the field type of Aliased has an alias"),
        (Say | SayToo, r'both Say and SayToo are of type "say"'),
    ],
)
def test_what_is_no_message_is_refused(model: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Live().rooms("/r", sends=model)


def test_rooms_are_told_apart_by_their_names() -> None:
    live = Live()
    live.rooms("/chat/{room}", sends=Said)
    with pytest.raises(ValueError, match=r"has the name 'chat'\. Give another"):
        live.rooms("/chat/{room}/{part}", sends=Said)
    live.rooms("/chat/{room}/{part}", sends=Said, name="parts")


def test_numbers_have_to_be_above_0() -> None:
    with pytest.raises(ValueError, match="heartbeat=0 has to be above 0"):
        LiveSettings(heartbeat=0)
    with pytest.raises(TypeError, match="heartbeat='3' is no number"):
        LiveSettings(heartbeat="3")  # type: ignore[arg-type]  # as it says
    with pytest.raises(ValueError, match="buffer and max_members begin with 1"):
        Live().rooms("/r", sends=Said, buffer=0)
    with pytest.raises(ValueError, match="overflow='no'"):
        Live().rooms("/r", sends=Said, overflow="no")  # type: ignore[arg-type]  # as it says
    with pytest.raises(TypeError, match="latest_by='text' is no function"):
        Live().rooms("/r", sends=Said, latest_by="text")  # type: ignore[arg-type]  # as it says
    with pytest.raises(ValueError, match=r'Rooms at r: the path begins with "/": write "/r"'):
        Live().rooms("r", sends=Said)


def test_rooms_are_installed_in_an_app() -> None:
    with pytest.raises(TypeError, match=r"is no app. Give the Vivace"):
        Live().install(APIRouter())  # type: ignore[arg-type]  # as it says


def test_a_broker_is_one() -> None:
    for broker in ("redis://x", MemoryBroker):
        with pytest.raises(TypeError, match=r"is no broker. Make one, as RedisBroker"):
            Live(broker)  # type: ignore[arg-type]  # as it says
    with pytest.raises(TypeError, match=r"no LiveSettings"):
        Live(settings={})  # type: ignore[arg-type]  # as it says
    with pytest.raises(ValueError, match='neither "keep" nor "close"'):
        Live(unavailable="explode")


def test_a_handler_is_for_messages_that_are_received_and_for_each_there_is_one() -> None:
    _, chat = make_chat()
    with pytest.raises(TypeError, match=r"does not receive .*Said.* one of these: Say, Ask"):
        chat.on(Said)
    with pytest.raises(TypeError, match=r"Say is handled by .*said already"):
        chat.on(Say)
    with pytest.raises(TypeError, match=r"Say which messages"):
        chat.on()
    with pytest.raises(TypeError, match=r"Say which messages"):
        chat.on(lambda: None)  # type: ignore[arg-type]  # as it says
    chat.on_join(lambda: None)
    chat.on_leave(lambda: None)
    with pytest.raises(TypeError, match="for those who join already"):
        chat.on_join(lambda: None)
    with pytest.raises(TypeError, match="for those who leave already"):
        chat.on_leave(lambda: None)


def test_a_parameter_that_nothing_gives_fails_where_it_is_declared() -> None:
    chat = Live().rooms("/r", sends=Said, receives=Say)
    with pytest.raises(Exception, match=r"handle.*'request': There is no request here"):

        @chat.on(Say)
        async def handle(message: Say, request: Request) -> None: ...


def test_a_handler_takes_the_messages_that_it_is_for() -> None:
    chat = Live().rooms("/r", sends=Said, receives=Say | Ask | Whisper)

    def ask(message: Ask) -> None: ...
    def say_or_ask(message: Say | Ask, member: Member) -> None: ...

    with pytest.raises(TypeError, match=r"message is annotated with Ask, and .* for Say as well"):
        chat.on(Say)(ask)
    with pytest.raises(TypeError, match=r"annotated with Ask \| Say, and .* for Whisper as well"):
        chat.on(Say, Whisper)(say_or_ask)
    chat.on(Say)(say_or_ask)
    chat.on(Ask)(ask)


Incoming = TypeAliasType("Incoming", Say | Ask)


def test_a_union_of_messages_may_have_a_name() -> None:
    live = Live()
    chat = live.rooms("/r", receives=Incoming, sends=Annotated[Said | Answer, "in words"])

    @chat.on(Say, Ask)
    async def handle(message: Incoming, member: Member) -> None:
        await member.send(Said(user=member.user, text=type(message).__name__))

    app = Vivace()
    live.install(app)
    with TestClient(app) as client:
        reply = client.post("/r", json={"type": "ask"}).json()["replies"][0]
    assert reply["text"] == "Ask"


def test_a_parameter_of_a_handler_is_annotated() -> None:
    chat = Live().rooms("/r", sends=Said, receives=Say)

    def bare(message) -> None: ...  # type: ignore[no-untyped-def]  # as it says

    for register in (chat.on(Say), chat.on_join, chat.on_leave):
        with pytest.raises(TypeError, match=r"bare: message has no annotation"):
            register(bare)

    @chat.on(Say)
    def given(user=Depends(lambda: "ada")) -> None: ...  # type: ignore[no-untyped-def]  # as it says


def test_an_app_does_not_start_with_a_message_that_nothing_handles() -> None:
    live = Live()
    live.rooms("/r/{room}", sends=Said, receives=Say)
    app = Vivace()
    live.install(app)
    with (
        pytest.raises(TypeError, match=r"receives Say, and has no function for it"),
        TestClient(app),
    ):
        pass


def test_a_room_is_told_by_the_parameters_of_its_path() -> None:
    live = Live()
    parts = live.rooms("/{team}/rooms/{number:int}", sends=Said)
    room = parts.room("a/ü", 5)
    assert (room.name, room.values) == ("/a%2F%C3%BC/rooms/5", {"team": "a/ü", "number": "5"})
    assert parts.room("a", number=5).name == parts.room(number=5, team="a").name == "/a/rooms/5"
    for values in ((), ("a",), ("a", 5, 6)):
        with pytest.raises(TypeError, match="takes team, number, and nothing else"):
            parts.room(*values)
    with pytest.raises(TypeError, match="takes no value, and nothing else"):
        live.rooms("/lobby", sends=Said).room("x")


def test_convertors_of_paths_are_kept() -> None:
    live = Live()
    parts = live.rooms("/rooms/{number:int}", sends=Said)
    app = Vivace()
    live.install(app)
    with TestClient(app) as client:
        with client.websocket_connect("/rooms/5") as socket:
            assert socket.receive_json()["type"] == "welcome"
            assert parts.room(5).name == "/rooms/5"
        parameter = client.get("/openapi.json").json()["paths"]["/rooms/{number}"]["get"][
            "parameters"
        ][0]
        assert parameter["schema"]["type"] == "integer"


@pytest.mark.anyio
async def test_a_room_sends_what_it_is_declared_to() -> None:
    _, chat = make_chat(Live(settings=LiveSettings(max_frame=100)), presence=False)
    room = chat.room("tea")
    with pytest.raises(
        TypeError, match=r"Say is none of what the room sends. Send one of these: Said, Answer"
    ):
        await room.broadcast(Say(text="hi"))
    with pytest.raises(Exception, match="413: The message is too large"):
        await room.broadcast(Said(user="ada", text="a" * 100))
    with pytest.raises(TypeError, match="declared with presence=False"):
        await room.members()
    first = await room.broadcast(Said(user="ada", text="once"), key="1")
    assert await room.broadcast(Said(user="ada", text="once"), key="1") == first


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["", "k" * 513, "\0 *.>{}", "\ud800"])
async def test_any_text_is_a_key(key: str) -> None:
    keys: list[str | None] = []

    class Recording(MemoryBroker):
        async def append(self, room: str, data: bytes, *, key: str | None = None) -> str:
            keys.append(key)
            return await super().append(room, data, key=key)

    _, chat = make_chat(Live(Recording()))
    said = Said(user="ada", text="once")
    first = await chat.room("tea").broadcast(said, key=key)
    assert await chat.room("tea").broadcast(said, key=key) == first
    assert await chat.room("tea").broadcast(said, key=f"{key}.") != first
    # Brokers take names of 1 to 512 bytes.
    assert all(key is not None and name_bytes(key) for key in keys)


def test_a_guest_is_a_user_who_shows_what_the_room_shows() -> None:
    app, _ = make_chat()
    with TestClient(app) as client:
        refused = client.post("/rooms/tea?user=" + "a" * 401, json={"type": "ask"})
        assert refused.status_code == 422
    for wrong, message in (
        (5, "has returned int"),
        (Guest("a", {"color": 5}), "is not what the room is declared to show"),
    ):

        def admit(wrong: Any = wrong) -> Any:
            return wrong

        app, _ = make_chat(admits=lambda wrong=wrong: wrong)
        del admit
        with (
            TestClient(app) as client,
            pytest.raises(TypeError, match=message),
            joined(client, ""),
        ):
            pass


def test_a_user_is_told_by_text() -> None:
    with pytest.raises(TypeError, match=r"Guest\(5\): a user is told by text"):
        Guest(5)  # type: ignore[arg-type]  # as it says


def test_a_user_can_be_told_by_a_name_alone() -> None:
    app, _ = make_chat(admits=lambda: "ada", shows=None)
    with TestClient(app) as client, joined(client, "") as (_, welcome):
        assert welcome["members"] == [{"user": "ada", "shows": None}]


@pytest.mark.anyio
async def test_what_is_held_for_a_connection_is_for_its_handlers() -> None:
    held: list[Any] = []
    live = Live()
    chat = live.rooms("/r", sends=Answer, receives=Ask, admits=lambda: Guest("a", held={"x": 1}))

    @chat.on(Ask)
    async def asked(message: Ask, member: Member, room: Room) -> None:
        held.append(member.held)

    app = Vivace()
    live.install(app)
    with TestClient(app) as client:
        client.post("/r", json={"type": "ask"})
    assert held == [{"x": 1}]
    assert Profile().color == "red"
