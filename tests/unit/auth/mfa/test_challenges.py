"""Challenges: sign-ins between their two steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.auth.mfa_kit import Clock, YieldingStore

from vivace.auth import Challenge, MfaSettings, User
from vivace.auth.errors import InvalidChallenge
from vivace.auth.mfa.challenges import Challenges

SETTINGS = MfaSettings(max_failures=3, challenge_lifetime=timedelta(minutes=5))


class Waiting:
    """A user who has passed the first step, and the token for the second."""

    def __init__(self) -> None:
        self.store = YieldingStore()
        self.challenges = Challenges(self.store, SETTINGS)
        self.user = User(name="ada", epoch=3)
        self.token = ""

    async def begin(self) -> None:
        await self.store.add(self.user)
        self.token = await self.make()

    async def make(self) -> str:
        return await self.challenges.make(
            self.user, purpose="token", scopes=["reader"], methods=("pwd",)
        )

    async def open(self) -> Challenge:
        challenge, user = await self.challenges.open(self.token, purpose="token")
        assert user.id == self.user.id
        return challenge

    async def is_refused(self) -> bool:
        try:
            await self.open()
        except InvalidChallenge:
            return True
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def scenario(test: Callable[[Waiting], Any]) -> None:
    async def run() -> None:
        waiting = Waiting()
        await waiting.begin()
        await test(waiting)

    asyncio.run(run())


def test_a_token_stands_for_what_was_asked_for(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        challenge = await waiting.open()
        assert (challenge.purpose, challenge.scopes) == ("token", ("reader",))
        assert challenge.methods == ("pwd",)
        assert waiting.token not in repr(challenge)

    scenario(test)


@pytest.mark.parametrize("token", ["", "x" * 43, "ä", "\0", "\ud800"])
def test_what_is_no_token_is_refused(clock: Clock, token: str) -> None:
    async def test(waiting: Waiting) -> None:
        waiting.token = token
        assert await waiting.is_refused()

    scenario(test)


def test_the_hash_that_is_kept_is_no_token(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        waiting.token = (await waiting.open()).id
        assert await waiting.is_refused()

    scenario(test)


def test_a_token_is_for_one_purpose(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        with pytest.raises(InvalidChallenge):
            await waiting.challenges.open(waiting.token, purpose="session")
        await waiting.open()

    scenario(test)


def test_a_token_expires(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        clock.advance(SETTINGS.challenge_lifetime - timedelta(microseconds=1))
        assert not await waiting.is_refused()
        clock.advance(timedelta(microseconds=1))
        assert await waiting.is_refused()

    scenario(test)


@pytest.mark.parametrize("changes", [{"epoch": 4}, {"is_active": False}])
def test_a_token_ends_with_what_its_user_was_at_the_first_step(
    clock: Clock, changes: dict[str, Any]
) -> None:
    async def test(waiting: Waiting) -> None:
        await waiting.store.replace(waiting.user, **changes)
        assert await waiting.is_refused()

    scenario(test)


def test_a_token_ends_with_its_user(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        await waiting.store.remove(User, id=waiting.user.id)
        assert await waiting.is_refused()

    scenario(test)


def test_a_token_can_be_used_once_also_by_two_at_once(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        challenge = await waiting.open()
        outcomes = await asyncio.gather(
            *(waiting.challenges.use_up(challenge) for _ in range(3)), return_exceptions=True
        )
        assert [type(one) for one in outcomes if one is not None] == [InvalidChallenge] * 2
        assert await waiting.is_refused()

    scenario(test)


def test_tries_are_bounded_also_where_all_come_at_once(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        challenge = await waiting.open()
        outcomes = await asyncio.gather(
            *(waiting.challenges.count_try(challenge) for _ in range(20)), return_exceptions=True
        )
        assert sum(isinstance(one, Challenge) for one in outcomes) == SETTINGS.max_failures
        assert await waiting.is_refused()

    scenario(test)


def test_the_last_try_may_be_the_right_one(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        challenge = await waiting.open()
        for _ in range(SETTINGS.max_failures):
            challenge = await waiting.challenges.count_try(challenge)
        await waiting.challenges.use_up(challenge)

    scenario(test)


def test_what_is_over_is_forgotten_when_the_next_one_begins(clock: Clock) -> None:
    async def test(waiting: Waiting) -> None:
        await waiting.challenges.use_up(await waiting.open())
        await waiting.make()
        clock.advance(timedelta(minutes=1))
        await waiting.make()
        assert len(await waiting.store.find(Challenge, user_id=waiting.user.id)) == 2
        clock.advance(timedelta(minutes=4))
        await waiting.make()
        assert len(await waiting.store.find(Challenge, user_id=waiting.user.id)) == 2

    scenario(test)
