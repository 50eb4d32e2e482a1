"""Failed attempts: how long the next one waits, over many of them at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest

from vivace.auth import Attempts, BackOffSettings, MemoryStore
from vivace.auth.accounts import back_off as module
from vivace.auth.accounts.back_off import BackOff
from vivace.auth.errors import TooManyAttempts
from vivace.auth.stores import records

pytestmark = pytest.mark.anyio

ADDRESS = "192.0.2.1"
ADA: dict[str, Any] = {"account": "ada", "address": ADDRESS}


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(records, "now", clock)
    return clock


class SlowStore(MemoryStore):
    """Lets others go first before each step, as a database does."""

    async def get(self, kind: Any, id: str) -> Any:
        found = await super().get(kind, id)
        await anyio.lowlevel.checkpoint()
        return found


async def wait_of(back_off: BackOff, **attempt: Any) -> int:
    """How many seconds an attempt is told to wait; 0 where it may be made."""
    try:
        await back_off.check(**attempt)
    except TooManyAttempts as refusal:
        assert refusal.status_code == 429
        assert refusal.headers is not None
        return int(refusal.headers["Retry-After"])
    return 0


async def test_the_wait_doubles_after_the_free_ones_up_to_the_longest(clock: Clock) -> None:
    settings = BackOffSettings(free_by_account=3, longest_wait=timedelta(seconds=10))
    back_off = BackOff(MemoryStore(), settings)
    waits = []
    for _ in range(9):
        await back_off.failed(account="ada", address=None)
        wait = await wait_of(back_off, account="ada", address=None)
        waits.append(wait)
        clock.pass_by(wait)
        assert await wait_of(back_off, account="ada", address=None) == 0
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10, 10]


async def test_thousands_of_failures_wait_no_longer_than_that(clock: Clock) -> None:
    store = MemoryStore()
    back_off = BackOff(store, BackOffSettings())
    await back_off.failed(account="ada", address=None)
    [known] = await store.find(Attempts)
    await store.replace(known, failures=10**9)
    assert await wait_of(back_off, account="ada", address=None) == 15 * 60


async def test_what_is_refused_does_not_count(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_account=1))
    await back_off.begin(**ADA)
    for _ in range(20):
        with pytest.raises(TooManyAttempts):
            await back_off.begin(**ADA)
    clock.pass_by(1)
    await back_off.begin(**ADA)


async def test_an_address_waits_whatever_account_is_tried(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_address=3))
    for number in range(3):
        await back_off.begin(account=f"user{number}", address=ADDRESS)
    assert await wait_of(back_off, account="ada", address=ADDRESS) == 1
    assert await wait_of(back_off, account="ada", address="192.0.2.2") == 0
    assert await wait_of(back_off, account="ada", address=None) == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("/run/app.sock", "testclient", False),
    ],
)
async def test_one_client_has_a_whole_network(
    clock: Clock, first: str, second: str, same: bool
) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_address=1))
    await back_off.failed(account="bob", address=first)
    assert bool(await wait_of(back_off, account="ada", address=second)) is same


async def test_failures_are_forgotten(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_account=3))
    for _ in range(3):
        await back_off.failed(**ADA)
    clock.pass_by(24 * 3600)
    assert await wait_of(back_off, **ADA) == 0
    # They do not come back with the next one.
    for wait in (0, 0, 1):
        await back_off.failed(**ADA)
        assert await wait_of(back_off, **ADA) == wait


async def test_success_clears_the_account_and_nothing_else_of_the_address(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_account=2, free_by_address=3))
    await back_off.failed(**ADA)
    for _ in range(10):
        # Somebody who guesses Ada's password, and has an account as well.
        attempt = await back_off.begin(account="bob", address=ADDRESS)
        await back_off.succeeded(account="bob", attempt=attempt)
    await back_off.failed(**ADA)
    await back_off.failed(account="carol", address=ADDRESS)
    assert await wait_of(back_off, account="bob", address=ADDRESS) == 1
    await back_off.succeeded(account="ada")
    assert await wait_of(back_off, account="ada", address=None) == 0


async def test_success_does_not_make_others_at_the_address_wait_longer(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_address=1))
    for _ in range(4):
        await back_off.failed(account="bob", address=ADDRESS)
    clock.pass_by(8)
    attempt = await back_off.begin(**ADA)
    assert await wait_of(back_off, account="carol", address=ADDRESS) == 16
    await back_off.succeeded(account="ada", attempt=attempt)
    assert await wait_of(back_off, account="carol", address=ADDRESS) == 0


async def test_success_takes_back_one_attempt_where_there_are_others(clock: Clock) -> None:
    store = MemoryStore()
    back_off = BackOff(store, BackOffSettings())
    attempt = await back_off.begin(**ADA)
    clock.pass_by(1)
    await back_off.begin(account="bob", address=ADDRESS)
    await back_off.succeeded(account="ada", attempt=attempt)
    failures = [known.failures for known in await store.find(Attempts)]
    assert failures == [1, 1]


async def test_purposes_are_counted_apart(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_account=1, free_by_address=1))
    await back_off.failed(**ADA)
    assert await wait_of(back_off, **ADA) == 1
    assert await wait_of(back_off, **ADA, purpose="reset") == 0


async def test_of_many_attempts_at_once_no_more_pass_than_one_by_one(clock: Clock) -> None:
    # Two processes that share a store.
    store = SlowStore()
    processes = [BackOff(store, BackOffSettings(free_by_account=5)) for _ in range(2)]
    passed = []

    async def attempt(number: int) -> None:
        try:
            await processes[number % 2].begin(account="ada", address=f"192.0.2.{number}")
        except TooManyAttempts:
            return
        passed.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(attempt, number)
    assert len(passed) == 5


async def test_no_failure_is_lost_when_many_come_at_once(clock: Clock) -> None:
    store = SlowStore()
    processes = [BackOff(store, BackOffSettings()) for _ in range(2)]

    async def fail(number: int) -> None:
        await processes[number % 2].failed(**ADA)

    async with anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(fail, number)
    assert [known.failures for known in await store.find(Attempts)] == [40, 40]


async def test_the_store_does_not_say_who_or_from_where(clock: Clock) -> None:
    store = MemoryStore()
    await BackOff(store, BackOffSettings()).failed(account="lovelace", address=ADDRESS)
    kept = repr(await store.find(Attempts))
    assert "lovelace" not in kept
    assert ADDRESS not in kept


async def test_any_text_can_stand_for_an_account(clock: Clock) -> None:
    back_off = BackOff(MemoryStore(), BackOffSettings(free_by_account=1))
    for account in ("", "\0", "\ud800", "x" * 100_000):
        await back_off.begin(account=account, address=None)
        assert await wait_of(back_off, account=account, address=None) == 1


async def test_what_is_forgotten_is_removed_from_time_to_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_EVERY", 10)
    store = MemoryStore()
    back_off = BackOff(store, BackOffSettings())
    for number in range(9):
        await back_off.failed(account=f"user{number}", address=None)
    clock.pass_by(25 * 3600)
    await back_off.failed(account="ada", address=None)
    assert len(await store.find(Attempts)) == 1
