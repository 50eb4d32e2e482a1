"""Recovery codes: they are hard to guess, easy to type, and good for one use."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.unit.auth.mfa_kit import YieldingStore

from vivace.auth import RecoveryCode, User
from vivace.auth.mfa.recovery_codes import RecoveryCodes, _hash

ADA, BOB = User(name="ada"), User(name="bob")
KEY = b"of the device"


def codes_in(store: YieldingStore) -> RecoveryCodes:
    return RecoveryCodes(store, 10)


def test_codes_are_of_sixty_bits_in_groups_that_are_easy_to_type() -> None:
    _, codes = asyncio.run(codes_in(YieldingStore()).make(ADA, KEY))
    assert len(set(codes)) == 10
    for code in codes:
        # 12 of 32 characters, none of which is taken for another.
        assert re.fullmatch(r"([0-9a-hjkmnp-tv-z]{4}-){2}[0-9a-hjkmnp-tv-z]{4}", code)


@pytest.mark.parametrize(
    "typed",
    ["0a1b-c0de-7xyz", "0A1B-C0DE-7XYZ", " 0a1b c0de 7xyz ", "0a1bc0de7xyz", "Oalb-cOde-7xyz",
     "0aib-code-7xyz"],
)  # fmt: skip
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    async def try_it() -> bool:
        store = YieldingStore()
        codes = codes_in(store)
        batch, _ = await codes.make(ADA, KEY)
        (record, *_) = await codes.unused(ADA, batch)
        hashed = _hash(ADA, KEY, "0a1bc0de7xyz")
        await store.replace(record, code_hash=hashed)
        found = await codes.find(ADA, KEY, batch, typed)
        return found is not None and found.id == record.id

    assert asyncio.run(try_it())


@pytest.mark.parametrize(
    "typed", ["", "-", "123456", "0a1b-c0de-7xy", "0a1b-c0de-7xyzz", "\ud800" * 12]
)
def test_what_is_no_code_is_not_found(typed: str) -> None:
    async def try_it() -> RecoveryCode | None:
        codes = codes_in(YieldingStore())
        batch, _ = await codes.make(ADA, KEY)
        return await codes.find(ADA, KEY, batch, typed)

    assert asyncio.run(try_it()) is None


def test_a_code_counts_for_its_user_and_its_batch_only() -> None:
    async def try_it() -> None:
        codes = codes_in(YieldingStore())
        batch, (code, *_) = await codes.make(ADA, KEY)
        other, _ = await codes.make(ADA, KEY)
        assert await codes.find(ADA, KEY, batch, code) is not None
        assert await codes.find(ADA, KEY, other, code) is None
        assert await codes.find(BOB, KEY, batch, code) is None

    asyncio.run(try_it())


def test_a_code_that_is_moved_to_another_user_counts_for_nobody() -> None:
    async def try_it() -> None:
        store = YieldingStore()
        codes = codes_in(store)
        batch, (code, *_) = await codes.make(ADA, KEY)
        record = await codes.find(ADA, KEY, batch, code)
        assert record is not None
        await store.replace(record, user_id=BOB.id)
        assert await codes.find(BOB, KEY, batch, code) is None

    asyncio.run(try_it())


def test_of_two_uses_at_once_one_counts() -> None:
    async def try_it() -> None:
        codes = codes_in(YieldingStore())
        batch, (code, *_) = await codes.make(ADA, KEY)
        record = await codes.find(ADA, KEY, batch, code)
        assert record is not None
        assert sorted(await asyncio.gather(codes.use(record), codes.use(record))) == [False, True]
        assert await codes.find(ADA, KEY, batch, code) is None
        assert len(await codes.unused(ADA, batch)) == 9

    asyncio.run(try_it())


def test_the_store_has_neither_codes_nor_what_they_can_be_tried_against() -> None:
    async def try_it() -> None:
        store = YieldingStore()
        _, made = await codes_in(store).make(ADA, KEY)
        kept = repr(await store.find(RecoveryCode, user_id=ADA.id))
        assert not any(code in kept or code.replace("-", "") in kept for code in made)
        # Without the key a hash cannot be made, not even of the right code.
        batch = (await store.find(RecoveryCode, user_id=ADA.id))[0].batch
        assert await codes_in(store).find(ADA, b"one that the thief has", batch, made[0]) is None

    asyncio.run(try_it())
