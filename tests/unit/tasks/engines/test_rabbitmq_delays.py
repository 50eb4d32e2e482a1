from __future__ import annotations

import asyncio
from time import time
from types import SimpleNamespace
from typing import Any

import pytest

from vivace.tasks import EngineUnavailable, QueueFull
from vivace.tasks.engines import rabbitmq_delays
from vivace.tasks.engines.rabbitmq_delays import SINCE, Delays

pytestmark = pytest.mark.anyio


class Held:
    """A message that waits for its time."""

    body = b"what waits"

    def __init__(self) -> None:
        self.headers: dict[str, Any] = {}
        self.channel = SimpleNamespace(is_closed=False)
        self.told: list[str] = []

    async def ack(self) -> None:
        self.told.append("ack")

    async def reject(self, *, requeue: bool) -> None:
        assert requeue
        if "ack" not in self.told:
            self.told.append("reject")


class Sent:
    """Where messages are sent on; it raises some errors before."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.bodies: list[bytes] = []

    async def __call__(self, body: bytes) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.bodies.append(body)


def make(sent: Sent) -> Any:
    return Delays("vivace.test", {"x-max-length": 5}, sent)


def test_a_message_waits_first_as_long_as_fits() -> None:
    delays = make(Sent())
    names = [delays.queue_for(wait) for wait in (0.0, 0.2, 0.3, 3.0, 4.0, 10**6)]
    steps = [None, None, 250, 2000, 4000, 1024000]
    assert names == [step and f"vivace.test.delay.{step}" for step in steps]


async def test_what_has_waited_is_sent_on_and_acknowledged() -> None:
    sent, held = Sent(), Held()
    held.headers[SINCE] = round((time() - 0.2) * 1000)
    await make(sent)._hold(0.25, held)
    assert sent.bodies == [held.body] and held.told == ["ack"]


async def test_a_message_is_held_from_when_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(rabbitmq_delays, "time", lambda: 1_796_000_000.25)
    # Three seconds ago; and by the clock of a sender that is ahead, three seconds from now.
    for since in (1_795_999_997_250, 1_796_000_003_250):
        held = Held()
        held.headers[SINCE] = since
        await make(Sent())._hold(8.0, held)
    assert pauses == [5.0, 8.0]


async def test_what_finds_no_room_is_held_until_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq_delays, "AGAIN", 0.001)
    sent, held = Sent(QueueFull("full"), EngineUnavailable("away")), Held()
    await make(sent)._hold(0.25, held)
    assert sent.bodies == [held.body] and held.told == ["ack"]


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyError("no")])
async def test_what_could_not_be_moved_on_is_given_back(error: BaseException) -> None:
    # As when the connection that it is sent over ends, and not that which it has come by.
    held = Held()
    with pytest.raises(type(error)):
        await make(Sent(error))._hold(0.25, held)
    assert held.told == ["reject"]
