"""A server that is away costs little."""

from __future__ import annotations

import asyncio
import logging

import pytest

from vivace.answers import circuit as module
from vivace.answers.circuit import Circuit, StoreUnavailable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


class Server:
    def __init__(self) -> None:
        self.calls = 0
        self.is_away = False

    async def ask(self) -> int:
        self.calls += 1
        if self.is_away:
            raise OSError("away")
        return self.calls


def make_circuit(timeout: float = 60) -> Circuit:
    logger = logging.getLogger("vivace.test")
    return Circuit("Answers", logger, timeout=timeout, pause=5, failures=(OSError,))


def test_while_it_is_away_one_call_in_a_pause_gets_through(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> None:
        server, circuit = Server(), make_circuit()
        assert await circuit.call(server.ask) == 1
        server.is_away = True
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                await circuit.call(server.ask)
        assert server.calls == 2
        clock.now += 5
        for _ in range(10):
            with pytest.raises(StoreUnavailable) as away:
                await circuit.call(server.ask)
        assert server.calls == 3
        assert away.value.retry_after == 5
        server.is_away = False
        clock.now += 5
        assert await circuit.call(server.ask) == 4
        assert await circuit.call(server.ask) == 5

    with caplog.at_level(logging.WARNING):
        asyncio.run(ask())
    assert [record.getMessage() for record in caplog.records] == [
        "Answers are out of reach: OSError('away')",
        "Answers can be reached again.",
    ]


def test_to_be_too_slow_is_to_be_away() -> None:
    async def ask() -> None:
        with pytest.raises(StoreUnavailable):
            await make_circuit(timeout=0.01).call(asyncio.Event().wait)

    asyncio.run(ask())


def test_what_is_no_failure_comes_out_as_it_is(clock: Clock) -> None:
    async def fail() -> None:
        raise KeyError("x")

    async def ask() -> None:
        circuit, server = make_circuit(), Server()
        with pytest.raises(KeyError):
            await circuit.call(fail)
        assert await circuit.call(server.ask) == 1

    asyncio.run(ask())
