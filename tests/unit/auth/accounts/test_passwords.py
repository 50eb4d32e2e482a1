"""Passwords: what is accepted, how they are hashed, and what each comparison costs."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import argon2
import bcrypt
import pytest

from vivace.auth import PasswordSettings
from vivace.auth.accounts import passwords as module
from vivace.auth.accounts.passwords import LONGEST_TRIED, Passwords, prepared

pytestmark = pytest.mark.anyio

CHEAP = PasswordSettings(time_cost=1, memory_cost=16, parallelism=1)
RIGHT = "correct horse battery"


def by_bcrypt(password: str, rounds: int = 4) -> str:
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(rounds)).decode()


def by_argon2(password: str, **parameters: Any) -> str:
    costs = {"time_cost": 1, "memory_cost": 16, "parallelism": 1, **parameters}
    return argon2.PasswordHasher(**costs).hash(password)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that are compared with."""
    hashes: list[str] = []
    matches = module._matches

    def matches_noted(password: str, hashed: str) -> bool:
        hashes.append(hashed)
        return matches(password, hashed)

    monkeypatch.setattr(module, "_matches", matches_noted)
    return hashes


def costs(hashes: list[str]) -> list[str]:
    return sorted(filter(None, map(module._cost_of, hashes)))


async def test_a_password_is_hashed_with_argon2id_and_verified() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash(RIGHT)
    assert hashed.startswith("$argon2id$v=19$m=16,t=1,p=1$")
    assert await passwords.verify(RIGHT, hashed) == (True, None)
    assert await passwords.verify(RIGHT + ".", hashed) == (False, None)
    assert await passwords.hash(RIGHT) != hashed


def test_a_hash_costs_what_rfc_9106_recommends() -> None:
    costs = PasswordSettings()
    recommended = argon2.profiles.RFC_9106_LOW_MEMORY
    assert (costs.time_cost, costs.memory_cost, costs.parallelism) == (
        recommended.time_cost,
        recommended.memory_cost,
        recommended.parallelism,
    )


@pytest.mark.parametrize("variant", ["$2a$", "$2b$", "$2y$"])
async def test_a_bcrypt_hash_is_verified_and_upgraded(variant: str) -> None:
    passwords = Passwords(CHEAP)
    old = by_bcrypt(RIGHT).replace("$2b$", variant)
    assert await passwords.verify("another", old) == (False, None)
    right, new = await passwords.verify(RIGHT, old)
    assert right
    assert new is not None
    assert new.startswith("$argon2id$")
    assert await passwords.verify(RIGHT, new) == (True, None)


async def test_bcrypt_counts_72_bytes_and_the_new_hash_all() -> None:
    passwords = Passwords(CHEAP)
    long = "é" * 50
    right, new = await passwords.verify(long, by_bcrypt(long))
    assert right
    assert await passwords.verify("é" * 36, new) == (False, None)


async def test_weaker_argon2_hashes_are_upgraded_and_stronger_ones_kept() -> None:
    passwords = Passwords(PasswordSettings(time_cost=2, memory_cost=32, parallelism=1))
    for weaker in ({"time_cost": 1}, {"memory_cost": 16}, {"hash_len": 16}):
        old = by_argon2(RIGHT, **{"time_cost": 2, "memory_cost": 32, **weaker})
        right, new = await passwords.verify(RIGHT, old)
        assert right
        assert new is not None
    by_argon2i = by_argon2(RIGHT, time_cost=2, memory_cost=32, type=argon2.Type.I)
    assert (await passwords.verify(RIGHT, by_argon2i))[1] is not None
    stronger = by_argon2(RIGHT, time_cost=3, memory_cost=64)
    assert await passwords.verify(RIGHT, stronger) == (True, None)


async def test_no_hash_costs_as_much_as_one(compared: list[str]) -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.verify(RIGHT, None) == (False, None)
    without = costs(compared)
    compared.clear()
    assert await passwords.verify("wrong", await passwords.hash(RIGHT)) == (False, None)
    assert costs(compared) == without
    assert len(without) == 1


async def test_an_account_with_an_older_hash_takes_as_long_as_others(compared: list[str]) -> None:
    passwords = Passwords(CHEAP)
    older = [by_bcrypt(RIGHT), by_bcrypt(RIGHT, 5), by_argon2(RIGHT, memory_cost=8)]
    for hashed in older:
        await passwords.verify("wrong", hashed)
    new = await passwords.hash(RIGHT)
    taken = []
    tried: list[str | None] = [*older, new, None, "", "$2b$99$" + older[0][7:], "plain text"]
    for each in tried:
        compared.clear()
        await passwords.verify("wrong", each)
        taken.append(costs(compared))
    assert len(taken[0]) == 4
    assert taken == [taken[0]] * len(tried)


async def test_a_decoy_is_never_right(compared: list[str]) -> None:
    passwords = Passwords(CHEAP)
    await passwords.verify(RIGHT, by_bcrypt(RIGHT))
    new = by_argon2("another")
    compared.clear()
    assert await passwords.verify(RIGHT, new) == (False, None)
    assert new in compared
    assert await passwords.verify(RIGHT, None) == (False, None)


@pytest.mark.parametrize(
    "hashed",
    [
        pytest.param("", id="nothing"),
        pytest.param(RIGHT, id="the password itself"),
        pytest.param("$2b$99$" + by_bcrypt(RIGHT)[7:], id="too many rounds"),
        pytest.param("$2b$03$" + by_bcrypt(RIGHT)[7:], id="too few rounds"),
        pytest.param("$argon2id$v=19$m=1,t=1,p=1$x$y", id="a salt that is none"),
        pytest.param("$argon2id$v=19$m=1,t=0,p=9$c29tZXNhbHQ$c29tZXNhbHQ", id="costs below all"),
        pytest.param("$argon2id$v=19$m=16,t=1,p=1$é$é", id="not ascii"),
        pytest.param("$argon2id$m=8,t=1,p=1", id="no digest"),
    ],
)
async def test_what_is_no_hash_is_no_password_s(hashed: str) -> None:
    assert await Passwords(CHEAP).verify(RIGHT, hashed) == (False, None)


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "a\0b", "\U0010ffff", "é" * 4000])
async def test_any_text_can_be_tried(password: str) -> None:
    passwords = Passwords(CHEAP)
    for hashed in (None, by_bcrypt(RIGHT), by_argon2(RIGHT)):
        assert await passwords.verify(password, hashed) == (False, None)


async def test_what_is_far_too_long_is_not_hashed(compared: list[str]) -> None:
    assert await Passwords(CHEAP).verify("x" * (LONGEST_TRIED + 1), None) == (False, None)
    assert compared == []


async def test_spaces_and_accents_are_the_same_however_they_are_typed() -> None:
    passwords = Passwords(CHEAP)
    hashed = await passwords.hash("caf\u00e9 au\u00a0lait")
    assert (await passwords.verify("cafe\u0301\u2003au lait", hashed))[0]
    # What looks different stays different, which NFKC would not do.
    assert prepared("\u2460") != prepared("1")
    assert prepared("A") != prepared("a")


async def test_hashing_leaves_the_event_loop_and_the_other_threads_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "cpu_count", lambda: 2)
    here, lock = threading.get_ident(), threading.Lock()
    running: list[int] = []
    most: list[int] = []
    at_once = threading.Barrier(2)

    def matches(password: str, hashed: str) -> bool:
        with lock:
            running.append(threading.get_ident())
            most.append(len(running))
        at_once.wait(10)
        with lock:
            running.remove(threading.get_ident())
        assert threading.get_ident() != here
        return False

    passwords = Passwords(CHEAP)
    monkeypatch.setattr(module, "_matches", matches)
    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(passwords.verify, "wrong", None)
    assert max(most) == 2


def reason(password: str, settings: PasswordSettings = CHEAP, name: str = "ada") -> str:
    with pytest.raises(ValueError) as raised:
        Passwords(settings).check(password, name=name)
    assert password == "" or password not in str(raised.value)
    return str(raised.value)


def test_length_counts_in_characters() -> None:
    assert reason("ééé éàèùôî"[:9]) == "The password has less than 10 characters."
    Passwords(CHEAP).check("ééé éàèùôî")
    # Of each letter with its accent, one.
    assert reason("e\u0301a\u0301o\u0301u\u0301i\u0301") == reason("")
    assert reason("ab" * 513) == "The password has more than 1024 characters."
    Passwords(CHEAP).check("abcd" * 256)


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("Ada.Lovelace", id="the name, whatever its case"),
        pytest.param("1234567890", id="digits in order"),
        pytest.param("09876543210", id="digits backwards"),
        pytest.param("abcdefghijk", id="the alphabet"),
        pytest.param("QWERTYUIOP", id="the keyboard"),
        pytest.param("abababababab", id="two letters"),
        pytest.param("            ", id="spaces"),
    ],
)
def test_obvious_guesses_are_refused(password: str) -> None:
    assert reason(password, name="ada.lovelace") == "The password is too easy to guess."


def test_an_app_has_its_own_list_of_what_is_refused() -> None:
    settings = PasswordSettings(refused={"letmein.now"})
    assert reason("LetMeIn.now", settings) == "The password is too easy to guess."


def test_no_kinds_of_characters_are_asked_for() -> None:
    for password in ("only small letters", "🔑🚪🏠 ключ от дома", "7306218495"):
        Passwords(CHEAP).check(password, name="ada")


def test_half_a_character_is_refused() -> None:
    assert reason("correct \ud800 horse") == "The password is not valid Unicode."
