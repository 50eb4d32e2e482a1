"""Sign-ins between their two steps."""

from __future__ import annotations

from collections.abc import Iterable

from vivace.auth.errors import InvalidChallenge
from vivace.auth.settings import MfaSettings
from vivace.auth.stores.protocol import Store
from vivace.auth.stores.records import Challenge, User, now
from vivace.auth.vault import digest, new_token


class Challenges:
    """Tokens that stand for a first step that was passed."""

    def __init__(self, store: Store, settings: MfaSettings) -> None:
        self._store = store
        self._settings = settings

    async def make(
        self, user: User, *, purpose: str, scopes: Iterable[str], methods: tuple[str, ...]
    ) -> str:
        """A token for the second step of a sign-in; only its hash is kept."""
        await self._forget_closed(user)
        token = new_token()
        challenge = Challenge(
            id=digest(token),
            user_id=user.id,
            epoch=user.epoch,
            scopes=tuple(scopes),
            purpose=purpose,
            methods=methods,
            expires_at=now() + self._settings.challenge_lifetime,
        )
        await self._store.add(challenge)
        return token

    async def open(self, token: str, *, purpose: str) -> tuple[Challenge, User]:
        """The challenge that a token stands for, and whose it is.

        Raises:
            InvalidChallenge: There is none; it has been used, has expired, has had all its tries,
                or is for something else; or the user has been disabled, or has changed the password
                since.
        """
        # Other tokens have no digest to look for.
        challenge = await self._store.get(Challenge, digest(token)) if token.isascii() else None
        if challenge is None or challenge.purpose != purpose or not self._is_open(challenge):
            raise InvalidChallenge
        user = await self._store.get(User, challenge.user_id)
        if user is None or not user.is_active or user.epoch != challenge.epoch:
            raise InvalidChallenge
        return challenge, user

    async def count_try(self, challenge: Challenge) -> Challenge:
        """Count a try before it is made: so that many at once are not more than are allowed.

        Raises:
            InvalidChallenge: There is no try left, or the challenge has been used.
        """
        current: Challenge | None = challenge
        while current is not None and self._is_open(current):
            counted = await self._store.replace(current, failures=current.failures + 1)
            if counted is not None:
                return counted
            current = await self._store.get(Challenge, challenge.id)
        raise InvalidChallenge

    async def use_up(self, challenge: Challenge) -> None:
        """Close a challenge that has been answered.

        Raises:
            InvalidChallenge: Another answer was faster.
        """
        current: Challenge | None = challenge
        # Its last try may be the one that was right, so that tries do not matter here.
        while current is not None and current.used_at is None:
            if await self._store.replace(current, used_at=now()) is not None:
                return
            current = await self._store.get(Challenge, challenge.id)
        raise InvalidChallenge

    async def forget(self, user: User) -> None:
        """Remove the challenges of a user."""
        await self._store.remove(Challenge, user_id=user.id)

    async def _forget_closed(self, user: User) -> None:
        """Remove what was not answered in time, so that it does not pile up."""
        for challenge in await self._store.find(Challenge, user_id=user.id):
            if not self._is_open(challenge):
                await self._store.remove(Challenge, id=challenge.id)

    def _is_open(self, challenge: Challenge) -> bool:
        unused = challenge.used_at is None and challenge.expires_at > now()
        return unused and challenge.failures < self._settings.max_failures


__all__ = ["Challenges"]
