"""Kits in process, and what happens to their tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from vivace.tasks import Tasks
from vivace.tasks.engines.memory import MemoryEngine
from vivace.tasks.engines.protocol import EngineSettings


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def settings(**changes: Any) -> EngineSettings:
    values: dict[str, Any] = {
        "name": "test",
        "queues": ("default",),
        "lease": 30.0,
        "most_waiting": 100,
        "most_dead": 100,
        "keep_dead": 60.0,
        "remember_keys": 60.0,
        "keep_results": 60.0,
        "timeout": 1.0,
        "replicas": 1,
    }
    return EngineSettings(**{**values, **changes})


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(settings())


async def until(condition: Callable[[], Any]) -> None:
    """Let others work until something is true."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what it waits for are no events
            await asyncio.sleep(0.001)
