"""A live room: what one says comes to all. With Vivace alone."""

from typing import Literal

from pydantic import BaseModel

from vivace import Vivace
from vivace.live import Live, LiveSettings, Member, Room


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Said(BaseModel):
    type: Literal["said"] = "said"
    text: str


settings = LiveSettings(messages_per_second=10_000, burst=10_000)
live = Live(settings=settings)
# As in the endpoint that it is compared with, nobody is told who comes and goes.
rooms = live.rooms("/rooms/{room}", receives=Say, sends=Said, presence=False, buffer=10_000)


@rooms.on(Say)
async def say(message: Say, member: Member, room: Room) -> None:
    await room.broadcast(Said(text=message.text))


app = Vivace()
live.install(app)
