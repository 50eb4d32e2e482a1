"""What windows ask of their storage."""

from __future__ import annotations

import pytest
from limits.aio.storage import MemoryStorage

from vivace.ratelimit.rules import parse_rules
from vivace.ratelimit.stores.windows import MOST_REMEMBERED, FixedWindows, SlidingWindows

from ..conftest import Clock

pytestmark = pytest.mark.anyio

[FIXED] = parse_rules("2/minute", "fixed")
[SLIDING] = parse_rules("2/minute", "sliding")


class Asked(MemoryStorage):
    """Counts how often the end of a window is asked for, and says it as Redis does."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = 0

    async def get_expiry(self, key: str) -> float:
        self.ends += 1
        return round(await super().get_expiry(key))


async def test_the_end_of_a_window_is_known_to_who_began_it(clock: Clock) -> None:
    storage = Asked()
    windows = FixedWindows(storage)
    for passed, reset in ((0, 60), (20, 40), (39, 1), (2, 60), (59, 1)):
        clock.advance(passed)
        assert (await windows.take(FIXED, "key", 1)).reset == pytest.approx(reset)
    assert storage.ends == 0


async def test_others_ask_for_it_once_in_a_window(clock: Clock) -> None:
    storage = Asked()
    windows = FixedWindows(storage)
    for asked in (1, 2):
        await FixedWindows(storage).take(FIXED, "key", 1)
        for _ in range(5):
            assert (await windows.take(FIXED, "key", 1)).reset == pytest.approx(60, abs=1)
        assert storage.ends == asked
        clock.advance(61)
        # Before it begins, the whole of it is to come.
        assert (await windows.read(FIXED, "key", 1)).reset == 60


async def test_what_the_storage_rounds_off_is_waited_for(clock: Clock) -> None:
    storage = Asked()
    await FixedWindows(storage).take(FIXED, "key", 1)
    clock.advance(30.3)
    level = await FixedWindows(storage, rounding=0.5).read(FIXED, "key", 1)
    assert 29.7 <= level.reset <= 30.7


async def test_no_more_ends_are_remembered_than_may_be(clock: Clock) -> None:
    windows = FixedWindows(Asked())
    for key in range(MOST_REMEMBERED + 1):
        windows._remember(str(key), clock() + 60)
    assert len(windows._ends) == 1
    windows.forget()
    assert not windows._ends


async def test_a_sliding_window_has_room_when_the_oldest_has_left_it(clock: Clock) -> None:
    windows = SlidingWindows(MemoryStorage())
    for passed, fits, remaining, reset in ((0, True, 1, 60), (20, True, 0, 40), (30, False, 0, 10)):
        clock.advance(passed)
        level = await windows.take(SLIDING, "key", 1)
        assert (level.allowed, level.remaining) == (fits, remaining)
        assert level.reset == pytest.approx(reset)
    clock.advance(11)
    level = await windows.read(SLIDING, "key", 1)
    assert (level.allowed, level.remaining) == (True, 1)
    assert level.reset == pytest.approx(19)
