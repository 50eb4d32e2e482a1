"""A server that is away is not asked again and again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import pytest

from vivace.outages import Circuit, StoreUnavailable

pytestmark = pytest.mark.anyio


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("vivace.outages.monotonic", clock)
    return clock


@pytest.fixture
def anyio_backend() -> str:
    """Time-outs are those of asyncio, as are the drivers of the servers."""
    return "asyncio"


class Server:
    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0

    async def answer(self) -> str:
        self.asked += 1
        if self.is_away:
            raise OSError("away")
        return "answer"


def make_circuit(timeout: float = 60) -> Circuit:
    logger = logging.getLogger("vivace.test")
    return Circuit("Answers", logger, timeout=timeout, pause=5, failures=(OSError,))


async def test_calls_go_through_as_long_as_the_server_answers(clock: Clock) -> None:
    circuit, server = make_circuit(), Server()
    assert [await circuit.call(server.answer) for _ in range(3)] == ["answer"] * 3


async def test_after_a_failure_nobody_asks_for_a_while(clock: Clock) -> None:
    circuit, server = make_circuit(), Server()
    server.is_away = True
    for passed, left in ((0, 5), (0, 5), (1, 4), (3.5, 0.5)):
        clock.advance(passed)
        with pytest.raises(StoreUnavailable) as away:
            await circuit.call(server.answer)
        assert away.value.retry_after == pytest.approx(left)
    assert server.asked == 1


async def test_then_one_asks_and_the_others_do_not_wait_for_it(clock: Clock) -> None:
    circuit, server = make_circuit(), Server()
    server.is_away = True
    with pytest.raises(StoreUnavailable):
        await circuit.call(server.answer)
    clock.advance(6)
    is_back = asyncio.Event()

    async def answer_late() -> str:
        await is_back.wait()
        return "late"

    first = asyncio.create_task(circuit.call(answer_late))
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable):
        await circuit.call(server.answer)
    is_back.set()
    assert await first == "late"
    server.is_away = False
    assert await circuit.call(server.answer) == "answer"


async def test_what_takes_too_long_is_a_failure(clock: Clock) -> None:
    circuit = make_circuit(timeout=0.01)

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StoreUnavailable):
        await circuit.call(never)


async def test_other_errors_are_no_failures_of_the_server(clock: Clock) -> None:
    circuit, server = make_circuit(), Server()

    async def fault() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await circuit.call(fault)
    assert await circuit.call(server.answer) == "answer"


async def test_an_outage_is_logged_once_and_so_is_its_end(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    circuit, server = make_circuit(), Server()
    server.is_away = True
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            clock.advance(2)
            with pytest.raises(StoreUnavailable):
                await circuit.call(server.answer)
        server.is_away = False
        clock.advance(6)
        for _ in range(3):
            await circuit.call(server.answer)
    said = [record.message for record in caplog.records]
    assert said == [
        "Answers are out of reach: OSError('away')",
        "Answers can be reached again.",
    ]
