"""A chat, and clients of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from vivace import HTTPException, Query, Vivace
from vivace.live import Guest, Live, Member, Room, Rooms
from vivace.testclient import TestClient, WebSocketTestSession


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Ask(BaseModel):
    type: Literal["ask"] = "ask"
    count: int = 1


class Whisper(BaseModel):
    type: Literal["whisper"] = "whisper"
    to: str
    text: str


class Said(BaseModel):
    type: Literal["said"] = "said"
    user: str
    text: str


class Answer(BaseModel):
    type: Literal["answer"] = "answer"
    number: int


class Profile(BaseModel):
    color: str = "red"


async def admit(user: Annotated[str, Query()], color: str = "red") -> Guest:
    if user == "eve":
        raise HTTPException(403, "Eve may not come in")
    return Guest(user, Profile(color=color))


def make_chat(live: Live | None = None, **options: Any) -> tuple[Vivace, Rooms]:
    """An app with rooms in which what one says comes to all."""
    live = live or Live()
    declared: dict[str, Any] = {
        "receives": Say | Ask | Whisper,
        "sends": Said | Answer,
        "admits": admit,
        "shows": Profile,
    }
    chat = live.rooms("/rooms/{room}", **{**declared, **options})

    @chat.on(Say)
    async def said(message: Say, member: Member, room: Room) -> None:
        if message.text == "fail":
            raise RuntimeError("A secret")
        await room.broadcast(Said(user=member.user, text=message.text))

    @chat.on(Ask)
    async def asked(message: Ask, member: Member) -> None:
        for number in range(message.count):
            await member.send(Answer(number=number))

    @chat.on(Whisper)
    def whispered(message: Whisper) -> None:
        raise HTTPException(403, "No whispering")

    app = Vivace()
    live.install(app)
    return app, chat


@contextmanager
def joined(
    client: TestClient, query: str, room: str = "tea"
) -> Iterator[tuple[WebSocketTestSession, dict[str, Any]]]:
    """A socket in a room, and its welcome."""
    with client.websocket_connect(f"/rooms/{room}?{query}") as socket:
        yield socket, socket.receive_json()


def read_until(socket: WebSocketTestSession, type: str) -> dict[str, Any]:
    """The next frame of this type."""
    while True:
        frame: dict[str, Any] = socket.receive_json()
        if frame["type"] == type:
            return frame
