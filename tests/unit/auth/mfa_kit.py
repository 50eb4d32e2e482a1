"""The kit with a user who has a second step, and a clock that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

import pyotp
import pytest

from vivace import Vivace
from vivace.auth import Auth, AuthSettings, MemoryStore, MfaSettings, PasswordSettings, Record, User
from vivace.auth.mfa.second_step import Mfa
from vivace.auth.vault import Vault
from vivace.testclient import TestClient

T = TypeVar("T")
R = TypeVar("R", bound=Record)

NEW_SECRET = "the secret that has taken the place of it"
SECRET = "a secret for tests, and for nothing else"
PASSWORD = "correct horse battery"
STEP = timedelta(seconds=30)
ORIGIN = "https://testserver"
#: Hashes that cost next to nothing.
CHEAP = PasswordSettings(time_cost=1, memory_cost=8, parallelism=1)


class Role(Enum):
    EDITOR = "editor"
    READER = "reader"


class YieldingStore(MemoryStore):
    """Lets others go first before it does anything, as a database does.

    Attributes:
        meet: Where two are to replace a record of this kind, each having read it as it was before.
    """

    meet: type[Record] | None = None
    _met = 0

    async def add(self, record: Record) -> None:
        await asyncio.sleep(0)
        await super().add(record)

    async def get(self, kind: type[R], id: str) -> R | None:
        await asyncio.sleep(0)
        return await super().get(kind, id)

    async def find(self, kind: type[R], **equal: Any) -> list[R]:
        await asyncio.sleep(0)
        return await super().find(kind, **equal)

    async def replace(self, old: R, **changes: Any) -> R | None:
        await asyncio.sleep(0)
        if type(old) is self.meet:
            self._met += 1
            # An event would belong to one loop, and each `MfaKit.run` has its own.
            while self._met < 2:  # noqa: ASYNC110
                await asyncio.sleep(0)
        return await super().replace(old, **changes)

    async def remove(self, kind: type[Record], **equal: Any) -> int:
        await asyncio.sleep(0)
        return await super().remove(kind, **equal)


class Clock:
    """The time as the second step and the back-off see it: at first, the beginning of a step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        step = STEP.total_seconds()
        self.time = datetime.fromtimestamp(datetime.now(UTC).timestamp() // step * step, UTC)
        mfa = ("totp", "challenges", "recovery_codes", "second_step")
        for module in ("stores.records", *(f"mfa.{name}" for name in mfa)):
            monkeypatch.setattr(f"vivace.auth.{module}.now", lambda: self.time)

    def advance(self, by: timedelta) -> None:
        self.time += by


class MfaKit:
    """A whole kit, with the users ada and bob."""

    def __init__(self, clock: Clock, settings: MfaSettings | None = None) -> None:
        self.clock = clock
        self.store = YieldingStore()
        self.auth = Auth(
            SECRET,
            store=self.store,
            roles=Role,
            settings=replace(AuthSettings(), passwords=CHEAP, mfa=settings or MfaSettings()),
        )
        self.mfa = self.auth.mfa
        self.ada = self.run(self.auth.accounts.register("ada", PASSWORD, roles=list(Role)))
        self.bob = self.run(self.auth.accounts.register("bob", PASSWORD))

    def change_secret(self, secrets: str | list[str]) -> None:
        """Go on with other secrets, as after a restart."""
        self.mfa = Mfa(self.store, Vault(secrets), self.auth.back_off, self.auth.settings.mfa)

    @cached_property
    def app(self) -> Vivace:
        app = Vivace()
        app.include_router(self.auth.router())
        return app

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(doing)

    def enable(self, user: User | None = None) -> tuple[str, list[str]]:
        """Enable a user's second step, and let a step pass; the secret, the recovery codes."""
        user = user or self.ada
        secret = self.run(self.mfa.enrol(user)).secret
        codes = self.run(self.mfa.confirm(user, self.code(secret)))
        self.clock.advance(STEP)
        return secret, codes

    def code(self, secret: str, *, steps: int = 0) -> str:
        """What the app shows, ``steps`` from now."""
        return pyotp.TOTP(secret).at(self.clock.time, counter_offset=steps)

    def wrong_code(self, secret: str) -> str:
        """A code of six digits that is right nowhere near."""
        near = {self.code(secret, steps=steps) for steps in range(-3, 4)}
        return next(code for code in map("{:06}".format, range(10)) if code not in near)

    def challenge(self, user: User | None = None, *, purpose: str = "token") -> str:
        return self.run(self.mfa.challenge(user or self.ada, purpose=purpose))

    def records(self, kind: type[R], **equal: Any) -> list[R]:
        return self.run(self.store.find(kind, **equal))

    def client(self, **options: Any) -> TestClient:
        return TestClient(self.app, base_url=ORIGIN, **options)
