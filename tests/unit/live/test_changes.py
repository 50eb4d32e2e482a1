"""What members are told of who comes and goes: at once, or together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_core import from_json

from vivace.live.changes import Changes, FrameFor

pytestmark = pytest.mark.anyio


WINDOW = 0.02


class Told:
    """Members, each welcomed after some changes, and what they are told."""

    def __init__(self) -> None:
        self.changes = Changes(WINDOW, self.tell)
        self.members: list[tuple[int, list[Any]]] = []
        self.welcome()

    def welcome(self) -> list[Any]:
        frames: list[Any] = []
        self.members.append((self.changes.count, frames))
        return frames

    @property
    def first(self) -> list[Any]:
        return self.members[0][1]

    def tell(self, frame_for: FrameFor) -> bool:
        for known, frames in self.members:
            frame = frame_for(known)
            if frame is not None:
                frames.append(from_json(frame.json))
        return bool(self.members)

    def join(self, user: str, shows: Any = None) -> None:
        self.changes.add(user, None, state(user, shows))

    def leave(self, user: str, shows: Any = None) -> None:
        self.changes.add(user, state(user, shows), None)

    async def until_quiet(self) -> None:
        """Until nothing waits to be told."""
        await asyncio.sleep(3 * WINDOW)


def state(user: str, shows: Any = None) -> dict[str, Any]:
    return {"user": user, "shows": shows}


def users(members: list[Any]) -> list[str]:
    return [member["user"] for member in members]


async def test_one_who_comes_alone_is_told_of_at_once() -> None:
    told = Told()
    told.join("ada")
    assert told.first == [{"type": "joined", "member": state("ada")}]
    await told.until_quiet()
    told.leave("ada")
    assert told.first[1:] == [{"type": "left", "member": state("ada")}]
    await told.until_quiet()
    assert len(told.first) == 2


async def test_many_who_come_at_once_are_told_of_in_two_frames() -> None:
    told = Told()
    for number in range(1000):
        told.join(f"user {number}")
    await told.until_quiet()
    first, rest = told.first
    assert first["member"]["user"] == "user 0"
    assert rest["type"] == "presence"
    assert users(rest["joined"]) == [f"user {number}" for number in range(1, 1000)]
    assert rest["left"] == []


async def test_who_comes_and_goes_in_between_is_not_told_of() -> None:
    told = Told()
    told.join("ada")
    told.join("bob")
    told.leave("bob")
    told.leave("ada")
    told.join("ada")
    await told.until_quiet()
    assert told.first == [{"type": "joined", "member": state("ada")}]
    told.join("cy")
    told.leave("ada")
    told.changes.add("cy", state("cy"), state("cy", "red"))
    await told.until_quiet()
    assert told.first[2:] == [
        {"type": "presence", "joined": [state("cy", "red")], "left": [state("ada")]}
    ]


async def test_what_one_is_welcomed_with_is_not_told_again() -> None:
    told = Told()
    told.join("ada")
    told.join("bob")
    bob = told.welcome()
    told.join("cy")
    cy = told.welcome()
    told.leave("bob")
    told.join("bob", "red")
    await told.until_quiet()
    assert users(told.first[1]["joined"]) == ["cy", "bob"]
    assert users(bob[0]["joined"]) == ["cy", "bob"]
    assert cy == [{"type": "joined", "member": state("bob", "red")}]


async def test_one_welcomed_without_somebody_is_told_who_is_back() -> None:
    told = Told()
    told.join("ada")
    await told.until_quiet()
    told.join("bob")
    told.leave("ada")
    late = told.welcome()
    told.join("ada")
    await told.until_quiet()
    # For those who were there before, nothing has changed.
    assert users([frame["member"] for frame in told.first]) == ["ada", "bob"]
    assert late == [{"type": "joined", "member": state("ada")}]


async def test_nobody_is_waited_for_where_nobody_is_told() -> None:
    told = Told()
    told.members.clear()
    told.join("ada")
    frames = told.welcome()
    told.join("bob")
    assert frames == [{"type": "joined", "member": state("bob")}]
    told.changes.stop()


async def test_what_is_stopped_begins_anew() -> None:
    told = Told()
    told.join("ada")
    told.join("bob")
    told.changes.stop()
    await told.until_quiet()
    told.join("cy")
    assert users([frame["member"] for frame in told.first]) == ["ada", "cy"]
    told.changes.stop()
