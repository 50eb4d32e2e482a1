from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from vivace.tasks import EngineUnavailable, Tasks
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.schedule import Cron, Every, Scheduler

from .conftest import settings, until

pytestmark = pytest.mark.anyio


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@given(st.integers(1, 10_000), st.floats(0, 2e9), st.floats(0, 1e6))
def test_times_are_those_that_the_seconds_divide(seconds: int, after: float, more: float) -> None:
    found = Every(seconds).latest(after, after + more)
    if found is None:
        assert int((after + more) / seconds) == int(after / seconds)
    else:
        assert after < found <= after + more < found + seconds and found % seconds == 0


def test_cron_goes_by_the_clocks_of_its_zone() -> None:
    cron = Cron("30 4 * * *", "Europe/Berlin")
    due = at("2026-07-01T04:30:00", "Europe/Berlin")
    assert cron.latest(due - 1, due) == due == at("2026-07-01T02:30:00")
    assert cron.latest(due, due + 3600) is None
    assert cron.latest(due - 10 * 86400, due + 5) == due


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_cron_has_each_of_its_times_once(start: datetime) -> None:
    cron, now = Cron("*/5 * * * *"), start.replace(tzinfo=UTC).timestamp()
    found = [cron.latest(now + second - 60, now + second) for second in range(0, 3600, 60)]
    times = [time for time in found if time is not None]
    assert len(times) == 12 == len(set(times)) and all(time % 300 == 0 for time in times)


@pytest.mark.parametrize("wrong", ["", "* * * *", "61 * * * *", "a b c d e", "0 0 30 2 *"])
def test_what_is_no_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="no time of cron"):
        Cron(wrong)


def test_a_zone_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone 'Europe/Atlantis'"):
        Cron("* * * * *", "Europe/Atlantis")
    for seconds in (0, 1.5):
        with pytest.raises(ValueError, match="whole seconds"):
            Every(seconds)  # type: ignore[arg-type]  # what type checkers would find


async def test_several_schedulers_send_each_time_once(tasks: Tasks) -> None:
    @tasks.every(10)
    @tasks.task
    async def tick() -> None: ...

    with tasks.testing() as sent:
        schedulers = [Scheduler(tasks.schedules, sent.engine) for _ in range(3)]
        now = schedulers[0]._sent[0] // 10 * 10
        for second in range(1, 41):
            for scheduler in schedulers:
                await scheduler.send_due(now + second)
        # Each has a key of its own, by which the engine knows it.
        assert sent.engine.waiting == 4
        assert len({message.id for message in sent.messages}) == 4


async def test_of_the_times_in_an_outage_the_last_is_made_up_for(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    @tasks.every(10)
    @tasks.task
    async def tick() -> None: ...

    async def away(*_: Any, **__: Any) -> None:
        raise EngineUnavailable("away")

    with tasks.testing() as sent:
        scheduler = Scheduler(tasks.schedules, sent.engine)
        now = scheduler._sent[0] // 10 * 10
        with monkeypatch.context() as patched:
            patched.setattr(tasks, "put", away)
            for second in (10, 20, 30):
                with pytest.raises(EngineUnavailable):
                    await scheduler.send_due(now + second)
        await scheduler.send_due(now + 35)
        await scheduler.send_due(now + 36)
        assert len(sent.messages) == 1


async def test_who_may_not_send_does_not(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    @tasks.every(1)
    @tasks.task
    async def tick() -> None: ...

    async def no(_: Any) -> bool:
        return False

    monkeypatch.setattr(MemoryEngine, "may_schedule", no)
    with tasks.testing() as sent:
        scheduler = Scheduler(tasks.schedules, MemoryEngine(settings()))
        await scheduler.send_due(scheduler._sent[0] + 60)
        assert not sent.messages


async def test_no_error_ends_the_clock(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []

    async def may_schedule(_: Any) -> bool:
        said.append("asked")
        if len(said) == 1:
            raise AttributeError("The connection has just ended.")
        return True

    monkeypatch.setattr(MemoryEngine, "may_schedule", may_schedule)
    monkeypatch.setattr("vivace.tasks.schedule.LOOK", 0.01)
    clock = asyncio.create_task(Scheduler((), MemoryEngine(settings())).run())
    await until(lambda: len(said) > 1)
    clock.cancel()
    assert "Nothing could be sent by the clock." in caplog.messages
