"""Passwords: what is accepted, and how they are hashed and compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from os import cpu_count
from secrets import token_urlsafe
from typing import TypeVar
from unicodedata import category, normalize

import anyio.to_thread
import argon2
import bcrypt  # noqa: F401, as what pwdlib raises without it names no extra
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from argon2.exceptions import HashingError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from vivace.auth.errors import NotAcceptable
from vivace.auth.settings import PasswordSettings

#: Characters beyond which a password is not even hashed: no account has one of so many.
LONGEST_TRIED = 4096

#: Fewer different characters than these make no password, however often they are repeated.
FEWEST_DIFFERENT = 4

#: No part of these makes a password, forwards or backwards.
RUNS = ("1234567890" * 100, "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")

#: What bcrypt looks at; the rest never counted, in the systems where such hashes come from.
BCRYPT_BYTES = 72

T = TypeVar("T")

_limiter: RunVar[CapacityLimiter] = RunVar("vivace_password_limiter")


class Passwords:
    """Hashes with argon2id; verifies bcrypt as well, for accounts from elsewhere.

    All of it happens in worker threads, as many at once as there are processors, so that many
    sign-ins leave other requests the threads that they need.

    Verifying takes the same time for every account, and for none. Hashes of another algorithm, or
    of other parameters, take another time; so as long as there are such, each password is compared
    once at each of the costs that have been met in this process, and only one of the answers
    counts.

    Args:
        settings: What is accepted, and what a hash costs.
    """

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        self._hasher = Argon2Hasher(
            time_cost=settings.time_cost,
            memory_cost=settings.memory_cost,
            parallelism=settings.parallelism,
        )
        #: For each cost that has been met, the hash of something that nobody knows.
        self._decoys: dict[str, str] = {}

    def check(self, password: str, *, name: str = "") -> None:
        """Whether ``password`` may be a new one (NIST SP 800-63B, section 5.1.1.2).

        It has to be long, counted in characters, and no obvious guess. Nothing is said about
        letters, digits and signs, which makes no better passwords.

        Args:
            name: Of the account: it is no password.

        Raises:
            NotAcceptable: It is not, a :class:`ValueError` with what is asked of it.
        """
        shortest, longest = self._settings.min_length, self._settings.max_length
        # Before anything that takes longer the longer it is.
        if len(password) > longest:
            raise NotAcceptable("password", f"The password has more than {longest} characters.")
        if any(category(character) == "Cs" for character in password):
            raise NotAcceptable("password", "The password is not valid Unicode.")
        password = prepared(password)
        if len(password) < shortest:
            raise NotAcceptable("password", f"The password has less than {shortest} characters.")
        if self._is_obvious(password, name):
            raise NotAcceptable("password", "The password is too easy to guess.")

    async def hash(self, password: str) -> str:
        """The hash of a password that :meth:`check` has accepted."""
        return await _in_worker(partial(self._hasher.hash, prepared(password)))

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """Whether ``password`` is the one that was hashed, and the hash to keep from now on.

        Args:
            password: As it was sent, whatever that is.
            hashed: An argon2 or bcrypt hash. ``None`` where there is none: that takes as long, and
                no password is right.

        Returns:
            Whether it is right; and a new hash if it is and the old one is weaker than new ones.
        """
        if len(password) > LONGEST_TRIED:
            return False, None
        return await _in_worker(partial(self._verify, password, hashed))

    def _verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        cost = self._meet(hashed)
        right = False
        # Each cost once, whichever of them it is that counts.
        for known, decoy in tuple(self._decoys.items()):
            if hashed is not None and known == cost:
                right = _matches(password, hashed)
            else:
                _matches(password, decoy)
        if right and hashed is not None and self._is_weaker(hashed):
            return True, self._hasher.hash(prepared(password))
        return right, None

    def _meet(self, hashed: str | None) -> str | None:
        """Have decoys for what a new hash costs, and ``hashed``; what that is.

        ``None`` where ``hashed`` is nothing that can be verified.
        """
        if not self._decoys:
            new = self._hasher.hash(token_urlsafe())
            self._decoys[_cost_of(new) or ""] = new
        cost = None if hashed is None else _cost_of(hashed)
        if hashed is None or cost is None or cost in self._decoys:
            return cost
        try:
            self._decoys[cost] = _hasher_like(hashed).hash(token_urlsafe())
        except (HashingError, ValueError):
            # The store has a hash of parameters that there cannot be.
            return None
        return cost

    def _is_weaker(self, hashed: str) -> bool:
        if BcryptHasher.identify(hashed):
            return True
        made, settings = argon2.extract_parameters(hashed), self._settings
        return (
            made.type is not argon2.Type.ID
            or made.version < 19
            or made.time_cost < settings.time_cost
            or made.memory_cost < settings.memory_cost
            or made.hash_len < argon2.DEFAULT_HASH_LENGTH
        )

    def _is_obvious(self, password: str, name: str) -> bool:
        plain = normalize("NFKC", password).casefold().strip()
        return (
            len(set(plain)) < FEWEST_DIFFERENT
            or plain == normalize("NFKC", name).casefold().strip()
            or plain in self._settings.refused
            or _is_run(plain)
        )


def prepared(password: str) -> str:
    """``password`` in the one form in which it is hashed (RFC 8265, section 4.2.2).

    Spaces of all sorts are the same, and so is a letter with its accent as one character or as
    two, since keyboards differ in that. It is NFC, not NFKC: what looks different stays different.
    """
    spaced = "".join(" " if category(one) == "Zs" else one for one in password)
    return normalize("NFC", spaced)


def _is_run(text: str) -> bool:
    return any(text in run or text in run[::-1] for run in RUNS)


def _matches(password: str, hashed: str) -> bool:
    """Whether it is right; the libraries compare in constant time."""
    try:
        if BcryptHasher.identify(hashed):
            # As it is: elsewhere, nothing was done to it before.
            return BcryptHasher().verify(password.encode()[:BCRYPT_BYTES], hashed)
        return Argon2Hasher().verify(prepared(password).encode(), hashed)
    except ValueError:
        # It cannot be encoded, or the hash has rounds or a salt that there cannot be.
        return False


def _cost_of(hashed: str) -> str | None:
    """What it takes to verify ``hashed``; ``None`` for what is no hash."""
    try:
        if BcryptHasher.identify(hashed):
            return hashed.split("$")[2]
        if Argon2Hasher.identify(hashed):
            made = argon2.extract_parameters(hashed)
            return f"{made.type} {made.time_cost} {made.memory_cost} {made.parallelism}"
    except ValueError:
        pass  # It only looks like a hash.
    return None


def _hasher_like(hashed: str) -> Argon2Hasher | BcryptHasher:
    if BcryptHasher.identify(hashed):
        return BcryptHasher(rounds=int(hashed.split("$")[2]))
    made = argon2.extract_parameters(hashed)
    return Argon2Hasher(
        time_cost=made.time_cost,
        memory_cost=made.memory_cost,
        parallelism=made.parallelism,
        type=made.type,
    )


async def _in_worker(work: Callable[[], T]) -> T:
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(cpu_count() or 1)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(work, limiter=limiter)


__all__ = ["Passwords", "prepared"]
