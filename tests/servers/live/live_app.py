"""A chat over the engine that the environment names, for which one may have to sign in."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from vivace import Query, Vivace
from vivace.auth import Auth, User
from vivace.auth.stores.memory import MemoryStore
from vivace.live import Guest, Live, LiveSettings, Member, NatsBroker, RedisBroker, Room
from vivace.ratelimit import Limiter


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Said(BaseModel):
    type: Literal["said"] = "said"
    user: str
    text: str


def make_broker() -> Any:
    url, name = os.environ["LIVE_ENGINE"], os.environ["LIVE_NAME"]
    if url.startswith("nats"):
        return NatsBroker(url, name=name, count=100_000, timeout=2.0, pause=0.1)
    return RedisBroker(url, prefix=name, count=100_000, timeout=2.0, pause=0.1)


# Long enough for one who comes back at once, on a machine that does much else.
settings = LiveSettings(
    presence=4.0,
    linger=2.0,
    messages_per_second=1000,
    burst=1000,
    closing=0.5,
    max_frame=40_000,
)
live = Live(make_broker(), settings=settings)


async def admit(user: Annotated[str, Query()]) -> Guest:
    return Guest(user)


chat = live.rooms("/rooms/{room}", receives=Say, sends=Said, admits=admit, buffer=50)


@chat.on(Say)
async def said(message: Say, member: Member, room: Room) -> None:
    await room.broadcast(Said(user=member.user, text=message.text))


auth = Auth("a secret of this test, long enough for it", store=MemoryStore())
limiter = Limiter()
messages = limiter.limit("3/hour", scope="messages")


async def admit_user(user: Annotated[User, auth.user]) -> Guest:
    return Guest(user.name)


private = live.rooms(
    "/private/{room}",
    receives=Say,
    sends=Said,
    admits=admit_user,
    dependencies=[limiter.limit("5/hour", scope="connections").dependency],
)


@private.on(Say)
async def said_privately(
    message: Say, member: Member, room: Room, counted: Annotated[None, messages.dependency]
) -> None:
    await room.broadcast(Said(user=member.user, text=message.text))


app = Vivace()
app.include_router(auth.router())
live.install(app)


@app.get("/health")
async def health() -> int:
    return os.getpid()


@app.get("/held")
async def held(room: str) -> list[str]:
    """Who is connected to a room in this process."""
    feed = chat.hub.find(room)
    return sorted(member.user for member in feed.members) if feed is not None else []
