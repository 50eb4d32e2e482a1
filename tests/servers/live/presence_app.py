"""Rooms of which it matters only who is there, over the engine that the environment names."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from vivace import Query, Vivace
from vivace.live import Guest, Live, LiveSettings, NatsBroker, RedisBroker


class Said(BaseModel):
    type: Literal["said"] = "said"


def make_broker() -> Any:
    url = os.environ["LIVE_ENGINE"]
    return NatsBroker(url) if url.startswith("nats") else RedisBroker(url)


async def admit(user: Annotated[str, Query()]) -> Guest:
    return Guest(user)


live = Live(make_broker(), settings=LiveSettings(presence=3.0, sockets_per_user=10))
live.rooms("/rooms/{room}", sends=Said, admits=admit)

app = Vivace()
live.install(app)


@app.get("/health")
async def health() -> None: ...
